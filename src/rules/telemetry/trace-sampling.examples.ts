import type { FailExample, PassExample } from '../rule.ts';
import { workload } from '../workloads/workload-yaml.ts';
import { MESH, meshConfigMap, telemetry } from './telemetry-yaml.ts';

const ZIPKIN = 'providers: [{ name: zipkin }]';
const sampled = (percent: number, more = ''): string =>
  `tracing: [{ ${ZIPKIN}, randomSamplingPercentage: ${percent} }]${more}`;
const ML = ', selector: { matchLabels: { app: ml-service } }';
const ROOT = telemetry('mesh-default', sampled(1), { namespace: 'istio-system', day: '01' });
const PERCENT = 'tooMuch at spec.tracing[0].randomSamplingPercentage';
const config = (text: string): string => `proxy.istio.io/config: '${text}'`;

const pass: readonly PassExample[] = [
  { title: 'the mesh’s share', yaml: ROOT },
  { title: 'the mesh’s share at v1alpha1', yaml: telemetry('a', sampled(1), { version: 'v1alpha1' }) },
  { title: 'the share granted to a workload', context: ROOT, yaml: telemetry('ml', sampled(10, ML)) },
  {
    title: 'the share granted to a workload, by more labels than the baseline asks for',
    context: ROOT,
    yaml: telemetry('ml', sampled(10, ', selector: { matchLabels: { app: ml-service, version: v2 } }')),
  },
  { title: 'nothing at all', context: ROOT, yaml: telemetry('none', sampled(0)) },
  {
    title: 'a first entry that the second of the same Telemetry replaces',
    yaml: telemetry('two', `tracing: [{ ${ZIPKIN}, randomSamplingPercentage: 100 }, { randomSamplingPercentage: 1 }]`),
  },
  {
    title: 'a share that counts for nobody, since tracing is off',
    yaml: telemetry('off', 'tracing: [{ disableSpanReporting: true, randomSamplingPercentage: 100 }]'),
  },
  {
    title: 'a pod’s own share where a Telemetry says another',
    context: ROOT,
    yaml: workload('Deployment', { annotations: config('tracing: { sampling: 100 }') }),
  },
  {
    title: 'a pod’s own share of 0, which is unset, and of more than 100, which is 1',
    yaml: [0, 101]
      .map((share, at) =>
        workload('Deployment', { name: `web-${at}`, annotations: config(`tracing: { sampling: ${share} }`) }),
      )
      .join('---\n'),
  },
  { title: 'a mesh configuration', yaml: meshConfigMap(MESH) },
  {
    title: 'a mesh configuration in snake_case, whose default_config Istio does not read',
    yaml: meshConfigMap('default_config: { tracing: { sampling: 100 } }'),
  },
  {
    title: 'the Telemetry of a namespace that is not in the mesh',
    yaml: telemetry('a', sampled(100), { namespace: 'other' }),
  },
  {
    title: 'a Telemetry of another revision',
    yaml: telemetry('a', sampled(100), { metadata: 'labels: { istio.io/rev: canary }' }),
  },
];

const fail: readonly FailExample[] = [
  { title: 'every request of a namespace', context: ROOT, yaml: telemetry('all', sampled(100)), finds: [PERCENT] },
  {
    title: 'every request of the mesh, at v1alpha1',
    yaml: telemetry('mesh-default', sampled(100), { namespace: 'istio-system', version: 'v1alpha1' }),
    finds: [PERCENT],
  },
  {
    title: 'a little more than the mesh’s share, in the second entry and on the server’s side',
    context: ROOT,
    yaml: telemetry(
      'two',
      `tracing: [{ ${ZIPKIN}, randomSamplingPercentage: 1 }, { match: { mode: SERVER }, randomSamplingPercentage: 1.1 }]`,
    ),
    finds: ['tooMuch at spec.tracing[1].randomSamplingPercentage'],
  },
  {
    title: 'more than what is granted to a workload',
    context: ROOT,
    yaml: telemetry('ml', sampled(11, ML)),
    finds: [PERCENT],
  },
  {
    title: 'the workload’s share for its whole namespace',
    context: ROOT,
    yaml: telemetry('ml', sampled(10)),
    finds: [PERCENT],
  },
  {
    title: 'the workload’s share for its labels in another namespace',
    context: ROOT,
    yaml: telemetry('ml', sampled(10, ML), { namespace: 'llmoptimizer-data' }),
    finds: [PERCENT],
  },
  {
    title: 'the newer of two Telemetries for a workload, which is the one that counts',
    context: ROOT + telemetry('older', sampled(1, ', selector: { matchLabels: { app: web } }'), { day: '02' }),
    yaml: telemetry('newer', sampled(50, ', selector: { matchLabels: { app: web } }')),
    finds: [PERCENT],
  },
  {
    title: 'the newer of two for a namespace, which would count if the older went',
    context: ROOT + telemetry('older', sampled(1), { day: '02' }),
    yaml: telemetry('newer', sampled(50)),
    finds: [PERCENT],
  },
  {
    title: 'every request at the ingress gateway',
    context: ROOT,
    yaml: telemetry('all', sampled(100), { namespace: 'istio-ingress' }),
    finds: [PERCENT],
  },
  {
    title: 'every request at a gateway of the Gateway API',
    context: ROOT,
    yaml: telemetry(
      'all',
      sampled(100, ', targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: edge }]'),
    ),
    finds: [PERCENT],
  },
  {
    title: 'the mesh’s Telemetry goes, and a mesh configuration of before counts',
    context: meshConfigMap(MESH.replace('sampling: 1', 'sampling: 5')),
    yaml: ROOT,
    deletes: true,
    finds: ['ofProxy at data.mesh.defaultConfig.tracing.sampling'],
  },
  {
    title: 'the mesh configuration, where no Telemetry says a share',
    before: meshConfigMap(MESH),
    yaml: meshConfigMap(MESH.replace('sampling: 1', 'sampling: 100')),
    finds: ['ofProxy at data.mesh.defaultConfig.tracing.sampling'],
  },
  {
    title: 'a pod’s own share where no Telemetry says one, as text in JSON',
    yaml: workload('Deployment', { annotations: config('{"tracing":{"sampling":"100"}}') }),
    finds: ['ofProxy at spec.template.metadata.annotations[proxy.istio.io/config].tracing.sampling'],
  },
  {
    title: 'a bare pod’s own share where a Telemetry names only the provider',
    context: telemetry('mesh-default', `tracing: [{ ${ZIPKIN} }]`, { namespace: 'istio-system', day: '01' }),
    yaml: workload('Pod', { annotations: config('tracing: { sampling: 2.5 }') }),
    finds: ['ofProxy at metadata.annotations[proxy.istio.io/config].tracing.sampling'],
  },
  {
    title: 'a collector of a pod’s own, in snake_case, beside a share that nobody obeys',
    context: ROOT,
    yaml: workload('StatefulSet', {
      annotations: config(
        'tracing: { sampling: 50, open_census_agent: { address: "evil:1" }, zipkin: { address: "evil:2" } }',
      ),
    }),
    finds: [
      'tracer at spec.template.metadata.annotations[proxy.istio.io/config].tracing.open_census_agent',
      'tracer at spec.template.metadata.annotations[proxy.istio.io/config].tracing.zipkin',
    ],
  },
  {
    title: 'a provider with a sampler of its own',
    context: meshConfigMap(
      `${MESH}- name: otel\n  opentelemetry: { service: otel.shop.svc.cluster.local, dynatraceSampler: { tenant: a } }\n`,
    ),
    yaml: telemetry('otel', 'tracing: [{ providers: [{ name: otel }], randomSamplingPercentage: 1 }]'),
    finds: ['sampler at spec.tracing[0].providers'],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
