import type { Baseline, ServiceBaseline } from '../model/baseline.ts';
import { isWildcard } from './hosts.ts';
import { effectiveEntries } from './route-delegates.ts';
import type { Entry } from './route-entries.ts';
import { ownerFor, seenEntries } from './route-owners.ts';
import { retriesOf } from './route-retries.ts';
import { boundTo } from './routers.ts';
import { type MeshViewer, type Place, type Route, rootsTo, routesSeenBy, routesTo } from './routes.ts';
import { sidecarsOf } from './sidecar-scope.ts';
import type { View } from './view.ts';

/** One step of a declared call: from who calls to who is called, with what the caller's proxy does. */
export interface Hop {
  /** The caller's node; empty: whoever stands before the mesh. */
  readonly from: string;
  /** The called one's node: a full name, and for the leg to the egress gateway the host behind it as well. */
  readonly to: string;
  /** The called one as people say it. */
  readonly label: string;
  /** The hosts whose objects decide about it. */
  readonly hosts: readonly string[];
  /** The longest that a request may take; absent: none is set somewhere, or nothing is known. */
  readonly longestMs?: number;
  /** The shortest after which a caller has left; absent as above. */
  readonly shortestMs?: number;
  /** The most tries that are made of one request. */
  readonly tries: number;
  /** Where the longest timeout stands. */
  readonly timeoutAt?: Place;
  /** Where the most tries stand. */
  readonly triesAt?: Place;
}

/** Returns the declared calls with the baseline's numbers, which are bounds: what a path may take at most. */
export function declaredHops(baseline: Baseline): readonly Hop[] {
  return declaredCalls(baseline).map(({ from, to }) => {
    const { timeoutMs, retries } = serviceOf(to, baseline) ?? baseline.otherServices;
    const label = labelOf(to, baseline);
    return { from, to, label, hosts: [to], longestMs: timeoutMs, shortestMs: timeoutMs, tries: retries + 1 };
  });
}

/**
 * Returns the declared calls with what the proxies do: for each call the routes that the caller's namespace sees, and where
 * they lead to an egress gateway its routes as a step of their own. A call of which nothing is known counts as one try
 * without a timeout; that a timeout is missing is another rule's matter.
 */
export function effectiveHops(view: View, baseline: Baseline): readonly Hop[] {
  const compute = (): readonly Hop[] => declaredCalls(baseline).flatMap((call) => hopsOf(view, baseline, call));
  return view.memo(`effectiveHops|${baseline.sha256}`, compute);
}

function hopsOf(view: View, baseline: Baseline, { from, to, caller }: Call): readonly Hop[] {
  const { gateway, numbers } = directLegs(view, baseline, caller, to);
  if (gateway === undefined) return [{ from, to, label: labelOf(to, baseline), hosts: [to], ...numbers }];
  const leg = `${gateway} for ${to}`;
  const label = gateway.split('.', 1)[0] ?? gateway;
  const compute = (): Numbers => numbersOf(legsAtGateways(view, baseline, to));
  const beyond = view.memo(`legsAtGateways|${baseline.sha256}|${to}`, compute);
  return [
    { from, to: leg, label, hosts: [gateway, to], ...numbers },
    { from: leg, to, label: labelOf(to, baseline), hosts: [to], ...beyond },
  ];
}

interface DirectLegs {
  readonly numbers: Numbers;
  /** The egress gateway that they lead to. */
  readonly gateway?: string | undefined;
}

/** Callers of one namespace see the same. */
function directLegs(view: View, baseline: Baseline, caller: ServiceBaseline | undefined, to: string): DirectLegs {
  const compute = (): DirectLegs => {
    const legs = caller === undefined ? entryLegs(view, baseline, to) : legsFrom(view, caller, to);
    const isEgress = ({ host }: Route['targets'][number]): boolean =>
      baseline.gateways.egress.some((one) => one.host === host);
    const gateway = legs.flatMap(({ targets }) => targets).find(isEgress)?.host;
    return { numbers: numbersOf(legs), gateway };
  };
  return view.memo(`directLegs|${baseline.sha256}|${caller?.namespace ?? ''}|${to}`, compute);
}

/** Returns the shortest time after which a declared caller of a host has left; infinite where none is known. */
export function leastCallerMs(view: View, baseline: Baseline, host: string): number {
  const hops = effectiveHops(view, baseline);
  const callers = hops.filter(({ to }) => hops.some((hop) => hop.from === to && hop.to === host));
  return Math.min(...callers.map(({ shortestMs }) => shortestMs ?? Number.POSITIVE_INFINITY));
}

interface Call {
  readonly from: string;
  readonly to: string;
  readonly caller?: ServiceBaseline;
}

function declaredCalls(baseline: Baseline): readonly Call[] {
  const entries = entriesOf(baseline).map(({ host }) => ({ from: '', to: host }));
  const inside = baseline.services.flatMap((caller) =>
    [...new Set(caller.calls)].map((to) => ({ from: caller.host, to, caller })),
  );
  return [...entries, ...inside];
}

/** What nobody calls is called from outside, and so is the first of services that only call each other in a circle. */
function entriesOf({ services }: Baseline): readonly ServiceBaseline[] {
  const called = new Set(services.flatMap(({ calls }) => calls));
  const entries: ServiceBaseline[] = [];
  const reached = new Set<string>();
  const reach = (host: string): void => {
    if (reached.has(host)) return;
    reached.add(host);
    for (const call of services.find((service) => service.host === host)?.calls ?? []) reach(call);
  };
  for (const service of [...services.filter(({ host }) => !called.has(host)), ...services]) {
    if (reached.has(service.host)) continue;
    entries.push(service);
    reach(service.host);
  }
  return entries;
}

function serviceOf(host: string, { services }: Baseline): ServiceBaseline | undefined {
  return services.find((service) => service.host === host);
}

function labelOf(host: string, baseline: Baseline): string {
  return serviceOf(host, baseline)?.name ?? host;
}

/** What of a route counts for a path. */
interface Leg {
  readonly targets: Route['targets'];
  readonly timeoutMs?: number;
  readonly timeoutAt?: Place;
  readonly attempts: number;
  readonly triesAt?: Place;
}

function legOfEntry(view: View, { targets, timeoutMs, timeoutAt, retries, retriesAt }: Entry): Leg {
  const { attempts } = retriesOf(view, retries, undefined);
  return { targets, timeoutAt, attempts, triesAt: retriesAt, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
}

function legOfRoute({ targets, timeoutMs, timeoutAt, retries: { attempts, at } }: Route): Leg {
  return {
    targets,
    attempts,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(timeoutAt === undefined ? {} : { timeoutAt }),
    ...(at === undefined ? {} : { triesAt: at }),
  };
}

const isLedTo = ({ targets }: { readonly targets: Route['targets'] }, host: string): boolean =>
  targets.some((target) => target.host === host || target.alias === host);

/** From outside a service is called through gateways; where none leads to it, as everybody in the mesh calls it. */
function entryLegs(view: View, baseline: Baseline, host: string): readonly Leg[] {
  const atGateways = legsAtGateways(view, baseline, host);
  if (atGateways.length > 0) return atGateways;
  return routesTo(view, baseline, host).flatMap((route) => (isLedTo(route, host) ? [legOfRoute(route)] : []));
}

function legsAtGateways(view: View, baseline: Baseline, host: string): readonly Leg[] {
  if (view.lookup(`HTTPRoute|to|${host}`).length > 0) {
    return routesTo(view, baseline, host).flatMap((route) =>
      isLedTo(route, host) && route.viewers.some(({ kind }) => kind === 'gateway') ? [legOfRoute(route)] : [],
    );
  }
  return rootsTo(view, host).flatMap((root) => {
    const gateways = boundTo(root).filter((gateway) => gateway !== 'mesh');
    const seen = gateways.flatMap((gateway) => seenEntries(effectiveEntries(view, root), { kind: 'gateway', gateway }));
    return [...new Set(seen.map(({ entry }) => entry))].flatMap((entry) =>
      isLedTo(entry, host) ? [legOfEntry(view, entry)] : [],
    );
  });
}

function legsFrom(view: View, { namespace }: ServiceBaseline, host: string): readonly Leg[] {
  return sidecarsOf(view, namespace).flatMap((sidecar) => {
    const viewer: MeshViewer = {
      kind: 'mesh',
      namespace,
      labels: 'some',
      ...(sidecar === undefined ? {} : { sidecar }),
    };
    const owned = isWildcard(host) ? undefined : ownerFor(view, host, viewer);
    if (owned === undefined) return routesSeenBy(view, host, viewer).map(legOfRoute);
    return owned.entries.flatMap(({ entry }) => (entry.targets.length > 0 ? [legOfEntry(view, entry)] : []));
  });
}

type Numbers = Pick<Hop, 'longestMs' | 'shortestMs' | 'tries' | 'timeoutAt' | 'triesAt'>;

function numbersOf(legs: readonly Leg[]): Numbers {
  let [longest, shortest, most] = [legs[0], legs[0], legs[0]];
  for (const leg of legs) {
    if (longest === undefined || msOf(leg) > msOf(longest)) longest = leg;
    if (shortest === undefined || msOf(leg) < msOf(shortest)) shortest = leg;
    if (most === undefined || triesOf(leg) > triesOf(most)) most = leg;
  }
  return {
    ...(longest?.timeoutMs === undefined ? {} : { longestMs: longest.timeoutMs }),
    ...(longest?.timeoutAt === undefined ? {} : { timeoutAt: longest.timeoutAt }),
    ...(shortest?.timeoutMs === undefined ? {} : { shortestMs: shortest.timeoutMs }),
    tries: most === undefined ? 1 : triesOf(most),
    ...(most?.triesAt === undefined ? {} : { triesAt: most.triesAt }),
  };
}

function msOf({ timeoutMs }: Leg): number {
  return timeoutMs ?? Number.MAX_SAFE_INTEGER;
}

/** A number that cannot be read is another rule's finding. */
function triesOf({ attempts }: Leg): number {
  return Number.isFinite(attempts) ? attempts + 1 : 1;
}
