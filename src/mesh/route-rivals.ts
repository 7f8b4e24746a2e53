import { kindOf } from '../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf, specOf } from '../model/kube-object.ts';
import { isRecord } from '../model/json.ts';
import { coversHost, isWildcard, serviceHost, takeoverNames } from './hosts.ts';
import { exportedTo } from './route-delegates.ts';
import { writtenEntries } from './route-entries.ts';
import { boundTo, claimedHosts, expandedHosts, parentServices } from './routers.ts';
import { serviceThing } from './route-viewers.ts';
import { type Importable, knows, sidecarsOf, tellsPortsApart } from './sidecar-scope.ts';
import type { View } from './view.ts';

/**
 * Returns the other routers of the virtual hosts that a VirtualService, an HTTPRoute or a Service claims, and their
 * delegates: what they do may come into force, or end, when that one changes.
 */
export function rivalsOf(object: KubeObject, view: View): ReadonlySet<KubeObject> {
  const { clusterDomain } = view.settings;
  const rivals = new Set<KubeObject>();
  for (const claim of new Set(claimsOf(object, clusterDomain))) {
    if (!isWildcard(claim)) {
      for (const name of takeoverNames(claim, namespaceOf(object), clusterDomain)) {
        for (const one of view.lookup(`VirtualService|host|${name}`)) rivals.add(one);
        for (const one of view.lookup(`HTTPRoute|to|${name}`)) rivals.add(one);
      }
    }
    for (const one of view.lookup('VirtualService|wildcard')) {
      const names = claimedHosts(one, clusterDomain);
      if (names.some((host) => coversHost(host, claim) || coversHost(claim, host))) rivals.add(one);
    }
  }
  rivals.delete(object);
  const all = new Set(rivals);
  for (const rival of rivals) {
    if (kindOf(rival) !== 'VirtualService') continue;
    for (const { delegate } of writtenEntries(rival, clusterDomain)) {
      for (const one of delegate === undefined ? [] : view.lookup(`VirtualService|name|${delegate}`)) all.add(one);
    }
  }
  return all;
}

function claimsOf(object: KubeObject, clusterDomain: string): readonly string[] {
  const kind = kindOf(object);
  if (kind === 'VirtualService') return claimedHosts(object, clusterDomain);
  if (kind === 'Service') return [serviceHost(nameOf(object), namespaceOf(object), clusterDomain)];
  return parentServices(object, clusterDomain).map(({ host }) => host);
}

/** What a Sidecar may change by hiding VirtualServices from its pods. */
export interface Hidden {
  /** The virtual hosts that a hidden VirtualService claims, and that are there without it. */
  readonly hosts: ReadonlySet<string>;
  /** What else claims these, and comes into force for the pods. */
  readonly rivals: ReadonlySet<KubeObject>;
}

/**
 * Returns what the pods that a Sidecar may be for do not know, though they know the service or another VirtualService of
 * that name; undefined where listeners are for single ports, and it may be anything.
 */
export function hiddenBy(sidecar: KubeObject, view: View): Hidden | undefined {
  const own = namespaceOf(sidecar);
  const root = view.list('Sidecar', view.settings.rootNamespace);
  const isForAll = own === view.settings.rootNamespace && !isRecord(specOf(sidecar).workloadSelector);
  // Without this one the namespace's others, or the root's, would be in force.
  const scopes = [...new Set([sidecar, ...sidecarsOf(view, own), ...root])];
  if (scopes.some((one) => one !== undefined && tellsPortsApart(one))) return undefined;
  const hidden = {
    hosts: unknownAtHome(view, scopes, isForAll ? undefined : own),
    rivals: new Set<KubeObject>(),
  };
  for (const object of view.list('VirtualService')) {
    if (!boundTo(object).includes('mesh')) continue;
    const claims = claimedHosts(object, view.settings.clusterDomain).map((host) => serviceThing(view, host));
    const router = importable(object, view);
    // What `./` means tells apart only the service's and the VirtualService's own namespaces from all others.
    const clients = isForAll ? new Set(['', router.namespace, ...claims.map(({ namespace }) => namespace)]) : [own];
    let rivals: readonly KubeObject[] | undefined;
    for (const scope of scopes) {
      const isKnown = (client: string, thing: Importable): boolean => knows(scope, client, undefined, thing);
      const without = [...clients].filter((client) => !isKnown(client, router));
      if (without.length === 0) continue;
      const isHome = without.includes(router.namespace) || isForFew(object, view);
      if (isHome) hidden.rivals.add(object);
      for (const service of claims) {
        for (const host of service.hosts) {
          if (isHome || isWildcard(host) || without.some((client) => isKnown(client, service))) hidden.hosts.add(host);
        }
      }
      rivals ??= [...rivalsOf(object, view)];
      const comesForward = (rival: KubeObject): boolean => {
        const thing = importable(rival, view);
        // An HTTPRoute's names are its parents', and a delegate has none.
        return thing.hosts.length === 0 || without.some((client) => isKnown(client, thing));
      };
      if (rivals.some(comesForward)) for (const rival of rivals) hidden.rivals.add(rival);
    }
  }
  return hidden;
}

/**
 * Returns the services that not even their own namespace knows, by its own Sidecars or, in one namespace or all, by those
 * at hand: they may be known to nobody without, or with, one of these.
 */
function unknownAtHome(view: View, scopes: readonly (KubeObject | undefined)[], only: string | undefined): Set<string> {
  const hosts = new Set<string>();
  const own = new Map<string, ReturnType<typeof sidecarsOf>>();
  for (const service of view.list('Service')) {
    const namespace = namespaceOf(service);
    const sidecars = own.get(namespace) ?? sidecarsOf(view, namespace);
    own.set(namespace, sidecars);
    const host = serviceHost(nameOf(service), namespace, view.settings.clusterDomain);
    const thing: Importable = { namespace, hosts: [host], fit: 'covered' };
    const isUnknown = (scope: KubeObject | undefined): boolean => !knows(scope, namespace, undefined, thing);
    const isMeant = only === undefined || only === namespace;
    if (sidecars.some(isUnknown) || (isMeant && scopes.some(isUnknown))) hosts.add(host);
  }
  return hosts;
}

/** Tells whether a VirtualService, or a route of it, is for named namespaces only, which may be all that know it. */
function isForFew(object: KubeObject, view: View): boolean {
  if (!exportedTo(view, object).has('*')) return true;
  return writtenEntries(object, view.settings.clusterDomain).some(({ matches }) =>
    matches.some(({ written }) => typeof written.sourceNamespace === 'string'),
  );
}

function importable(object: KubeObject, view: View): Importable {
  return { namespace: namespaceOf(object), hosts: expandedHosts(object, view.settings.clusterDomain), fit: 'either' };
}
