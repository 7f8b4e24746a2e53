import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import t from 'tap';
import { judge } from '../../../src/engine/judge.ts';
import { judgeBrought } from '../../../src/engine/brought.ts';
import { View } from '../../../src/mesh/view.ts';
import { isRecord } from '../../../src/model/json.ts';
import { isKubeObject, type KubeObject } from '../../../src/model/kube-object.ts';
import { RULES } from '../../../src/rules/index.ts';
import { injectedPod } from '../../../src/rules/workloads/injected-pod-yaml.ts';
import { deployment, namespace, RESOURCES, workload } from '../../../src/rules/workloads/workload-yaml.ts';
import { BASELINE, NOW } from '../../baseline-fixture.ts';
import { deepFreeze, objectsOf } from '../example-runner.ts';

const RULES_HERE = RULES.filter(({ code }) => /^MW(?:10\d|703)$/.test(code));
const SETTINGS = `---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio-sidecar-injector, namespace: istio-system }
data: { config: "policy: enabled", values: '{"global":{"proxy":{"privileged":false}}}' }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: 'defaultConfig: { proxyMetadata: { A: "1" } }' }
`;
const CONFIG = `proxy.istio.io/config: '{"concurrency": 2, "tracing": {"sampling": 1}, "proxyMetadata": {"A": "1"}}'`;
const GATEWAY = 'inject.istio.io/templates: gateway';
const SEEDS = [
  injectedPod(),
  injectedPod({
    annotations: `${RESOURCES}, ${CONFIG}, proxy.istio.io/overrides: '{"containers":[{"name":"istio-proxy"}]}'`,
  }),
  injectedPod({ annotations: `${GATEWAY}, proxy.istio.io/overrides: '{"containers":[{"name":"istio-proxy"}]}'` }),
  deployment({ annotations: `${RESOURCES}, ${CONFIG}, prometheus.io/port: "80"`, spec: 'volumes: [{ name: a }]' }),
  deployment({ annotations: GATEWAY, containers: '{ name: istio-proxy, image: auto, env: [{ name: A, value: b }] }' }),
  workload('CronJob', {
    annotations: RESOURCES,
    owner: 'selector: { matchExpressions: [{ key: app, operator: Exists }] }',
  }),
  workload('Pod', {
    metadata: 'generateName: web-, ownerReferences: [{ kind: ReplicaSet, name: web-1, controller: true }]',
  }),
  namespace('llmoptimizer', 'istio-injection: enabled, istio.io/rev: x'),
  'apiVersion: networking.istio.io/v1beta1\nkind: ProxyConfig\nmetadata: { name: a, namespace: llmoptimizer }\nspec: { concurrency: 9, environmentVariables: { A: b } }\n',
].flatMap((yaml) => objectsOf(yaml));

/** Every way into a value, itself left out. */
function pathsOf(value: unknown, path: readonly (string | number)[] = []): readonly (readonly (string | number)[])[] {
  const entries = Array.isArray(value) ? [...value.entries()] : isRecord(value) ? Object.entries(value) : [];
  return entries.flatMap(([key, inner]) => [[...path, key], ...pathsOf(inner, [...path, key])]);
}

function withValue(here: unknown, [step, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (step === undefined) return value;
  if (Array.isArray(here)) return here.map((item: unknown, at) => (at === step ? withValue(item, rest, value) : item));
  return isRecord(here) ? { ...here, [step]: withValue(here[step], rest, value) } : here;
}

const anything = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    null,
    [],
    {},
    '',
    '1337',
    1337,
    'istio-proxy',
    [null],
    [[]],
    [{ name: null }],
    { name: {} },
    '{"a":',
    '&a [*a]',
  ),
);
const broken = fc.constantFrom(...SEEDS).chain((seed) =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom(...pathsOf(seed).filter((path) => path[0] !== 'kind' && path[0] !== 'apiVersion')),
        anything,
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    )
    .map((edits) => edits.reduce<unknown>((object, [path, value]) => withValue(object, path, value), seed)),
);

t.test('any object with anything in any place is judged, before the injector and after it', (t) => {
  const views = ['', SETTINGS].map((yaml) => View.of(objectsOf(yaml), BASELINE.mesh));
  fc.assert(
    fc.property(broken, fc.constantFrom(...views), (object, view) => {
      if (!isKubeObject(object)) return;
      const after: KubeObject = deepFreeze(object);
      const bench = { view, baseline: BASELINE, rules: RULES_HERE, now: NOW };
      const { findings } = judge([{ operation: 'CREATE', after }], bench);
      assert.deepEqual(
        findings.filter(({ code }) => code === 'MW001').map(({ message }) => message),
        [],
      );
      for (const { message } of findings) assert.doesNotMatch(message, /\{\w+\}|\[object|undefined/);
      judgeBrought({ operation: 'CREATE', after }, bench);
    }),
    { numRuns: 2000 },
  );
  t.pass('no rule throws, and every message is whole');
  t.end();
});
