import t from 'tap';
import type { ReviewerOptions } from '../../../src/edge/http/review-record.ts';
import { listOf, valueAt } from '../../../src/model/json.ts';
import { reviewOf, virtualService } from './rules.ts';
import { subject, type Subject } from './server.ts';

const DAY_MS = 86_400_000;
const dayIn = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
const UNTIL = dayIn(7);
const EXEMPT = `few-tries until ${UNTIL} -- load test, OPS-311`;

function excepted(attempts: number, exempt = EXEMPT): Record<string, unknown> {
  const metadata = { name: 'web', namespace: 'shop', annotations: { 'meshwarden.io/exempt': exempt } };
  return { ...virtualService(attempts), metadata };
}

async function respond(server: Subject, request: Readonly<Record<string, unknown>>, timeout = '3s'): Promise<unknown> {
  const { body } = await server.app.inject({
    method: 'POST',
    url: `/validate?timeout=${timeout}`,
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(reviewOf(request)),
  });
  return valueAt(JSON.parse(body), ['response']);
}

const granting: ReviewerOptions['rights'] = async () => ({ mayExempt: new Set(['few-tries']) });

t.test('an exception that is used is seen: warning, audit annotation, log and metric', async (t) => {
  const server = subject(t, { rights: granting });
  const response = await respond(server, { object: excepted(9) });
  t.match(response, {
    allowed: true,
    warnings: [`'few-tries' is excepted until ${UNTIL}: load test, OPS-311`],
    auditAnnotations: { decision: 'allow', exceptions: `few-tries until ${UNTIL}` },
  });
  t.match(server.reviews[0], {
    decision: 'allow',
    exceptions: [{ rule: 'few-tries', until: UNTIL, reason: 'load test, OPS-311', object: 'VirtualService shop/web' }],
  });
  const metrics = await server.metrics.registry.metrics();
  t.match(metrics, 'meshwarden_exceptions_applied_total{rule="few-tries"} 1');
  t.match(metrics, 'meshwarden_rule_findings_total{rule="exception-not-permitted",severity="error"} 0');
  const long = await respond(server, { object: excepted(9, `few-tries until ${UNTIL} -- ${'x'.repeat(500)}`) });
  for (const warning of listOf(valueAt(long, ['warnings']))) t.equal(String(warning).length, 120, 'cut to 120 letters');
});

t.test('who asks is asked about in full, once, and only where an exception is at stake', async (t) => {
  const asked: unknown[] = [];
  const server = subject(t, {
    rights: async (requester, question, leftMs) => {
      asked.push({ requester, question, inTime: leftMs > 0 && leftMs <= 2000 });
      return { mayExempt: new Set<string>() };
    },
  });
  const userInfo = { username: 'ann', groups: ['shop'], uid: '7', extra: { scopes: ['a'] } };
  t.match(await respond(server, { object: excepted(9), userInfo }), {
    allowed: false,
    status: {
      message: new RegExp(
        String.raw`\[MW902\] .metadata\.annotations\[meshwarden\.io/exempt\]. excepts 'few-tries'; must be set by somebody who may exempt it in namespace 'shop', and 'ann' may not\n`,
      ),
    },
  });
  t.same(asked, [{ requester: userInfo, question: { rules: ['few-tries'], namespace: 'shop' }, inTime: true }]);

  const old = { ...virtualService(9), apiVersion: 'networking.istio.io/v1beta1' };
  const controller = { username: 'system:serviceaccount:kube-system:replicaset-controller', groups: [] };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { annotations: { 'meshwarden.io/exempt': EXEMPT } } };
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const status = { ...excepted(9), status: { a: 1 } };
  for (const request of [
    { object: virtualService(9) },
    { object: virtualService(9), oldObject: old, operation: 'UPDATE' },
    { object: virtualService(1), oldObject: excepted(9), operation: 'UPDATE' },
    { oldObject: excepted(9), operation: 'DELETE' },
    { object: status, oldObject: excepted(9), operation: 'UPDATE' },
    { object: excepted(9, 'nonsense') },
    { object: pod, kind, userInfo: controller },
  ]) {
    await respond(server, request);
  }
  t.equal(asked.length, 1, 'nothing to ask about what has no exception, loses one, goes, or is made by a controller');
});

t.test('a review without an exception is answered at once, while another waits', async (t) => {
  let release: () => void = () => undefined;
  const waiting = new Promise<void>((done) => {
    release = done;
  });
  const server = subject(t, {
    rights: async () => {
      await waiting;
      return { mayExempt: new Set(['few-tries']) };
    },
  });
  let isAnswered = false;
  const slow = respond(server, { object: excepted(9) }).then((response) => {
    isAnswered = true;
    return response;
  });
  t.match(await respond(server, { object: virtualService(9) }), { allowed: false });
  t.equal(isAnswered, false);
  release();
  t.match(await slow, { allowed: true });
});

t.test('a right that nobody can tell is none, and the message says why', async (t) => {
  const server = subject(t, {
    rights: async () => ({ mayExempt: new Set<string>(), unanswered: 'the API server did not answer in time' }),
  });
  const response = await respond(server, { object: excepted(9) });
  t.match(response, { allowed: false });
  t.match(
    String(valueAt(response, ['status', 'message'])),
    "excepts 'few-tries' and does not count: whether 'ann' may exempt it is not known, the API server did not answer in time; try again",
  );
});

t.test('an object too deep to be walked is refused, exception or not', async (t) => {
  const server = subject(t, { rights: granting });
  const nested = JSON.stringify(reviewOf({ object: excepted(9), oldObject: excepted(9), operation: 'UPDATE' }));
  const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
  const { statusCode, body } = await server.app.inject({
    method: 'POST',
    url: '/validate?timeout=3s',
    headers: { 'content-type': 'application/json' },
    payload: nested.replaceAll('"spec":{', `"spec":{"deep":${deep},`),
  });
  t.equal(statusCode, 200);
  t.match(valueAt(JSON.parse(body), ['response']), { allowed: false });
});
