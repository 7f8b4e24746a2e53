import { setImmediate as endOfTurn } from 'node:timers/promises';
import t from 'tap';
import { type AnswerReview, answerReviews, type Waiting } from '../../../src/edge/http/answer-reviews.ts';
import type { ReviewerOptions } from '../../../src/edge/http/review-record.ts';
import { makeMetrics, type Metrics } from '../../../src/edge/metrics/metrics.ts';
import { View } from '../../../src/mesh/view.ts';
import { recordOrEmpty, valueAt } from '../../../src/model/json.ts';
import { objectRule, type Rule } from '../../../src/rules/rule.ts';
import { BASELINE } from '../../baseline-fixture.ts';
import { FEW_TRIES, OWN_RULES, reviewOf, SETTINGS, virtualService } from './rules.ts';

interface Desk {
  readonly answer: AnswerReview;
  readonly metrics: Metrics;
  /** What happened, in order: `judged a`, `sent a`, `logged a`. */
  readonly events: string[];
  readonly faults: unknown[];
}

/** Notes that it judges, and takes as long as the object says. */
function noting(events: string[], pass: (milliseconds: number) => void): Rule {
  return objectRule({
    ...FEW_TRIES,
    id: 'noting',
    code: 'MW994',
    messages: {},
    check(object) {
      events.push(`judged ${String(recordOrEmpty(object.metadata).name)}`);
      pass(Number(recordOrEmpty(object.spec).busyMs ?? 0));
      return [];
    },
  });
}

function desk(more: Partial<ReviewerOptions> = {}): Desk {
  const events: string[] = [];
  const faults: unknown[] = [];
  let now = 0;
  const pass = (milliseconds: number): void => {
    now += milliseconds;
  };
  const rules = [...OWN_RULES, noting(events, pass)];
  const metrics = makeMetrics(rules);
  const options: ReviewerOptions = {
    rules,
    metrics,
    reality: () => ({ view: View.of([], SETTINGS), baseline: BASELINE, stale: [] }),
    rights: async () => ({ mayExempt: new Set<string>() }),
    log: ({ name }) => void events.push(`logged ${String(name)}`),
    fault: (error) => void faults.push(error),
    ...more,
  };
  const answer = answerReviews(options, () => now);
  return { answer, metrics, events, faults };
}

/** A review of a route by name; what it was answered is put down under the name. */
function waiting({ events }: Desk, name: string, answers: Map<string, unknown>, object: object = {}): Waiting {
  const route = { ...virtualService(1), metadata: { name, namespace: 'shop' }, ...object };
  return {
    webhook: 'validate',
    body: Buffer.from(JSON.stringify(reviewOf({ uid: `uid-of-${name}`, name, object: route }))),
    leftMs: 1000,
    done: (answer) => {
      events.push(`sent ${name}`);
      answers.set(name, typeof answer === 'string' ? valueAt(JSON.parse(answer), ['response']) : answer);
    },
  };
}

t.test('what comes in one turn is judged, then sent, then logged, each with its own answer', async (t) => {
  const one = desk();
  const answers = new Map<string, unknown>();
  for (const name of ['a', 'b', 'c']) one.answer(waiting(one, name, answers));
  t.same(one.events, [], 'nothing before the turn ends');
  await endOfTurn();
  const steps = ['judged a', 'judged b', 'judged c', 'sent a', 'sent b', 'sent c', 'logged a', 'logged b', 'logged c'];
  t.same(one.events, steps);
  for (const name of ['a', 'b', 'c']) t.match(answers.get(name), { uid: `uid-of-${name}`, allowed: true });
  one.answer(waiting(one, 'd', answers));
  await endOfTurn();
  t.same(one.events.slice(steps.length), ['judged d', 'sent d', 'logged d'], 'and the next turn has only its own');
});

t.test('a fault in one costs no other its answer', async (t) => {
  const one = desk();
  const answers = new Map<string, unknown>();
  const isReview = (body: string): Waiting => ({ ...waiting(one, 'bad', answers), body: Buffer.from(body) });
  const careless = waiting(one, 'careless', answers);
  one.answer(waiting(one, 'a', answers));
  one.answer(isReview('{"kind":'));
  one.answer({
    ...careless,
    done: () => {
      throw new Error('the connection is gone');
    },
  });
  const gateway = { apiVersion: 'networking.istio.io/v1', kind: 'Gateway' };
  one.answer(waiting(one, 'gateway', answers, gateway));
  one.answer(waiting(one, 'b', answers));
  await endOfTurn();
  t.match(answers.get('a'), { allowed: true });
  t.match(answers.get('b'), { allowed: true });
  t.match(answers.get('gateway'), { allowed: false, status: { message: /^\[MW001\]/ } });
  t.match(answers.get('bad'), { code: 'BODY_NOT_JSON', statusCode: 400 });
  t.match(one.faults, [{ message: 'the connection is gone' }]);
  t.same(
    one.events.filter((event) => event.startsWith('logged')),
    ['logged a', 'logged careless', 'logged gateway', 'logged b'],
    'what is no review has no line',
  );
});

t.test('a reviewer that is broken is a fault of ours for each review, counted and told', async (t) => {
  let isBroken = true;
  const one = desk({
    reality: () => {
      if (isBroken) throw new Error('no view');
      return { view: View.of([], SETTINGS), baseline: BASELINE, stale: [] };
    },
  });
  const answers = new Map<string, unknown>();
  one.answer(waiting(one, 'a', answers));
  one.answer(waiting(one, 'b', answers));
  await endOfTurn();
  for (const name of ['a', 'b']) t.match(answers.get(name), { message: 'no view' });
  t.match(await one.metrics.registry.metrics(), /admission_reviews_total\{.*decision="fault",dry_run="false"\} 2/);
  isBroken = false;
  one.answer(waiting(one, 'c', answers));
  await endOfTurn();
  t.match(answers.get('c'), { allowed: true }, 'and it goes on');
});

t.test('a log or a rule of metrics that throws is told, and all are answered', async (t) => {
  let lines = 0;
  const one = desk({
    log: () => {
      lines += 1;
      if (lines === 1) throw new Error('the disk is full');
    },
  });
  const answers = new Map<string, unknown>();
  one.answer(waiting(one, 'a', answers));
  one.answer(waiting(one, 'b', answers));
  await endOfTurn();
  t.equal(answers.size, 2);
  t.equal(lines, 2);
  t.match(one.faults, [{ message: 'the disk is full' }]);
});

t.test('what takes long does not keep the answers before it', async (t) => {
  const one = desk();
  const answers = new Map<string, unknown>();
  const spec = { ...Object(virtualService(1).spec), busyMs: 8 };
  one.answer(waiting(one, 'a', answers));
  one.answer(waiting(one, 'slow', answers, { spec }));
  one.answer(waiting(one, 'b', answers));
  await endOfTurn();
  const at = (event: string): number => one.events.indexOf(event);
  t.ok(at('sent slow') < at('judged b'), one.events.join());
  t.ok(at('sent a') < at('judged b'));
  t.ok(at('sent b') > at('judged b'));
});

t.test('whose caller has gone by the time it is due is not judged any more', async (t) => {
  const one = desk();
  const answers = new Map<string, unknown>();
  const spec = { ...Object(virtualService(1).spec), busyMs: 800 };
  one.answer(waiting(one, 'slow', answers, { spec }));
  one.answer({ ...waiting(one, 'late', answers), leftMs: 700 });
  one.answer({ ...waiting(one, 'patient', answers), leftMs: 900 });
  await endOfTurn();
  t.match(answers.get('late'), { code: 'TIME_OVER', statusCode: 503 });
  t.match(answers.get('patient'), { allowed: true });
  t.notOk(one.events.includes('judged late'));
});

t.test('what has to be asked about is answered when it is known, and holds up nobody', async (t) => {
  let grant: (() => void) | undefined;
  const one = desk({
    rights: () =>
      new Promise((done) => {
        grant = () => done({ mayExempt: new Set(['few-tries']) });
      }),
  });
  const until = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const annotations = { 'meshwarden.io/exempt': `few-tries until ${until} -- load test, OPS-311` };
  const answers = new Map<string, unknown>();
  const excepted = { ...virtualService(9), metadata: { name: 'asked', namespace: 'shop', annotations } };
  one.answer(waiting(one, 'asked', answers, excepted));
  one.answer(waiting(one, 'b', answers));
  await endOfTurn();
  t.same([...answers.keys()], ['b']);
  grant?.();
  await endOfTurn();
  t.match(answers.get('asked'), { uid: 'uid-of-asked', allowed: true });
  t.same(one.events.slice(-2), ['sent asked', 'logged asked']);
});
