import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { apply_patch } from 'jsonpatch';
import t from 'tap';
import { judge } from '../../../src/engine/judge.ts';
import { mutate, type Mutated } from '../../../src/engine/mutate.ts';
import { podPathOf } from '../../../src/mesh/pod-template.ts';
import { View } from '../../../src/mesh/view.ts';
import type { Change } from '../../../src/model/change.ts';
import { parseEmbeddedYaml } from '../../../src/model/embedded-yaml.ts';
import { type JsonObject, recordOrEmpty, valueAt } from '../../../src/model/json.ts';
import { kindOf } from '../../../src/model/kind.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';
import { meshLabels } from '../../../src/rules/workloads/mesh-labels.ts';
import { sidecarConcurrency } from '../../../src/rules/workloads/sidecar-concurrency.ts';
import { sidecarResources } from '../../../src/rules/workloads/sidecar-resources.ts';
import { BASELINE, NOW } from '../../baseline-fixture.ts';
import { deepFreeze, objectsOf } from '../example-runner.ts';
import { anyWorkload, CONFIG, rightWorkloads, workload } from './workload-arbitraries.ts';

const RULES = [sidecarResources, sidecarConcurrency, meshLabels];
const bench = { view: View.of([], BASELINE.mesh), baseline: BASELINE, rules: RULES, now: NOW };

const complete = (change: Change): Mutated => mutate(deepFreeze(change), bench);
const created = (after: KubeObject): Change => ({ operation: 'CREATE', after });
/** Applies a patch as the API server does. */
function patched(object: KubeObject, { operations }: Mutated): KubeObject {
  const list = operations.map(({ operation }) => operation);
  return apply_patch<KubeObject>(object, list);
}
const podOf = (object: KubeObject): JsonObject => {
  const kind = kindOf(object);
  return recordOrEmpty(valueAt(object, (kind === undefined ? undefined : podPathOf(kind)) ?? []));
};
const annotationsOf = (object: KubeObject): JsonObject =>
  recordOrEmpty(recordOrEmpty(podOf(object).metadata).annotations);
const labelsOf = (object: KubeObject): JsonObject => recordOrEmpty(recordOrEmpty(podOf(object).metadata).labels);

const RUNS = { numRuns: 1000 };

t.test('whatever comes, the patch applies, and a second pass adds nothing', (t) => {
  fc.assert(
    fc.property(fc.oneof(rightWorkloads, anyWorkload), (object) => {
      const first = complete(created(object));
      assert.deepEqual(first.faults, []);
      // The patch library loses a key of that name, which no map of Kubernetes can have; then nothing is sent.
      if (!JSON.stringify(object).includes('__proto__')) assert.equal(first.dropped, undefined);
      const after = patched(object, first);
      assert.deepEqual(complete(created(after)).operations, []);
    }),
    RUNS,
  );
  t.end();
});

t.test('what a person set right and we completed passes our own validation', (t) => {
  fc.assert(
    fc.property(rightWorkloads, (object) => {
      const after = patched(object, complete(created(object)));
      const { findings } = judge([created(deepFreeze(after))], bench);
      assert.deepEqual(
        findings.map(({ message }) => message),
        [],
      );
    }),
    RUNS,
  );
  t.end();
});

t.test('what a person set wrong is all that our validation still finds', (t) => {
  fc.assert(
    fc.property(anyWorkload, (object) => {
      const found = (one: KubeObject): readonly string[] =>
        judge([created(deepFreeze(one))], bench).findings.map(({ code, thing }) => `${code} ${thing}`);
      const before = new Set(found(object));
      for (const left of found(patched(object, complete(created(object))))) assert.ok(before.has(left), left);
    }),
    RUNS,
  );
  t.end();
});

t.test('everything that was there stays as it was', (t) => {
  const kept = (before: unknown, after: unknown): boolean => {
    if (before === null || before === undefined) return true;
    if (Array.isArray(before)) {
      return Array.isArray(after) && before.length === after.length && before.every((one, at) => kept(one, after[at]));
    }
    if (typeof before !== 'object') return before === after;
    return Object.entries(before).every(([key, value]) =>
      key === CONFIG && typeof value === 'string' ? true : kept(value, valueAt(after, [key])),
    );
  };
  fc.assert(
    fc.property(fc.oneof(rightWorkloads, anyWorkload), (object) => {
      const after = patched(object, complete(created(object)));
      assert.ok(kept(object, after));
      const [was, is] = [annotationsOf(object)[CONFIG], annotationsOf(after)[CONFIG]];
      if (typeof was !== 'string' || typeof is !== 'string') return;
      const [old, now] = [parseEmbeddedYaml(was)?.value ?? {}, parseEmbeddedYaml(is)?.value ?? {}];
      assert.deepEqual({ ...recordOrEmpty(now), concurrency: 0 }, { ...recordOrEmpty(old), concurrency: 0 });
    }),
    RUNS,
  );
  t.end();
});

function deployment(annotations: JsonObject, labels: JsonObject = {}, selector?: JsonObject): KubeObject {
  return workload('Deployment', { metadata: { labels, annotations }, spec: {} }, 'web', selector);
}

t.test('a configuration gets its concurrency, and keeps comments, order and its notation', (t) => {
  const after = (text: string): unknown => {
    const object = deployment({ [CONFIG]: text });
    return annotationsOf(patched(object, complete(created(object))))[CONFIG];
  };
  t.equal(after('{"tracing":{"sampling":1.0}}'), '{"concurrency": 2, "tracing":{"sampling":1.0}}');
  t.equal(after('{ }'), '{"concurrency": 2}');
  t.equal(
    after('# mine\ntracing: {sampling: 1.0} # a percent\n'),
    '# mine\ntracing: { sampling: 1.0 } # a percent\nconcurrency: 2\n',
  );
  t.equal(after('concurrency: 3'), 'concurrency: 3', 'a person’s number stays');
  t.equal(after('concurrency: 0'), 'concurrency: 0', 'also one that is refused afterwards');
  t.equal(after('[not, a, map]'), '[not, a, map]');
  t.end();
});

t.test('a half-set group is completed so that requests and limits fit each other', (t) => {
  const after = (annotations: JsonObject): JsonObject => {
    const object = deployment(annotations);
    return annotationsOf(patched(object, complete(created(object))));
  };
  t.match(after({ 'sidecar.istio.io/proxyCPULimit': '50m' }), {
    'sidecar.istio.io/proxyCPU': '50m',
    'sidecar.istio.io/proxyMemory': '128Mi',
    'sidecar.istio.io/proxyCPULimit': '50m',
    'sidecar.istio.io/proxyMemoryLimit': '256Mi',
  });
  t.match(after({ 'sidecar.istio.io/proxyMemory': '64Mi' }), {
    'sidecar.istio.io/proxyCPU': '100m',
    'sidecar.istio.io/proxyMemory': '64Mi',
    'sidecar.istio.io/proxyCPULimit': '200m',
    'sidecar.istio.io/proxyMemoryLimit': '256Mi',
  });
  t.end();
});

t.test(
  'labels come from the recommended ones, the owner and the baseline, and never take a pod from its selector',
  (t) => {
    const after = (object: KubeObject): JsonObject => labelsOf(patched(object, complete(created(object))));
    const recommended = { 'app.kubernetes.io/name': 'cart', 'app.kubernetes.io/version': '7' };
    t.match(after(deployment({}, recommended)), { app: 'cart', version: '7' });
    t.match(after(deployment({})), { app: 'web', version: 'v1' });
    const selector = { matchExpressions: [{ key: 'version', operator: 'DoesNotExist' }] };
    t.strictSame(after(deployment({}, { app: 'web' }, selector)), { app: 'web' });
    const [pod] = objectsOf('{ apiVersion: v1, kind: Pod, metadata: { generateName: web-, namespace: llmoptimizer } }');
    t.match(pod === undefined ? {} : after(pod), { app: 'web', version: 'v1' });
    t.end();
  },
);

t.test('a pod that a controller made keeps its labels, so that the controller knows it again', (t) => {
  const [pod] = objectsOf(`
apiVersion: v1
kind: Pod
metadata: { name: web-1-a, namespace: llmoptimizer, ownerReferences: [{ kind: ReplicaSet, name: web-1, controller: true }] }
spec: {}
`);
  const object = pod ?? deployment({});
  const after = patched(object, complete(created(object)));
  t.strictSame(labelsOf(after), {});
  t.match(annotationsOf(after), { 'sidecar.istio.io/proxyCPU': '100m', [CONFIG]: 'concurrency: 2' });
  t.end();
});

t.test('a change of nothing but the number of replicas gets no patch', (t) => {
  const scaled = (replicas: number): KubeObject => {
    const object = deployment({});
    return { ...object, spec: { ...recordOrEmpty(object.spec), replicas } };
  };
  t.strictSame(complete({ operation: 'UPDATE', before: scaled(1), after: scaled(3) }).operations, []);
  t.end();
});
