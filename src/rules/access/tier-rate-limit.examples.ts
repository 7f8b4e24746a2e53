import type { FailExample, PassExample } from '../rule.ts';

/** An EnvoyFilter with one patch. */
function filter({
  labels = '{ istio: ingressgateway }',
  name = 'ingress-tier-rate-limit',
  namespace = 'istio-ingress',
  operation = 'INSERT_BEFORE',
  value = 'envoy.filters.http.local_ratelimit',
  metadata = '',
} = {}): string {
  return `---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: { name: ${name}, namespace: ${namespace}${metadata} }
spec: { workloadSelector: { labels: ${labels} }, configPatches: [{ applyTo: HTTP_FILTER, match: { context: GATEWAY }, patch: { operation: ${operation}, value: { name: ${value} } } }] }
`;
}

const LIMIT = filter();
const GATEWAY = `---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: front, namespace: istio-ingress }
spec: { selector: { istio: ingressgateway }, servers: [] }
`;

const pass: readonly PassExample[] = [
  { title: 'the shipped filter', yaml: LIMIT },
  { title: 'the gateway comes after it', context: LIMIT, yaml: GATEWAY },
  { title: 'a filter for every proxy of the namespace', yaml: filter({ labels: '{}' }) },
  { title: 'a filter of another namespace', context: LIMIT, yaml: filter({ namespace: 'llmoptimizer' }) },
];

const CHANGES: readonly (readonly [string, Parameters<typeof filter>[0]])[] = [
  ['selects something else', { labels: '{ istio: egressgateway }' }],
  ['asks for one label more than the gateway is known to have', { labels: '{ istio: ingressgateway, app: a }' }],
  ['takes the limit out', { operation: 'REMOVE' }],
  ['puts something else in', { value: 'envoy.filters.http.lua' }],
  ['moves to another revision', { metadata: ', labels: { istio.io/rev: canary }' }],
];

const fail: readonly FailExample[] = [
  { title: 'the filter is deleted', yaml: LIMIT, deletes: true, finds: ['missing'] },
  ...CHANGES.map(
    ([how, change]): FailExample => ({
      title: `the filter ${how}`,
      before: LIMIT,
      yaml: filter(change),
      finds: ['missing'],
    }),
  ),
  { title: 'a gateway comes before its filter', yaml: GATEWAY, finds: ['missing'] },
  {
    title: 'a filter that is not listed takes its place',
    yaml: `${GATEWAY}${filter({ name: 'mine' })}`,
    finds: ['missing'],
  },
];

export const examples = { pass, fail };
