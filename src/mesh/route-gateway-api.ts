import { parseDurationMs } from '../model/duration.ts';
import type { FieldPath } from '../model/field-path.ts';
import { isRecord, type JsonObject, numberOf, recordOrEmpty, recordsOf, stringOf, textOf } from '../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { serviceHost } from './hosts.ts';
import { type Entry, named } from './route-entries.ts';
import { cannotBeTurned, referenceKind, type RouteUse } from './route-backends.ts';
import { matchOf } from './route-match.ts';
import type { Route, RouteHost, RouteMatch, RouteTarget } from './route-types.ts';
import { HTTP_ROUTE_CONDITIONS, ISTIO_RETRIES } from './route-retries.ts';

interface Read {
  readonly clusterDomain: string;
  readonly entries: readonly Entry[];
}

const READ: Readonly<Record<RouteUse, WeakMap<KubeObject, Read>>> = { mesh: new WeakMap(), gateway: new WeakMap() };

/**
 * Returns an HTTPRoute's rules as istiod turns them into a VirtualService's entries, one for each match, most specific
 * first; none where a rule cannot be turned, as then the whole route is dropped.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/config/kube/gateway/conversion.go `convertHTTPRoute`
 */
export function httpRouteEntries(route: KubeObject, clusterDomain: string, use: RouteUse): readonly Entry[] {
  const known = READ[use].get(route);
  if (known !== undefined && known.clusterDomain === clusterDomain) return known.entries;
  const rules = recordsOf(specOf(route).rules);
  const isDropped = rules.some((rule) => cannotBeTurned(rule, namespaceOf(route), use));
  const entries = isDropped ? [] : sortBySpecificity(splitRules(route, rules, clusterDomain));
  READ[use].set(route, { clusterDomain, entries });
  return entries;
}

function splitRules(route: KubeObject, rules: readonly JsonObject[], clusterDomain: string): readonly Entry[] {
  const whole = named(
    rules.map((rule, index) => ({ ...readRule(route, rule, index, clusterDomain), name: stringOf(rule.name) ?? '' })),
  );
  return whole.flatMap((entry) =>
    entry.matches.length < 2 ? [entry] : entry.matches.map((match) => ({ ...entry, matches: [match] })),
  );
}

function readRule(route: KubeObject, rule: JsonObject, index: number, clusterDomain: string): Entry {
  const path: FieldPath = ['spec', 'rules', index];
  const filters = recordsOf(rule.filters);
  const home = { namespace: namespaceOf(route), clusterDomain };
  const times = timesOf(rule);
  const timeoutField = times.isBackendTheWhole ? 'backendRequest' : 'request';
  return {
    root: route,
    at: { object: route, path },
    name: '',
    matches: recordsOf(rule.matches).map(routeMatch),
    targets: filters.some((filter) => isRecord(filter.requestRedirect)) ? [] : backendsOf(rule, path, home),
    mirrors: filters.flatMap((filter, at): Route['mirrors'] => {
      const mirror = recordOrEmpty(filter.requestMirror);
      const host = backendHost(recordOrEmpty(mirror.backendRef), home);
      return host === undefined || isUnused(mirror)
        ? []
        : [{ ...host, path: [...path, 'filters', at, 'requestMirror'] }];
    }),
    ...(times.timeoutMs === undefined ? {} : { timeoutMs: times.timeoutMs }),
    timeoutAt: { object: route, path: [...path, 'timeouts', timeoutField] },
    retries: times.retries,
    retriesAt: { object: route, path: [...path, 'retry'] },
    perTryAt: { object: route, path: [...path, 'timeouts', 'backendRequest'] },
  };
}

/** A mirror without a share gets all requests. */
function isUnused({ fraction, percent }: JsonObject): boolean {
  return isRecord(fraction) ? fraction.numerator === 0 : percent === 0;
}

interface Times {
  readonly timeoutMs?: number;
  /** In the words of a VirtualService. */
  readonly retries?: JsonObject;
  /** True: `backendRequest` bounds the whole request. */
  readonly isBackendTheWhole: boolean;
}

/** `timeouts.backendRequest` bounds one try where the rule has `retry`, else it takes the place of `request`. */
function timesOf(rule: JsonObject): Times {
  const { request, backendRequest } = recordOrEmpty(rule.timeouts);
  const [whole, backend] = [positiveMs(request), positiveMs(backendRequest)];
  const retry = isRecord(rule.retry) ? rule.retry : undefined;
  if (retry === undefined) {
    const timeoutMs = backend ?? whole;
    return { ...(timeoutMs === undefined ? {} : { timeoutMs }), isBackendTheWhole: backend !== undefined };
  }
  const codes = Array.isArray(retry.codes) ? retry.codes.map(String) : [];
  const retries: JsonObject = {
    attempts: retry.attempts ?? ISTIO_RETRIES,
    retryOn: [...HTTP_ROUTE_CONDITIONS, ...codes].join(','),
    ...(backend === undefined ? {} : { perTryTimeout: `${backend}ms` }),
  };
  return { ...(whole === undefined ? {} : { timeoutMs: whole }), retries, isBackendTheWhole: false };
}

function positiveMs(written: unknown): number | undefined {
  const ms = typeof written === 'string' ? parseDurationMs(written) : undefined;
  return ms === undefined || ms <= 0 ? undefined : ms;
}

interface Home {
  readonly namespace: string;
  readonly clusterDomain: string;
}

/** Returns the host of a backend, if istiod knows one. */
function backendHost(backend: JsonObject, { namespace, clusterDomain }: Home): RouteHost | undefined {
  const name = stringOf(backend.name);
  const kind = referenceKind(backend);
  if (name === undefined || kind === undefined) return undefined;
  if (kind === 'Hostname') return { host: name.toLowerCase(), written: name };
  const host = serviceHost(name, stringOf(backend.namespace) || namespace, clusterDomain);
  return { host, written: host };
}

function backendsOf(rule: JsonObject, path: FieldPath, home: Home): readonly RouteTarget[] {
  const all = recordsOf(rule.backendRefs);
  const weightOf = ({ weight }: JsonObject): number => Math.max(0, numberOf(weight) ?? 1);
  const sum = all.reduce((total, one) => total + weightOf(one), 0);
  return all.flatMap((one, index) => {
    const host = backendHost(one, home);
    if (weightOf(one) === 0 || host === undefined) return [];
    const port = numberOf(one.port);
    const sharePercent = (weightOf(one) / sum) * 100;
    return [{ ...host, ...(port === undefined ? {} : { port }), sharePercent, path: [...path, 'backendRefs', index] }];
  });
}

/** Turns a match into the words of a VirtualService. */
function routeMatch(match: JsonObject): RouteMatch {
  const byName = (items: unknown): JsonObject =>
    Object.fromEntries(
      recordsOf(items).map(({ name, type, value }) => [
        textOf(name),
        type === 'RegularExpression' ? { regex: value } : { exact: value },
      ]),
    ) as JsonObject; // fromEntries of string keys is an object.
  const written = {
    uri: uriOf(recordOrEmpty(match.path)),
    headers: byName(match.headers),
    queryParams: byName(match.queryParams),
    ...(typeof match.method === 'string' ? { method: { exact: match.method } } : {}),
  };
  return matchOf(written, '');
}

function uriOf({ type, value }: JsonObject): JsonObject {
  const path = stringOf(value) ?? '/';
  if (type === 'Exact') return { exact: path };
  if (type === 'RegularExpression') return { regex: path };
  return { prefix: path === '/' ? path : path.replace(/\/$/, '') };
}

/** @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/config/kube/gateway/conversion.go `sortHTTPRoutes` */
export function sortBySpecificity(entries: readonly Entry[]): readonly Entry[] {
  const ranked = entries.map((entry) => ({ entry, rank: rankOf(entry.matches[0]) }));
  ranked.sort((left, right) => {
    for (const [at, value] of left.rank.entries()) {
      const other = right.rank[at] ?? 0;
      if (value !== other) return other - value;
    }
    return 0;
  });
  return ranked.map(({ entry }) => entry);
}

function rankOf(match: RouteMatch | undefined): readonly number[] {
  if (match === undefined) return [-2, 0, 0, 0, 0];
  const { uri, method, headers, queryParams } = match.written;
  const { exact, prefix, regex } = recordOrEmpty(uri);
  const kind = typeof exact === 'string' ? 3 : typeof prefix === 'string' ? 2 : 1;
  const length = (stringOf(exact) ?? stringOf(prefix) ?? stringOf(regex) ?? '').length;
  return [
    kind,
    length,
    isRecord(method) ? 1 : 0,
    Object.keys(recordOrEmpty(headers)).length,
    Object.keys(recordOrEmpty(queryParams)).length,
  ];
}
