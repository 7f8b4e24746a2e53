import type { Baseline } from '../model/baseline.ts';
import type { Because } from '../model/finding.ts';
import { recordOrEmpty } from '../model/json.ts';
import { type KubeObject, refOf, specOf } from '../model/kube-object.ts';
import { routeExit, type SentTo } from './egress-exit.ts';
import { layer4Ways } from './egress-layer4.ts';
import { type RegisteredPort, registeredPorts } from './egress-ports.ts';
import { claims, unknownHttpRoutes } from './egress-unknown.ts';
import { isWildcard } from './hosts.ts';
import { servicesNamed } from './known-service.ts';
import { type OutboundPolicy, outboundPolicyOf } from './outbound.ts';
import { claimedHosts } from './routers.ts';
import type { MeshViewer, PassedOver, Place, Route } from './route-types.ts';
import { proofOf, routesSeenBy } from './routes.ts';
import type { View } from './view.ts';

/** `direct`: from the client's own proxy; `gateway`: by an egress gateway; `inside`: to a service of the mesh; `blocked`: nowhere. */
export type Exit = 'direct' | 'gateway' | 'inside' | 'blocked';

/** What a client's proxy takes a port for. */
export type EgressProtocol = 'HTTP' | 'TLS' | 'TCP';

/** One way that requests for an external host take out of a client's proxy. */
export interface Way {
  /** Absent: every port on which the host is not registered for the client. */
  readonly port?: number;
  /** Absent: whatever it is. */
  readonly protocol?: EgressProtocol;
  readonly exit: Exit;
  /** Where the requests are sent and mirrored; without a route the host itself; empty: nowhere, or to whatever address they ask for. */
  readonly to: readonly SentTo[];
  /** The server or host names that it is for, lower case; a wildcard with its asterisk. */
  readonly names: readonly string[];
  /** Stable: the route's name; `default` where no route is for the client; `unregistered`. */
  readonly name: string;
  /** The route that decides, or the Sidecar's listener that no route is for; absent: neither. */
  readonly at?: Place;
  /** True: it is there only where no other service takes its place, which is not looked at. */
  readonly isDoubtful?: true;
  /** The ServiceEntry by which the client knows the port. */
  readonly entry?: KubeObject;
  /** For the default: what names the host and does not route it. */
  readonly passedOver: readonly PassedOver[];
  /** For what is not registered: the policy that decides. */
  readonly policy?: OutboundPolicy;
  readonly because: readonly Because[];
}

/**
 * Answers by which ways requests for an external host leave a client's proxy: for each port on which a ServiceEntry
 * registers it for the client the routes in effect, or straight out where there are none; for all other ports what the
 * client's outbound policy says. Whether the egress gateway sends on what it gets is not looked at.
 * @param host As registered, lower case; a wildcard with its asterisk.
 * @param client Its `port` is not looked at.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/listener.go `buildSidecarOutboundListener`
 */
export function egress(view: View, baseline: Baseline, host: string, client: MeshViewer): readonly Way[] {
  const ports = registeredPorts(view, host, client);
  const ways = ports.flatMap((port) => [
    ...(port.mayBeHttp ? httpWays(view, baseline, host, port) : []),
    ...(port.isOther ? layer4Ways(view, baseline, port) : []),
  ]);
  const onUnknown = ports.some(({ number }) => number === 80) ? [] : unknownHttpWays(view, baseline, host, client);
  return [...ways, ...onUnknown, unregisteredWay(view, baseline, host, client)];
}

function httpWays(
  view: View,
  baseline: Baseline,
  host: string,
  { entry, number: port, listener, viewer, isFree }: RegisteredPort,
): readonly Way[] {
  const because: Because = { object: refOf(entry), says: `registers ${host} on port ${port} as HTTP` };
  // At a listener for all ports only services have routes, so a name within a wildcard is the wildcard's.
  return (isFree ? [host] : namesWithin(view, host)).flatMap((name) => {
    const seen = routesSeenBy(view, name, viewer);
    const routes = seen.filter(({ kind, root }) => kind !== 'default' && (name === host || claims(view, root, name)));
    const rest = { port, protocol: 'HTTP' as const, entry, names: [name] };
    // A name within a wildcard that nothing routes by itself is the wildcard's.
    if (routes.length === 0 && name !== host) return [];
    if (routes.length === 0) {
      const passedOver = seen.flatMap((one) => one.passedOver);
      const at = listener === undefined ? {} : { at: listener };
      const to = [{ host, written: name }];
      return [{ ...rest, exit: 'direct', to, name: 'default', ...at, passedOver, because: [because] }];
    }
    return routes.map((route) => routeWay(view, baseline, { client: viewer, route }, rest, because));
  });
}

function routeWay(
  view: View,
  baseline: Baseline,
  { client, route }: { readonly client: MeshViewer; readonly route: Route },
  rest: Pick<Way, 'port' | 'protocol' | 'names' | 'entry' | 'isDoubtful'>,
  first?: Because,
): Way {
  // What is answered at once is not mirrored.
  const to = route.targets.length === 0 ? [] : [...route.targets, ...route.mirrors];
  return {
    ...rest,
    exit: routeExit(view, baseline, client, to),
    to,
    name: route.name,
    ...(route.at === undefined ? {} : { at: route.at }),
    passedOver: [],
    because: [...(first === undefined ? [] : [first]), ...proofOf(route)],
  };
}

/** A wildcard and every name within it that a VirtualService claims for itself; for a whole name just that one. */
function namesWithin(view: View, host: string): readonly string[] {
  if (!isWildcard(host)) return [host];
  const suffix = host.slice(1);
  const compute = (): readonly string[] => {
    const claimed = view
      .list('VirtualService')
      .flatMap((one) => claimedHosts(one, view.settings.clusterDomain))
      .filter((name) => name !== host && name.endsWith(suffix));
    return [host, ...new Set(claimed)];
  };
  return view.memo(`namesWithin|${host}`, compute);
}

function unknownHttpWays(view: View, baseline: Baseline, host: string, client: MeshViewer): readonly Way[] {
  const { routes, isDoubtful } = unknownHttpRoutes(view, host, client);
  const rest = { port: 80, protocol: 'HTTP', names: [host], ...(isDoubtful ? { isDoubtful } : {}) } as const;
  return routes.map((route) => routeWay(view, baseline, { client, route }, rest));
}

function unregisteredWay(view: View, baseline: Baseline, host: string, client: MeshViewer): Way {
  const policy = outboundPolicyOf(view, client.sidecar, client.namespace);
  const proxy = policy.egressProxy;
  const to = proxy === undefined ? [] : [{ ...proxy, written: proxy.host }];
  const exit: Exit =
    policy.mode === 'REGISTRY_ONLY'
      ? 'blocked'
      : proxy === undefined
        ? 'direct'
        : routeExit(view, baseline, client, to);
  return { exit, to, names: [host], name: 'unregistered', passedOver: [], policy, because: policy.because };
}

/** Tells whether a host is meant to be outside of the mesh: some ServiceEntry names it, and it is no Service's name. */
export function isExternalHost(view: View, host: string): boolean {
  return servicesNamed(view, host).some(({ object, isKubernetes }) => !isKubernetes && leavesMesh(object));
}

/**
 * Tells whether a ServiceEntry's endpoints may be outside: all but those of one that selects pods and workloads of its own
 * namespace. What it says of itself in `location` only decides about mTLS.
 */
export function leavesMesh(entry: KubeObject): boolean {
  return Object.keys(recordOrEmpty(recordOrEmpty(specOf(entry).workloadSelector).labels)).length === 0;
}
