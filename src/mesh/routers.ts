import { type JsonObject, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { annotationOf, type KubeObject, nameOf, namespaceOf, specOf } from '../model/kube-object.ts';
import { compareAge, compareRouteAge } from './age.ts';
import { coversHost, expandHost, isWildcard, serviceHost } from './hosts.ts';
import { servicesNamed } from './known-service.ts';
import { effectiveEntries, exportedTo } from './route-delegates.ts';
import type { Entry } from './route-entries.ts';
import { httpRouteEntries, sortBySpecificity } from './route-gateway-api.ts';
import { gatewayName } from './route-match.ts';
import type { RouteMatch } from './route-types.ts';
import type { View } from './view.ts';

/** What may own a virtual host: a VirtualService, or the HTTPRoutes of one namespace for one Service. */
export interface Router {
  readonly kind: 'VirtualService' | 'HTTPRoute';
  readonly object: KubeObject;
  /** What istiod sorts it by: itself, or the VirtualService that it makes of HTTPRoutes. */
  readonly age: KubeObject;
  readonly namespace: string;
  /** The host by which it claims the virtual host; a wildcard may cover it. */
  readonly host: string;
  /** All of its hosts, in their own case. */
  readonly hosts: readonly string[];
  readonly exportTo: ReadonlySet<string>;
  /** True: istiod treats it as the Gateway API's. */
  readonly isGatewayApi: boolean;
  readonly entries: readonly Entry[];
}

/** Returns a VirtualService's hosts with short names written out; Sidecars import them to the letter. */
export function expandedHosts(object: KubeObject, clusterDomain: string): readonly string[] {
  const namespace = namespaceOf(object);
  return stringsOf(specOf(object).hosts).map((host) => expandHost(host, namespace, clusterDomain));
}

/** Returns the virtual hosts that a VirtualService claims: its hosts in lower case, a trailing dot kept. */
export function claimedHosts(object: KubeObject, clusterDomain: string): readonly string[] {
  return expandedHosts(object, clusterDomain).map((host) => host.toLowerCase());
}

/** Returns the gateways that a VirtualService is bound to: `mesh` where it names none. */
export function boundTo(object: KubeObject): readonly string[] {
  const written = stringsOf(specOf(object).gateways);
  return written.length === 0 ? ['mesh'] : written.map((one) => gatewayName(one, namespaceOf(object)));
}

/** Returns what claims a virtual host for the mesh, oldest first: exact hosts, and wildcards that cover it. */
export function routersOf(view: View, virtualHost: string): readonly Router[] {
  const compute = (): readonly Router[] => {
    const routers = virtualServicesNaming(view, virtualHost)
      .filter((object) => boundTo(object).includes('mesh'))
      .map((object) => virtualServiceRouter(view, object, virtualHost));
    const routes = httpRouteRouters(view, virtualHost);
    return routes.length === 0
      ? routers
      : [...routers, ...routes].sort((left, right) => compareAge(left.age, right.age));
  };
  return view.memo(`routersOf|${virtualHost}`, compute);
}

/** Returns the VirtualServices whose hosts are or cover a virtual host, whatever they are bound to. */
export function virtualServicesNaming(view: View, virtualHost: string): readonly KubeObject[] {
  const { clusterDomain } = view.settings;
  const names = (object: KubeObject): boolean =>
    claimedHosts(object, clusterDomain).some((host) => host === virtualHost || coversHost(host, virtualHost));
  const exact = isWildcard(virtualHost) ? [] : view.lookup(`VirtualService|host|${virtualHost.replace(/\.$/, '')}`);
  const wildcards = view.lookup('VirtualService|wildcard').filter((object) => !exact.includes(object) && names(object));
  const named = exact.filter(names);
  return wildcards.length === 0 ? named : [...named, ...wildcards].sort(compareAge);
}

function virtualServiceRouter(view: View, object: KubeObject, virtualHost: string): Router {
  const { clusterDomain } = view.settings;
  const hosts = expandedHosts(object, clusterDomain);
  const covering = hosts
    .map((host) => host.toLowerCase())
    .filter((host) => host === virtualHost || coversHost(host, virtualHost))
    .sort((left, right) => Number(right === virtualHost) - Number(left === virtualHost) || right.length - left.length);
  return {
    kind: 'VirtualService',
    object,
    age: object,
    namespace: namespaceOf(object),
    host: covering[0] ?? virtualHost,
    hosts,
    exportTo: exportedTo(view, object),
    // Who writes this annotation himself gets its precedence; what it would leave unresolved is judged as if it were not there.
    isGatewayApi: annotationOf(object, 'internal.istio.io/route-semantics') === 'gateway',
    entries: effectiveEntries(view, object),
  };
}

/** HTTPRoutes of one namespace for the same Service and port are one, of the oldest one's age. */
function httpRouteRouters(view: View, virtualHost: string): readonly Router[] {
  const groups = new Map<string, KubeObject[]>();
  for (const route of routesHangingOn(view, virtualHost)) {
    // One that is dropped is in nobody's way.
    if (httpRouteEntries(route, view.settings.clusterDomain, 'mesh').length === 0) continue;
    for (const parent of parentServices(route, view)) {
      if (parent.host !== virtualHost) continue;
      const key = `${namespaceOf(route)}${parent.port === undefined ? '' : `/${parent.port}`}`;
      groups.set(key, [...(groups.get(key) ?? []), route]);
    }
  }
  return [...groups].flatMap(([key, routes]): readonly Router[] => {
    const [object] = routes;
    if (object === undefined) return [];
    const port = Number(key.split('/', 2)[1] ?? 0);
    const entries = sortBySpecificity(
      routes.flatMap((route) => httpRouteEntries(route, view.settings.clusterDomain, 'mesh')),
    );
    return [
      {
        kind: 'HTTPRoute',
        object,
        age: {
          ...object,
          metadata: { ...recordOrEmpty(object.metadata), name: `${key}/${virtualHost}`.replaceAll('/', '~') },
        },
        namespace: namespaceOf(object),
        host: virtualHost,
        hosts: [virtualHost],
        // It cannot say so itself.
        exportTo: exportedTo(view, object),
        isGatewayApi: true,
        entries: port === 0 ? entries : entries.map((entry) => withPort(entry, port)),
      },
    ];
  });
}

function withPort(entry: Entry, port: number): Entry {
  const matches: readonly RouteMatch[] = entry.matches.length === 0 ? [{ written: {}, gateways: [] }] : entry.matches;
  return { ...entry, matches: matches.map((match) => ({ ...match, port, written: { ...match.written, port } })) };
}

/** Returns the HTTPRoutes that may hang on a host's Service or ServiceEntries, oldest first. */
function routesHangingOn(view: View, host: string): readonly KubeObject[] {
  const entries = servicesNamed(view, host).filter(({ isKubernetes }) => !isKubernetes);
  const onEntries = entries.flatMap(({ object }) =>
    view.lookup(`HTTPRoute|entry|${namespaceOf(object)}/${nameOf(object)}`),
  );
  return [...new Set([...view.lookup(`HTTPRoute|to|${host}`), ...onEntries])].sort(compareRouteAge);
}

/**
 * Returns the hosts of the Services and the ServiceEntries that an HTTPRoute hangs on; a reference without a group is one to
 * the Gateway API's own kinds.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/config/kube/gateway/route_collections.go `HTTPRouteCollection`
 */
export function parentServices(
  route: KubeObject,
  view: View,
): readonly { readonly host: string; readonly port?: number }[] {
  return recordsOf(specOf(route).parentRefs).flatMap((parent) =>
    parentHosts(view, parent, namespaceOf(route)).map((host) => ({
      host,
      ...(typeof parent.port === 'number' ? { port: parent.port } : {}),
    })),
  );
}

/** Returns the hosts that one reference of an HTTPRoute in a namespace means, inside of the mesh. */
export function parentHosts(
  view: View,
  { group, kind, name, namespace: written }: JsonObject,
  own: string,
): readonly string[] {
  if (typeof name !== 'string') return [];
  const namespace = stringOf(written) || own;
  if (group === '' && kind === 'Service') return [serviceHost(name, namespace, view.settings.clusterDomain)];
  if (group !== 'networking.istio.io' || kind !== 'ServiceEntry') return [];
  const entries = view.lookup(`ServiceEntry|name|${namespace}/${name}`);
  // A wildcard takes the routes of no HTTPRoute.
  const hosts = entries.flatMap((entry) => stringsOf(specOf(entry).hosts)).filter((host) => !isWildcard(host));
  return hosts.map((host) => host.toLowerCase());
}
