import * as fc from 'fast-check';
import { recordOrEmpty } from '../../../src/model/json.ts';
import { WORKLOAD_KINDS } from '../../../src/model/kind.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';

/** The annotation that holds a map of its own. */
export const CONFIG = 'proxy.istio.io/config';

const API_VERSION: Readonly<Record<string, string>> = {
  Pod: 'v1',
  ReplicationController: 'v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
  Rollout: 'argoproj.io/v1alpha1',
};

/** Makes a workload of a kind with its pod, or whatever stands in its place. */
export function workload(kind: string, pod: unknown, name: unknown = 'web', selector?: unknown): KubeObject {
  const metadata = { name, namespace: 'llmoptimizer' };
  const top = { apiVersion: API_VERSION[kind] ?? 'apps/v1', kind };
  if (kind === 'Pod') {
    const own = recordOrEmpty(pod);
    return { ...top, ...own, metadata: { ...recordOrEmpty(own.metadata), ...metadata } };
  }
  const spec = { template: pod, ...(selector === undefined ? {} : { selector }) };
  return { ...top, metadata, spec: kind === 'CronJob' ? { jobTemplate: { spec } } : spec };
}

const kinds = fc.constantFrom(...WORKLOAD_KINDS);
const oneOf = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
/** What a person may have written of each of the four: nothing, something right, `null`. */
const right = {
  'sidecar.istio.io/proxyCPU': oneOf('50m', '0.1', '100m'),
  'sidecar.istio.io/proxyMemory': oneOf('64Mi', '134217728'),
  'sidecar.istio.io/proxyCPULimit': oneOf('100m', '2e-1', '150m'),
  'sidecar.istio.io/proxyMemoryLimit': oneOf('128Mi', '256Mi', '0.2Gi'),
  [CONFIG]: oneOf(
    '',
    'concurrency: 1',
    '# mine\ntracing:\n  sampling: 1.0 # percent\nproxyMetadata: { a: "b" }\n',
    '{"holdApplicationUntilProxyStarts":true}',
    ' { "concurrency" : null , "extraStatTags": ["a"]}',
    '{}',
    'terminationDrainDuration: 30s',
  ),
};
const rightPods = fc.record(
  {
    metadata: fc.record(
      {
        labels: fc.dictionary(
          oneOf('app', 'version', 'app.kubernetes.io/name', 'app.kubernetes.io/version', 'tier'),
          oneOf('web', 'v1', '2.0', 'a'.repeat(63)),
        ),
        annotations: fc.record(right, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    ),
    spec: fc.constant({ containers: [{ name: 'web', image: 'web' }] }),
  },
  { requiredKeys: ['spec'] },
);
// Some of them are longer than a label can be.
const names = oneOf('web', 'a.b-c', 'x'.repeat(80), `${'y'.repeat(62)}.z`);
/** Workloads that a person wrote well, as far as they go. */
export const rightWorkloads = fc.tuple(kinds, rightPods, names).map(([kind, pod, name]) => workload(kind, pod, name));

/** Anything where a map, a text or a list is expected. */
const wrong = fc.oneof(fc.jsonValue(), oneOf<unknown>(null, 0, '', [], {}, true, 'abc', { __proto__: null }));
const wrongPods = fc.oneof(
  wrong,
  fc.record(
    {
      metadata: fc.oneof(
        wrong,
        fc.record(
          {
            labels: fc.oneof(wrong, fc.dictionary(oneOf('app', 'version', '__proto__'), wrong)),
            annotations: fc.oneof(
              wrong,
              fc.record(
                Object.fromEntries(
                  Object.keys(right).map((key) => [
                    key,
                    fc.oneof(wrong, fc.string(), oneOf('null', '~', '# only', 'a: 1', '---', '...')),
                  ]),
                ),
                {
                  requiredKeys: [],
                },
              ),
            ),
          },
          { requiredKeys: [] },
        ),
      ),
      spec: fc.oneof(wrong, fc.record({ containers: wrong, initContainers: wrong }, { requiredKeys: [] })),
    },
    { requiredKeys: [] },
  ),
);
/** Workloads with anything in any place that a rule reads. */
export const anyWorkload = fc
  .tuple(kinds, wrongPods, fc.oneof(names, wrong), wrong)
  .map(([kind, pod, name, selector]) => workload(kind, pod, name, selector));
