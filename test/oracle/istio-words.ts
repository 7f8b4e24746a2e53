import type { ClusterAnswer, DestinationAnswer, ProxyAnswer, RouteAnswer, VirtualHost } from './answers.ts';
import { rounded, type RouteWords } from './model-words.ts';

/** Says a route of Istio's. */
export function istioRouteWords(route: RouteAnswer): RouteWords {
  const { match, timeoutMs = 0, retries = 'none', hasFault = false, hash = [] } = route;
  if (route.action !== 'route' || route.destinations.every(isNobody)) {
    return { match, destinations: {}, mirrors: [], timeoutMs: 0, retries: 'none', hasFault, hash: [] };
  }
  const sum = route.destinations.reduce((total, { weight = 0 }) => total + weight, 0);
  const destinations: Record<string, number> = {};
  for (const destination of route.destinations) {
    if (isNobody(destination)) continue;
    const { host, subset = '', port, weight = 0, cluster } = destination;
    const name = cluster ?? `${host}|${subset}|${port}`;
    destinations[name] = rounded((destinations[name] ?? 0) + (sum === 0 ? 100 : (weight / sum) * 100));
  }
  return {
    match,
    destinations,
    mirrors: route.mirrors.map(({ host, cluster }) => cluster ?? host),
    timeoutMs,
    retries,
    hasFault,
    hash,
  };
}

/** Requests get 500: a backend of the Gateway API that istiod does not know, or that nobody has granted. */
function isNobody({ cluster }: DestinationAnswer): boolean {
  return cluster === 'UnknownService';
}

/** Says a cluster of Istio's, as far as our model speaks of it. */
export function istioClusterWords({ pool, outlier, balancer, transport }: ClusterAnswer): ClusterAnswer {
  const { retryBudgetPercent: _, ...limits } = pool;
  return { pool: limits, ...(outlier === undefined ? {} : { outlier }), balancer, transport };
}

/** The virtual host for all that no other is for. */
const CATCH_ALL = new Set(['allow_any', 'block_all', 'allow_any_dynamic_dns']);

/** Returns the virtual host that is for a name to the letter; that of a wildcard is asked for by the wildcard. */
export function virtualHostFor(hosts: readonly VirtualHost[], name: string): VirtualHost | undefined {
  return hosts.find((host) => !CATCH_ALL.has(host.name) && host.domains.some((one) => one.toLowerCase() === name));
}

/**
 * Returns the virtual hosts that a request to a service's port is matched against: those of a listener for its address
 * alone, else those of the port; undefined where no listener speaks HTTP there.
 */
export function virtualHostsAt(
  { routes }: ProxyAnswer,
  port: number,
  service: string | undefined,
): readonly VirtualHost[] | undefined {
  return (service === undefined ? undefined : routes[`${service}:${port}`]) ?? routes[String(port)];
}
