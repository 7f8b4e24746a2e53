import { isRecord, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { KINDS, type Kind, WORKLOAD_KINDS } from '../model/kind.ts';
import { type KubeObject, labelOf, nameOf, namespaceOf, specOf } from '../model/kube-object.ts';
import { rememberedFor } from '../model/remembered.ts';
import { expandHost, isWildcard, serviceHost, takeoverNames } from './hosts.ts';
import { entryOf, type PodTemplate, podTemplateOf } from './pod-template.ts';
import { PROXY_CONFIG_ANNOTATION } from './proxy-config.ts';
import type { MeshSettings } from './view.ts';

/**
 * Returns the keys under which a view files an object:
 * - `K`, `K|ns|N`, `K|name|N/M` for every kind K (cluster-scoped: N is empty);
 * - `VirtualService|host|H` for each full name it may take over, `|wildcard`, `|to|H` for each destination or mirror,
 *   `|delegate|N/M` for each delegate it names;
 * - `DestinationRule|host|H` (as expanded, case kept), `|wildcard`;
 * - `Service|host|H`; `ServiceEntry|host|H` (as written, lower case), `|wildcard`;
 * - `HTTPRoute|to|H`, `GRPCRoute|to|H` for each parent or backend Service, or backend host;
 *   `HTTPRoute|entry|N/M` for each parent ServiceEntry.
 * - `tracing`, `tracing|ns|N` for a workload whose pods may configure the tracing of their own proxy.
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
  ...Object.fromEntries(WORKLOAD_KINDS.map((kind) => [kind, tracingKeys])),
  HTTPRoute: (object, namespace, settings) => [
    ...routeKeys('HTTPRoute', object, namespace, settings),
    ...parentEntries(object, namespace).map((entry) => `HTTPRoute|entry|${entry}`),
  ],
  GRPCRoute: (object, namespace, settings) => routeKeys('GRPCRoute', object, namespace, settings),
};

/** Every pod has this annotation, and parsing is slow: only these texts can have the key, the second by escapes. */
const MAY_TRACE = /tracing|\\/;

/** Returns the text of a workload's `proxy.istio.io/config` where it may configure tracing. */
export function tracingText(pod: PodTemplate | undefined): string | undefined {
  const text = pod === undefined ? undefined : entryOf(pod.annotations, PROXY_CONFIG_ANNOTATION);
  return text !== undefined && MAY_TRACE.test(text) ? text : undefined;
}

function tracingKeys(object: KubeObject, namespace: string): readonly string[] {
  return tracingText(podTemplateOf(object)) === undefined ? [] : ['tracing', `tracing|ns|${namespace}`];
}

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

/** Returns every host that a VirtualService sends requests to, as written: routes of all protocols and mirrors. */
export const destinationHosts = rememberedFor(findDestinationHosts);

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

function parentEntries(route: KubeObject, own: string): readonly string[] {
  return recordsOf(specOf(route).parentRefs).flatMap(({ kind, name, namespace }) =>
    kind === 'ServiceEntry' && typeof name === 'string' ? [`${stringOf(namespace) || own}/${name}`] : [],
  );
}

/** Returns the full names of the Services that a Gateway API route hangs on or sends to, and of the external hosts that it sends to. */
export function routeServiceHosts(
  object: KubeObject,
  namespace: string,
  { clusterDomain }: MeshSettings,
): ReadonlySet<string> {
  const spec = specOf(object);
  const hosts = new Set<string>();
  const add = (reference: ReturnType<typeof recordOrEmpty>, isParent: boolean): void => {
    const { name: written, kind = isParent ? '' : 'Service' } = reference;
    const name = stringOf(written);
    if (kind === 'Hostname' && name !== undefined) hosts.add(name.toLowerCase());
    // The Service of several clusters is the Service of that name.
    if ((kind === 'Service' || kind === 'ServiceImport') && name !== undefined) {
      hosts.add(serviceHost(name, stringOf(reference.namespace) || namespace, clusterDomain));
    }
  };
  for (const parent of recordsOf(spec.parentRefs)) add(parent, true);
  for (const rule of recordsOf(spec.rules)) {
    for (const backend of recordsOf(rule.backendRefs)) add(backend, false);
    for (const filter of recordsOf(rule.filters)) {
      if (isRecord(filter.requestMirror)) add(recordOrEmpty(filter.requestMirror.backendRef), false);
    }
  }
  return hosts;
}
