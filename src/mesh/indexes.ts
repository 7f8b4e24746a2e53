import { recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { KINDS, type Kind } from '../model/kind.ts';
import { type KubeObject, labelOf, nameOf, namespaceOf, specOf } from '../model/kube-object.ts';
import { expandHost, isWildcard, serviceHost, takeoverNames } from './hosts.ts';
import type { MeshSettings } from './view.ts';

/**
 * Returns the keys under which a view files an object:
 * - `K`, `K|ns|N`, `K|name|N/M` for every kind K (cluster-scoped: N is empty);
 * - `VirtualService|host|H` for each full name it may take over, `|wildcard`, `|to|H` for each destination or mirror,
 *   `|delegate|N/M` for each delegate it names;
 * - `DestinationRule|host|H` (as expanded, case kept), `|wildcard`;
 * - `Service|host|H`; `ServiceEntry|host|H` (as written, lower case), `|wildcard`;
 * - `HTTPRoute|to|H`, `GRPCRoute|to|H` for each parent or backend Service, or backend host.
 * An Istio object of another revision has only `foreign|K` and `foreign|K|N/M`.
 */
export function indexKeys(kind: Kind, object: KubeObject, settings: MeshSettings): readonly string[] {
  const [namespace, name] = [namespaceOf(object), nameOf(object)];
  if (isForeign(kind, object, settings)) return [`foreign|${kind}`, `foreign|${kind}|${namespace}/${name}`];
  const keys = new Set<string>([kind, `${kind}|name|${namespace}/${name}`]);
  keys.add(`${kind}|ns|${namespace}`);
  for (const key of KIND_KEYS[kind]?.(object, namespace, settings) ?? []) keys.add(key);
  return [...keys];
}

/**
 * Tells whether this mesh's istiod ignores an Istio object because its label `istio.io/rev` names another revision; the
 * empty one is another, too.
 * @see https://github.com/istio/istio/blob/1.31.0/pkg/config/model.go `ObjectInRevision`
 */
export function isForeign(kind: Kind, object: KubeObject, settings: MeshSettings): boolean {
  if (!KINDS[kind].group.endsWith('.istio.io')) return false;
  const revision = labelOf(object, 'istio.io/rev');
  return revision !== undefined && !settings.revisions.includes(revision);
}

type KeysOf = (object: KubeObject, namespace: string, settings: MeshSettings) => Iterable<string>;

const KIND_KEYS: Partial<Record<Kind, KeysOf>> = {
  VirtualService: virtualServiceKeys,
  DestinationRule: (object, namespace, { clusterDomain }) => {
    const host = expandHost(stringOf(specOf(object).host) ?? '', namespace, clusterDomain);
    return [isWildcard(host) ? 'DestinationRule|wildcard' : `DestinationRule|host|${host}`];
  },
  Service: (object, namespace, { clusterDomain }) => [
    `Service|host|${serviceHost(nameOf(object), namespace, clusterDomain)}`,
  ],
  ServiceEntry: (object) =>
    stringsOf(specOf(object).hosts).map((host) =>
      isWildcard(host) ? 'ServiceEntry|wildcard' : `ServiceEntry|host|${host.toLowerCase()}`,
    ),
  HTTPRoute: (object, namespace, settings) => routeKeys('HTTPRoute', object, namespace, settings),
  GRPCRoute: (object, namespace, settings) => routeKeys('GRPCRoute', object, namespace, settings),
};

function* virtualServiceKeys(object: KubeObject, namespace: string, { clusterDomain }: MeshSettings): Iterable<string> {
  const spec = specOf(object);
  for (const host of stringsOf(spec.hosts)) {
    if (isWildcard(host)) yield 'VirtualService|wildcard';
    else for (const name of takeoverNames(host, namespace, clusterDomain)) yield `VirtualService|host|${name}`;
  }
  for (const host of destinationHosts(object)) {
    for (const name of takeoverNames(host, namespace, clusterDomain)) yield `VirtualService|to|${name}`;
  }
  for (const route of recordsOf(spec.http)) {
    const delegate = recordOrEmpty(route.delegate);
    const name = stringOf(delegate.name);
    if (name !== undefined) yield `VirtualService|delegate|${stringOf(delegate.namespace) || namespace}/${name}`;
  }
}

/** An object is asked for its hosts several times in one review; objects never change. */
const DESTINATIONS = new WeakMap<KubeObject, ReadonlySet<string>>();

/** Returns every host that a VirtualService sends requests to, as written: routes of all protocols and mirrors. */
export function destinationHosts(object: KubeObject): ReadonlySet<string> {
  const known = DESTINATIONS.get(object);
  if (known !== undefined) return known;
  const hosts = findDestinationHosts(object);
  DESTINATIONS.set(object, hosts);
  return hosts;
}

function findDestinationHosts(object: KubeObject): ReadonlySet<string> {
  const spec = specOf(object);
  const hosts = new Set<string>();
  const add = (destination: unknown): void => {
    const host = stringOf(recordOrEmpty(destination).host);
    if (host !== undefined) hosts.add(host);
  };
  for (const protocol of ['http', 'tls', 'tcp']) {
    for (const route of recordsOf(spec[protocol])) {
      for (const target of recordsOf(route.route)) add(target.destination);
      add(route.mirror);
      for (const mirror of recordsOf(route.mirrors)) add(mirror.destination);
    }
  }
  return hosts;
}

function* routeKeys(
  kind: 'HTTPRoute' | 'GRPCRoute',
  object: KubeObject,
  namespace: string,
  settings: MeshSettings,
): Iterable<string> {
  for (const host of routeServiceHosts(object, namespace, settings)) yield `${kind}|to|${host}`;
}

/** Returns the full names of the Services that a Gateway API route hangs on or sends to, and of the external hosts that it sends to. */
export function routeServiceHosts(
  object: KubeObject,
  namespace: string,
  { clusterDomain }: MeshSettings,
): ReadonlySet<string> {
  const spec = specOf(object);
  const hosts = new Set<string>();
  const add = (reference: ReturnType<typeof recordOrEmpty>, isService: boolean): void => {
    const name = stringOf(reference.name);
    if (reference.kind === 'Hostname' && name !== undefined) hosts.add(name.toLowerCase());
    if (isService && name !== undefined) {
      hosts.add(serviceHost(name, stringOf(reference.namespace) || namespace, clusterDomain));
    }
  };
  for (const parent of recordsOf(spec.parentRefs)) add(parent, parent.kind === 'Service');
  for (const rule of recordsOf(spec.rules)) {
    for (const backend of recordsOf(rule.backendRefs)) add(backend, (backend.kind ?? 'Service') === 'Service');
    for (const filter of recordsOf(rule.filters)) {
      const mirrored = recordOrEmpty(recordOrEmpty(filter.requestMirror).backendRef);
      add(mirrored, (mirrored.kind ?? 'Service') === 'Service');
    }
  }
  return hosts;
}
