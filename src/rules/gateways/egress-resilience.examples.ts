import type { FailExample, PassExample } from '../rule.ts';
import { serviceEntry } from './egress-yaml.ts';

const HOST = 'api.openai.com';
/** A DestinationRule for the external host; `spec` in flow style. */
const rule = (spec = '', namespace = 'istio-egress', labels = '', host = HOST): string => `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: external, namespace: ${namespace}${labels} }
spec: { host: "${host}", trafficPolicy: { connectionPool: { tcp: { maxConnections: 100 } } }${spec} }
`;
const ENTRY = serviceEntry(HOST);
const mesh = (policy: string): string => `---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: '{ "defaultTrafficPolicy": { ${policy} } }' }
`;
const DEFAULTS = mesh('"connectionPool": { "tcp": { "maxConnections": 100 } }, "outlierDetection": {}');
const FOREIGN_TO_GATEWAY = rule(', workloadSelector: { matchLabels: { app: other } }');

const pass: readonly PassExample[] = [
  { title: 'a rule in the gateway’s namespace', context: ENTRY, yaml: rule() },
  { title: 'the rule comes first, then the host', context: rule(), yaml: ENTRY },
  {
    title: 'a rule for a wildcard that covers the host',
    context: ENTRY,
    yaml: rule('', 'istio-egress', '', '*.openai.com'),
  },
  { title: 'a rule in the root namespace', context: ENTRY, yaml: rule('', 'istio-system') },
  {
    title: 'a rule for the gateway’s pods alone',
    context: ENTRY,
    yaml: rule(', workloadSelector: { matchLabels: { istio: egressgateway } }'),
  },
  { title: 'the mesh gives all a pool and a breaker', context: ENTRY + DEFAULTS, yaml: rule(), deletes: true },
  { title: 'host and rule go together', yaml: ENTRY + rule(), deletes: true },
];

const fail: readonly FailExample[] = [
  { title: 'the rule is deleted', context: ENTRY, yaml: rule(), deletes: true, finds: ['missing'] },
  { title: 'a host before its rule', yaml: ENTRY, finds: ['missing'] },
  {
    title: 'the rule moves to another revision',
    context: ENTRY,
    before: rule(),
    yaml: rule('', 'istio-egress', ', labels: { istio.io/rev: a }'),
    finds: ['missing'],
  },
  {
    title: 'the rule is for another spelling, and so for nobody',
    context: ENTRY,
    before: rule(),
    yaml: rule('', 'istio-egress', '', 'API.openai.com'),
    finds: ['missing'],
  },
  {
    title: 'the rule is for callers alone',
    context: ENTRY,
    before: rule(),
    yaml: rule(', exportTo: [llmoptimizer]'),
    finds: ['hidden at spec.exportTo'],
  },
  {
    title: 'the rule is for other pods',
    context: ENTRY,
    before: rule(),
    yaml: FOREIGN_TO_GATEWAY,
    finds: ['foreign at spec.workloadSelector'],
  },
  {
    title: 'a rule for other pods comes before the root namespace’s',
    context: ENTRY + rule('', 'istio-system'),
    yaml: FOREIGN_TO_GATEWAY,
    finds: ['foreign at spec.workloadSelector'],
  },
  {
    title: 'the mesh takes the breaker back',
    context: ENTRY,
    before: DEFAULTS,
    yaml: mesh('"connectionPool": { "tcp": { "maxConnections": 100 } }'),
    finds: ['missing'],
  },
];

export const examples = { pass, fail };
