import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { exemptionRights, type RightsAnswer } from '../../../src/edge/kube/exemption-rights.ts';
import { stringOf, valueAt } from '../../../src/model/json.ts';
import { faultyServer } from './faulty-server.ts';

const ANN = { username: 'ann', groups: ['shop'] };

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** A server that grants `bounded-retries` in `shop` to whoever asks, and notes what it was asked. */
async function asking(t: Parameters<typeof faultyServer>[0]) {
  const server = await faultyServer(t);
  const asked: string[] = [];
  let granted = true;
  server.answer = (request, response) =>
    void text(request).then((body) => {
      const at = (field: string): string =>
        stringOf(valueAt(JSON.parse(body), ['spec', 'resourceAttributes', field])) ?? '';
      asked.push(`${at('name')} in ${at('namespace')}`);
      const allowed = granted && at('name') === 'bounded-retries' && at('namespace') === 'shop';
      send(response, 201, { status: { allowed } });
    });
  let now = 0;
  const answers: RightsAnswer[] = [];
  const rights = exemptionRights(server.client, { clock: () => now, told: (answer) => answers.push(answer) });
  return {
    server,
    asked,
    answers,
    rights,
    withdraw: () => {
      granted = false;
    },
    later: (ms: number) => {
      now += ms;
    },
  };
}

t.test('each rule is asked for by name and namespace; what is not granted is no right', async (t) => {
  const { rights, asked, answers } = await asking(t);
  const { mayExempt, unanswered } = await rights(
    ANN,
    { rules: ['bounded-retries', 'route-timeout'], namespace: 'shop' },
    1000,
  );
  t.same([...mayExempt], ['bounded-retries']);
  t.equal(unanswered, undefined);
  t.same(asked, ['bounded-retries in shop', 'route-timeout in shop']);
  t.same(answers, ['allowed', 'denied']);
  const elsewhere = await rights(ANN, { rules: ['bounded-retries'], namespace: 'other' }, 1000);
  t.same([...elsewhere.mayExempt], [], 'a right in one namespace is none in another');
});

t.test('an answer is kept for some seconds, for the same person and question alone', async (t) => {
  const { rights, asked, withdraw, later } = await asking(t);
  const may = async (user = ANN): Promise<boolean> =>
    (await rights(user, { rules: ['bounded-retries'], namespace: 'shop' }, 1000)).mayExempt.has('bounded-retries');
  t.equal(await may(), true);
  withdraw();
  later(4999);
  t.equal(await may(), true, 'a right that is withdrawn counts five seconds longer at most');
  t.equal(asked.length, 1);
  t.equal(await may({ username: 'ann', groups: ['shop', 'other'] }), false, 'other groups, another question');
  t.equal(await may({ username: 'bob', groups: ['shop'] }), false);
  later(1);
  t.equal(await may(), false, 'then it is asked for again');
  later(999);
  t.equal(await may(), false);
  t.equal(asked.length, 4, 'a no is kept for one second');
  later(1);
  await may();
  t.equal(asked.length, 5);
});

t.test('what is kept is bounded, the oldest goes first', async (t) => {
  const { rights, asked } = await asking(t);
  const ask = (user: number) =>
    rights({ username: String(user), groups: [] }, { rules: ['bounded-retries'], namespace: 'shop' }, 1000);
  for (let user = 0; user <= 1000; user += 1) await ask(user);
  t.equal(asked.length, 1001);
  await ask(1000);
  await ask(1);
  t.equal(asked.length, 1001, 'the newest thousand are known');
  await ask(0);
  t.equal(asked.length, 1002, 'the first is not');
});

t.test('many reviews at once ask one question, on connections that stay', async (t) => {
  const { rights, asked, server } = await asking(t);
  const all = await Promise.all(
    Array.from({ length: 50 }, () => rights(ANN, { rules: ['bounded-retries'], namespace: 'shop' }, 1000)),
  );
  t.ok(all.every(({ mayExempt }) => mayExempt.has('bounded-retries')));
  t.equal(asked.length, 1);
  for (let user = 0; user < 20; user += 1) {
    await rights({ username: String(user), groups: [] }, { rules: ['bounded-retries'], namespace: 'shop' }, 1000);
  }
  t.ok(server.connections() <= 2, 'two at most for twenty-one questions, one after another');
});

t.test('what is not answered is no right, and why is said without addresses', async (t) => {
  const server = await faultyServer(t);
  const answers: RightsAnswer[] = [];
  const rights = exemptionRights(server.client, { told: (answer) => answers.push(answer) });
  const ask = (budgetMs = 1000) => rights(ANN, { rules: ['bounded-retries'], namespace: 'shop' }, budgetMs);
  server.answer = (_request, response) => send(response, 403, { kind: 'Status', message: 'no' });
  t.match(await ask(), { unanswered: 'Meshwarden may not ask: it lacks the right to create subjectaccessreviews' });
  server.answer = (_request, response) => send(response, 500, {});
  t.match(await ask(), { unanswered: 'the API server answered 500' });
  server.answer = (_request, response) => send(response, 201, {});
  t.same(await ask(), { mayExempt: new Set() }, 'an answer without a yes is a no');
  server.answer = () => undefined;
  const started = performance.now();
  const silent = exemptionRights(server.client);
  t.match(await silent(ANN, { rules: ['a', 'b', 'c'], namespace: 'shop' }, 200), {
    mayExempt: new Set(),
    unanswered: 'the API server did not answer in time',
  });
  const ms = performance.now() - started;
  t.ok(ms >= 150 && ms < 900, `the time given is for all questions together (${Math.round(ms)} ms)`);
  t.match(await silent(ANN, { rules: ['a'], namespace: 'shop' }, 0), { unanswered: /in time/ }, 'no time, no question');
  await server.close();
  const gone = await rights(ANN, { rules: ['route-timeout'], namespace: 'shop' }, 1000);
  t.match(gone, { unanswered: 'the API server did not answer in time' });
  t.same(answers, ['failed', 'failed', 'denied', 'failed']);
});
