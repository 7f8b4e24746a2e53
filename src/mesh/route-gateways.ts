import { type JsonObject, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { compareRouteAge } from './age.ts';
import { effectiveEntries, exportedTo } from './route-delegates.ts';
import { httpRouteEntries, sortBySpecificity } from './route-gateway-api.ts';
import { isCatchAll } from './route-match.ts';
import { type SeenEntry, seenEntries } from './route-owners.ts';
import { boundTo, claimedHosts, virtualServicesNaming } from './routers.ts';
import type { Route, Viewer } from './route-types.ts';
import type { View } from './view.ts';

/** A route at a gateway. */
export interface GatewayEntry {
  readonly seen: SeenEntry;
  readonly kind: Route['kind'];
}

type GatewayViewer = Extract<Viewer, { readonly kind: 'gateway' }>;

/**
 * Returns the routes of a virtual host at a Gateway: of all VirtualServices that are bound to it and name the host to the
 * letter, one after the other, and of all HTTPRoutes that hang on it, the most specific first; those that let in everything
 * at the end. Which hosts and namespaces a listener of the Gateway API lets in is not looked at.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/gateway.go `buildGatewayHTTPRouteConfig`
 */
export function gatewayRoutes(view: View, virtualHost: string, viewer: GatewayViewer): readonly GatewayEntry[] {
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
  const bound = ranked.flatMap(({ object }) => seenEntries(effectiveEntries(view, object), viewer));
  const hanging = hangingRoutes(view, virtualHost, viewer).filter(
    (route) => rankOf(namespaceOf(route), exportedTo(view, route)) < 3,
  );
  const merged = sortBySpecificity(hanging.flatMap((route) => httpRouteEntries(route, clusterDomain, 'gateway')));
  const all: readonly GatewayEntry[] = [
    ...bound.map((seen): GatewayEntry => ({ seen, kind: 'VirtualService' })),
    ...seenEntries(merged, viewer).map((seen): GatewayEntry => ({ seen, kind: 'HTTPRoute' })),
  ];
  const letsInAll = ({ seen }: GatewayEntry): boolean => seen.matches.length === 0 || seen.matches.some(isCatchAll);
  return [...all.filter((one) => !letsInAll(one)), ...all.filter(letsInAll)];
}

/** Returns the HTTPRoutes of a virtual host at a Gateway, oldest first, once for each reference to a listener. */
function hangingRoutes(view: View, virtualHost: string, { gateway, port }: GatewayViewer): readonly KubeObject[] {
  const [namespace = '', name = ''] = gateway.split('/', 2);
  // Without a port it is not asked which listener is meant.
  const known = port === undefined ? undefined : view.get('KubernetesGateway', namespace, name);
  const listeners = known === undefined ? undefined : recordsOf(specOf(known).listeners);
  const isMeant = (parent: JsonObject): boolean =>
    listeners === undefined || listeners.some((one) => isListener(one, parent) && one.port === port);
  return view
    .list('HTTPRoute')
    .filter((route) => gatewayHosts(route).includes(virtualHost))
    .sort(compareRouteAge)
    .flatMap((route) =>
      gatewayParents(route)
        .filter((one) => one.namespace === namespace && one.name === name && isMeant(one.parent))
        .map(() => route),
    );
}

/** Tells whether a reference of an HTTPRoute means a listener of the Gateway that it names. */
export function isListener(listener: JsonObject, { sectionName, port }: JsonObject): boolean {
  if (typeof sectionName === 'string' && sectionName !== listener.name) return false;
  return typeof port !== 'number' || port === listener.port;
}

/** Returns the virtual hosts of an HTTPRoute at gateways: its hostnames in lower case, or any. */
export function gatewayHosts(route: KubeObject): readonly string[] {
  const hosts = stringsOf(specOf(route).hostnames).map((host) => host.toLowerCase());
  return hosts.length > 0 ? hosts : ['*'];
}

/** A reference to a Gateway of the Gateway API. */
export interface GatewayParent {
  readonly namespace: string;
  readonly name: string;
  readonly parent: JsonObject;
}

/** Returns the references of an HTTPRoute to Gateways of the Gateway API. */
export function gatewayParents(route: KubeObject): readonly GatewayParent[] {
  return recordsOf(specOf(route).parentRefs).flatMap((parent) => {
    const { group = GATEWAY_API, kind = 'Gateway', name, namespace } = parent;
    if (kind !== 'Gateway' || group !== GATEWAY_API || typeof name !== 'string') return [];
    return [{ namespace: stringOf(namespace) || namespaceOf(route), name, parent }];
  });
}

const GATEWAY_API = 'gateway.networking.k8s.io';
