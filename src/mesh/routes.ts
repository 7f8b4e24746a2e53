import type { Baseline } from '../model/baseline.ts';
import { recordOrEmpty, stringsOf } from '../model/json.ts';
import { type KubeObject, nameOf, namespaceOf, specOf } from '../model/kube-object.ts';
import { type Draft, defaultRoute, finish, gather, leadsTo } from './route-drafts.ts';
import { ownerFor, type SeenEntry, seenEntries } from './route-owners.ts';
import { boundTo, claimedHosts, parentServices } from './routers.ts';
import { effectiveEntries } from './route-delegates.ts';
import { httpRouteEntries } from './route-gateway-api.ts';
import { gatewayHosts, gatewayParents, gatewayRoutes } from './route-gateways.ts';
import type { Place, Route, Viewer } from './route-types.ts';
import { viewersOf } from './route-viewers.ts';
import type { View } from './view.ts';

export type {
  MeshViewer,
  PassedOver,
  Place,
  Route,
  RouteHost,
  RouteMatch,
  RouteRetries,
  RouteTarget,
  Viewer,
} from './route-types.ts';
export { leadsTo, proofOf } from './route-drafts.ts';
export { viewersOf } from './route-viewers.ts';

/**
 * Returns every route that leads to a host, as all mesh namespaces and gateways see it, each once: of VirtualServices and
 * HTTPRoutes whatever they are named for, and the default route of a known service for whom nothing else routes it.
 * A VirtualService that is bound to a gateway counts there whether or not the gateway is known and takes its hosts.
 * @param host A full name, lower case.
 */
export function routesTo(view: View, baseline: Baseline, host: string): readonly Route[] {
  const compute = (): readonly Route[] => {
    const drafts = new Map<Place, Draft>();
    const defaults: Route[] = [];
    const { virtualHosts, atGateways } = claimsOn(view, host);
    for (const virtualHost of new Set([host, ...virtualHosts])) {
      for (const viewer of viewersOf(view, baseline, virtualHost)) {
        const owned = ownerFor(view, virtualHost, viewer);
        for (const seen of owned?.entries ?? []) {
          if (leadsTo(seen.entry, host))
            gather(drafts, seen, viewer, virtualHost, owned?.router.kind ?? 'VirtualService');
        }
        if (owned === undefined && virtualHost === host) defaults.push(...defaultRoute(view, host, viewer));
      }
    }
    for (const { entries, viewer, hosts, kind } of atGateways) {
      for (const seen of entries) {
        if (!leadsTo(seen.entry, host)) continue;
        for (const virtualHost of hosts) gather(drafts, seen, viewer, virtualHost, kind);
      }
    }
    return [...[...drafts.values()].map((draft) => finish(view, draft)), ...joinDefaults(defaults)];
  };
  return view.memo(`routesTo|${baseline.sha256}|${host}`, compute);
}

interface AtGateway {
  readonly entries: readonly SeenEntry[];
  readonly viewer: Viewer;
  readonly hosts: readonly string[];
  readonly kind: Route['kind'];
}

/** Returns the virtual hosts of the mesh by which something that sends to a host is asked for, and its routes at gateways. */
function claimsOn(
  view: View,
  host: string,
): { readonly virtualHosts: readonly string[]; readonly atGateways: readonly AtGateway[] } {
  const { clusterDomain } = view.settings;
  const virtualHosts: string[] = [];
  const atGateways: AtGateway[] = [];
  for (const object of rootsTo(view, host)) {
    const hosts = claimedHosts(object, clusterDomain);
    for (const gateway of new Set(boundTo(object))) {
      if (gateway === 'mesh') virtualHosts.push(...hosts);
      else {
        const viewer: Viewer = { kind: 'gateway', gateway };
        const entries = seenEntries(effectiveEntries(view, object), viewer);
        atGateways.push({ entries, viewer, hosts, kind: 'VirtualService' });
      }
    }
  }
  for (const object of view.lookup(`HTTPRoute|to|${host}`)) {
    virtualHosts.push(...parentServices(object, view).map((parent) => parent.host));
    for (const gateway of new Set(gatewayParents(object).map(({ namespace, name }) => `${namespace}/${name}`))) {
      const viewer: Viewer = { kind: 'gateway', gateway };
      const entries = seenEntries(httpRouteEntries(object, clusterDomain, 'gateway'), viewer);
      atGateways.push({ entries, viewer, hosts: gatewayHosts(object), kind: 'HTTPRoute' });
    }
  }
  return { virtualHosts, atGateways };
}

/** Returns the VirtualServices with hosts that send to a host, themselves or by a delegate, oldest first. */
export function rootsTo(view: View, host: string): readonly KubeObject[] {
  const roots = new Set<KubeObject>();
  for (const object of view.lookup(`VirtualService|to|${host}`)) {
    if (stringsOf(specOf(object).hosts).length > 0) roots.add(object);
    for (const root of view.lookup(`VirtualService|delegate|${namespaceOf(object)}/${nameOf(object)}`)) roots.add(root);
  }
  return [...roots];
}

/** Default routes for the same reasons are one. */
function joinDefaults(routes: readonly Route[]): readonly Route[] {
  const joined = new Map<string, Route>();
  for (const route of routes) {
    const key = JSON.stringify(
      route.passedOver.map(({ reason, object, path }) => [reason, recordOrEmpty(object.metadata), path]),
    );
    const there = joined.get(key);
    joined.set(key, there === undefined ? route : { ...there, viewers: [...there.viewers, ...route.viewers] });
  }
  return [...joined.values()];
}

/**
 * Returns the routes of one virtual host in the order in which one viewer's proxy tries them; the default route where
 * nothing else is there and the service is known.
 * @param virtualHost A name as callers write it, lower case.
 */
export function routesSeenBy(view: View, virtualHost: string, viewer: Viewer): readonly Route[] {
  const one = (seen: SeenEntry, kind: Route['kind']): Route => {
    const drafts = new Map<Place, Draft>();
    return finish(view, gather(drafts, seen, viewer, virtualHost, kind));
  };
  if (viewer.kind === 'gateway')
    return gatewayRoutes(view, virtualHost, viewer).map(({ seen, kind }) => one(seen, kind));
  const owned = ownerFor(view, virtualHost, viewer);
  if (owned === undefined) return defaultRoute(view, virtualHost, viewer);
  return owned.entries.map((seen) => one(seen, owned.router.kind));
}
