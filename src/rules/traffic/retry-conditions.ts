import { alikeHosts } from '../../mesh/alike-hosts.ts';
import { ROUTE_SETTINGS } from '../../mesh/host-settings.ts';
import { HTTP_ROUTE_CONDITIONS } from '../../mesh/route-retries.ts';
import { proofOf, type Route } from '../../mesh/routes.ts';
import type { Finding } from '../../model/finding.ts';
import { type About, type Facts, hostRule, type Say } from '../rule.ts';
import { examples } from './retry-conditions.examples.ts';
import {
  blameForDefault,
  boundsOf,
  isIdempotent,
  isJudgedByDefault,
  isTarget,
  routesWithin,
  setAt,
  setAttempts,
  writeRetries,
} from './route-bounds.ts';

const messages = {
  surplus: "`{field}` contains {conditions}; must contain only {allowed} for service '{service}'",
  unset:
    "`{field}` is not set, so Istio retries on {conditions} too; must contain only {allowed} for service '{service}'",
  noBlock: "`{field}` is not set, so Istio retries on {conditions} too for service '{service}'; must be set",
  anyMethod:
    "`{field}` lets in methods other than GET, HEAD, OPTIONS, PUT and DELETE, and the route retries; must name these only, or `attempts` must be 0, for service '{service}'",
  everyMethod:
    "nothing routes service '{service}' for clients in namespaces such as '{namespace}', so Istio retries requests of every method; must be only GET, HEAD, OPTIONS, PUT and DELETE",
  missing:
    "no VirtualService routes service '{service}' for clients in namespaces such as '{namespace}', so Istio retries on {conditions} too; must be only on {allowed}",
  bypassed:
    "`{field}` {why}, so clients in namespaces such as '{namespace}' call service '{service}' without it and Istio retries on {conditions} too, not only on {allowed}; {cure}",
} as const;

type SayIt = Say<typeof messages>;

/** MW402: a request is tried again only where that may help and does no harm. */
export const retryConditions = hostRule({
  id: 'retry-conditions',
  code: 'MW402',
  reads: ['VirtualService', 'HTTPRoute', 'Service', 'ServiceEntry', 'Sidecar', 'Namespace', 'ConfigMap'],
  settings: ROUTE_SETTINGS,
  alike: alikeHosts,
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary:
    'Routes retry on the baseline’s conditions only, and requests that may not be sent twice are not retried for services that say so.',
  why: 'Retrying what the server has answered for good repeats the same answer; retrying a request that was carried out does it twice.',
  remedy:
    'Set `retryOn` to conditions of the baseline. For a service with `idempotentOnly` give the idempotent methods a route of their own and set `attempts: 0` in the others.',
  absence:
    'No `retryOn`, or no `retries` at all: connect-failure, refused-stream, unavailable, cancelled, retriable-status-codes. A status code is a condition of its own. No `match`, or one without `method`: every method.',
  source: {
    document: '**Retry Conditions**: 5xx, reset, connect-failure',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry',
      'https://www.envoyproxy.io/docs/envoy/v1.36.0/configuration/http/http_filters/router_filter#x-envoy-retry-on',
    ],
  },
  numbers: ['retryOn', 'services', 'otherServices'],
  messages,
  examples,
  check(host, facts, say) {
    const limit = boundsOf(host, facts.baseline).retries;
    return routesWithin(facts, host).flatMap((route) => {
      const { attempts, from } = route.retries;
      if (attempts === 0 || !isTarget(route, host)) return [];
      // Of retries that nobody asked for, too many are one fault, and MW401's.
      if (from !== 'route' && attempts > limit) return [];
      if (route.kind === 'default') return judgeDefault(route, host, facts, say);
      return [...judgeConditions(route, host, facts, say), ...judgeMethods(route, host, facts, say)];
    });
  },
});

function surplusOf(route: Route, { baseline }: Facts): readonly string[] {
  return route.retries.retryOn.filter((condition) => !baseline.retryOn.includes(condition));
}

function judgeConditions(route: Route, host: string, facts: Facts, say: SayIt): readonly Finding[] {
  const { from, at, hasOwnConditions } = route.retries;
  const surplus = surplusOf(route, facts);
  // What an HTTPRoute retries on is istiod's to say: conditions fit for its kind and the status codes that it lists.
  const isFixed = route.kind === 'HTTPRoute' && from === 'route';
  // With a `retry` block the rest stays.
  const gone = route.kind === 'HTTPRoute' ? surplus.filter((one) => !HTTP_ROUTE_CONDITIONS.includes(one)) : surplus;
  if (gone.length === 0 || at === undefined || isFixed) return [];
  const allowed = facts.baseline.retryOn.join(',');
  const path = route.kind === 'HTTPRoute' ? at.path : [...at.path, 'retryOn'];
  const fix = from === 'route' ? setAt({ ...at, path }, allowed) : writeRetries(route, facts.baseline);
  const about: About = {
    path,
    responsible: at.object,
    thing: `conditions of ${route.name}`,
    magnitude: gone.length,
    because: proofOf(route),
    fix,
  };
  const conditions = gone.join(',');
  if (route.kind === 'HTTPRoute') return [say('noBlock', { conditions, service: host }, about)];
  const isWritten = hasOwnConditions && from === 'route';
  return [say(isWritten ? 'surplus' : 'unset', { conditions, allowed, service: host }, about)];
}

function judgeMethods(route: Route, host: string, { baseline }: Facts, say: SayIt): readonly Finding[] {
  const { at } = route;
  if (!boundsOf(host, baseline).idempotentOnly || isIdempotent(route) || at === undefined) return [];
  const [match, retries] = route.kind === 'HTTPRoute' ? ['matches', 'retry'] : ['match', 'retries'];
  const path = [...at.path, match];
  const about: About = {
    path,
    responsible: at.object,
    thing: `methods of ${route.name}`,
    because: proofOf(route),
    fix:
      route.retries.from === 'route'
        ? setAttempts({ object: at.object, path: [...at.path, retries] }, 0)
        : writeRetries(route, baseline),
  };
  return [say('anyMethod', { service: host }, about)];
}

function judgeDefault(route: Route, host: string, facts: Facts, say: SayIt): readonly Finding[] {
  if (!isJudgedByDefault(route, host, facts)) return [];
  const surplus = surplusOf(route, facts);
  const findings: Finding[] = [];
  if (boundsOf(host, facts.baseline).idempotentOnly) {
    const { words, about } = blameForDefault(route, host, 'methods', facts);
    findings.push(say('everyMethod', { service: words.service, namespace: words.namespace }, about));
  }
  if (surplus.length === 0) return findings;
  const { words, about } = blameForDefault(route, host, 'conditions', facts);
  const args = { conditions: surplus.join(','), allowed: facts.baseline.retryOn.join(',') };
  const { service, namespace } = words;
  return [
    ...findings,
    about.responsible === undefined
      ? say('missing', { service, namespace, ...args }, about)
      : say('bypassed', { ...words, ...args }, about),
  ];
}
