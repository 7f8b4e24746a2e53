import type { Baseline } from '../model/baseline.ts';
import type { FieldPath } from '../model/field-path.ts';
import { type JsonObject, numberOf, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { type KubeObject, namespaceOf, refOf, specOf } from '../model/kube-object.ts';
import { routeExit, type SentTo } from './egress-exit.ts';
import type { RegisteredPort } from './egress-ports.ts';
import type { Way } from './egress.ts';
import { expandHost, isWildcard } from './hosts.ts';
import { exportedTo } from './route-delegates.ts';
import { gatewayName } from './route-match.ts';
import { boundTo, claimedHosts, expandedHosts, virtualServicesNaming } from './routers.ts';
import type { MeshViewer, PassedOver } from './route-types.ts';
import { knows } from './sidecar-scope.ts';
import type { View } from './view.ts';
import { isSubset } from './workload-selector.ts';

/**
 * Answers by which ways a port leaves that is not plain HTTP: by the `tls` routes of all VirtualServices for the host, or,
 * where it is no TLS either, by the first `tcp` route that fits; straight out where there are none.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/tls.go
 */
export function layer4Ways(view: View, baseline: Baseline, port: RegisteredPort): readonly Way[] {
  const client = port.viewer;
  const found = layer4Routes(view, client, port);
  const names = [port.host.toLowerCase()];
  const doubt = port.isDoubtful ? { isDoubtful: true as const } : {};
  const rest = { port: port.number, protocol: port.isTls ? 'TLS' : 'TCP', entry: port.entry, ...doubt } as const;
  const registers = {
    object: refOf(port.entry),
    says: `registers ${port.host} on port ${port.number} as ${rest.protocol}`,
  };
  const ways = found.routes.map((one): Way => {
    const to = targetsOf(one, view);
    return {
      ...rest,
      exit: routeExit(view, baseline, client, to),
      to,
      names: one.sniHosts.length > 0 ? one.sniHosts : names,
      name: one.name,
      at: { object: one.object, path: one.path },
      passedOver: [],
      because: [registers, { object: refOf(one.object), path: one.path, says: 'is the route' }],
    };
  });
  if (found.isComplete) return ways;
  const passedOver = passedOverFor(view, client, port);
  const at = port.listener === undefined ? {} : { at: port.listener };
  const to = [{ host: port.host.toLowerCase(), written: port.host }];
  return [...ways, { ...rest, exit: 'direct', to, names, name: 'default', ...at, passedOver, because: [registers] }];
}

/** A port that is not read as HTTP, or not only. */
export type Layer4Port = Pick<RegisteredPort, 'host' | 'number' | 'isTls'>;

/** Returns the routes that a client's proxy has for such a port, in the order in which istiod finds them. */
export function layer4Routes(view: View, client: MeshViewer, port: Layer4Port): Layer4Found {
  const routers = layer4Routers(view, client, port);
  return port.isTls ? tlsRoutes(routers, client, port) : tcpRoutes(routers, client, port);
}

/** A `tls` or `tcp` entry with one match of it. */
export interface Layer4Route {
  readonly object: KubeObject;
  readonly path: FieldPath;
  readonly name: string;
  readonly sniHosts: readonly string[];
  readonly value: JsonObject;
}

/** The routes of a port. */
export interface Layer4Found {
  readonly routes: readonly Layer4Route[];
  /** True: no request is left for the host's own cluster. */
  readonly isComplete: boolean;
}

function tlsRoutes(routers: readonly KubeObject[], client: MeshViewer, { number }: Layer4Port): Layer4Found {
  const taken = new Set<string>();
  const routes: Layer4Route[] = [];
  let isComplete = false;
  for (const object of routers) {
    for (const [index, value] of recordsOf(specOf(object).tls).entries()) {
      if (recordsOf(value.route).length === 0) continue;
      for (const match of recordsOf(value.match)) {
        const fit = fits(match, namespaceOf(object), client, number);
        const sniHosts = stringsOf(match.sniHosts);
        const key = `${sniHosts.join(',')}|${stringsOf(match.destinationSubnets).join(',')}`;
        if (fit === 'no') continue;
        // One that some of the client's pods fit is in the way of later ones for these, and not for the others.
        if (!taken.has(key))
          routes.push({ object, path: ['spec', 'tls', index], name: sniHosts.join(','), sniHosts, value });
        if (fit === 'yes') taken.add(key);
        isComplete ||= fit === 'yes' || client.labels === 'some';
      }
    }
  }
  return { routes, isComplete };
}

/**
 * Tells whether a match is for a client's port: unlike one of an HTTP route, it looks at the source also where it names
 * gateways. `maybe`: for some of the client's pods.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/tls.go `matchTLS`
 */
function fits(match: JsonObject, namespace: string, client: MeshViewer, port: number): 'yes' | 'no' | 'maybe' {
  const gateways = stringsOf(match.gateways).map((one) => gatewayName(one, namespace));
  if (gateways.length > 0 && !gateways.includes('mesh')) return 'no';
  if (typeof match.port === 'number' && match.port !== 0 && match.port !== port) return 'no';
  const source = stringOf(match.sourceNamespace) ?? '';
  if (source !== '' && source !== client.namespace) return 'no';
  const wanted = recordOrEmpty(match.sourceLabels);
  if (Object.keys(wanted).length === 0) return 'yes';
  if (client.labels === 'some') return 'maybe';
  return client.labels !== 'none' && isSubset(wanted, client.labels) ? 'yes' : 'no';
}

function tcpRoutes(routers: readonly KubeObject[], client: MeshViewer, { number }: Layer4Port): Layer4Found {
  const routes: Layer4Route[] = [];
  for (const object of routers) {
    for (const [index, value] of recordsOf(specOf(object).tcp).entries()) {
      if (recordsOf(value.route).length === 0) continue;
      const matches = recordsOf(value.match);
      const route = { object, path: ['spec', 'tcp', index], name: `tcp port ${number}`, sniHosts: [], value } as const;
      if (matches.length === 0) return { routes: [...routes, route], isComplete: true };
      for (const match of matches) {
        const fit = fits(match, namespaceOf(object), client, number);
        if (fit === 'no') continue;
        if (!routes.includes(route)) routes.push(route);
        if (fit === 'yes' && stringsOf(match.destinationSubnets).length === 0) return { routes, isComplete: true };
      }
    }
  }
  return { routes, isComplete: false };
}

function targetsOf({ object, value }: Layer4Route, { settings }: View): readonly SentTo[] {
  const all = recordsOf(value.route);
  return all.flatMap((one) => {
    if (all.length > 1 && (numberOf(one.weight) ?? 0) === 0) return [];
    const { host, subset } = recordOrEmpty(one.destination);
    const written = expandHost(stringOf(host) ?? '', namespaceOf(object), settings.clusterDomain);
    const name = stringOf(subset);
    return [
      { host: written.toLowerCase().replace(/\.$/, ''), written, ...(name === undefined ? {} : { subset: name }) },
    ];
  });
}

/** Returns the VirtualServices that may route a port for a client, in the order in which istiod asks them. */
function layer4Routers(view: View, client: MeshViewer, port: Layer4Port): readonly KubeObject[] {
  const groups: [KubeObject[], KubeObject[], KubeObject[]] = [[], [], []];
  for (const object of virtualServicesFor(view, port)) {
    const exportTo = exportedTo(view, object);
    if (reasonFor(view, object, client, port) !== undefined) continue;
    groups[exportTo.has('*') ? 2 : namespaceOf(object) === client.namespace ? 0 : 1].push(object);
  }
  return groups.flat();
}

/** Letters of another case make another host here, in the ServiceEntry and the VirtualService alike, unlike for HTTP. */
function virtualServicesFor(view: View, { host }: Layer4Port): readonly KubeObject[] {
  return virtualServicesOverlapping(view, host.toLowerCase()).filter((one) =>
    expandedHosts(one, view.settings.clusterDomain).some((name) => overlap(name, host)),
  );
}

/**
 * Returns the VirtualServices with a host that is another host, or covers it, or, where that is a wildcard, lies within it;
 * oldest first, whatever they are bound to.
 */
export function virtualServicesOverlapping(view: View, host: string): readonly KubeObject[] {
  if (!isWildcard(host)) return virtualServicesNaming(view, host);
  const compute = (): readonly KubeObject[] =>
    view
      .list('VirtualService')
      .filter((one) => claimedHosts(one, view.settings.clusterDomain).some((name) => overlap(name, host)));
  return view.memo(`virtualServicesOverlapping|${host}`, compute);
}

/**
 * Tells whether two names are equal, or one of them is a wildcard that covers the other.
 * @see https://github.com/istio/istio/blob/1.31.0/pkg/config/host/name.go `Matches`
 */
function overlap(left: string, right: string): boolean {
  if (isWildcard(left) && right.endsWith(left.slice(1))) return true;
  return isWildcard(right) ? left.endsWith(right.slice(1)) : left === right;
}

function reasonFor(
  view: View,
  object: KubeObject,
  { namespace, sidecar }: MeshViewer,
  { number }: Layer4Port,
): PassedOver | undefined {
  if (!boundTo(object).includes('mesh')) return { object, path: ['spec', 'gateways'], reason: 'gateways' };
  const exportTo = exportedTo(view, object);
  if (exportTo.has('~') || !(exportTo.has('*') || exportTo.has(namespace))) {
    return { object, path: ['spec', 'exportTo'], reason: 'hidden' };
  }
  const hosts = expandedHosts(object, view.settings.clusterDomain);
  const isKnown = knows(sidecar, namespace, number, { namespace: namespaceOf(object), hosts, fit: 'either' });
  return isKnown || sidecar === undefined
    ? undefined
    : { object: sidecar, path: ['spec', 'egress'], reason: 'sidecar' };
}

function passedOverFor(view: View, client: MeshViewer, port: RegisteredPort): readonly PassedOver[] {
  const foreign = view
    .lookup('foreign|VirtualService')
    .filter((one) => claimedHosts(one, view.settings.clusterDomain).includes(port.host))
    .map((object): PassedOver => ({ object, path: ['metadata', 'labels', 'istio.io/rev'], reason: 'foreign' }));
  const known = virtualServicesFor(view, port).map(
    (object): PassedOver =>
      reasonFor(view, object, client, port) ?? { object, path: ['spec', port.isTls ? 'tls' : 'tcp'], reason: 'narrow' },
  );
  return [...foreign, ...known];
}
