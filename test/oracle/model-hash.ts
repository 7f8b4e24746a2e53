import { hashPolicy } from '../../src/mesh/hash-policy.ts';
import { serviceSeenBy, servicesNamed } from '../../src/mesh/known-service.ts';
import type { View } from '../../src/mesh/view.ts';
import type { ProxyQuestion } from './answers.ts';
import type { Seen } from './model-words.ts';

/** Returns what tells what a proxy hashes for a target; the default route's is the service's own port. */
export function hashOf(view: View, { kind, namespace, labels }: ProxyQuestion, listened: number): Seen['hashOf'] {
  return ({ written, subset, port }, route) => {
    const service =
      serviceSeenBy(view, written, namespace, { isGateway: kind === 'gateway' }) ??
      servicesNamed(view, written).find((one) => one.namespace === namespace);
    if (service === undefined) return [];
    const client = {
      host: written,
      clientNamespace: namespace,
      clientLabels: labels,
      serviceNamespace: service.namespace,
    };
    const asked = route === 'default' ? listened : port;
    const policy = hashPolicy(view, client, {
      ...(subset === undefined ? {} : { subset }),
      ...(asked === undefined ? {} : { port: asked }),
    });
    if (policy === undefined) return [];
    return [policy.key === 'source' ? 'source' : `${policy.key}:${policy.name}`];
  };
}
