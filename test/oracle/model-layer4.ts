import { numberOf, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../../src/model/json.ts';
import { namespaceOf } from '../../src/model/kube-object.ts';
import { type Layer4Route, layer4Routes } from '../../src/mesh/egress-layer4.ts';
import { expandHost } from '../../src/mesh/hosts.ts';
import { serviceSeenBy, servicesNamed } from '../../src/mesh/known-service.ts';
import { sidecarFor } from '../../src/mesh/outbound.ts';
import type { View } from '../../src/mesh/view.ts';
import type { DestinationAnswer, ProxyQuestion } from './answers.ts';
import { seesOnPort } from './questions.ts';
import { byWords, type Layer4Question, type Layer4Words, shares } from './questions-layer4.ts';

/** Says what our model makes of connections to a port that is not read as HTTP. */
export function modelLayer4(
  view: View,
  { namespace, labels }: ProxyQuestion,
  { host, port, isTls }: Layer4Question,
): readonly Layer4Words[] | undefined {
  if (!seesOnPort(view, { kind: 'sidecar', namespace, labels }, { host, port })) return undefined;
  const sidecar = sidecarFor(view, namespace, labels);
  const client = { kind: 'mesh', namespace, labels, port, ...(sidecar === undefined ? {} : { sidecar }) } as const;
  const { routes, isComplete } = layer4Routes(view, client, { host, number: port, isTls });
  // A service with one port gets it, whatever was called, also one of the client's namespace that is hidden from it.
  const portOf = (name: string): number => {
    const own = servicesNamed(view, name).find((one) => one.namespace === namespace);
    const { ports = [] } = serviceSeenBy(view, name, namespace) ?? own ?? {};
    return (ports.length === 1 ? ports[0]?.number : undefined) ?? port;
  };
  const words = routes.map(
    (route): Layer4Words => ({
      names: [...route.sniHosts].sort(),
      destinations: shares(destinationsOf(view, route, portOf)),
    }),
  );
  const rest: Layer4Words = { names: [], destinations: { [`${host}||${port}`]: 100 } };
  return [...words, ...(isComplete ? [] : [rest])].sort(byWords);
}

function destinationsOf(
  { settings }: View,
  { object, value }: Layer4Route,
  portOf: (host: string) => number,
): readonly DestinationAnswer[] {
  const all = recordsOf(value.route);
  return all.flatMap((one) => {
    const { host, subset, port } = recordOrEmpty(one.destination);
    const weight = numberOf(one.weight) ?? 0;
    if (all.length > 1 && weight === 0) return [];
    const name = expandHost(stringOf(host) ?? '', namespaceOf(object), settings.clusterDomain);
    const number = numberOf(recordOrEmpty(port).number) ?? portOf(name);
    return [{ host: name, port: number, ...(all.length > 1 ? { weight } : {}), subset: stringOf(subset) ?? '' }];
  });
}

/** Returns those of some hosts that our model knows to be sent to by a `tcp` or `tls` route. */
export function knownForBytes(view: View, hosts: readonly string[]): readonly string[] {
  const { clusterDomain } = view.settings;
  return hosts.filter((host) =>
    view.lookup(`VirtualService|to|${host.toLowerCase()}`).some((object) =>
      (['tcp', 'tls'] as const).some((protocol) =>
        recordsOf(recordOrEmpty(object.spec)[protocol]).some(({ route }) =>
          recordsOf(route).some(({ destination }) => {
            const [written = ''] = stringsOf([recordOrEmpty(destination).host]);
            return expandHost(written, namespaceOf(object), clusterDomain) === host;
          }),
        ),
      ),
    ),
  );
}
