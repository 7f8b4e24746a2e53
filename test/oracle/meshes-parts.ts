import { type JsonObject, recordsOf, stringOf, stringsOf } from '../../src/model/json.ts';
import { type KubeObject, specOf } from '../../src/model/kube-object.ts';
import type { ProxyQuestion } from './answers.ts';

/** The proxies that every mesh is asked about: the service's own, a caller's, another's, one of the root namespace. */
export const PROXIES: readonly ProxyQuestion[] = [
  { kind: 'sidecar', namespace: 'client', labels: { app: 'caller', version: 'v1' }, ports: [8080] },
  { kind: 'sidecar', namespace: 'shop', labels: { app: 'ml', version: 'v1' }, ports: [8080, 80, 9090] },
  { kind: 'sidecar', namespace: 'other', labels: { app: 'other' }, ports: [8080] },
  { kind: 'sidecar', namespace: 'istio-system', labels: { app: 'ml' }, ports: [8080] },
];

/** Pods that the generated Gateways may select. */
export const INGRESS: ProxyQuestion = {
  kind: 'gateway',
  namespace: 'ingress',
  labels: { istio: 'ingress', app: 'caller' },
};

interface Parts {
  readonly services: readonly KubeObject[];
  readonly sidecars: readonly KubeObject[];
  readonly serviceEntries: readonly KubeObject[];
}

/**
 * Which of two services of one name a Sidecar imports, and what a port is that they do not agree about, are left out of our
 * model; see docs/model.md.
 */
export function withoutRivals<P extends Parts>(parts: P): P {
  const isOther = parts.services.some((one) => recordsOf(specOf(one).ports).some(isNotHttp));
  if (parts.sidecars.length === 0 && !isOther) return parts;
  const seen = new Set<string>();
  const isTwice = (host: string): boolean => parts.sidecars.length > 0 && seen.size === seen.add(host).size;
  const isRival = (one: KubeObject): boolean =>
    stringsOf(specOf(one).hosts).some((host) => host.includes('.svc.') || isTwice(host));
  return { ...parts, serviceEntries: parts.serviceEntries.filter((one) => !isRival(one)) };
}

function isNotHttp({ name }: JsonObject): boolean {
  return !/^(http|grpc)/.test(stringOf(name) ?? '') || stringOf(name)?.startsWith('https') === true;
}

/** Of two objects with one name the first stays: in a cluster there is only one. */
export function unique(objects: readonly KubeObject[]): readonly KubeObject[] {
  const byName = new Map<string, KubeObject>();
  for (const object of objects) {
    const { namespace, name } = object.metadata as JsonObject;
    const key = `${object.kind} ${String(namespace)}/${String(name)}`;
    if (!byName.has(key)) byName.set(key, object);
  }
  return [...byName.values()];
}
