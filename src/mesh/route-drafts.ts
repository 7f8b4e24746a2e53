import type { Because } from '../model/finding.ts';
import { type KubeObject, namespaceOf, refOf } from '../model/kube-object.ts';
import { parseServiceHost } from './hosts.ts';
import { isPort, serviceSeenBy } from './known-service.ts';
import { exportedTo } from './route-delegates.ts';
import { writtenEntries } from './route-entries.ts';
import type { Entry } from './route-entries.ts';
import { methodsOfAll } from './route-match.ts';
import type { SeenEntry } from './route-owners.ts';
import { boundTo, claimedHosts, expandedHosts, virtualServicesNaming } from './routers.ts';
import { retriesOf } from './route-retries.ts';
import type { MeshViewer, PassedOver, Place, Route, RouteMatch, RouteRetries, Viewer } from './route-types.ts';
import { knows } from './sidecar-scope.ts';
import { serviceThing } from './route-viewers.ts';
import type { View } from './view.ts';

/** A route that is being put together from what its viewers see of it. */
export interface Draft {
  readonly kind: Route['kind'];
  readonly entry: Entry;
  /** What its viewers see, each list once. */
  readonly matches: Set<readonly RouteMatch[]>;
  readonly viewers: Viewer[];
  readonly virtualHosts: Set<string>;
}

/** Tells whether one of an entry's destinations or mirrors is a host, in whatever spelling. */
export function leadsTo(route: Pick<Route, 'targets' | 'mirrors'>, host: string): boolean {
  for (const one of route.targets) if (one.host === host || one.alias === host) return true;
  return route.mirrors.some((one) => one.host === host || one.alias === host);
}

/** Adds what a viewer sees of an entry to the route that it is part of. */
export function gather(
  drafts: Map<Place, Draft>,
  { entry, matches }: SeenEntry,
  viewer: Viewer,
  virtualHost: string,
  kind: Route['kind'],
): Draft {
  const draft = drafts.get(entry.at) ?? { kind, entry, matches: new Set(), viewers: [], virtualHosts: new Set() };
  drafts.set(entry.at, draft);
  draft.matches.add(matches);
  if (draft.viewers.at(-1) !== viewer) draft.viewers.push(viewer);
  draft.virtualHosts.add(virtualHost);
  return draft;
}

/** Makes the route of a draft. */
export function finish(view: View, { kind, entry, matches: lists, viewers, virtualHosts }: Draft): Route {
  const matches = joined(lists);
  const [first, ...rest] = viewers;
  const route: { -readonly [Field in keyof Route]: Route[Field] } = {
    kind,
    root: entry.root,
    at: entry.at,
    name: entry.name,
    virtualHosts: [...virtualHosts],
    viewers: [first ?? NO_VIEWER, ...rest],
    matches,
    targets: entry.targets,
    mirrors: entry.mirrors,
    timeoutAt: entry.timeoutAt,
    retries: retriesOfEntry(view, entry, kind),
    passedOver: NOBODY,
  };
  const methods = methodsOfAll(matches);
  if (methods !== undefined) route.methods = methods;
  if (entry.delegate !== undefined) route.delegate = entry.delegate;
  if (entry.rootAt !== undefined) route.rootAt = entry.rootAt;
  if (entry.timeoutMs !== undefined) route.timeoutMs = entry.timeoutMs;
  if (entry.faultAt !== undefined) route.faultAt = entry.faultAt;
  return route;
}

const NOBODY: readonly PassedOver[] = Object.freeze([]);

/** Returns what an entry retries, with the places where it is said. */
export function retriesOfEntry(view: View, entry: Entry, kind: Route['kind']): RouteRetries {
  const retries = retriesOf(view, entry.retries, entry.retriesAt, entry.perTryAt);
  return kind === 'HTTPRoute' ? { ...retries, hasOwnConditions: false } : retries;
}

/** Several viewers mostly see the same matches. */
function joined(lists: Draft['matches']): readonly RouteMatch[] {
  const [first = [], ...rest] = lists;
  return rest.length === 0 ? first : [...new Set([...lists].flat())];
}

/** Never used: a draft is made by a viewer. */
const NO_VIEWER: Viewer = { kind: 'gateway', gateway: '' };

/** Returns why a route is what it is: the entries that it stands in; of the default route what was passed over. */
export function proofOf({ kind, root, delegate, at, rootAt, passedOver }: Route): readonly Because[] {
  if (kind === 'default' || root === undefined || at === undefined) {
    return passedOver.map(({ object, path, reason }) => ({ object: refOf(object), path, says: SAYS[reason] }));
  }
  const because: Because[] = [];
  if (rootAt !== undefined) because.push({ object: refOf(root), path: rootAt.path, says: 'hands over to a delegate' });
  because.push({ object: refOf(delegate ?? root), path: at.path, says: 'is the route' });
  return because;
}

/**
 * Returns the route that istiod writes for a service that nothing routes for a viewer: no timeout, the mesh's default
 * retries. None where the viewer does not know the service, or not as one that speaks HTTP.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/route/route.go `BuildDefaultHTTPOutboundRoute`
 */
export function defaultRoute(view: View, host: string, viewer: MeshViewer): readonly Route[] {
  const service = serviceSeenBy(view, host, viewer.namespace);
  if (service === undefined || !knows(viewer.sidecar, viewer.namespace, viewer.port, serviceThing(view, host)))
    return [];
  if (!service.ports.some((one) => one.mayBeHttp && isPort(one.number, viewer.port))) return [];
  const passedOver = passedOverFor(view, host, viewer);
  const retries = retriesOf(view, undefined, undefined);
  return [
    {
      kind: 'default',
      name: 'default',
      virtualHosts: [host],
      viewers: [viewer],
      matches: [],
      targets: [{ host, written: host, sharePercent: 100, path: [] }],
      mirrors: [],
      retries,
      passedOver,
    },
  ];
}

const SAYS: Readonly<Record<PassedOver['reason'], string>> = {
  hidden: 'does not export it to the client',
  foreign: 'is of another revision',
  gateways: 'is not bound to the mesh',
  sidecar: 'does not import the VirtualService',
  vanished: 'has no route left, as its delegates cannot be used',
  narrow: 'has no match for the client',
};

/** Returns why each VirtualService that names a host in its own service's namespace, or is bound to the mesh, does not route it. */
function passedOverFor(view: View, host: string, viewer: MeshViewer): readonly PassedOver[] {
  const found: PassedOver[] = [];
  const { clusterDomain } = view.settings;
  const owner = parseServiceHost(host, clusterDomain)?.namespace;
  for (const object of view.lookup('foreign|VirtualService')) {
    if (!claimedHosts(object, clusterDomain).includes(host)) continue;
    if (owner === undefined || namespaceOf(object) === owner) {
      found.push({ object, path: ['metadata', 'labels', 'istio.io/rev'], reason: 'foreign' });
    }
  }
  for (const object of virtualServicesNaming(view, host)) {
    if (!claimedHosts(object, clusterDomain).includes(host)) continue;
    const why = reasonFor(view, object, viewer);
    const isOwners = owner === undefined || namespaceOf(object) === owner;
    if (isOwners || why.reason !== 'hidden') found.push(why);
  }
  return found;
}

function reasonFor(view: View, object: KubeObject, viewer: MeshViewer): PassedOver {
  if (!boundTo(object).includes('mesh')) return { object, path: ['spec', 'gateways'], reason: 'gateways' };
  const exportTo = exportedTo(view, object);
  if (!exportTo.has('*') && !exportTo.has(viewer.namespace))
    return { object, path: ['spec', 'exportTo'], reason: 'hidden' };
  const { clusterDomain } = view.settings;
  const thing = { namespace: namespaceOf(object), hosts: expandedHosts(object, clusterDomain), fit: 'either' } as const;
  if (viewer.sidecar !== undefined && !knows(viewer.sidecar, viewer.namespace, viewer.port, thing)) {
    return { object: viewer.sidecar, path: ['spec', 'egress'], reason: 'sidecar' };
  }
  const delegating = writtenEntries(object, clusterDomain).find(({ delegate }) => delegate !== undefined);
  if (delegating !== undefined) return { object, path: [...delegating.path, 'delegate'], reason: 'vanished' };
  return { object, path: ['spec', 'http'], reason: 'narrow' };
}
