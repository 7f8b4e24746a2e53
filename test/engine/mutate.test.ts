import t from 'tap';
import { mutate, type Mutated } from '../../src/engine/mutate.ts';
import { View } from '../../src/mesh/view.ts';
import type { Change } from '../../src/model/change.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { objectRule, type Rule } from '../../src/rules/rule.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';
import { deepFreeze } from '../rules/example-runner.ts';

function rule(id: string, write: Rule['mutate']): Rule {
  return objectRule({
    id,
    code: 'MW990',
    reads: ['Deployment', 'Pod', 'CronJob', 'ReplicaSet'],
    mode: 'enforce',
    onDelete: 'warn',
    exceptable: true,
    summary: '',
    why: '',
    remedy: '',
    absence: '',
    source: { refs: [] },
    numbers: [],
    messages: {},
    examples: { pass: [], fail: [] },
    check: () => [],
    ...(write === undefined ? {} : { mutate: write }),
  });
}

const ONE = rule('one', ({ add, podPath }) => add([...podPath, 'metadata', 'annotations', 'a/b~c'], '1'));
const TWO = rule('two', ({ add, podPath, object }) => {
  const isSeen = JSON.stringify(object).includes('a/b~c');
  add([...podPath, 'metadata', 'annotations', 'two'], isSeen ? 'after one' : 'alone');
});

function deployment(template: unknown, replicas = 1): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { replicas, template },
  };
}

const created = (after: KubeObject): Change => ({ operation: 'CREATE', after });
const run = (change: Change, rules: readonly Rule[] = [ONE, TWO]): Mutated =>
  mutate(deepFreeze(change), { view: View.of([], BASELINE.mesh), baseline: BASELINE, rules, now: NOW });

t.test('rules write one after the other, each operation owned, parents made, keys escaped', (t) => {
  t.same(run(created(deployment({ spec: {} }))), {
    after: deployment({ spec: {}, metadata: { annotations: { 'a/b~c': '1', two: 'after one' } } }),
    operations: [
      {
        rule: 'one',
        operation: { op: 'add', path: '/spec/template/metadata', value: { annotations: { 'a/b~c': '1' } } },
      },
      { rule: 'two', operation: { op: 'add', path: '/spec/template/metadata/annotations/two', value: 'after one' } },
    ],
    faults: [],
  });
  const job: KubeObject = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'web' },
    spec: { jobTemplate: { spec: { template: { metadata: { annotations: {} } } } } },
  };
  t.match(run(created(job), [ONE]).operations, [
    { operation: { path: '/spec/jobTemplate/spec/template/metadata/annotations/a~1b~0c' } },
  ]);
  t.end();
});

t.test('what stands there stays, and a second pass adds nothing', (t) => {
  const full = { metadata: { annotations: { 'a/b~c': 'mine', two: '' } }, spec: {} };
  t.same(run(created(deployment(full))), { operations: [], faults: [] });
  t.end();
});

t.test('an update is completed only where its template changed', (t) => {
  const [old, other] = [{ spec: { a: 1 } }, { spec: { a: 2 } }];
  const update = (before: unknown, after: unknown): Change => ({
    operation: 'UPDATE',
    before: deployment(before, 1),
    after: deployment(after, 3),
  });
  t.equal(run(update(old, old)).operations.length, 0);
  t.equal(run(update(old, other)).operations.length, 2);
  t.end();
});

t.test('a pod is completed when it is created, and never when it runs or shows what a kubelet runs', (t) => {
  const pod = (annotations: object = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', annotations },
    spec: {},
  });
  t.equal(run(created(pod())).operations.length, 2);
  t.equal(run({ operation: 'UPDATE', before: pod(), after: pod({ x: '1' }) }).operations.length, 0);
  t.equal(run(created(pod({ 'kubernetes.io/config.mirror': 'x' }))).operations.length, 0);
  t.end();
});

t.test(
  'what a controller makes from a template keeps it, so that the controller knows it again; its pods are completed',
  (t) => {
    const [username = ''] = BASELINE.workloadControllers;
    t.not(username, '');
    const ownerReferences = [{ kind: 'Deployment', controller: true }];
    const replicaSet: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'web-1', namespace: 'shop', ownerReferences },
      spec: { template: { spec: {} } },
    };
    const by = (name: string, after: KubeObject): Change => ({
      operation: 'CREATE',
      after,
      requester: { username: name, groups: [] },
    });
    t.equal(run(by(username, replicaSet)).operations.length, 0);
    t.equal(run(by('ann', replicaSet)).operations.length, 2, 'whatever its owner references claim');
    const pod: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', ownerReferences }, spec: {} };
    t.equal(run(by(username, pod)).operations.length, 2);
    t.end();
  },
);

t.test('a rule that throws is named and loses what it wrote; the others go on', (t) => {
  const broken = rule('broken', ({ add, podPath }) => {
    add([...podPath, 'metadata', 'annotations', 'half'], 'x');
    throw new TypeError('broken');
  });
  const { operations, faults } = run(created(deployment({ spec: {} })), [broken, ONE]);
  t.same(faults, ['broken']);
  t.same(
    operations.map((one) => one.rule),
    ['one'],
  );
  t.end();
});

t.test('nothing is written where the object cannot hold it', (t) => {
  for (const template of [7, null, [], { metadata: 7 }, { metadata: { annotations: [] } }]) {
    t.same(run(created(deployment(template))), { operations: [], faults: [] }, JSON.stringify(template));
  }
  const spec = { apiVersion: 'v1', kind: 'Service', metadata: {}, spec: { template: {} } };
  t.same(run(created(spec)), { operations: [], faults: [] }, 'nor on other kinds');
  t.end();
});
