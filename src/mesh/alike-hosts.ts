import { recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { annotationOf, type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import type { AlikeFacts } from './alike-namespaces.ts';
import { expandHost, takeoverNames } from './hosts.ts';
import { destinationHosts, routeServiceHosts } from './indexes.ts';
import { externalHosts, hostOf } from './known-hosts.ts';
import { meshSetting } from './mesh-config.ts';
import { isMeshNamespace } from './namespaces.ts';

/**
 * Returns a key for each host of a Service of which nothing else speaks, no object and not the baseline: with one key they
 * are of one shape, and their namespaces are to them what the others' are to the others.
 */
export function alikeHosts({ view, baseline }: AlikeFacts): ReadonlyMap<string, string> {
  return view.memo(`alikeHosts|${baseline.sha256}`, () => keysOfHosts({ view, baseline }));
}

function keysOfHosts(facts: AlikeFacts): ReadonlyMap<string, string> {
  const { view } = facts;
  const keys = new Map<string, string>();
  const named = namedHosts(facts);
  const special = specialNamespaces(facts);
  if (named === undefined || special === undefined) return keys;
  const homes = new Map<string, string>();
  const classes = new Map<string, Map<string, string>>();
  for (const service of view.list('Service')) {
    const namespace = namespaceOf(service);
    const host = hostOf(service, view.settings);
    if (named.has(host)) continue;
    const { shape, isForAll } = shapeOf(service);
    const home = homes.get(namespace) ?? homeOf(namespace, special, facts);
    homes.set(namespace, home);
    const whole = isForAll ? home : `${home} ${namespace}`;
    // One string for all that are alike: it is compared, and looked up, by every rule.
    const of = classes.get(whole) ?? new Map<string, string>();
    classes.set(whole, of);
    const key = of.get(shape) ?? `${whole} ${shape}`;
    of.set(shape, key);
    // A name that several objects write is not looked at more closely.
    keys.set(host, keys.has(host) ? `${host} of several` : key);
  }
  return keys;
}

function homeOf(namespace: string, special: ReadonlySet<string>, { view, baseline }: AlikeFacts): string {
  if (special.has(namespace)) return `of ${namespace}`;
  return isMeshNamespace(namespace, view, baseline) ? 'in' : 'out';
}

/** The hosts that something speaks of, in all spellings; undefined where something speaks of whatever ends like it. */
function namedHosts({ view, baseline }: AlikeFacts): ReadonlySet<string> | undefined {
  const { clusterDomain } = view.settings;
  const named = new Set<string>(externalHosts(view));
  for (const { host, calls } of baseline.services) for (const one of [host, ...calls]) named.add(one);
  for (const { host } of [...baseline.gateways.ingress, ...baseline.gateways.egress]) named.add(host);
  if (view.lookup('VirtualService|wildcard').length > 0 || view.lookup('DestinationRule|wildcard').length > 0)
    return undefined;
  for (const object of [...view.list('VirtualService'), ...view.lookup('foreign|VirtualService')]) {
    for (const host of namesIn(object, clusterDomain)) named.add(host);
  }
  for (const object of [...view.list('DestinationRule'), ...view.lookup('foreign|DestinationRule')]) {
    named.add(expandHost(stringOf(specOf(object).host) ?? '', namespaceOf(object), clusterDomain).toLowerCase());
  }
  for (const kind of ['HTTPRoute', 'GRPCRoute'] as const) {
    for (const object of view.list(kind)) {
      for (const host of routeServiceHosts(object, namespaceOf(object), view.settings)) named.add(host);
    }
  }
  return named;
}

interface Names {
  readonly clusterDomain: string;
  readonly hosts: readonly string[];
}

const NAMES = new WeakMap<KubeObject, Names>();

function namesIn(object: KubeObject, clusterDomain: string): readonly string[] {
  const known = NAMES.get(object);
  if (known !== undefined && known.clusterDomain === clusterDomain) return known.hosts;
  const written = [...stringsOf(specOf(object).hosts), ...destinationHosts(object)];
  const hosts = [...new Set(written.flatMap((host) => takeoverNames(host, namespaceOf(object), clusterDomain)))];
  NAMES.set(object, { clusterDomain, hosts });
  return hosts;
}

/**
 * The namespaces that something speaks of: of the mesh's own, those that are named as receivers, and those that Sidecars are in
 * or import from; undefined where a Sidecar tells single hosts or ports apart.
 */
function specialNamespaces({ view, baseline }: AlikeFacts): ReadonlySet<string> | undefined {
  const { mesh, gateways } = baseline;
  const special = new Set([
    mesh.rootNamespace,
    ...[...gateways.ingress, ...gateways.egress].map((one) => one.namespace),
  ]);
  for (const namespace of stringsOf(meshSetting(view, 'defaultServiceExportTo'))) special.add(namespace);
  for (const sidecar of view.list('Sidecar')) {
    special.add(namespaceOf(sidecar));
    for (const { port, hosts } of recordsOf(specOf(sidecar).egress)) {
      if (port !== undefined) return undefined;
      for (const written of stringsOf(hosts)) {
        const [namespace = '', host] = written.split('/', 2);
        if (host !== '*' || namespace.startsWith('~')) return undefined;
        special.add(namespace);
      }
    }
  }
  return special;
}

interface Shape {
  /** All that is ever read of a Service whose pods nobody asks about. */
  readonly shape: string;
  readonly isForAll: boolean;
}

const SHAPES = new WeakMap<KubeObject, Shape>();

function shapeOf(service: KubeObject): Shape {
  const known = SHAPES.get(service);
  if (known !== undefined) return known;
  const { type, externalName, clusterIP, ports } = specOf(service);
  const exportTo = annotationOf(service, 'networking.istio.io/exportTo');
  const written = recordsOf(ports).map(({ name, port, protocol, appProtocol }) => [name, port, protocol, appProtocol]);
  const shape = JSON.stringify([type, externalName, clusterIP === 'None', exportTo, written]);
  const read = { shape, isForAll: exportTo === undefined };
  SHAPES.set(service, read);
  return read;
}
