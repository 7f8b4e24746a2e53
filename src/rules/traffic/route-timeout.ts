import { alikeHosts } from '../../mesh/alike-hosts.ts';
import { leastCallerMs } from '../../mesh/call-graph.ts';
import { ROUTE_SETTINGS } from '../../mesh/host-settings.ts';
import { leadsTo, proofOf, type Route } from '../../mesh/routes.ts';
import { formatDuration } from '../../model/duration.ts';
import type { Finding } from '../../model/finding.ts';
import { isAbsent, valueAt } from '../../model/json.ts';
import type { PatchOperation } from '../../model/patch.ts';
import { type About, type Facts, hostRule, type Say } from '../rule.ts';
import {
  blameForDefault,
  boundsOf,
  durationFor,
  isJudgedByDefault,
  perTryMs,
  routesWithin,
  setAt,
  strictestBounds,
} from './route-bounds.ts';
import { examples } from './route-timeout.examples.ts';

const messages = {
  unset:
    "`{field}` is not set, so a request may take for ever; must be less than or equal to {limit} for service '{service}'",
  none: "`{field}` is {seen}, which is no timeout; must be less than or equal to {limit} for service '{service}'",
  tooLong: "`{field}` is {seen}; must be less than or equal to {limit} for service '{service}'",
  missing:
    "no VirtualService routes service '{service}' for clients in namespaces such as '{namespace}', so a request may take for ever; must have a timeout less than or equal to {limit}",
  bypassed:
    "`{field}` {why}, so clients in namespaces such as '{namespace}' call service '{service}' without it and without its timeout of at most {limit}; {cure}",
} as const;

type SayIt = Say<typeof messages>;

/** MW403: nobody waits for a service longer than the document grants it. */
export const routeTimeout = hostRule({
  id: 'route-timeout',
  code: 'MW403',
  reads: ['VirtualService', 'HTTPRoute', 'Service', 'ServiceEntry', 'Sidecar', 'Namespace', 'ConfigMap'],
  settings: ROUTE_SETTINGS,
  alike: alikeHosts,
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary: 'Every HTTP route to a service has a timeout, and none longer than the baseline’s for it.',
  why: 'Whoever waits for a service that hangs holds a connection, memory and a caller of his own; without a timeout he does so for ever.',
  remedy:
    'Set `timeout` in every `http` entry that leads to the service or mirrors to it; of several services the shortest counts.',
  absence:
    'No `timeout`, and no VirtualService that the client sees: none at all, not Envoy’s 15s. An HTTPRoute’s `timeouts.request` of 0s is none; its `backendRequest` takes that place where the rule has no `retry`.',
  source: {
    document: '**Timeout**: Per-service configuration (15s to 120s)',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRoute',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/route/route.go',
    ],
  },
  numbers: ['services', 'otherServices'],
  messages,
  examples,
  check(host, facts, say) {
    const limitMs = boundsOf(host, facts.baseline).timeoutMs;
    return routesWithin(facts, host).flatMap((route) => {
      if ((route.timeoutMs ?? Number.POSITIVE_INFINITY) <= limitMs || !leadsTo(route, host)) return [];
      return route.kind === 'default'
        ? judgeDefault(route, host, limitMs, facts, say)
        : judgeRoute(route, host, limitMs, facts, say);
    });
  },
});

function judgeRoute(route: Route, host: string, limitMs: number, facts: Facts, say: SayIt): readonly Finding[] {
  const { timeoutAt, timeoutMs } = route;
  if (timeoutAt === undefined) return [];
  const args = { limit: formatDuration(limitMs), service: host };
  const about: About = {
    path: timeoutAt.path,
    responsible: timeoutAt.object,
    thing: `timeout of ${route.name}`,
    magnitude: timeoutMs === undefined ? Number.MAX_SAFE_INTEGER : timeoutMs - limitMs,
    because: proofOf(route),
    fix: fixOf(route, facts),
  };
  if (timeoutMs !== undefined) return [say('tooLong', args, about)];
  const isWritten = !isAbsent(valueAt(timeoutAt.object, timeoutAt.path));
  return [say(isWritten ? 'none' : 'unset', args, about)];
}

/**
 * Writes the strictest timeout of all services that the route leads to, no longer than their callers wait, and with it tries
 * that fit in.
 */
function fixOf(route: Route, { view, baseline }: Facts): readonly PatchOperation[] {
  const { timeoutAt, retries } = route;
  const callers = route.targets.map(({ host, alias }) => leastCallerMs(view, baseline, alias ?? host));
  const timeoutMs = Math.min(strictestBounds(route, baseline).timeoutMs, ...callers);
  if (timeoutAt === undefined) return [];
  const operations = setAt(timeoutAt, durationFor(route, timeoutMs));
  const { perTryTimeoutMs, perTryAt, attempts } = retries;
  if (perTryTimeoutMs === undefined || (attempts + 1) * perTryTimeoutMs <= timeoutMs) return operations;
  if (retries.from !== 'route' || perTryAt?.object !== timeoutAt.object) return operations;
  return [...operations, ...setAt(perTryAt, durationFor(route, perTryMs(timeoutMs, attempts)))];
}

function judgeDefault(route: Route, host: string, limitMs: number, facts: Facts, say: SayIt): readonly Finding[] {
  if (!isJudgedByDefault(route, host, facts)) return [];
  const { words, about } = blameForDefault(route, host, 'timeout', facts);
  const limit = formatDuration(limitMs);
  if (about.responsible !== undefined) return [say('bypassed', { ...words, limit }, about)];
  const { service, namespace } = words;
  return [say('missing', { service, namespace, limit }, about)];
}
