import * as fc from 'fast-check';
import { type JsonObject, stringsOf } from '../../src/model/json.ts';
import { type KubeObject, specOf } from '../../src/model/kube-object.ts';
import type { OracleRequest, ProxyQuestion } from './answers.ts';
import { gateways } from './meshes-gateways.ts';
import { destinationRules } from './meshes-destination-rules.ts';
import { authorizationPolicies, peerAuthentications } from './meshes-security.ts';
import { configMap, sidecars, telemetries } from './meshes-settings.ts';
import { serviceEntries, services } from './meshes-services.ts';
import { virtualServices } from './meshes-virtual-services.ts';

/** The proxies that every mesh is asked about: the service's own, a caller's, another's, one of the root namespace. */
export const PROXIES: readonly ProxyQuestion[] = [
  { kind: 'sidecar', namespace: 'client', labels: { app: 'caller', version: 'v1' }, ports: [8080] },
  { kind: 'sidecar', namespace: 'shop', labels: { app: 'ml', version: 'v1' }, ports: [8080, 80, 9090] },
  { kind: 'sidecar', namespace: 'other', labels: { app: 'other' }, ports: [8080] },
  { kind: 'sidecar', namespace: 'istio-system', labels: { app: 'ml' }, ports: [8080] },
];

/** Pods that the generated Gateways may select. */
const INGRESS: ProxyQuestion = { kind: 'gateway', namespace: 'ingress', labels: { istio: 'ingress', app: 'caller' } };

/** Small meshes, biased to where Istio surprises. */
export const meshes: fc.Arbitrary<OracleRequest> = fc
  .record({
    services,
    serviceEntries,
    virtualServices,
    destinationRules,
    peerAuthentications,
    authorizationPolicies,
    sidecars,
    telemetries,
    configMap,
    gateways,
  })
  .map((parts) => ({
    objects: unique(Object.values(withoutRivals(parts)).flat()),
    proxies: parts.gateways.length === 0 ? PROXIES : [...PROXIES, INGRESS],
  }));

interface Parts {
  readonly sidecars: readonly KubeObject[];
  readonly serviceEntries: readonly KubeObject[];
}

/** Which of two services of one name a Sidecar imports is left out of our model; see docs/model.md. */
function withoutRivals<P extends Parts>(parts: P): P {
  if (parts.sidecars.length === 0) return parts;
  const seen = new Set<string>();
  const isRival = (one: KubeObject): boolean =>
    stringsOf(specOf(one).hosts).some((host) => host.includes('.svc.') || seen.size === seen.add(host).size);
  return { ...parts, serviceEntries: parts.serviceEntries.filter((one) => !isRival(one)) };
}

/** Of two objects with one name the first stays: in a cluster there is only one. */
function unique(objects: readonly KubeObject[]): readonly KubeObject[] {
  const byName = new Map<string, KubeObject>();
  for (const object of objects) {
    const { namespace, name } = object.metadata as JsonObject;
    const key = `${object.kind} ${String(namespace)}/${String(name)}`;
    if (!byName.has(key)) byName.set(key, object);
  }
  return [...byName.values()];
}
