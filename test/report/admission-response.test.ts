import t from 'tap';
import type { JudgedFinding, Verdict } from '../../src/model/verdict.ts';
import {
  allowingResponse,
  patchingResponse,
  staleNote,
  tooDeepResponse,
  validatingResponse,
} from '../../src/report/admission-response.ts';

const OBJECT = { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', namespace: 'shop', name: 'web' };
const CONTEXT = { uid: 'u', baseline: { version: '1.2.0', sha256: 'abcdef0123456789'.repeat(4) }, notes: [] };

function finding(rest: Partial<JudgedFinding> = {}): JudgedFinding {
  return {
    code: 'MW401',
    rule: 'bounded-retries',
    subject: { kind: 'host', name: 'ml-service.llmoptimizer.svc.cluster.local' },
    responsible: OBJECT,
    object: OBJECT,
    messageId: 'many',
    message: "`spec.http[0].retries.attempts` is 10; must be less than or equal to 1 for service 'ml-service'",
    path: ['spec', 'http', 0, 'retries', 'attempts'],
    seen: '10',
    thing: '',
    severity: 'error',
    standing: false,
    fix: [{ op: 'replace', path: '/spec/http/0/retries/attempts', value: 1 }],
    ...rest,
  };
}

function verdict(findings: readonly JudgedFinding[], rest: Partial<Verdict> = {}): Verdict {
  const decision = findings.some(({ severity }) => severity === 'error') ? 'deny' : 'allow';
  return { decision, findings, exceptions: [], ...rest };
}

const refuse = (...findings: readonly JudgedFinding[]): string =>
  validatingResponse(verdict(findings), CONTEXT).status?.message ?? '';
const warn = (...findings: readonly JudgedFinding[]): readonly string[] =>
  validatingResponse(verdict(findings), CONTEXT).warnings ?? [];

t.test('a refusal is 403 Forbidden; its first line stands alone, the explain command stands once at the end', (t) => {
  const other = finding({
    code: 'MW403',
    path: ['spec', 'http', 0],
    message: '`spec.http[0]` has no timeout',
    fix: [],
  });
  const { status, ...rest } = validatingResponse(verdict([finding(), other]), CONTEXT);
  t.same(rest, {
    uid: 'u',
    allowed: false,
    auditAnnotations: { decision: 'deny', baseline: '1.2.0 abcdef012345', rules: 'MW401,MW403' },
  });
  t.equal(status?.code, 403);
  t.equal(status?.reason, 'Forbidden', 'the reason Invalid would make kubectl drop the message');
  t.equal(
    status?.message,
    [
      "[MW401] `spec.http[0].retries.attempts` is 10; must be less than or equal to 1 for service 'ml-service'. Fix: set 1.",
      '[MW403] `spec.http[0]` has no timeout',
      'For why and how to mend: meshwarden explain MW401',
    ].join('\n'),
  );
  t.same(status?.details?.causes[0], {
    reason: 'MW401',
    field: 'spec.http[0].retries.attempts',
    message: finding().message,
  });
  t.end();
});

t.test('the object whose field is wrong is named where it is another than the changed one', (t) => {
  const responsible = { ...OBJECT, kind: 'DestinationRule', name: 'web-rule' };
  t.match(refuse(finding({ responsible })), /^\[MW401\] DestinationRule shop\/web-rule: `spec/);
  t.match(refuse(finding()), /^\[MW401\] `spec/);
  const { responsible: _, ...missing } = finding();
  t.match(refuse(missing), /^\[MW401\] `spec/);
  t.end();
});

t.test('after ten lines the rest is counted, and causes stay within reason', (t) => {
  const many = Array.from({ length: 250 }, (_, at) => finding({ path: ['spec', 'http', at] }));
  const { status } = validatingResponse(verdict(many), CONTEXT);
  const lines = (status?.message ?? '').split('\n');
  t.same(lines.slice(10), ['and 240 more', 'For why and how to mend: meshwarden explain MW401']);
  t.equal(status?.details?.causes.length, 100);
  t.end();
});

t.test('warnings use the words of refusals, on one line of at most 120 characters', (t) => {
  const warning = finding({ severity: 'warning' });
  t.same(warn(warning), [
    'would be refused: [MW401] `spec.http[0].retries.attempts` is 10; must be less than or equal to 1',
  ]);
  t.match(validatingResponse(verdict([warning]), CONTEXT), { allowed: true, auditAnnotations: { decision: 'warn' } });
  const evil = warn(finding({ severity: 'warning', message: 'a\nb\tc\u001b[31md\u202ee' }))[0] ?? '';
  // The API server drops a warning that holds a control character, without a word.
  t.notMatch(evil, /[\p{Cc}\p{Cf}]/u);
  const emoji = warn(finding({ severity: 'warning', message: '🛂'.repeat(200) }))[0] ?? '';
  t.equal(Array.from(emoji).length, 120);
  t.ok(emoji.isWellFormed(), 'no letter is cut in half');
  t.end();
});

t.test('ten warnings at most, none twice; notes come first', (t) => {
  const many = Array.from({ length: 30 }, (_, at) => finding({ severity: 'warning', message: `number ${at}` }));
  const warnings = validatingResponse(verdict(many), { ...CONTEXT, notes: [staleNote(['MW401'])] }).warnings ?? [];
  t.equal(warnings.length, 10);
  t.equal(warnings[0], '[MW002] judged on old facts, the API server does not answer: MW401');
  t.equal(warnings[9], 'and 22 more; meshwarden check shows all');
  const same = finding({ severity: 'warning' });
  t.equal(warn(same, same).length, 1);
  const codes = Array.from({ length: 30 }, (_, at) => `MW4${at}`);
  t.ok(staleNote(codes).length <= 120, 'old facts that concern many rules fit as well');
  t.end();
});

t.test('where a finding had to be shortened, the last warning says where the whole of it is', (t) => {
  const long = (at: number): JudgedFinding =>
    finding({ severity: 'warning', code: `MW40${at % 10}`, message: `number ${at} ${'is '.repeat(50)}; must not be` });
  const way = 'For why and how to mend: meshwarden explain MW402';
  t.same(warn(finding({ severity: 'warning' }), long(2), long(3)).slice(2), [
    'would be refused: [MW403] number 3 is is is is is is is is is is is is is is is is is is is is is is is is…; must not be',
    way,
  ]);
  t.notMatch(warn(finding(), long(2)).join('\n'), 'explain', 'a refusal has said it already');
  const many = warn(...Array.from({ length: 30 }, (_, at) => long(at + 2)));
  t.equal(many.length, 10);
  t.same(many.slice(8), ['and 22 more; meshwarden check shows all', way]);
  t.equal(warn(...Array.from({ length: 9 }, (_, at) => long(at + 2))).length, 10, 'nine and the way are ten');
  t.end();
});

t.test('notes of severity are audited and not shown; exceptions are both', (t) => {
  const noted = validatingResponse(verdict([finding({ severity: 'note' })]), CONTEXT);
  t.same(noted, {
    uid: 'u',
    allowed: true,
    auditAnnotations: { decision: 'allow', baseline: '1.2.0 abcdef012345', rules: 'MW401' },
  });
  const exception = {
    rule: 'bounded-retries',
    until: '2027-01-31',
    reason: 'load test, OPS-311',
    object: OBJECT,
    findings: [finding()],
  };
  const excepted = validatingResponse(verdict([], { exceptions: [exception] }), CONTEXT);
  t.same(excepted.warnings, ["'bounded-retries' is excepted until 2027-01-31: load test, OPS-311"]);
  t.equal(excepted.auditAnnotations?.exceptions, 'bounded-retries until 2027-01-31');
  const from = (object: typeof OBJECT): readonly string[] =>
    validatingResponse(verdict([], { exceptions: [{ ...exception, object }] }), CONTEXT).warnings ?? [];
  const namespace = { apiVersion: 'v1', kind: 'Namespace', namespace: '', name: 'shop' };
  t.match(from(namespace)[0], /: load test, OPS-311$/, 'of the object’s own namespace');
  const hidden = ["'bounded-retries' is excepted until 2027-01-31 by an object of another namespace"];
  t.same(from({ ...OBJECT, namespace: 'secret' }), hidden, 'a reason is not told to other namespaces');
  t.same(from({ ...namespace, name: 'secret' }), hidden);
  t.end();
});

t.test('the keys of audit annotations are what the API server takes', (t) => {
  const exceptions = [{ rule: 'x', until: '2027-01-31', reason: '', object: OBJECT, findings: [] }];
  const responses = [
    validatingResponse(verdict([finding()], { exceptions }), CONTEXT),
    patchingResponse(CONTEXT, { patch: 'W10=', rules: 'paid', lacks: undefined }),
    tooDeepResponse(CONTEXT),
    allowingResponse(CONTEXT),
  ];
  for (const { auditAnnotations = {} } of responses) {
    for (const key of Object.keys(auditAnnotations)) t.match(key, /^[a-z]{1,63}$/);
  }
  t.end();
});

t.test('a mutating response has both fields of a patch or neither, and never refuses', (t) => {
  const patched = patchingResponse(CONTEXT, { patch: 'W10=', rules: 'paid', lacks: undefined });
  t.match(patched, { uid: 'u', allowed: true, patchType: 'JSONPatch', patch: 'W10=' });
  const bare = patchingResponse(CONTEXT, { patch: undefined, rules: '', lacks: 'a\nfault' });
  t.same(Object.keys(bare).toSorted(), ['allowed', 'auditAnnotations', 'uid', 'warnings']);
  t.same(bare.warnings, ['not everything was added to this object: a\u{fffd}fault']);
  t.end();
});

t.test('a fix names its field only where that is another one', (t) => {
  const fixed = (operation: NonNullable<JudgedFinding['fix']>[number]): string => refuse(finding({ fix: [operation] }));
  t.match(fixed({ op: 'remove', path: '/spec/http/0/retries/attempts' }), ' Fix: remove it.');
  t.match(fixed({ op: 'remove', path: '/spec/http/0/retries' }), ' Fix: remove `spec.http[0].retries`.');
  t.match(fixed({ op: 'add', path: '/spec/http/0/retries/attempts', value: 1 }), ' Fix: set 1.');
  t.match(fixed({ op: 'add', path: '/spec/http/0/timeout', value: '5s' }), " Fix: set `spec.http[0].timeout` to '5s'.");
  t.end();
});
