import { isSubset } from '../../mesh/workload-selector.ts';
import type { Baseline, GatewayBaseline } from '../../model/baseline.ts';
import { recordOf, recordOrEmpty, recordsOf, stringOf } from '../../model/json.ts';
import { type KubeObject, nameOf, namespaceOf, specOf } from '../../model/kube-object.ts';
import type { View } from '../../mesh/view.ts';
import { gatewayRule } from '../rule.ts';
import { examples } from './tier-rate-limit.examples.ts';

/** MW307: what a tier may ask for is bounded where it comes in. */
export const tierRateLimit = gatewayRule({
  id: 'tier-rate-limit',
  code: 'MW307',
  reads: ['EnvoyFilter', 'Gateway', 'Namespace', 'ConfigMap'],
  mode: 'warn',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'Every ingress gateway carries the shipped rate limit by user tier.',
  why: 'One caller that asks without pause takes the platform from all others; no other resource of Istio can stop it.',
  remedy:
    'Apply the EnvoyFilter `ingress-tier-rate-limit` of policies/istio/security. Another one takes its place when the baseline’s `extensions` lists it with the hash of its spec.',
  absence: 'Istio limits no rates; an EnvoyFilter without `workloadSelector` is for every proxy of its namespace.',
  source: {
    document: '**Rate Limiting**: Based on user tiers',
    refs: [
      'https://istio.io/latest/docs/tasks/policy-enforcement/rate-limit/',
      'https://www.envoyproxy.io/docs/envoy/v1.35.3/configuration/http/http_filters/local_rate_limit_filter',
    ],
  },
  numbers: ['gateways.ingress', 'extensions'],
  messages: {
    missing: "no EnvoyFilter of the baseline’s list puts a rate limit on ingress gateway '{gateway}'; must have one",
  },
  examples,
  check(gateway, { view, baseline }, say) {
    if (!baseline.gateways.ingress.includes(gateway)) return [];
    if (filtersFor(gateway, view).some((filter) => isListed(filter, baseline) && limitsRates(filter))) return [];
    return [say('missing', { gateway: `${gateway.namespace}/${gateway.name}` }, { path: [], thing: 'rate limit' })];
  },
});

/** @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/push_context.go `EnvoyFilters` */
function filtersFor({ namespace, matchLabels }: GatewayBaseline, view: View): readonly KubeObject[] {
  const namespaces = new Set([view.settings.rootNamespace, namespace]);
  return [...namespaces]
    .flatMap((one) => view.list('EnvoyFilter', one))
    .filter((filter) => {
      const { workloadSelector, targetRefs } = specOf(filter);
      if (recordsOf(targetRefs).length > 0) return false;
      return isSubset(recordOrEmpty(recordOrEmpty(workloadSelector).labels), matchLabels);
    });
}

/** What stands in it is MW701's to compare, by its hash. */
function isListed(filter: KubeObject, { extensions }: Baseline): boolean {
  return extensions.some(
    ({ kind, namespace, name }) =>
      kind === 'EnvoyFilter' && namespace === namespaceOf(filter) && name === nameOf(filter),
  );
}

const LIMITS: ReadonlySet<unknown> = new Set(['envoy.filters.http.local_ratelimit', 'envoy.filters.http.ratelimit']);
const PUTS_IN: ReadonlySet<unknown> = new Set(['INSERT_BEFORE', 'INSERT_AFTER', 'INSERT_FIRST', 'ADD']);

function limitsRates(filter: KubeObject): boolean {
  return recordsOf(specOf(filter).configPatches).some(({ applyTo, patch }) => {
    const { operation, value } = recordOrEmpty(patch);
    return applyTo === 'HTTP_FILTER' && PUTS_IN.has(operation) && LIMITS.has(stringOf(recordOf(value)?.name));
  });
}
