import type { Baseline } from '../model/baseline.ts';
import { isRecord, stringsOf } from '../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { ruleFor, rulesFor, rulesNaming } from './destination-rules.ts';
import { parseServiceHost } from './hosts.ts';
import { serviceSeenBy, servicesNamed } from './known-service.ts';
import { isMeshNamespace, meshNamespaces } from './namespaces.ts';
import type { View } from './view.ts';

/** Clients for which no DestinationRule of a host applies, though they are in the mesh. */
export interface Unreached {
  /** `foreign`: a rule for other pods in their own namespace ends the look-up; `hidden`: not exported to them; `missing`: there is none. */
  readonly reason: 'foreign' | 'hidden' | 'missing';
  /** The rule that ends the look-up, or is not exported. */
  readonly object?: KubeObject;
  /** One for all alike: of namespaces without rules of their own only the first is named. */
  readonly namespaces: readonly [string, ...string[]];
}

/** Tells whether a host is a service of the mesh: the baseline's, or a Service in a mesh namespace that is no alias. */
export function isMeshHost(host: string, view: View, baseline: Baseline): boolean {
  if (baseline.services.some((service) => service.host === host)) return true;
  const parsed = parseServiceHost(host, view.settings.clusterDomain);
  if (parsed === undefined || !isMeshNamespace(parsed.namespace, view, baseline)) return false;
  return servicesNamed(view, host).some(({ isKubernetes, isExternal }) => isKubernetes && !isExternal);
}

/**
 * Returns which clients of a mesh host get Istio's defaults because no rule reaches them. Clients are all mesh namespaces
 * and the gateways'; a client is a pod that no selector fits.
 */
export function unreached(host: string, view: View, baseline: Baseline): readonly Unreached[] {
  if (!isMeshHost(host, view, baseline)) return [];
  const compute = (): readonly Unreached[] => {
    const found = new Map<KubeObject | undefined, Unreached>();
    for (const namespace of clientsToAsk(host, view, baseline)) {
      const one = unreachedFrom(host, namespace, view);
      if (one === undefined) continue;
      const there = found.get(one.object);
      found.set(one.object, there === undefined ? one : { ...there, namespaces: [...there.namespaces, namespace] });
    }
    return [...found.values()];
  };
  return view.memo(`unreached|${baseline.sha256}|${host}`, compute);
}

/** The namespaces that differ for this host, and one of those that are all alike. */
function clientsToAsk(host: string, view: View, baseline: Baseline): readonly string[] {
  const rules = rulesNaming(view, host);
  const services = servicesNamed(view, host).map(({ namespace }) => namespace);
  const { ingress, egress } = baseline.gateways;
  const gateways = [...ingress, ...egress].map(({ namespace }) => namespace);
  const named = new Set([
    ...rules.flatMap((rule) => [namespaceOf(rule), ...stringsOf(specOf(rule).exportTo)]),
    ...services,
  ]);
  const isClient = (namespace: string): boolean =>
    gateways.includes(namespace) || isMeshNamespace(namespace, view, baseline);
  const special = [...named].filter(isClient);
  const plain = [...meshNamespaces(view, baseline), ...gateways].find((namespace) => !named.has(namespace));
  return plain === undefined ? special : [...special, plain];
}

function unreachedFrom(host: string, clientNamespace: string, view: View): Unreached | undefined {
  const parsed = parseServiceHost(host, view.settings.clusterDomain)?.namespace;
  const serviceNamespace = serviceSeenBy(view, host, clientNamespace)?.namespace ?? parsed ?? '';
  const client = { host, clientNamespace, serviceNamespace };
  if (ruleFor(view, client) !== undefined) return undefined;
  const foreign = rulesFor(view, client)[0];
  const namespaces: readonly [string] = [clientNamespace];
  if (foreign !== undefined) return { reason: 'foreign', object: foreign.from[0], namespaces };
  const owners = [serviceNamespace, view.settings.rootNamespace];
  const hidden = rulesNaming(view, host).find(
    (rule) => owners.includes(namespaceOf(rule)) && !isRecord(specOf(rule).workloadSelector),
  );
  if (hidden !== undefined) return { reason: 'hidden', object: hidden, namespaces };
  return { reason: 'missing', namespaces };
}
