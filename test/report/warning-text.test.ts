import t from 'tap';
import type { FieldPath } from '../../src/model/field-path.ts';
import type { JudgedFinding } from '../../src/model/verdict.ts';
import { clip, warningText } from '../../src/report/warning-text.ts';

const OBJECT = { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', namespace: 'shop', name: 'web' };
const SEARCH = "service 'search.llmoptimizer.svc.cluster.local'";

function warn(message: string, { path = [], object = '', fix = '' }: Partial<Parts> = {}): string {
  const finding: JudgedFinding = {
    code: 'MW406',
    rule: 'circuit-breaker',
    subject: { kind: 'host', name: 'search.llmoptimizer.svc.cluster.local' },
    object: OBJECT,
    messageId: 'any',
    message,
    path,
    seen: '',
    thing: '',
    severity: 'warning',
    standing: false,
  };
  return warningText(finding, { object, fix });
}

interface Parts {
  readonly path: FieldPath;
  readonly object: string;
  readonly fix: string;
}

t.test('what fits is said whole, with the fix', (t) => {
  t.equal(
    warn('`spec.a` is 2; must be 1', { fix: 'Fix: set 1.' }),
    'would be refused: [MW406] `spec.a` is 2; must be 1. Fix: set 1.',
  );
  t.equal(warn(`no ${SEARCH}; must be there`), `would be refused: [MW406] no ${SEARCH}; must be there`);
  t.end();
});

t.test('the domain of services goes first, the fix second, what it is for third', (t) => {
  const path = ['spec', 'http', 4, 'retries', 'attempts'];
  const seen = '`spec.http[4].retries.attempts` is 3; must be at most 1';
  t.equal(
    warn(`${seen} for ${SEARCH}`, { path, fix: 'Fix: set 1.' }),
    "would be refused: [MW406] `spec.http[4].retries.attempts` is 3; must be at most 1 for service 'search.llmoptimizer'",
  );
  t.equal(
    warn(`${seen}, so that 4 tries fit for ${SEARCH}`, { path, fix: 'Fix: set 1.' }),
    'would be refused: [MW406] `spec.http[4].retries.attempts` is 3; must be at most 1, so that 4 tries fit',
  );
  t.end();
});

t.test('a host that is no service’s name keeps its domain, which may be what is wrong', (t) => {
  const text = warn(
    "`spec.host` means 'a.b.svc.cluster.local', which is not there at all; must be 'c.d.svc.cluster.local'",
  );
  t.match(text, / 'a\.b\.svc\.cluster\.local', .*; must be 'c\.d\.svc\.cluster\.local'$/);
  t.end();
});

t.test('a path loses its front, and a list’s number stays with its list', (t) => {
  const annotation = ['spec', 'template', 'metadata', 'annotations', 'sidecar.istio.io/proxyCPULimit'];
  t.equal(
    warn(
      "`spec.template.metadata.annotations[sidecar.istio.io/proxyCPULimit]` is '201m'; must be less than or equal to '200m'",
      {
        path: annotation,
      },
    ),
    "would be refused: [MW406] `…annotations[sidecar.istio.io/proxyCPULimit]` is '201m'; must be less than or equal to '200m'",
  );
  t.match(
    warn(`\`spec.template.spec.containers[1]\` is ${'x'.repeat(70)}; must go`, {
      path: ['spec', 'template', 'spec', 'containers', 1],
    }),
    /\[MW406\] `…containers\[1\]` is x+…; must go$/,
  );
  t.end();
});

t.test('of a long finding the end of what was seen goes, and the demand stays', (t) => {
  t.equal(
    warn(`no DestinationRule gives ${SEARCH} a circuit breaker in namespaces such as 'llmoptimizer'; must have one`),
    "would be refused: [MW406] no DestinationRule gives service 'search.llmoptimizer' a circuit breaker in na…; must have one",
  );
  const both = warn(`${'seen '.repeat(30)}; must ${'demand '.repeat(30)}`, {
    object: `VirtualService ${'n'.repeat(200)}: `,
  });
  t.match(both, /^would be refused: \[MW406\] VirtualService n+…n+: seen [a-z ]+…; must demand/);
  t.equal(Array.from(both).length, 120);
  t.end();
});

t.test('a warning is never longer than 120 letters, whatever is in it', (t) => {
  const texts = [
    '',
    'x',
    'x; must y',
    '🛂'.repeat(300),
    `${'🛂'.repeat(90)}; must ${'🛂'.repeat(90)}`,
    `a; must b; must ${'c'.repeat(200)}`,
  ];
  for (const message of texts) {
    for (const object of ['', 'Service a/b: ', `Service ${'🛂'.repeat(99)}: `]) {
      const text = warn(message, { object, fix: 'f'.repeat(80), path: ['a', 0, '$&', 'b'] });
      t.ok(Array.from(text).length <= 120, text);
      t.ok(text.isWellFormed());
      t.equal(text.includes('; must '), message.includes('; must '), `the demand is still there: ${text}`);
    }
  }
  t.equal(clip('abcdef', 4), 'abc…');
  t.end();
});

t.test('a warning holds no control character, be it in the message or in the path', (t) => {
  t.notMatch(warn(`\`spec[a\u001b]\` ${'x'.repeat(150)}; must b\n`, { path: ['spec', 'a\u001b'] }), /[\p{Cc}\p{Cf}]/u);
  t.end();
});
