import type { Baseline } from '../model/baseline.ts';
import { type JsonObject, numberOf, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { isEgressGateway, isKubernetesEgressGateway } from './gateway-servers.ts';
import { isWildcard, takeoverNames } from './hosts.ts';
import { servicesNamed } from './known-service.ts';
import { gatewayName } from './route-match.ts';
import { boundTo, claimedHosts } from './routers.ts';
import type { Place, Viewer } from './route-types.ts';
import { routesTo } from './routes.ts';
import type { View } from './view.ts';

/** A route, whatever name it is for, that sends requests to an external host past the egress gateway. */
export interface Leak {
  readonly at: Place;
  /** Stable: the route's name. */
  readonly name: string;
  /** For people: where the requests leave. */
  readonly from: string;
}

/**
 * Returns every route of the mesh's proxies, and of gateways that are no egress gateway, that sends or mirrors requests to
 * an external host itself. A route at a Gateway that is not there leads nowhere yet.
 */
export function leaksTo(view: View, baseline: Baseline, host: string): readonly Leak[] {
  const leaks = routesTo(view, baseline, host).flatMap(({ kind, at, name, viewers }): readonly Leak[] => {
    if (kind === 'default' || at === undefined) return [];
    const from = viewers.map((viewer) => leavesFrom(view, baseline, viewer)).find((one) => one !== undefined);
    return from === undefined ? [] : [{ at, name, from }];
  });
  const layer4 = view.lookup(`VirtualService|to|${host}`).flatMap((one) => layer4Leaks(view, baseline, host, one));
  const routes = [...view.lookup(`HTTPRoute|to|${host}`), ...view.lookup(`GRPCRoute|to|${host}`)];
  return [...leaks, ...layer4, ...routes.flatMap((route) => serviceRouteLeaks(route, host))];
}

/** A Gateway API route that hangs on a service of the mesh is for its callers' own proxies, or a waypoint. */
function serviceRouteLeaks(route: KubeObject, host: string): readonly Leak[] {
  const parent = recordsOf(specOf(route).parentRefs).find(({ kind }) => kind === 'Service' || kind === 'ServiceEntry');
  if (parent === undefined) return [];
  const from = `callers of ${parent.kind === 'Service' ? 'Service' : 'ServiceEntry'} '${stringOf(parent.name) ?? ''}'`;
  return recordsOf(specOf(route).rules).flatMap((rule, index): readonly Leak[] => {
    const isTo = recordsOf(rule.backendRefs).some(
      ({ kind, name, weight }) => kind === 'Hostname' && weight !== 0 && stringOf(name)?.toLowerCase() === host,
    );
    return isTo
      ? [{ at: { object: route, path: ['spec', 'rules', index] }, name: stringOf(rule.name) ?? 'rule', from }]
      : [];
  });
}

function leavesFrom(view: View, baseline: Baseline, viewer: Viewer): string | undefined {
  if (viewer.kind === 'mesh') return `pods of namespaces such as '${viewer.namespace}'`;
  return isOtherGateway(view, baseline, viewer.gateway) ? `gateway '${viewer.gateway}'` : undefined;
}

/** Tells whether a Gateway is there and is not only on egress gateway pods. */
function isOtherGateway(view: View, baseline: Baseline, gateway: string): boolean {
  const slash = gateway.indexOf('/');
  const [namespace, name] = [gateway.slice(0, slash), gateway.slice(slash + 1)];
  const istio = view.get('Gateway', namespace, name);
  if (istio !== undefined) return !isEgressGateway(istio, baseline);
  const kubernetes = view.get('KubernetesGateway', namespace, name);
  return kubernetes !== undefined && !isKubernetesEgressGateway(kubernetes, baseline);
}

function layer4Leaks(view: View, baseline: Baseline, host: string, object: KubeObject): readonly Leak[] {
  return (['tls', 'tcp'] as const).flatMap((protocol) =>
    recordsOf(specOf(object)[protocol]).flatMap((entry, index): readonly Leak[] => {
      if (!sendsTo(view, entry, host, namespaceOf(object))) return [];
      const matches = recordsOf(entry.match);
      const froms = (matches.length === 0 && protocol === 'tcp' ? [{}] : matches).flatMap((match) =>
        leavesBy(view, baseline, object, match),
      );
      const [from] = froms;
      return from === undefined ? [] : [{ at: { object, path: ['spec', protocol, index] }, name: protocol, from }];
    }),
  );
}

function leavesBy(view: View, baseline: Baseline, object: KubeObject, match: JsonObject): readonly string[] {
  const own = stringsOf(match.gateways);
  const bound = boundTo(object);
  const gateways = own.length === 0 ? bound : own.map((one) => gatewayName(one, namespaceOf(object)));
  return gateways
    .filter((one) => bound.includes(one))
    .flatMap((gateway) => {
      if (gateway !== 'mesh') return isOtherGateway(view, baseline, gateway) ? [`gateway '${gateway}'`] : [];
      return isInEffect(view, object, match) ? ['pods of the mesh'] : [];
    });
}

/** Tells whether one of a VirtualService's hosts has a port for a match; what a wildcard covers is not looked up. */
function isInEffect(view: View, object: KubeObject, { port }: JsonObject): boolean {
  return claimedHosts(object, view.settings.clusterDomain).some(
    (name) =>
      isWildcard(name) ||
      servicesNamed(view, name).some(({ ports }) => ports.some(({ number }) => !port || number === port)),
  );
}

function sendsTo(view: View, entry: JsonObject, host: string, namespace: string): boolean {
  const all = recordsOf(entry.route);
  return all.some((one) => {
    if (all.length > 1 && (numberOf(one.weight) ?? 0) === 0) return false;
    const written = stringOf(recordOrEmpty(one.destination).host) ?? '';
    return takeoverNames(written, namespace, view.settings.clusterDomain).includes(host);
  });
}
