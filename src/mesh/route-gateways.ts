import { effectiveEntries, exportedTo } from './route-delegates.ts';
import { isCatchAll } from './route-match.ts';
import { type SeenEntry, seenEntries } from './route-owners.ts';
import { boundTo, claimedHosts, virtualServicesNaming } from './routers.ts';
import type { Route, Viewer } from './route-types.ts';
import { namespaceOf } from '../model/kube-object.ts';
import type { View } from './view.ts';

/** A route at a gateway. */
export interface GatewayEntry {
  readonly seen: SeenEntry;
  readonly kind: Route['kind'];
}

/**
 * Returns the routes of a virtual host at an Istio Gateway: of all VirtualServices that are bound to it and name the host
 * to the letter, one after the other, those that let in everything at the end.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/gateway.go `buildGatewayHTTPRouteConfig`
 */
export function gatewayRoutes(
  view: View,
  virtualHost: string,
  viewer: Extract<Viewer, { readonly kind: 'gateway' }>,
): readonly GatewayEntry[] {
  const { clusterDomain } = view.settings;
  const rankOf = (namespace: string, exportTo: ReadonlySet<string>): number => {
    if (exportTo.has('*') || viewer.namespace === undefined) return 2;
    if (exportTo.has('~') || !exportTo.has(viewer.namespace)) return 3;
    return namespace === viewer.namespace ? 0 : 1;
  };
  const ranked = virtualServicesNaming(view, virtualHost)
    .filter((one) => boundTo(one).includes(viewer.gateway) && claimedHosts(one, clusterDomain).includes(virtualHost))
    .map((object) => ({ object, rank: rankOf(namespaceOf(object), exportedTo(view, object)) }))
    .filter(({ rank }) => rank < 3)
    .sort((left, right) => left.rank - right.rank);
  const all = ranked.flatMap(({ object }) => seenEntries(effectiveEntries(view, object), viewer));
  const letsInAll = ({ matches }: SeenEntry): boolean => matches.length === 0 || matches.some(isCatchAll);
  return [...all.filter((one) => !letsInAll(one)), ...all.filter(letsInAll)].map((seen) => ({
    seen,
    kind: 'VirtualService',
  }));
}
