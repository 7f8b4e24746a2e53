import { isWildcard } from '../../src/mesh/hosts.ts';
import type { Exit } from '../../src/mesh/egress.ts';
import type {
  DestinationAnswer,
  EgressAnswer,
  EgressChain,
  EgressPort,
  EgressScope,
  EgressService,
  OutboundAnswer,
  ProxyAnswer,
  VirtualHost,
} from './answers.ts';
import { EGRESS_GATEWAY, HTTP, overlap, TCP, TLS, waysText, type WayWords } from './egress-words.ts';
import { virtualHostFor } from './istio-words.ts';
import type { Question } from './questions.ts';

/** Says by which ways requests for an external host leave a sidecar, out of what Istio sends to it. */
export function istioEgressWords(
  answer: ProxyAnswer,
  { host, others = [] }: Extract<Question, { ask: 'egress' }>,
): readonly string[] | undefined {
  const { egress, outbound } = answer;
  if (egress === undefined || outbound === undefined) return undefined;
  const listens = listensFor(egress, host);
  const ways = listens.flatMap((one) => waysAt(answer, egress, { host, others }, one));
  const isOn80 = listens.some(({ port }) => port.number === 80);
  const unknown = isOn80 ? [] : unknownWays(answer, egress, host);
  const proxied = proxyWays(answer, egress, { host, others });
  return waysText([...ways, ...unknown, ...proxied, elseWay(egress, outbound)], knownHosts(egress));
}

/** Returns the names of the services that a proxy has clusters for. */
export function knownHosts({ services }: EgressAnswer): readonly string[] {
  return services.map(({ host }) => host);
}

/** A host that is asked about, and names within it that are asked about themselves. */
interface Asked {
  readonly host: string;
  readonly others: readonly string[];
}

/** A port on which a service is listened to for a proxy. */
interface Listen {
  readonly scope: EgressScope;
  readonly service: EgressService;
  readonly port: EgressPort;
  /** True: of one that a Sidecar opens, for whatever port a service has. */
  readonly isFree: boolean;
  readonly bind: string;
}

const ANY_ADDRESS = '0.0.0.0';

/** What a Sidecar's own listener for a port has taken, the one for all ports leaves alone; all HTTP on it has its routes. */
function listensFor({ scopes }: EgressAnswer, host: string): readonly Listen[] {
  const taken = new Set<string>();
  const routed = new Set<number>();
  const own: Listen[] = [];
  for (const scope of scopes) {
    const all = scope.services.flatMap((service) => listensOf(scope, service));
    const isFree = ({ bind, port }: Listen): boolean =>
      scope.port !== undefined ||
      !(taken.has(`${bind} ${port.number}`) || (HTTP.has(port.protocol) && routed.has(port.number)));
    own.push(...all.filter((one) => one.service.host.toLowerCase() === host && isFree(one)));
    for (const { bind, port } of all) taken.add(`${bind} ${port.number}`);
    if (scope.port !== undefined) routed.add(scope.port.number);
  }
  return own;
}

function listensOf(scope: EgressScope, service: EgressService): readonly Listen[] {
  const ports = scope.port === undefined ? service.ports : [scope.port];
  return ports.flatMap((port) => {
    if (port.protocol === 'UDP') return [];
    const isAnywhere = HTTP.has(port.protocol) || service.address.includes('/');
    const bind = scope.bind ?? (isAnywhere ? ANY_ADDRESS : service.address);
    const isFree = scope.port !== undefined && (port.number === 0 || port.protocol === 'HTTP_PROXY');
    return [{ scope, service, port, isFree, bind }];
  });
}

function waysAt(
  answer: ProxyAnswer,
  egress: EgressAnswer,
  asked: Asked,
  { scope, service, port, bind, isFree }: Listen,
): readonly WayWords[] {
  const { number, protocol } = port;
  const listeners = egress.listeners.filter((one) => one.port === number);
  const chains = listeners.find((one) => one.bind === bind)?.chains ?? [];
  const isTls = TLS.has(protocol);
  const http = isTls || TCP.has(protocol) ? [] : chains.filter(({ routes }) => routes !== undefined);
  // One without an address is listened to at those of its endpoints, where another ServiceEntry of its name has some.
  const elsewhere = bind === ANY_ADDRESS ? listeners.flatMap((one) => one.chains) : chains;
  const other = HTTP.has(protocol) ? [] : elsewhere.filter((one) => one.routes === undefined);
  return [
    ...http.flatMap(({ routes = '' }) => httpWays(egress, asked, answer.routes[routes] ?? [], { number, isFree })),
    ...other
      .filter((chain) => isFor(chain, scope, service))
      .map(
        ({ serverNames, destinations }): WayWords => ({
          port: number,
          protocol: isTls ? 'TLS' : 'TCP',
          names: serverNames.length === 0 ? [asked.host] : serverNames,
          ...sentTo(egress, destinations),
        }),
      ),
  ];
}

/**
 * A chain is for a service that it leads to by itself, or for which the VirtualService is that it was made of; one of a
 * `tcp` route for some addresses does not tell its VirtualService.
 */
function isFor(chain: EgressChain, { routers }: EgressScope, { host }: EgressService): boolean {
  const { owner, serverNames, subnets, destinations } = chain;
  const isNamed = (hosts: readonly string[]): boolean => hosts.some((name) => overlap(name, host));
  if (owner !== undefined) return isNamed(routers[owner] ?? []);
  if (destinations.some((one) => one.host === host)) return true;
  return serverNames.length === 0 && subnets.length > 0 && Object.values(routers).some(isNamed);
}

function httpWays(
  egress: EgressAnswer,
  { host, others }: Asked,
  hosts: readonly VirtualHost[],
  { number, isFree }: { readonly number: number; readonly isFree: boolean },
): readonly WayWords[] {
  // A listener for all ports names the port in all but those of port 80.
  const plain = (domain: string): string => (isFree ? domain.replace(/:\d+$/, '') : domain);
  return hosts.flatMap((one) => {
    const names = new Set(one.domains.map((domain) => plain(domain).toLowerCase()));
    const own = names.has(host) ? [host] : [];
    const within =
      isWildcard(host) && !isFree && !isDefault(one)
        ? [...names].filter((name) => !others.includes(name) && isWithin(name, host, egress))
        : [];
    return [...own, ...within].flatMap((name) => routeWays(egress, one, name, number));
  });
}

/** Of the names within a wildcard those are told that a VirtualService claims for itself. */
function isWithin(name: string, wildcard: string, { scopes }: EgressAnswer): boolean {
  if (name === wildcard || !name.endsWith(wildcard.slice(1))) return false;
  return scopes.some(({ routers }) =>
    Object.values(routers).some((hosts) => hosts.some((one) => one.toLowerCase() === name)),
  );
}

const isDefault = ({ routes }: VirtualHost): boolean => routes.every(({ name }) => name === 'default');

function routeWays(egress: EgressAnswer, { routes }: VirtualHost, name: string, port: number): readonly WayWords[] {
  return routes.map(({ destinations, mirrors }) => ({
    port,
    protocol: 'HTTP',
    names: [name],
    ...sentTo(egress, [...destinations, ...mirrors]),
  }));
}

/** On port 80 the routes for a name, or for the longest wildcard that covers it, are there for whatever host. */
function unknownWays(answer: ProxyAnswer, egress: EgressAnswer, host: string): readonly WayWords[] {
  const hosts = answer.routes['80'] ?? [];
  const covering = hosts
    .flatMap(({ domains }) => domains)
    .filter((name) => name !== '*' && isWildcard(name) && host !== name && host.endsWith(name.slice(1)))
    .sort((left, right) => right.length - left.length);
  const [name] = virtualHostFor(hosts, host) === undefined ? covering : [host];
  const found = name === undefined ? undefined : virtualHostFor(hosts, name);
  return found === undefined || isDefault(found) ? [] : routeWays(egress, found, host, 80);
}

/** The mesh's own proxy for HTTP knows all that its listener for all ports does. */
function proxyWays(answer: ProxyAnswer, egress: EgressAnswer, asked: Asked): readonly WayWords[] {
  const listener = egress.listeners.find(({ chains }) => chains.some(({ routes }) => routes === 'http_proxy'));
  const isKnown = egress.scopes.some(
    ({ port, services }) =>
      port === undefined && services.some((one) => one.host.toLowerCase() === asked.host && speaksHttp(one)),
  );
  if (listener === undefined || !isKnown) return [];
  return httpWays(egress, asked, answer.routes.http_proxy ?? [], { number: listener.port, isFree: true });
}

const speaksHttp = ({ ports }: EgressService): boolean => ports.some(({ protocol }) => HTTP.has(protocol));

function elseWay(egress: EgressAnswer, { mode, proxy }: OutboundAnswer): WayWords {
  if (mode === 'REGISTRY_ONLY') return { names: [], exit: 'blocked', to: [] };
  return proxy === undefined ? { names: [], exit: 'direct', to: [] } : { names: [], ...sentTo(egress, [proxy]) };
}

const MOST_OPEN_FIRST: readonly Exit[] = ['direct', 'gateway', 'inside'];

function sentTo({ services }: EgressAnswer, destinations: readonly DestinationAnswer[]): Pick<WayWords, 'exit' | 'to'> {
  const exits = destinations.map(({ host }): Exit => {
    const service = services.find((one) => one.host === host);
    if (service === undefined) return 'blocked';
    if (service.isEntry || service.isExternal) return 'direct';
    return host === EGRESS_GATEWAY ? 'gateway' : 'inside';
  });
  return {
    exit: MOST_OPEN_FIRST.find((exit) => exits.includes(exit)) ?? 'blocked',
    to: destinations.map(({ host, subset = '', cluster }) => cluster ?? `${host}/${subset}`),
  };
}
