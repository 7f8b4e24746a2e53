import { type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { isRecord } from '../model/json.ts';
import { isWildcard } from './hosts.ts';
import { hostOf } from './known-hosts.ts';
import { meshRouters } from './lone-routers.ts';
import { exportedTo } from './route-delegates.ts';
import { writtenEntries } from './route-entries.ts';
import { rivalsOf } from './route-rivals.ts';
import { claimedHosts, expandedHosts } from './routers.ts';
import { serviceThing } from './route-viewers.ts';
import { hasListeners, type Importable, knows, knowsWhole, sidecarsOf } from './sidecar-scope.ts';
import type { View } from './view.ts';

/** What a Sidecar may change by hiding VirtualServices from its pods. */
export interface Hidden {
  /** The virtual hosts that a hidden VirtualService claims, and that are there without it. */
  readonly hosts: ReadonlySet<string>;
  /** What else claims these, and comes into force for the pods. */
  readonly rivals: ReadonlySet<KubeObject>;
}

/**
 * Returns what the pods that a Sidecar may be for do not know, though they know the service or another VirtualService of
 * that name; undefined where listeners are for single ports or sockets, and it may be anything.
 */
export function hiddenBy(sidecar: KubeObject, view: View): Hidden | undefined {
  const own = namespaceOf(sidecar);
  const root = view.list('Sidecar', view.settings.rootNamespace);
  const isForAll = own === view.settings.rootNamespace && !isRecord(specOf(sidecar).workloadSelector);
  // Without this one the namespace's others, or the root's, would be in force.
  const scopes = [...new Set([sidecar, ...sidecarsOf(view, own), ...view.list('Sidecar', own), ...root])];
  return hiddenIn(scopes, isForAll ? undefined : own, view);
}

/** As `hiddenBy`, for the pods of a namespace as it is, which may have any of its Sidecars. */
export function hiddenFrom(namespace: string, view: View): Hidden | undefined {
  return hiddenIn(sidecarsOf(view, namespace), namespace, view);
}

function hiddenIn(
  scopes: readonly (KubeObject | undefined)[],
  only: string | undefined,
  view: View,
): Hidden | undefined {
  if (scopes.some((one) => one !== undefined && hasListeners(one))) return undefined;
  const hidden = {
    hosts: unknownAtHome(view, scopes, only),
    rivals: new Set<KubeObject>(),
  };
  const { lone, others } = meshRouters(view);
  const homes = only === undefined ? [...lone.keys()] : [only];
  const unknown = new Set(homes.flatMap((home) => unknownIn(home, lone.get(home) ?? [], scopes, view)));
  // In the order of age, so that of two faults that are one the same is said.
  for (const object of unknown.size === 0 ? others : view.list('VirtualService')) {
    if (unknown.has(object)) {
      hidden.rivals.add(object);
      for (const host of claimedHosts(object, view.settings.clusterDomain)) hidden.hosts.add(host);
    } else if (others.has(object)) hide(object, { scopes, only, view }, hidden);
  }
  return hidden;
}

/** Returns those lone routers of a namespace that its own pods do not know, and only they could miss. */
function unknownIn(
  home: string,
  routers: readonly KubeObject[],
  scopes: readonly (KubeObject | undefined)[],
  view: View,
): readonly KubeObject[] {
  const partial = scopes.filter((scope) => !knowsWhole(scope, home));
  if (partial.length === 0) return [];
  return routers.filter((object) => {
    const router = importable(object, view);
    return partial.some((scope) => !knows(scope, home, undefined, router));
  });
}

interface Scopes {
  readonly scopes: readonly (KubeObject | undefined)[];
  /** The one namespace whose pods are meant; undefined: all. */
  readonly only: string | undefined;
  readonly view: View;
}

/** Adds what one VirtualService leaves behind where it is not known. */
function hide(
  object: KubeObject,
  { scopes, only, view }: Scopes,
  hidden: { readonly hosts: Set<string>; readonly rivals: Set<KubeObject> },
): void {
  const claims = claimedHosts(object, view.settings.clusterDomain).map((host) => serviceThing(view, host));
  const router = importable(object, view);
  // What `./` means tells apart only the service's and the VirtualService's own namespaces from all others.
  const clients =
    only === undefined ? new Set(['', router.namespace, ...claims.map(({ namespace }) => namespace)]) : [only];
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

/**
 * Returns the services that not even their own namespace knows, by its own Sidecars or, in one namespace or all, by those
 * at hand: they may be known to nobody without, or with, one of these.
 */
function unknownAtHome(view: View, scopes: readonly (KubeObject | undefined)[], only: string | undefined): Set<string> {
  const hosts = new Set<string>();
  const partial = new Map<string, readonly (KubeObject | undefined)[]>();
  for (const service of view.list('Service')) {
    const namespace = namespaceOf(service);
    let asked = partial.get(namespace);
    if (asked === undefined) {
      const isMeant = only === undefined || only === namespace;
      const all = [...sidecarsOf(view, namespace), ...(isMeant ? scopes : [])];
      asked = all.filter((scope) => !knowsWhole(scope, namespace));
      partial.set(namespace, asked);
    }
    if (asked.length === 0) continue;
    const host = hostOf(service, view.settings);
    const thing: Importable = { namespace, hosts: [host], fit: 'covered' };
    if (asked.some((scope) => !knows(scope, namespace, undefined, thing))) hosts.add(host);
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
