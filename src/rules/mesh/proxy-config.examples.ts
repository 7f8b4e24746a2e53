import type { FailExample, PassExample } from '../rule.ts';

const config = (spec: string, namespace = 'llmoptimizer', rest = ''): string => `---
apiVersion: networking.istio.io/v1beta1
kind: ProxyConfig
metadata: { name: threads, namespace: ${namespace}${rest} }
spec: { ${spec} }
`;
const AT = 'spec.concurrency';
const variable = (name: string): string => `environment at spec.environmentVariables.${name}`;

const pass: readonly PassExample[] = [
  {
    title: 'the documented two threads, for some pods',
    yaml: config('selector: { matchLabels: { app: web } }, concurrency: 2'),
  },
  { title: 'the bounds', yaml: config('concurrency: 4') + config('concurrency: 1', 'llmoptimizer-data') },
  { title: 'nothing of them', yaml: config('image: { imageType: distroless }') },
  { title: 'no spec at all', yaml: config('').replace('spec: {  }\n', '') },
  { title: 'a namespace without proxies', yaml: config('concurrency: 0', 'shop') },
  { title: 'one that goes', yaml: config('concurrency: 0'), before: config('concurrency: 0'), deletes: true },
];

const fail: readonly FailExample[] = [
  { title: 'zero, which is every core', yaml: config('concurrency: 0'), finds: [`tooSmall at ${AT}`] },
  { title: 'one more than the most', yaml: config('concurrency: 5'), finds: [`tooGreat at ${AT}`] },
  { title: 'no number', yaml: config('concurrency: many'), finds: [`notWhole at ${AT}`] },
  { title: 'for the whole mesh', yaml: config('concurrency: 0', 'istio-system'), finds: [`tooSmall at ${AT}`] },
  { title: 'for a gateway', yaml: config('concurrency: 64', 'istio-ingress'), finds: [`tooGreat at ${AT}`] },
  {
    title: 'an environment, with a second fault',
    yaml: config('concurrency: 8, environmentVariables: { DISABLE_ENVOY: "true", ISTIO_META_DNS_CAPTURE: "false" }'),
    finds: [`tooGreat at ${AT}`, variable('DISABLE_ENVOY'), variable('ISTIO_META_DNS_CAPTURE')],
  },
  {
    title: 'an update',
    before: config('concurrency: 2'),
    yaml: config('concurrency: 6'),
    finds: [`tooGreat at ${AT}`],
  },
];

/** The examples of MW703. */
export const examples = { pass, fail };
