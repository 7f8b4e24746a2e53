import { alikeHosts } from '../../mesh/alike-hosts.ts';
import { ROUTE_SETTINGS } from '../../mesh/host-settings.ts';
import { proofOf, type Route } from '../../mesh/routes.ts';
import type { Baseline } from '../../model/baseline.ts';
import { formatDuration } from '../../model/duration.ts';
import type { Finding } from '../../model/finding.ts';
import { type About, hostRule, type Say } from '../rule.ts';
import { examples } from './retries-fit-timeout.examples.ts';
import { durationFor, isTarget, perTryMs, routesWithin, setAt, strictestBounds } from './route-bounds.ts';

const messages = {
  unset:
    "`{field}` is not set, so the first try may use up the whole timeout; must be less than or equal to {limit}, so that {tries} tries fit into {timeout} for service '{service}'",
  tooLong:
    "`{field}` is {seen}; must be less than or equal to {limit}, so that {tries} tries fit into {timeout} for service '{service}'",
} as const;

/** MW404: every try of a request has its own time, and all of them fit into the request's. */
export const retriesFitTimeout = hostRule({
  id: 'retries-fit-timeout',
  code: 'MW404',
  reads: ['VirtualService', 'HTTPRoute', 'Service', 'ServiceEntry', 'Sidecar', 'Namespace', 'ConfigMap'],
  settings: ROUTE_SETTINGS,
  alike: alikeHosts,
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary: 'A route that retries bounds each try, and all tries together take no longer than its timeout.',
  why: 'A try without a bound uses up the whole timeout, and the retries that somebody counts on never happen; tries that do not fit are cut off in the middle.',
  remedy: 'Set `retries.perTryTimeout` to `timeout` / (`attempts` + 1) or less.',
  absence:
    'No `perTryTimeout`: as long as the route’s timeout. No `retries`: MW401 and MW402 say what Istio makes of it, not this rule. Without `attempts`, or with 0, there is one try and nothing to bound.',
  source: {
    document: '**Timeout**: Per-service configuration (15s to 120s)',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRetry',
      'https://www.envoyproxy.io/docs/envoy/v1.36.0/configuration/http/http_filters/router_filter#x-envoy-upstream-rq-per-try-timeout-ms',
    ],
  },
  numbers: ['services', 'otherServices'],
  messages,
  examples,
  check(host, facts, say) {
    return routesWithin(facts, host).flatMap((route) =>
      isTarget(route, host) && route.retries.from === 'route' ? judge(route, host, facts.baseline, say) : [],
    );
  },
});

function judge(route: Route, host: string, baseline: Baseline, say: Say<typeof messages>): readonly Finding[] {
  const { attempts, perTryTimeoutMs, perTryAt } = route.retries;
  // How often cannot be read is MW401's finding.
  if (attempts === 0 || !Number.isFinite(attempts) || perTryAt === undefined) return [];
  const wholeMs = route.timeoutMs ?? strictestBounds(route, baseline).timeoutMs;
  const totalMs = (attempts + 1) * (perTryTimeoutMs ?? Number.POSITIVE_INFINITY);
  // Without a timeout there is nothing to fit into; that there is none is MW403's finding.
  if (perTryTimeoutMs !== undefined && totalMs <= (route.timeoutMs ?? Number.POSITIVE_INFINITY)) return [];
  const limit = durationFor(route, perTryMs(wholeMs, attempts));
  const about: About = {
    path: perTryAt.path,
    responsible: perTryAt.object,
    thing: `time of each try of ${route.name}`,
    magnitude: Number.isFinite(totalMs) ? totalMs - wholeMs : Number.MAX_SAFE_INTEGER,
    because: proofOf(route),
    fix: setAt(perTryAt, limit),
  };
  const args = { limit, tries: attempts + 1, timeout: formatDuration(wholeMs), service: host };
  return [say(perTryTimeoutMs === undefined ? 'unset' : 'tooLong', args, about)];
}
