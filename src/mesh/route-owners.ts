import { compareAge } from './age.ts';
import { isWildcard, parseServiceHost } from './hosts.ts';
import { isPort, servicesNamed, serviceSeenBy } from './known-service.ts';
import type { Entry } from './route-entries.ts';
import { fitsViewer, isCatchAll } from './route-match.ts';
import type { MeshViewer, RouteMatch, Viewer } from './route-types.ts';
import { type Router, routersOf } from './routers.ts';
import { knows } from './sidecar-scope.ts';
import type { View } from './view.ts';

/** An entry with those of its matches that a viewer may fit; an entry without matches lets in everything. */
export interface SeenEntry {
  readonly entry: Entry;
  readonly matches: readonly RouteMatch[];
}

/**
 * Returns the routers that a viewer knows in the order in which istiod asks them: those that only its namespace sees,
 * those exported to it by name, those for everybody; each oldest first.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/virtualservice.go `SelectVirtualServices`
 */
export function inOrder(routers: readonly Router[], viewer: MeshViewer): readonly Router[] {
  const groups: [Router[], Router[], Router[]] = [[], [], []];
  for (const router of routers) {
    const { exportTo, namespace, hosts, isGatewayApi } = router;
    const isPublic = exportTo.has('*');
    if (!isPublic && (exportTo.has('~') || !exportTo.has(viewer.namespace))) continue;
    const importable = { namespace, hosts, fit: isGatewayApi ? 'covered' : 'either' } as const;
    if (!knows(viewer.sidecar, viewer.namespace, viewer.port, importable)) continue;
    groups[isPublic ? 2 : namespace === viewer.namespace ? 0 : 1].push(router);
  }
  const isOwn = (router: Router): boolean => router.isGatewayApi && router.namespace === viewer.namespace;
  return groups.flatMap((group) => [...group.filter(isOwn), ...group.filter((router) => !isOwn(router))]);
}

/** Returns a router's entries for a viewer, up to the first that lets in whatever is left. */
export function seenEntries(entries: readonly Entry[], viewer: Viewer): readonly SeenEntry[] {
  const seen: SeenEntry[] = [];
  for (const entry of entries) {
    if (entry.matches.length === 0) {
      seen.push({ entry, matches: entry.matches });
      return seen;
    }
    const matches: RouteMatch[] = [];
    let isLast = false;
    for (const match of entry.matches) {
      const fit = fitsViewer(match, viewer);
      if (fit === 'no') continue;
      matches.push(match);
      isLast = fit === 'yes' && isCatchAll(match);
      if (isLast) break;
    }
    // A list of its own only where it is shorter: whoever sees the same then has the same list.
    if (matches.length > 0)
      seen.push({ entry, matches: matches.length < entry.matches.length ? matches : entry.matches });
    if (isLast) break;
  }
  return seen;
}

/** What a virtual host is for a viewer. */
export interface Owned {
  readonly router: Router;
  readonly entries: readonly SeenEntry[];
}

/**
 * Returns what routes a virtual host for a viewer: the first exact one that has a route for it, else the first of the
 * longest wildcard; undefined: nobody.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/route/route.go `separateVSHostsAndServices`
 */
export function ownerFor(view: View, virtualHost: string, viewer: MeshViewer): Owned | undefined {
  const known = inOrder(routersOf(view, virtualHost), viewer);
  const isUnknown = !isWildcard(virtualHost) && servicesNamed(view, virtualHost).length === 0;
  const exact = known.filter((router) => router.host === virtualHost && (!isUnknown || isOnPort(view, router, viewer)));
  const reaching = (): readonly Router[] =>
    exact.filter((router) => !router.isGatewayApi && isOnPort(view, router, viewer));
  const service = serviceBehind(view, virtualHost);
  if (service !== undefined && !isHidden(view, service, viewer))
    return aliasOwner(view, virtualHost, service, reaching(), viewer);
  if (isHidden(view, virtualHost, viewer)) return firstWithRoutes(view, virtualHost, reaching(), viewer);
  if (isOther(view, virtualHost, viewer)) return undefined;
  // A host in other letters claims its service, and leaves the wildcards in force beside it; a name of no service is its own.
  if (exact.some(({ hosts }) => isUnknown || hosts.includes(virtualHost))) {
    const asked = isSeenWildcard(view, virtualHost, viewer) ? exact.slice(0, 1) : exact;
    return firstWithRoutes(view, virtualHost, asked, viewer);
  }
  const longest = Math.max(0, ...known.filter(({ host }) => host !== virtualHost).map(({ host }) => host.length));
  const wildcard = known.find(({ host }) => host !== virtualHost && host.length === longest);
  const asked = known.filter((router) => router === wildcard || exact.includes(router));
  return firstWithRoutes(view, virtualHost, asked, viewer);
}

/** Tells whether a known service is not exported to a viewer, not imported by its Sidecar, or not on the port asked about. */
function isHidden(view: View, host: string, viewer: MeshViewer): boolean {
  if (isWildcard(host) || servicesNamed(view, host).length === 0) return false;
  const service = serviceSeenBy(view, host, viewer.namespace);
  if (service === undefined) return true;
  if (!service.ports.some(({ number }) => isPort(number, viewer.port)) && viewer.port !== undefined) return true;
  const thing = { namespace: service.namespace, hosts: [host], fit: 'covered' } as const;
  return !knows(viewer.sidecar, viewer.namespace, viewer.port, thing);
}

/**
 * Tells whether a viewer knows a wildcard as a service on the port asked about, of which only the first VirtualService is
 * asked, whatever it routes.
 */
function isSeenWildcard(view: View, host: string, { namespace, sidecar, port }: MeshViewer): boolean {
  const service = isWildcard(host) && port !== undefined ? serviceSeenBy(view, host, namespace) : undefined;
  if (service?.ports.some(({ number }) => isPort(number, port)) !== true) return false;
  return knows(sidecar, namespace, port, { namespace: service.namespace, hosts: [host], fit: 'covered' });
}

/** Tells whether the port asked about is one on which a known service does not speak HTTP: nothing routes requests there. */
function isOther(view: View, host: string, { namespace, port }: MeshViewer): boolean {
  if (port === undefined || isWildcard(host)) return false;
  return serviceSeenBy(view, host, namespace)?.ports.some((one) => one.number === port && !one.mayBeHttp) === true;
}

/** To a proxy a service that it does not know is a name like any other: it is there on port 80, and beside known ones. */
function isOnPort(view: View, { hosts }: Router, viewer: MeshViewer): boolean {
  const { port } = viewer;
  if (port === undefined || port === 80) return true;
  const isKnown = (host: string): boolean =>
    !isHidden(view, host, viewer) &&
    serviceSeenBy(view, host, viewer.namespace)?.ports.some((one) => one.mayBeHttp && isPort(one.number, port)) ===
      true;
  return hosts.some((host) => isWildcard(host) || isKnown(host.toLowerCase()));
}

function firstWithRoutes(
  view: View,
  virtualHost: string,
  routers: readonly Router[],
  viewer: MeshViewer,
): Owned | undefined {
  for (const router of routers) {
    if (router.isGatewayApi && router.namespace !== viewer.namespace) {
      const service = serviceSeenBy(view, virtualHost, viewer.namespace)?.namespace;
      const owner = service ?? parseServiceHost(virtualHost, view.settings.clusterDomain)?.namespace;
      if (owner !== undefined && owner !== router.namespace) continue;
    }
    const entries = seenEntries(router.entries, viewer);
    if (entries.length > 0) return { router, entries };
  }
  return undefined;
}

/** Returns the known Service of which a name is another spelling: `S.N`, `S.N.svc`, or with a trailing dot. */
export function serviceBehind(view: View, name: string): string | undefined {
  const plain = name.replace(/\.$/, '');
  const parts = plain.split('.');
  const isShort = parts.length === 2 || (parts.length === 3 && parts[2] === 'svc');
  const full = isShort ? `${parts[0]}.${parts[1]}.svc.${view.settings.clusterDomain}` : plain;
  if (full === name || isWildcard(name)) return undefined;
  return view.lookup(`Service|host|${full}`).length > 0 ? full : undefined;
}

/** Another spelling belongs to who names it, unless what routes the Service by its full name comes before. */
function aliasOwner(
  view: View,
  alias: string,
  service: string,
  claiming: readonly Router[],
  viewer: MeshViewer,
): Owned | undefined {
  const whole = ownerFor(view, service, viewer)?.router;
  for (const router of inOrder([...claiming, ...(whole === undefined ? [] : [whole])].sort(byAge), viewer)) {
    if (router === whole) return undefined;
    const owned = firstWithRoutes(view, alias, [router], viewer);
    if (owned !== undefined) return owned;
  }
  return undefined;
}

const byAge = (left: Router, right: Router): number => compareAge(left.age, right.age);
