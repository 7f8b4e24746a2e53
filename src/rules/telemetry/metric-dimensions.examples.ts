import type { FailExample, PassExample } from '../rule.ts';
import { telemetry } from './telemetry-yaml.ts';

const ROOT = { namespace: 'istio-system', day: '01' };
const DIMENSIONS = ['user_tier', 'api_version', 'model_name'] as const;
const tags = (names: readonly string[]): string =>
  names.map((name) => `${name}: { operation: UPSERT, value: "request.headers['${name}']" }`).join(', ');
const measured = (overrides: string, more = ''): string =>
  `${more}metrics: [{ providers: [{ name: prometheus }], overrides: [${overrides}] }]`;
const ALL = telemetry('mesh-default', measured(`{ tagOverrides: { ${tags(DIMENSIONS)} } }`), ROOT);
const SELECTOR = 'selector: { matchLabels: { app: web } }, ';

const pass: readonly PassExample[] = [
  { title: 'the mesh’s dimensions', yaml: ALL },
  {
    title: 'the mesh’s dimensions at v1alpha1, for all metrics by name',
    yaml: ALL.replace('/v1', '/v1alpha1').replace('[{ tag', '[{ match: { metric: ALL_METRICS }, tag'),
  },
  {
    title: 'another dimension in a namespace',
    context: ALL,
    yaml: telemetry('a', measured(`{ tagOverrides: { ${tags(['shard'])} } }`)),
  },
  {
    title: 'another dimension taken out, without a provider of its own',
    context: ALL,
    yaml: telemetry('a', 'metrics: [{ overrides: [{ tagOverrides: { source_app: { operation: REMOVE } } }] }]'),
  },
  {
    title: 'a dimension taken out of a size, which is neither a count nor a duration',
    context: ALL,
    yaml: telemetry(
      'a',
      measured('{ match: { metric: REQUEST_SIZE }, tagOverrides: { model_name: { operation: REMOVE } } }'),
    ),
  },
  {
    title: 'a dimension taken out and given again',
    context: ALL,
    yaml: telemetry(
      'a',
      measured(`{ tagOverrides: { user_tier: { operation: REMOVE } } }, { tagOverrides: { ${tags(['user_tier'])} } }`),
    ),
  },
];

const fail: readonly FailExample[] = [
  {
    title: 'a dimension taken out in a namespace',
    context: ALL,
    yaml: telemetry('a', measured('{ tagOverrides: { user_tier: { operation: REMOVE } } }')),
    finds: ['removed at spec.metrics[0].overrides[0].tagOverrides.user_tier'],
  },
  {
    title: 'a dimension taken out of the count of what some pods answer, in the second override',
    context: ALL,
    yaml: telemetry(
      'a',
      measured(
        `{ tagOverrides: { ${tags(['shard'])} } }, { match: { metric: REQUEST_COUNT, mode: SERVER }, tagOverrides: { model_name: { operation: REMOVE } } }`,
        SELECTOR,
      ),
    ),
    finds: ['removed at spec.metrics[0].overrides[1].tagOverrides.model_name'],
  },
  {
    title: 'a dimension without a value, which an absent operation would set',
    context: ALL,
    yaml: telemetry('a', measured('{ tagOverrides: { api_version: {} } }')),
    finds: ['empty at spec.metrics[0].overrides[0].tagOverrides.api_version'],
  },
  {
    title: 'a dimension taken out at the ingress gateway',
    context: ALL,
    yaml: telemetry('a', measured('{ tagOverrides: { user_tier: { operation: REMOVE } } }'), {
      namespace: 'istio-ingress',
    }),
    finds: ['removed at spec.metrics[0].overrides[0].tagOverrides.user_tier'],
  },
  {
    title: 'one dimension of the mesh is left out: both namespaces, the mesh as a whole, both gateways',
    before: ALL,
    yaml: telemetry('mesh-default', measured(`{ tagOverrides: { ${tags(DIMENSIONS.slice(1))} } }`), ROOT),
    finds: ['missing', 'missing', 'missing', 'missing', 'missing'],
  },
  {
    title: 'the older Telemetry of the root namespace hides that of the mesh',
    context: ALL,
    yaml: telemetry('aaa', measured(`{ tagOverrides: { ${tags(DIMENSIONS.slice(0, 2))} } }`), {
      namespace: 'istio-system',
      day: '01',
    }),
    finds: ['missing', 'missing', 'missing', 'missing', 'missing'],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
