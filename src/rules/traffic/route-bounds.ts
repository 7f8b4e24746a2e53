import { type PassedOver, type Place, proofOf, type Route, routesTo, type Viewer } from '../../mesh/routes.ts';
import { isMeshHost } from '../../mesh/unreached.ts';
import { meshNamespaces } from '../../mesh/namespaces.ts';
import { exportedTo } from '../../mesh/route-delegates.ts';
import type { View } from '../../mesh/view.ts';
import type { Baseline } from '../../model/baseline.ts';
import { formatDuration } from '../../model/duration.ts';
import { toPointer } from '../../model/field-path.ts';
import { isAbsent, isRecord, type JsonObject, numberOf, recordOrEmpty, valueAt } from '../../model/json.ts';
import { addEntries, type PatchOperation } from '../../model/patch.ts';
import type { About, Facts } from '../rule.ts';

/** What the baseline grants a route: for one to several services the strictest of each. */
export interface RouteBounds {
  readonly timeoutMs: number;
  readonly retries: number;
  readonly idempotentOnly: boolean;
}

/** Returns what the baseline grants a service. */
export function boundsOf(host: string, baseline: Baseline): RouteBounds {
  const listed = baseline.services.find((service) => service.host === host);
  return listed ?? { ...baseline.otherServices, idempotentOnly: false };
}

/** Returns the strictest bounds of all services that a route leads to. */
export function strictestBounds(route: Route, baseline: Baseline): RouteBounds {
  const targets = route.targets.map(({ host, alias }) => boundsOf(alias ?? host, baseline));
  const all = [...targets, ...route.mirrors.map(({ host, alias }) => boundsOf(alias ?? host, baseline))];
  return {
    timeoutMs: Math.min(...all.map(({ timeoutMs }) => timeoutMs)),
    retries: Math.min(...targets.map(({ retries }) => retries)),
    idempotentOnly: targets.some(({ idempotentOnly }) => idempotentOnly),
  };
}

/** Returns the routes to a host by which requests get there: where all are aborted nobody waits and nothing is retried. */
export function routesWithin({ view, baseline }: Facts, host: string): readonly Route[] {
  return routesTo(view, baseline, host).filter((route) => !abortsAll(route));
}

/**
 * A fault's percentage counts only where it is written, and an abort without a status is none.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/route/route.go `TranslateFault`
 */
function abortsAll({ faultAt }: Route): boolean {
  if (faultAt === undefined) return false;
  const { httpStatus, percentage } = recordOrEmpty(valueAt(faultAt.object, [...faultAt.path, 'abort']));
  return (numberOf(httpStatus) ?? 0) > 0 && (numberOf(recordOrEmpty(percentage).value) ?? 0) >= 100;
}

/** Tells whether requests to a host, and not only their mirrors, take a route. */
export function isTarget({ targets }: Route, host: string): boolean {
  return targets.some((target) => target.host === host || target.alias === host);
}

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** Tells whether a route lets in idempotent methods only. */
export function isIdempotent({ methods }: Route): boolean {
  return methods?.every((method) => IDEMPOTENT.has(method)) === true;
}

/** Returns how long each of a number of tries may last so that all fit, rounded down to 100 ms; at least 1 ms. */
export function perTryMs(timeoutMs: number, attempts: number): number {
  const share = timeoutMs / (attempts + 1);
  return Math.max(1, share < 100 ? Math.floor(share) : Math.floor(share / 100) * 100);
}

/** Writes a duration as a route's kind takes it: the Gateway API's grammar has no fractions. */
export function durationFor({ kind }: Pick<Route, 'kind'>, ms: number): string {
  if (kind !== 'HTTPRoute' || ms < 1000) return formatDuration(ms);
  return `${Math.floor(ms / 1000)}s${ms % 1000 === 0 ? '' : `${ms % 1000}ms`}`;
}

/** Writes the documented retries where a route has none: as many as its services bear, none where its methods may not be repeated. */
export function writeRetries(route: Route, baseline: Baseline): readonly PatchOperation[] {
  const bounds = strictestBounds(route, baseline);
  const attempts = bounds.idempotentOnly && !isIdempotent(route) ? 0 : bounds.retries;
  const { at } = route.retries;
  if (at === undefined) return [];
  const perTry = durationFor(route, perTryMs(route.timeoutMs ?? bounds.timeoutMs, attempts));
  if (route.kind === 'HTTPRoute')
    return [...setAt(at, { attempts }), ...setTimes(route, attempts === 0 ? {} : { backendRequest: perTry })];
  const block: JsonObject = { attempts, perTryTimeout: perTry, retryOn: baseline.retryOn.join(',') };
  return setAt(at, attempts === 0 ? { attempts } : block);
}

/** Beside `retry` an HTTPRoute's `backendRequest` bounds one try, so that the whole must be said where it stood for it. */
function setTimes(
  { timeoutAt, timeoutMs, kind }: Route,
  times: Readonly<Record<string, string>>,
): readonly PatchOperation[] {
  if (timeoutAt === undefined) return [];
  const isMoved = timeoutAt.path.at(-1) === 'backendRequest' && timeoutMs !== undefined;
  const all = { ...(isMoved ? { request: durationFor({ kind }, timeoutMs) } : {}), ...times };
  return Object.keys(all).length === 0 ? [] : addEntries(timeoutAt.object, timeoutAt.path.slice(0, -1), all);
}

/** Writes a value at a place whatever stands there; parents are made. */
export function setAt({ object, path }: Place, value: unknown): readonly PatchOperation[] {
  if (!isAbsent(valueAt(object, path))) return [{ op: 'replace', path: toPointer(path), value }];
  const field = path.at(-1);
  return typeof field === 'string' ? addEntries(object, path.slice(0, -1), { [field]: value }) : [];
}

/** Writes how often a route retries; other fields of a block stay, but none that Istio refuses beside 0. */
export function setAttempts(at: Place, attempts: number): readonly PatchOperation[] {
  const block = valueAt(at.object, at.path);
  if (attempts > 0 && isRecord(block)) return setAt({ ...at, path: [...at.path, 'attempts'] }, attempts);
  return setAt(at, { attempts });
}

/** What of a default route a rule says in its own words. */
export interface DefaultWords {
  readonly why: string;
  readonly cure: string;
  readonly service: string;
  readonly namespace: string;
}

/** Whom to blame for a default route, where it can be said; without `about.responsible` the whole object is missing. */
export interface DefaultBlame {
  readonly words: DefaultWords;
  readonly about: About;
}

/** Tells whether a route's absence is held against the mesh: for its own services, not for hosts outside. */
export function isJudgedByDefault(route: Route, host: string, { view, baseline }: Facts): boolean {
  return route.kind === 'default' && isMeshHost(host, view, baseline);
}

/** The first found is blamed; a VirtualService for gateways only says nothing of the mesh. */
const BLAMED_FIRST: readonly PassedOver['reason'][] = ['vanished', 'narrow', 'sidecar', 'hidden', 'foreign'];

/** Returns who makes a default route apply: what names the host and does not route it, else nobody. */
export function blameForDefault(route: Route, host: string, what: string, { view, baseline }: Facts): DefaultBlame {
  const [viewer] = route.viewers;
  const words = { service: host, namespace: viewer.kind === 'mesh' ? viewer.namespace : '' };
  const blamed = BLAMED_FIRST.flatMap((reason) => route.passedOver.find((one) => one.reason === reason) ?? [])[0];
  if (blamed === undefined) {
    return {
      words: { ...words, why: '', cure: '' },
      about: { path: [], thing: `${what} for clients without a route` },
    };
  }
  const { object, path, reason } = blamed;
  return {
    words: { ...words, why: WHY[reason], cure: CURE[reason] },
    about: {
      path,
      responsible: object,
      thing: `${what} for clients: ${[reason, ...portsOf(route.viewers)].join(' ')}`,
      ...(reason === 'hidden' ? { magnitude: hiddenFrom(view, baseline, blamed) } : {}),
      because: proofOf(route),
    },
  };
}

function portsOf(viewers: readonly Viewer[]): readonly string[] {
  const ports = viewers.flatMap((viewer) => (viewer.kind === 'mesh' && viewer.port !== undefined ? [viewer.port] : []));
  return [...new Set(ports)].sort((left, right) => left - right).map(String);
}

function hiddenFrom(view: View, baseline: Baseline, { object }: PassedOver): number {
  const exportTo = exportedTo(view, object);
  return meshNamespaces(view, baseline).filter((namespace) => !exportTo.has(namespace)).length;
}

const WHY: Readonly<Record<PassedOver['reason'], string>> = {
  hidden: 'hides the VirtualService',
  foreign: 'names a revision that is not this mesh’s, which makes the VirtualService nobody’s',
  gateways: 'leaves out the mesh',
  sidecar: 'does not import the VirtualService',
  vanished: 'names a VirtualService that is not there, is not exported to this one, or is in conflict with it',
  narrow: 'matches nothing that they send',
};

const CURE: Readonly<Record<PassedOver['reason'], string>> = {
  hidden: 'must be left out or name them',
  foreign: 'must be left out',
  gateways: "must contain 'mesh'",
  sidecar: 'must contain its namespace',
  vanished: 'must name one that can be used',
  narrow: 'must end with a route for all',
};
