import { queryObjects } from 'node:v8';
import * as fc from 'fast-check';
import t from 'tap';
import { indexKeys } from '../../src/mesh/indexes.ts';
import { Answers } from '../../src/mesh/answers.ts';
import { type MeshSettings, View } from '../../src/mesh/view.ts';
import { kindOf } from '../../src/model/kind.ts';
import { type KubeObject, nameOf, namespaceOf } from '../../src/model/kube-object.ts';

const SETTINGS: MeshSettings = {
  rootNamespace: 'istio-system',
  clusterDomain: 'cluster.local',
  istioVersion: '1.31',
  revisions: ['default'],
};

const NAMESPACES = ['shop', 'pay'] as const;
const NAMES = ['a', 'b', 'c'] as const;

/** A route or a rule of one host; small, so that changes meet. */
const anObject: fc.Arbitrary<KubeObject> = fc
  .record({
    kind: fc.constantFrom('VirtualService', 'DestinationRule'),
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom(...NAMES),
    host: fc.constantFrom('a', 'b', 'a.pay.svc.cluster.local', '*.svc.cluster.local'),
    second: fc.integer({ min: 0, max: 3 }),
    revision: fc.constantFrom(undefined, undefined, undefined, 'canary'),
  })
  .map(({ kind, namespace, name, host, second, revision }) => ({
    apiVersion: 'networking.istio.io/v1',
    kind,
    metadata: {
      name,
      namespace,
      creationTimestamp: `2026-01-01T00:00:0${second}Z`,
      ...(revision === undefined ? {} : { labels: { 'istio.io/rev': revision } }),
    },
    spec: kind === 'VirtualService' ? { hosts: [host], http: [{ route: [{ destination: { host } }] }] } : { host },
  }));

const aStep = fc.record({
  remove: fc.array(anObject, { maxLength: 2 }),
  add: fc.array(anObject, { maxLength: 12 }),
  compacts: fc.boolean(),
});

const HOSTS = NAMESPACES.flatMap((namespace) => NAMES.map((name) => `${name}.${namespace}.svc.cluster.local`));

const idOf = (one: KubeObject): string => `${kindOf(one)} ${namespaceOf(one)} ${nameOf(one)}`;

const keyOf = (one: KubeObject): string => `${kindOf(one)} ${JSON.stringify(one.metadata)} ${JSON.stringify(one.spec)}`;

/** Questions that are made of one another, in an order of which some are asked before and some after a change. */
function hostsRoutes(view: View, host: string): string {
  return view.memo(`routes|${host}`, () =>
    [...view.lookup(`VirtualService|host|${host}`), ...view.lookup('VirtualService|wildcard')].map(keyOf).join(),
  );
}

/** What it looks at depends on what it sees. */
function oddRules(view: View): boolean {
  return view.settled(
    'odd',
    (at) => at.list('DestinationRule').length % 2 === 1 && at.list('VirtualService').length > 2,
  );
}

function wholeHost(view: View, host: string): string {
  return view.memo(`whole|${host}`, () => {
    const rules = oddRules(view) ? view.lookup(`DestinationRule|host|${host}`).map(keyOf) : ['even'];
    return [hostsRoutes(view, host), ...rules].join();
  });
}

function everything(view: View): string {
  return view.memo('everything', () => HOSTS.map((host) => wholeHost(view, host)).join('\n'));
}

function asked(view: View, questions: readonly number[]): readonly unknown[] {
  return questions.map((at) => {
    if (at === 0) return everything(view);
    if (at === 1) return oddRules(view);
    return wholeHost(view, HOSTS[at % HOSTS.length] ?? '');
  });
}

t.test('a view that grew by changes is the view of the same objects, and answers as it does', (t) => {
  const someQuestions = fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.array(anObject), fc.array(fc.tuple(aStep, someQuestions)), someQuestions, (first, steps, before) => {
      let view = View.of(first, SETTINGS);
      let objects = new Map(first.map((one) => [idOf(one), one]));
      asked(view, before);
      for (const [{ remove, add, compacts }, questions] of steps) {
        view = view.with({ remove, add });
        objects = new Map(objects);
        for (const one of remove) objects.delete(idOf(one));
        for (const one of add) objects.set(idOf(one), one);
        if (compacts) view = view.compact();
        const fresh = View.of(objects.values(), SETTINGS);
        if (JSON.stringify(asked(view, questions)) !== JSON.stringify(asked(fresh, questions))) return false;
      }
      const fresh = View.of(objects.values(), SETTINGS);
      for (const one of [...objects.values(), ...first]) {
        for (const key of indexKeys(kindOf(one) ?? 'Pod', one, SETTINGS)) {
          if (JSON.stringify(view.lookup(key)) !== JSON.stringify(fresh.lookup(key))) return false;
        }
      }
      return everything(view) === everything(fresh);
    }),
    { numRuns: 500 },
  );
  t.end();
});

const route = (name: string, host: string): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace: 'shop', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { hosts: [host], http: [{ route: [{ destination: { host } }] }] },
});

t.test('an answer is worked out again only where something that it looked at is another', (t) => {
  const view = View.of([route('a', 'a'), route('b', 'b')], SETTINGS);
  let times = 0;
  const askFor = (at: View): unknown =>
    at.memo('about a', () => {
      times += 1;
      return at.lookup('VirtualService|host|a.shop.svc.cluster.local').length;
    });
  askFor(view.with({ add: [route('c', 'c')] }));
  t.equal(times, 1);
  askFor(view.with({ add: [route('b', 'c')] }).with({ remove: [route('b', 'c')] }));
  t.equal(times, 1, 'it was kept in the oldest view, though another one was asked');
  t.equal(askFor(view.with({ add: [route('d', 'a')] })), 2);
  t.equal(times, 2);
  askFor(view);
  t.equal(times, 2);
  t.end();
});

t.test('what is made of a settled answer stands while that is the same', (t) => {
  const view = View.of([route('a', 'a')], SETTINGS);
  let times = 0;
  const askFor = (at: View): unknown =>
    at.memo('many', () => {
      times += 1;
      return at.settled('count', (one) => Math.min(one.list('VirtualService').length, 2)) > 1;
    });
  t.equal(askFor(view), false);
  t.equal(askFor(view.with({ add: [route('a', 'b')] })), false);
  t.equal(times, 1);
  t.equal(askFor(view.with({ add: [route('b', 'b')] })), true);
  t.equal(times, 2);
  t.end();
});

t.test('a settled answer that was the same for another reason ends with that reason', (t) => {
  const rule = { ...route('a', 'a'), kind: 'DestinationRule' };
  const hasRoutes = (at: View): boolean =>
    at.list('DestinationRule').length === 0 && at.list('VirtualService').length > 0;
  const askFor = (at: View): unknown => at.memo('any', () => at.settled('routes', hasRoutes));
  const view = View.of([rule], SETTINGS);
  t.equal(askFor(view), false);
  const empty = view.with({ remove: [rule] });
  t.equal(askFor(empty), false);
  t.equal(askFor(empty.with({ add: [route('a', 'a')] })), true);
  t.end();
});

t.test('an answer that looked at another view is kept for its own view alone', (t) => {
  const view = View.of([route('a', 'a')], SETTINGS);
  const other = View.of([], SETTINGS);
  const child = view.with({ add: [route('b', 'b')] });
  const inner = (): unknown => child.memo('inner', () => other.list('VirtualService').length);
  t.equal(
    child.memo('outer', () => inner()),
    0,
  );
  t.equal(
    view.memo('inner', () => 'asked again'),
    'asked again',
  );
  t.equal(
    view.with({ add: [route('c', 'c')] }).memo('outer', () => 'asked again'),
    'asked again',
  );
  t.end();
});

t.test('a question that throws leaves nothing behind', (t) => {
  const view = View.of([route('a', 'a')], SETTINGS);
  t.throws(() =>
    view.memo('fault', () => {
      throw new Error('fault');
    }),
  );
  t.equal(
    view.memo('fault', () => view.list('VirtualService').length),
    1,
  );
  t.end();
});

t.test('what came and went leaves nothing behind', (t) => {
  let view = View.of([route('a', 'a')], SETTINGS);
  // Every list is one; so many are left while few keys have changed.
  const before = queryObjects(Array, { format: 'count' });
  for (let at = 0; at < 3000; at += 1) {
    const one = route(`of-a-branch-${at}`, `of-a-branch-${at}`);
    view = view.with({ add: [one] }).compact();
    view = view.with({ remove: [one] }).compact();
  }
  t.ok(queryObjects(Array, { format: 'count' }) - before < 3000);
  t.equal(view.list('VirtualService').length, 1);
  t.end();
});

t.test('long questions are forgotten sooner than short ones', (t) => {
  const isKept = (length: number): boolean => {
    const answers = new Answers();
    const none = { value: '', keys: new Set<string>(), parts: new Set<never>(), isLocal: false };
    for (let at = 0; at < 1000; at += 1) answers.keep({ key: `${at}`.padStart(length, '.'), ...none });
    return answers.get('0'.padStart(length, '.')) !== undefined;
  };
  t.ok(isKept(200));
  t.notOk(isKept(20_000), '20 MB of text');
  t.end();
});
