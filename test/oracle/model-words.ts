import { STATUS_CODES } from 'node:http';
import { parseDurationMs } from '../../src/model/duration.ts';
import { isRecord, type JsonObject, numberOf, recordOf, recordOrEmpty, stringOf } from '../../src/model/json.ts';
import type { Route, RouteMatch, RouteRetries, RouteTarget } from '../../src/mesh/routes.ts';
import type { Blocks, Transport } from '../../src/mesh/traffic-policy.ts';
import type { ClusterAnswer, MatchAnswer, RetriesAnswer } from './answers.ts';

/** A route as both sides say it. */
export interface RouteWords {
  readonly match: MatchAnswer;
  /** `host|subset|port` with its share of 100. */
  readonly destinations: Readonly<Record<string, number>>;
  readonly mirrors: readonly string[];
  readonly timeoutMs: number;
  readonly retries: RetriesAnswer | 'none';
  readonly hasFault: boolean;
  readonly hash: readonly string[];
}

/** What is said of a route that sends requests nowhere: it answers by itself. */
const NOWHERE = { destinations: {}, mirrors: [], timeoutMs: 0, retries: 'none', hasFault: false, hash: [] } as const;

/** What a route's words depend on besides the route. */
export interface Seen {
  /** Returns the port of a destination that names none. */
  readonly portOf: (host: string) => number;
  /** Returns what is hashed for a target: `header:x`, `cookie:x`, `query:x` or `source`. */
  readonly hashOf: (target: RouteTarget, kind: Route['kind']) => readonly string[];
}

/** Says our route as Istio would: one for each of its matches. */
export function routeWords(route: Route, seen: Seen): readonly RouteWords[] {
  const matches: readonly (RouteMatch | undefined)[] = route.matches.length === 0 ? [undefined] : route.matches;
  const written = route.kind === 'HTTPRoute' ? ('folder' as const) : ('prefix' as const);
  return matches.map((match) => ({ match: matchWords(match?.written ?? {}, written), ...actionWords(route, seen) }));
}

function actionWords(route: Route, seen: Seen): Omit<RouteWords, 'match'> {
  if (route.targets.length === 0) return { ...NOWHERE, hasFault: route.faultAt !== undefined };
  const destinations: Record<string, number> = {};
  for (const target of route.targets) {
    const name = destinationName(target, seen);
    destinations[name] = rounded((destinations[name] ?? 0) + target.sharePercent);
  }
  return {
    destinations,
    mirrors: route.mirrors.map(({ written }) => written),
    timeoutMs: route.timeoutMs ?? 0,
    retries: retryWords(route.retries),
    hash: route.targets.flatMap((target) => seen.hashOf(target, route.kind)),
    hasFault: route.faultAt !== undefined,
  };
}

function destinationName({ written, subset, port }: RouteTarget, seen: Seen): string {
  return `${written}|${subset ?? ''}|${port ?? seen.portOf(written)}`;
}

/** Rounds a share so that both sides' arithmetic comes to the same. */
export const rounded = (percent: number): number => Math.round(percent * 1e6) / 1e6;

/** @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/route/retry/retry.go `ConvertPolicy` */
function retryWords({ attempts, retryOn, perTryTimeoutMs }: RouteRetries): RetriesAnswer | 'none' {
  if (attempts === 0) return 'none';
  const isCode = (word: string): boolean => /^\d+$/.test(word) && STATUS_CODES[word] !== undefined;
  const codes = retryOn.filter(isCode).map(Number);
  const words = retryOn.filter((word) => !isCode(word));
  if (codes.length > 0 && !words.includes('retriable-status-codes')) words.push('retriable-status-codes');
  return {
    attempts,
    retryOn: words.sort(),
    ...(codes.length === 0 ? {} : { codes }),
    ...(perTryTimeoutMs === undefined ? {} : { perTryMs: perTryTimeoutMs }),
  };
}

function matchWords(written: JsonObject, prefixWord: 'prefix' | 'folder'): MatchAnswer {
  const headers: Record<string, string> = {};
  const add = (name: string, words: string): void => {
    headers[name] = headers[name] === undefined ? words : [headers[name], words].sort().join(' and ');
  };
  for (const [name, value] of Object.entries(recordOrEmpty(written.headers))) add(name, stringWords(value));
  for (const [name, value] of Object.entries(recordOrEmpty(written.withoutHeaders))) {
    add(name, `not ${stringWords(value)}`);
  }
  for (const field of ['method', 'authority', 'scheme']) {
    if (isRecord(written[field])) add(`:${field}`, stringWords(written[field]));
  }
  const query: Record<string, string> = {};
  for (const [name, value] of Object.entries(recordOrEmpty(written.queryParams))) query[name] = stringWords(value);
  return {
    path: pathWords(recordOrEmpty(written.uri), prefixWord),
    ...(written.ignoreUriCase === true ? { ignoreCase: true } : {}),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(Object.keys(query).length === 0 ? {} : { query }),
  };
}

function pathWords({ exact, prefix, regex }: JsonObject, prefixWord: 'prefix' | 'folder'): string {
  if (typeof exact === 'string') return `exact:${exact}`;
  if (typeof regex === 'string') return `regex:${regex}`;
  if (typeof prefix !== 'string' || prefix === '/') return 'prefix:/';
  return `${prefixWord}:${prefix}`;
}

function stringWords(value: unknown): string {
  const { exact, prefix, regex } = recordOrEmpty(value);
  if (typeof exact === 'string') return `exact:${exact}`;
  if (typeof prefix === 'string') return `prefix:${prefix}`;
  return typeof regex === 'string' && regex !== '*' ? `regex:${regex}` : 'present';
}

/** What the blocks of a policy mean for a service. */
export interface ClusterOf {
  readonly blocks: Blocks;
  readonly transport: Transport;
  readonly isOriginal: boolean;
  /** Whether there are endpoints and all have a sidecar. */
  readonly areAllMutual: boolean;
}

/** Says what a policy makes of a cluster, as Envoy reads it. */
export function clusterWords({ blocks, transport, isOriginal, areAllMutual }: ClusterOf): ClusterAnswer {
  const outlier = recordOf(blocks.outlierDetection.value);
  return {
    pool: poolWords(recordOrEmpty(blocks.connectionPool.value)),
    ...(outlier === undefined ? {} : { outlier: outlierWords(outlier) }),
    balancer: isOriginal ? 'CLUSTER_PROVIDED' : balancerWords(recordOrEmpty(blocks.loadBalancer.value)),
    transport: transportWords(transport, isOriginal, areAllMutual),
  };
}

function transportWords(transport: Transport, isOriginal: boolean, areAllMutual: boolean): string {
  if (transport !== 'AUTO_IF_ALL') return transport;
  if (!areAllMutual) return 'PLAINTEXT';
  return isOriginal ? 'ISTIO_MUTUAL' : 'AUTO';
}

function poolWords(pool: JsonObject): Readonly<Record<string, number>> {
  const tcp = recordOrEmpty(pool.tcp);
  const http = recordOrEmpty(pool.http);
  const idleTimeoutMs = durationMs(http.idleTimeout) ?? durationMs(tcp.idleTimeout);
  return {
    maxConnections: limit(tcp.maxConnections),
    maxPendingRequests: limit(http.http1MaxPendingRequests),
    maxRequests: limit(http.http2MaxRequests),
    maxRetries: limit(http.maxRetries),
    maxRequestsPerConnection: limit(http.maxRequestsPerConnection),
    connectTimeoutMs: durationMs(tcp.connectTimeout) ?? 10_000,
    ...(idleTimeoutMs === undefined || idleTimeoutMs === 0 ? {} : { idleTimeoutMs }),
  };
}

const limit = (value: unknown): number => Math.max(0, numberOf(value) ?? 0);

function durationMs(value: unknown): number | undefined {
  const text = stringOf(value);
  return text === undefined ? undefined : parseDurationMs(text);
}

function outlierWords(block: JsonObject): Readonly<Record<string, number>> {
  const percent = numberOf(block.maxEjectionPercent) ?? 0;
  return {
    consecutive5xx: numberOf(block.consecutive5xxErrors) ?? 5,
    consecutiveGateway: numberOf(block.consecutiveGatewayErrors) ?? 0,
    intervalMs: durationMs(block.interval) ?? 10_000,
    baseEjectionMs: durationMs(block.baseEjectionTime) ?? 30_000,
    maxEjectionPercent: percent > 0 ? percent : 10,
    minHealthPercent: numberOf(block.minHealthPercent) ?? 0,
  };
}

function balancerWords({ simple, consistentHash }: JsonObject): string {
  if (isRecord(consistentHash)) return isRecord(consistentHash.maglev) ? 'MAGLEV' : 'RING_HASH';
  switch (simple) {
    case 'PASSTHROUGH':
      return 'CLUSTER_PROVIDED';
    case 'ROUND_ROBIN':
    case 'RANDOM':
      return simple;
    default:
      return 'LEAST_REQUEST';
  }
}
