import * as fc from 'fast-check';
import t from 'tap';
import { judge } from '../../src/engine/judge.ts';
import { View } from '../../src/mesh/view.ts';
import type { Baseline } from '../../src/model/baseline.ts';
import type { Change } from '../../src/model/change.ts';
import { numberOf, recordOrEmpty, recordsOf } from '../../src/model/json.ts';
import { type KubeObject, specOf } from '../../src/model/kube-object.ts';
import { RULES } from '../../src/rules/index.ts';
import { hostRule, namespaceRule, objectRule, type Rule } from '../../src/rules/rule.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';
import { deepFreeze } from '../rules/example-runner.ts';

const TEXT = {
  mode: 'enforce',
  exceptable: true,
  summary: '',
  why: '',
  remedy: '',
  absence: '',
  source: { refs: [] },
  numbers: [],
  examples: { pass: [], fail: [] },
} as const;

/** A rule on objects with a magnitude: `spec.weight` of a VirtualService may not be above 3. */
const bounded = objectRule({
  ...TEXT,
  id: 'bounded',
  code: 'MW990',
  reads: ['VirtualService', 'Pod'],
  onDelete: 'warn',
  messages: { much: '`{field}` is {seen}; must be less than or equal to {limit}' },
  check: (object, _, say) => {
    const weight = numberOf(specOf(object).weight) ?? 0;
    return weight > 3 ? [say('much', { limit: 3 }, { path: ['spec', 'weight'], magnitude: weight })] : [];
  },
});

/** A rule on hosts whose companion may be missing: each Service needs a VirtualService of its name. */
const covered = hostRule({
  ...TEXT,
  id: 'covered',
  code: 'MW991',
  reads: ['VirtualService', 'Service'],
  onDelete: 'warn',
  messages: { missing: "no VirtualService for '{host}'" },
  check: (host, { view }, say) =>
    view.lookup(`Service|host|${host}`).length > 0 && view.lookup(`VirtualService|host|${host}`).length === 0
      ? [say('missing', { host }, { path: [] })]
      : [],
});

/** A security rule on namespaces: each needs a PeerAuthentication; DELETE refuses. */
const guarded = namespaceRule({
  ...TEXT,
  id: 'guarded',
  code: 'MW992',
  reads: ['PeerAuthentication', 'Namespace'],
  onDelete: 'refuse',
  messages: { bare: "namespace '{namespace}' has no PeerAuthentication" },
  check: (namespace, { view }, say) =>
    view.list('PeerAuthentication', namespace).length === 0 ? [say('bare', { namespace }, { path: [] })] : [],
});

const object = (kind: string, name: string, rest: object = {}, metadata: object = {}): KubeObject =>
  deepFreeze({
    apiVersion: APIS[kind] ?? 'v1',
    kind,
    metadata: { name, namespace: kind === 'Namespace' ? undefined : 'shop', ...metadata },
    ...rest,
  });
const APIS: Readonly<Record<string, string>> = {
  VirtualService: 'networking.istio.io/v1',
  PeerAuthentication: 'security.istio.io/v1',
};
const route = (weight: number, hosts = ['cart']): KubeObject =>
  object('VirtualService', 'cart', { spec: { hosts, weight } });

const run = (
  changes: Change | readonly Change[],
  there: readonly KubeObject[] = [],
  { rules = [bounded, covered, guarded], baseline = BASELINE }: { rules?: readonly Rule[]; baseline?: Baseline } = {},
): ReturnType<typeof judge> =>
  judge('operation' in changes ? [changes] : changes, {
    view: View.of(there, BASELINE.mesh),
    baseline,
    rules,
    now: NOW,
  });
const brief = ({ decision, findings }: ReturnType<typeof judge>): string =>
  [
    decision,
    ...findings.map(({ code, severity, standing }) => `${code} ${severity}${standing ? ' standing' : ''}`),
  ].join(', ');

t.test('a change is blamed for what it makes new or worse, and for nothing else', (t) => {
  const update = (from: number, to: number): string =>
    brief(run({ operation: 'UPDATE', before: route(from), after: route(to) }, [route(from)]));
  t.equal(brief(run({ operation: 'CREATE', after: route(10) })), 'deny, MW990 error', 'new on CREATE');
  t.equal(update(2, 10), 'deny, MW990 error', 'new on UPDATE');
  t.equal(update(5, 10), 'deny, MW990 error', 'worse');
  t.equal(update(10, 5), 'allow, MW990 warning standing', 'better but not good is a warning');
  t.equal(update(10, 2), 'allow', 'mended');
  t.equal(brief(run({ operation: 'DELETE', before: route(10) }, [route(10)])), 'allow', 'a fault that goes is none');
  t.end();
});

t.test('the request’s own old object counts, not what a lagging watch says', (t) => {
  const change: Change = { operation: 'UPDATE', before: route(2), after: route(10) };
  t.equal(brief(run(change, [route(10)])), 'deny, MW990 error');
  t.equal(
    brief(run({ operation: 'CREATE', after: route(10) }, [route(10)])),
    'deny, MW990 error',
    'a watch that is early',
  );
  t.end();
});

t.test('what is missing warns whoever came first, and refuses whoever takes it away', (t) => {
  const service = object('Service', 'cart', { spec: {} });
  const space = object('Namespace', 'shop');
  const policy = object('PeerAuthentication', 'default', { spec: {} });
  t.equal(brief(run({ operation: 'CREATE', after: service })), 'allow, MW991 warning', 'a Service before its routes');
  t.equal(
    brief(run({ operation: 'CREATE', after: space })),
    'allow, MW992 warning standing',
    'a namespace before its policies',
  );
  t.equal(
    brief(run({ operation: 'UPDATE', before: route(1), after: route(1, ['other']) }, [service, route(1)])),
    'deny, MW991 error',
    'a route that stays and no longer covers',
  );
  t.equal(
    brief(run({ operation: 'DELETE', before: route(1) }, [service, route(1)])),
    'allow, MW991 warning',
    'traffic rules warn on DELETE',
  );
  t.equal(
    brief(run({ operation: 'DELETE', before: policy }, [space, policy])),
    'deny, MW992 error',
    'security rules refuse',
  );
  const strict = { ...BASELINE, rules: { covered: { onDelete: 'refuse' as const, overrides: [] } } };
  t.equal(
    brief(run({ operation: 'DELETE', before: route(1) }, [service, route(1)], { baseline: strict })),
    'deny, MW991 error',
    'the baseline may say otherwise',
  );
  t.end();
});

t.test('in a whole mesh what is missing is an error, though it is missing in an empty mesh just as well', (t) => {
  const policy = object('PeerAuthentication', 'default', { spec: {} }, { labels: { 'istio.io/rev': 'other' } });
  const view = View.of([], BASELINE.mesh);
  const changes: readonly Change[] = [{ operation: 'CREATE', after: policy }];
  const bench = { view, baseline: BASELINE, rules: [guarded], now: NOW };
  t.equal(brief(judge(changes, { ...bench, complete: true })), 'deny, MW992 error');
  t.equal(brief(judge(changes, bench)), 'allow', 'a change is not to blame for it');
  t.end();
});

t.test('one standing fault does not excuse a second one of the same name', (t) => {
  const named = objectRule({
    ...TEXT,
    id: 'named',
    code: 'MW994',
    reads: ['VirtualService'],
    onDelete: 'warn',
    messages: { much: '' },
    check: (one, _, say) =>
      recordsOf(specOf(one).http).flatMap(({ name, weight }, at) => {
        const much = numberOf(weight) ?? 0;
        const about = { path: ['spec', 'http', at], thing: `route ${String(name)}`, magnitude: much };
        return much > 3 ? [say('much', {}, about)] : [];
      }),
  });
  const routes = (...weights: readonly number[]): KubeObject =>
    object('VirtualService', 'cart', { spec: { http: weights.map((weight) => ({ name: 'a', weight })) } });
  const update = (from: readonly number[], to: readonly number[]): string =>
    brief(run({ operation: 'UPDATE', before: routes(...from), after: routes(...to) }, [], { rules: [named] }));
  t.equal(update([9], [1, 9]), 'allow, MW994 warning standing', 'the same route at another place');
  t.equal(update([9], [9, 9]), 'deny, MW994 warning standing, MW994 error', 'a second one');
  t.equal(update([9, 5], [5, 9]), 'allow, MW994 warning standing, MW994 warning standing', 'two that change places');
  t.equal(update([9, 5], [9, 9]), 'deny, MW994 warning standing, MW994 error', 'the lesser one becomes as bad');
  t.equal(update([9, 5], [9]), 'allow, MW994 warning standing', 'one goes');
  t.end();
});

t.test(
  'nothing is refused in a namespace that is being deleted; the garbage collector is refused like anybody',
  (t) => {
    const policy = object('PeerAuthentication', 'default', { spec: {} });
    const dying = object('Namespace', 'shop', {}, { deletionTimestamp: '2026-11-24T11:00:00Z' });
    t.equal(brief(run({ operation: 'DELETE', before: policy }, [dying, policy])), 'allow, MW992 warning');
    const by = (name: string): Change => ({
      operation: 'DELETE',
      before: policy,
      requester: { username: `system:serviceaccount:kube-system:${name}`, groups: [] },
    });
    t.equal(brief(run(by('namespace-controller'), [policy])), 'allow, MW992 warning', 'the watch may lag');
    t.equal(
      brief(run(by('generic-garbage-collector'), [policy])),
      'deny, MW992 error',
      'whoever may write an owner reference could have anything deleted in its name',
    );
    const routed = [object('Service', 'cart', { spec: {} }), route(1)];
    const requester = { username: 'system:serviceaccount:kube-system:generic-garbage-collector', groups: [] };
    t.equal(brief(run({ operation: 'DELETE', before: route(1), requester }, routed)), 'allow, MW991 warning');
    t.end();
  },
);

t.test('an object that dies with its last finalizer is judged as gone, once more', (t) => {
  const space = object('Namespace', 'shop');
  const policy = (name: string, metadata: object = {}): KubeObject =>
    object('PeerAuthentication', name, { spec: {} }, metadata);
  const dying = { deletionTimestamp: '2026-11-24T11:00:00Z' };
  const kept = policy('first', { ...dying, finalizers: ['a/b'] });
  const released: Change = { operation: 'UPDATE', before: kept, after: policy('first', dying) };
  t.equal(brief(run(released, [space, kept, policy('second')])), 'allow', 'another one is there');
  t.equal(brief(run(released, [space, kept])), 'deny, MW992 error', 'the other one was deleted while this one died');
  const relabelled = policy('first', { ...dying, labels: { a: 'b' } });
  t.equal(brief(run({ ...released, after: relabelled }, [space, kept])), 'deny, MW992 error', 'whatever else changes');
  const still = policy('first', { ...dying, finalizers: ['c/d'] });
  t.equal(brief(run({ ...released, after: still }, [space, kept])), 'allow', 'it does not go yet');
  t.end();
});

t.test('an update of bookkeeping alone touches nothing; labels and a spec under deletion do', (t) => {
  const was = route(10);
  const kept = deepFreeze({
    ...was,
    metadata: { ...recordOrEmpty(was.metadata), finalizers: [], managedFields: [{}], resourceVersion: '7' },
    status: { a: 1 },
  });
  t.equal(brief(run({ operation: 'UPDATE', before: was, after: kept })), 'allow');
  const labelled = deepFreeze({ ...was, metadata: { ...recordOrEmpty(was.metadata), labels: { a: 'b' } } });
  t.equal(brief(run({ operation: 'UPDATE', before: was, after: labelled })), 'allow, MW990 warning standing');
  const dying = deepFreeze({ ...route(2), metadata: { ...recordOrEmpty(was.metadata), deletionTimestamp: 'x' } });
  t.equal(
    brief(run({ operation: 'UPDATE', before: dying, after: { ...dying, spec: { hosts: ['cart'], weight: 9 } } })),
    'deny, MW990 error',
  );
  t.end();
});

t.test('a mode decides what a finding does, by namespace and until its date', (t) => {
  const change: Change = { operation: 'CREATE', after: route(10) };
  const withMode = (mode: 'warn' | 'audit' | 'off'): Baseline => ({
    ...BASELINE,
    rules: { bounded: { mode, overrides: [] } },
  });
  t.equal(brief(run(change, [], { baseline: withMode('warn') })), 'allow, MW990 warning');
  t.equal(brief(run(change, [], { baseline: withMode('audit') })), 'allow, MW990 note');
  t.equal(brief(run(change, [], { baseline: withMode('off') })), 'allow');
  const until = (day: string, names: readonly string[]): Baseline => ({
    ...BASELINE,
    rules: {
      bounded: { overrides: [{ namespaces: { names, matchLabels: {} }, mode: 'warn', until: day, reason: 'r' }] },
    },
  });
  t.equal(
    brief(run(change, [], { baseline: until('2026-11-24', ['shop']) })),
    'allow, MW990 warning',
    'through the end of the day',
  );
  t.equal(brief(run(change, [], { baseline: until('2026-11-23', ['shop']) })), 'deny, MW990 error', 'and not after');
  t.equal(brief(run(change, [], { baseline: until('2027-01-01', ['other']) })), 'deny, MW990 error', 'elsewhere');
  t.end();
});

t.test('pods of Kubernetes’ own controllers are warned about; the same pod by anybody else is refused', (t) => {
  const pod = object(
    'Pod',
    'cart-1',
    { spec: { weight: 9 } },
    { ownerReferences: [{ kind: 'ReplicaSet', name: 'cart', controller: true }] },
  );
  const by = (username: string): string =>
    brief(run({ operation: 'CREATE', after: pod, requester: { username, groups: [] } }));
  t.equal(by('system:serviceaccount:kube-system:replicaset-controller'), 'allow, MW990 warning');
  t.equal(by('system:kube-controller-manager'), 'allow, MW990 warning');
  t.equal(by('mallory'), 'deny, MW990 error');
  t.equal(by('system:serviceaccount:shop:replicaset-controller'), 'deny, MW990 error');
  t.end();
});

t.test('a rule that throws refuses, and says which rule', (t) => {
  const broken = objectRule({
    ...TEXT,
    id: 'broken',
    code: 'MW993',
    reads: ['VirtualService'],
    onDelete: 'warn',
    messages: { m: '' },
    check: () => {
      throw new TypeError('no luck\nsecond line');
    },
  });
  const verdict = run({ operation: 'CREATE', after: route(1) }, [], { rules: [broken] });
  t.equal(brief(verdict), 'deny, MW001 error');
  t.match(verdict.findings[0]?.message, /rule 'broken' \(MW993\) could not judge this object: TypeError: no luck;/);
  const both = run({ operation: 'UPDATE', before: route(1), after: route(2) }, [route(1)], { rules: [broken] });
  t.equal(brief(both), 'deny, MW001 error', 'also where it threw before the change already');
  t.end();
});

t.test('several changes that come together are judged as one', (t) => {
  const service = object('Service', 'cart', { spec: {} });
  const changes: readonly Change[] = [
    { operation: 'CREATE', after: service },
    { operation: 'CREATE', after: route(1) },
  ];
  t.equal(brief(run(changes)), 'allow', 'each completes the other');
  t.end();
});

const json = fc.jsonValue({ maxDepth: 4 });
const anyObject = fc.record({
  apiVersion: fc.constantFrom(
    'networking.istio.io/v1',
    'security.istio.io/v1beta1',
    'v1',
    'apps/v1',
    'batch/v1',
    'telemetry.istio.io/v1',
    'gateway.networking.k8s.io/v1',
  ),
  kind: fc.constantFrom(
    'VirtualService',
    'DestinationRule',
    'Gateway',
    'Sidecar',
    'ServiceEntry',
    'PeerAuthentication',
    'AuthorizationPolicy',
    'Service',
    'Namespace',
    'Pod',
    'Deployment',
    'CronJob',
    'ConfigMap',
    'Telemetry',
    'HTTPRoute',
  ),
  metadata: fc.oneof(
    json,
    fc.record({
      name: fc.constantFrom('a', 'b', '__proto__', ''),
      namespace: fc.constantFrom('llmoptimizer', 'istio-system'),
      annotations: json,
      labels: json,
    }),
  ),
  spec: fc.oneof(
    json,
    fc.record({
      http: json,
      hosts: json,
      host: json,
      trafficPolicy: json,
      template: json,
      mtls: json,
      rules: json,
      servers: json,
      selector: json,
    }),
  ),
});

t.test('judging is total, deterministic, free of side effects and indifferent to the order of the view', (t) => {
  fc.assert(
    fc.property(
      fc.array(anyObject, { maxLength: 4 }),
      anyObject,
      fc.option(anyObject, { nil: undefined }),
      (there, after, before) => {
        const objects = deepFreeze(there) as readonly KubeObject[];
        deepFreeze(after);
        const old = before === undefined ? undefined : deepFreeze({ ...after, spec: before.spec });
        const change: Change =
          old === undefined ? { operation: 'CREATE', after } : { operation: 'UPDATE', before: old, after };
        const bench = { baseline: BASELINE, rules: RULES, now: NOW };
        const first = judge([change], { ...bench, view: View.of(objects, BASELINE.mesh) });
        const faults = first.findings.filter(({ code }) => code === 'MW001');
        if (faults.length > 0) throw new Error(JSON.stringify(faults));
        const again = judge([change], { ...bench, view: View.of(objects, BASELINE.mesh) });
        if (JSON.stringify(first) !== JSON.stringify(again)) throw new Error('not deterministic');
        const names = new Set(
          objects.map(({ kind, apiVersion, metadata }) =>
            JSON.stringify([
              kind,
              apiVersion.split('/')[0],
              recordOrEmpty(metadata).name,
              recordOrEmpty(metadata).namespace,
            ]),
          ),
        );
        if (names.size < objects.length) return;
        const turned = judge([change], { ...bench, view: View.of(objects.toReversed(), BASELINE.mesh) });
        if (JSON.stringify(first) !== JSON.stringify(turned)) throw new Error('depends on the order of the view');
      },
    ),
    { numRuns: 500, seed: 20261124 },
  );
  t.pass('500 meshes');
  t.end();
});
