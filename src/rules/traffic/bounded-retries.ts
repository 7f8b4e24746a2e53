import { alikeHosts } from '../../mesh/alike-hosts.ts';
import { ROUTE_SETTINGS } from '../../mesh/host-settings.ts';
import { proofOf, type Route } from '../../mesh/routes.ts';
import type { Finding } from '../../model/finding.ts';
import { isAbsent, valueAt } from '../../model/json.ts';
import { type About, type Facts, formatSeen, hostRule, type Say } from '../rule.ts';
import { examples } from './bounded-retries.examples.ts';
import {
  blameForDefault,
  boundsOf,
  isJudgedByDefault,
  isTarget,
  routesWithin,
  setAttempts,
  strictestBounds,
  writeRetries,
} from './route-bounds.ts';

const messages = {
  tooMany: "`{field}` is {attempts}; must be less than or equal to {limit} for service '{service}'",
  unset:
    "`{field}` is not set, so Istio retries {attempts} times; must be less than or equal to {limit} for service '{service}'",
  missing:
    "no VirtualService routes service '{service}' for clients in namespaces such as '{namespace}', so Istio retries {attempts} times; must be less than or equal to {limit}",
  bypassed:
    "`{field}` {why}, so clients in namespaces such as '{namespace}' call service '{service}' without it and Istio retries {attempts} times, not at most {limit}; {cure}",
  meshDefault:
    "`{field}` sets `defaultHttpRetryPolicy`, so Istio retries {attempts} times for service '{service}', which nothing routes; must be less than or equal to {limit}",
} as const;

/** MW401: nobody retries a failed request more often than the service that it goes to can bear. */
export const boundedRetries = hostRule({
  id: 'bounded-retries',
  code: 'MW401',
  reads: ['VirtualService', 'HTTPRoute', 'Service', 'ServiceEntry', 'Sidecar', 'Namespace', 'ConfigMap'],
  settings: ROUTE_SETTINGS,
  alike: alikeHosts,
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary: 'Every HTTP route to a service retries a failed request at most as often as the baseline allows for it.',
  why: 'Every retry is one more request to a service that has just failed, and along a path of services retries multiply.',
  remedy:
    'Set `retries.attempts` of every `http` entry that leads to the service to the allowed number or less; `attempts: 0` stands alone.',
  absence:
    'No `retries`: two (or the mesh’s `defaultHttpRetryPolicy`). `retries: {}` or no `attempts` in it: none. No VirtualService, or none that the client sees: two. An HTTPRoute without `retry`, or with one without `attempts`: two.',
  source: {
    document: '**Max Attempts**: 3 for most services, 1 for ML service',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/route/retry/retry.go',
    ],
  },
  numbers: ['services', 'otherServices'],
  messages,
  examples,
  check(host, facts, say) {
    const limit = boundsOf(host, facts.baseline).retries;
    return routesWithin(facts, host).flatMap((route) => {
      // A number that cannot be read is more than any limit.
      if (route.retries.attempts <= limit || !isTarget(route, host)) return [];
      return route.kind === 'default'
        ? judgeDefault(route, host, limit, facts, say)
        : [judgeRoute(route, host, limit, facts, say)];
    });
  },
});

function judgeRoute(
  route: Route,
  host: string,
  limit: number,
  { baseline }: Facts,
  say: Say<typeof messages>,
): Finding {
  const { at, attempts, from } = route.retries;
  const path = [...(at?.path ?? []), 'attempts'];
  const written = at === undefined ? undefined : valueAt(at.object, path);
  const allowed = strictestBounds(route, baseline).retries;
  const about: About = {
    path,
    thing: `retries of ${route.name}`,
    magnitude: Math.min(attempts - limit, Number.MAX_SAFE_INTEGER),
    because: proofOf(route),
    ...(at === undefined ? {} : { responsible: at.object }),
    ...(at === undefined ? {} : { fix: from === 'route' ? setAttempts(at, allowed) : writeRetries(route, baseline) }),
  };
  const args = { limit, service: host };
  if (isAbsent(written)) return say('unset', { ...args, attempts: numberFor(attempts) }, about);
  return say('tooMany', { ...args, attempts: formatSeen(written) }, about);
}

/** A mesh configuration may say what cannot be read. */
function numberFor(attempts: number): number | string {
  return Number.isFinite(attempts) ? attempts : 'any number of';
}

function judgeDefault(
  route: Route,
  host: string,
  limit: number,
  facts: Facts,
  say: Say<typeof messages>,
): readonly Finding[] {
  if (!isJudgedByDefault(route, host, facts)) return [];
  const { words, about } = blameForDefault(route, host, 'retries', facts);
  const attempts = numberFor(route.retries.attempts);
  if (about.responsible !== undefined) return [say('bypassed', { ...words, attempts, limit }, about)];
  const { service, namespace } = words;
  const { at } = route.retries;
  if (at !== undefined) {
    const magnitude = Math.min(route.retries.attempts, Number.MAX_SAFE_INTEGER);
    const inMesh: About = { path: at.path, responsible: at.object, thing: 'default retries', magnitude };
    return [say('meshDefault', { service, attempts, limit }, inMesh)];
  }
  return [say('missing', { service, namespace, attempts, limit }, about)];
}
