import t from 'tap';
import { listOf, valueAt } from '../../../src/model/json.ts';
import { run } from './scenario.ts';

const route = (exempt: string, { attempts = 10, name = 'web' } = {}): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: ${name}
  namespace: shop
  annotations:
    meshwarden.io/exempt: "${exempt}"
spec:
  hosts: [web]
  http:
    - name: main
      retries: { attempts: ${attempts} }
`;
const GRANTED = 'few-tries until 2026-12-01 -- load test, OPS-311';
const UNASKED =
  'meshwarden: one object has an exception, which is taken as granted: files do not tell who sets them; the server asks (`kubectl apply --dry-run=server` too)\n';

t.test('check takes exceptions as granted, and says so', async (t) => {
  t.strictSame(await run(t, 'check DIR/vs.yaml', { files: { 'vs.yaml': route(GRANTED) } }), {
    code: 0,
    out: [
      "VirtualService shop/web: 'few-tries' is excepted until 2026-12-01: load test, OPS-311",
      '',
      '1 object judged: 0 errors, 0 warnings, 1 excepted',
      '',
    ].join('\n'),
    err: UNASKED,
  });
  const past = await run(t, 'check -', { stdin: route('few-tries until 2026-11-23 -- load test') });
  t.match(past, { code: 1, out: /\[MW903\].*until 2026-11-23, which is past[^]*\[MW498\]/ }, 'but not when it is past');
  const wrong = await run(t, 'check -', { stdin: route('few-trys until 2026-12-01 -- x') });
  t.match(wrong, { code: 1, out: /\[MW901\].*did you mean 'few-tries'\?/ }, 'nor when it cannot be read');
  const moved = await run(t, 'check DIR/new.yaml --context DIR/old.yaml', {
    files: { 'old.yaml': route(GRANTED), 'new.yaml': route(GRANTED, { attempts: 11 }) },
  });
  t.match(moved, { code: 0, err: UNASKED }, 'what a person without the right may not change cannot be known either');
});

t.test('check --expiring lists what ends soon, the first to end first', async (t) => {
  const files = {
    'a.yaml': route(GRANTED, { name: 'a' }),
    'b.yaml': route('few-tries until 2026-12-08 -- longer', { name: 'b' }),
    'c.yaml': route('few-tries until 2026-12-09 -- too long', { name: 'c' }),
    'd.yaml': route('few-tries until 2026-11-24 -- the last day', { name: 'd' }),
    'e.yaml': route('few-tries until 2026-10-31 -- forgotten', { name: 'e', attempts: 1 }),
  };
  const { code, out } = await run(t, 'check DIR --expiring 14d', { files });
  t.equal(code, 1, 'a past one is found as well');
  t.same(
    out.split('\n').filter((line) => line.includes('the exception from')),
    [
      "VirtualService shop/e: the exception from 'few-tries' ended on 2026-10-31: forgotten",
      "VirtualService shop/d: the exception from 'few-tries' ends on 2026-11-24, today: the last day",
      "VirtualService shop/a: the exception from 'few-tries' ends on 2026-12-01, in 7 days: load test, OPS-311",
      "VirtualService shop/b: the exception from 'few-tries' ends on 2026-12-08, in 14 days: longer",
    ],
  );
  const json: unknown = JSON.parse((await run(t, 'check DIR --expiring 7d -o json', { files })).out);
  t.match(valueAt(json, ['expiring']), [
    { rule: 'few-tries', object: { name: 'e' }, until: '2026-10-31', daysLeft: -24, reason: 'forgotten' },
    { object: { name: 'd' }, daysLeft: 0 },
    { object: { name: 'a' }, daysLeft: 7 },
  ]);
  t.equal(listOf(valueAt(json, ['expiring'])).length, 3);
  const none = await run(t, 'check DIR/c.yaml --expiring 1d', { files });
  t.match(none, { code: 0, out: /no exception ends within 1 day\n/ });
  t.equal(valueAt(JSON.parse((await run(t, 'check DIR/c.yaml -o json', { files })).out), ['expiring']), undefined);
  for (const format of ['github', 'gitlab', 'sarif', 'junit']) {
    const { err } = await run(t, `check DIR --expiring 7d -o ${format}`, { files });
    t.match(err, '3 exceptions end within 7 days or before; `-o text` and `-o json` list them', format);
  }
  for (const text of ['14', 'soon', '-1d', '2w']) {
    t.match(
      await run(t, `check DIR --expiring=${text}`, { files }),
      { code: 2, err: /number of days, such as 14d/ },
      text,
    );
  }
});

t.test('audit --expiring does the same for a cluster, and counts what controllers copied once', async (t) => {
  const pod = (name: string, uid: string, owner?: string): Record<string, unknown> => ({
    apiVersion: owner === undefined ? 'apps/v1' : 'v1',
    kind: owner === undefined ? 'Deployment' : 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      uid,
      annotations: { 'meshwarden.io/exempt': GRANTED },
      ...(owner === undefined ? {} : { ownerReferences: [{ kind: 'Deployment', uid: owner, controller: true }] }),
    },
  });
  const objects = [pod('web', '1'), pod('web-1', '2', '1'), pod('stray', '3', 'gone')] as never;
  const { out } = await run(t, 'audit --expiring 14d', { doors: { readMesh: async () => objects } });
  t.same(
    out.split('\n').filter((line) => line.includes('the exception from')),
    [
      "Deployment shop/web: the exception from 'few-tries' ends on 2026-12-01, in 7 days: load test, OPS-311",
      "Pod shop/stray: the exception from 'few-tries' ends on 2026-12-01, in 7 days: load test, OPS-311",
    ],
  );
});

t.test('an owner that is only claimed hides no exception', async (t) => {
  const owner = { controller: true, kind: 'Deployment', uid: '1' };
  const workload = (kind: string, name: string, uid: string, exempt: string | undefined, of?: string): unknown => ({
    apiVersion: kind === 'Deployment' ? 'apps/v1' : kind === 'Pod' ? 'v1' : 'networking.istio.io/v1',
    kind,
    metadata: {
      name,
      namespace: name === 'elsewhere' ? 'other' : 'shop',
      uid,
      ...(exempt === undefined ? {} : { annotations: { 'meshwarden.io/exempt': exempt } }),
      ...(of === undefined ? {} : { ownerReferences: [{ ...owner, uid: of }] }),
    },
    spec: kind === 'VirtualService' ? { hosts: ['web'], http: [{ retries: { attempts: 10 } }] } : {},
  });
  const objects = [
    workload('Deployment', 'web', '1', GRANTED),
    workload('Deployment', 'plain', '2', undefined),
    workload('VirtualService', 'route', '3', GRANTED, '1'),
    workload('Pod', 'of-plain', '4', GRANTED, '2'),
    workload('Pod', 'longer', '5', 'few-tries until 2026-12-02 -- load test, OPS-311', '1'),
    workload('Pod', 'of-itself', '6', GRANTED, '6'),
    workload('Pod', 'elsewhere', '7', GRANTED, '1'),
    workload('Pod', 'copy', '8', GRANTED, '1'),
  ] as never;
  const { out } = await run(t, 'audit --expiring 14d -o json', { doors: { readMesh: async () => objects } });
  const json: unknown = JSON.parse(out);
  const named = (key: string): readonly string[] =>
    listOf(valueAt(json, [key])).map((one) => String(valueAt(one, ['object', 'name'])));
  t.same(named('expiring').toSorted(), ['elsewhere', 'longer', 'of-itself', 'of-plain', 'route', 'web']);
  t.same(named('exceptions'), ['route'], 'nor what it let pass');
});

t.test('every format has what an exception let pass, apart from what was found', async (t) => {
  const files = { 'a,b.yaml': route(GRANTED), 'bad.yaml': route('route-name until 2026-12-01 -- x', { name: 'bad' }) };
  const write = async (format: string): Promise<string> => (await run(t, `check DIR -o ${format}`, { files })).out;

  const json: unknown = JSON.parse(await write('json'));
  t.match(valueAt(json, ['exceptions']), [
    {
      rule: 'few-tries',
      object: { kind: 'VirtualService', name: 'web' },
      until: '2026-12-01',
      reason: 'load test, OPS-311',
    },
  ]);
  t.match(valueAt(json, ['summary']), { errors: 2, excepted: 1 });

  const sarif: unknown = JSON.parse(await write('sarif'));
  const results = listOf(valueAt(sarif, ['runs', 0, 'results']));
  t.equal(valueAt(sarif, ['version']), '2.1.0');
  t.equal(results.length, 3);
  t.match(results[2], {
    ruleId: 'MW498',
    level: 'error',
    message: { text: /^VirtualService shop\/web: `spec\.http\[0\]\.retries\.attempts` is 10/ },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: /a%2Cb\.yaml$/ }, region: { startLine: 12, startColumn: 28 } },
        logicalLocations: [{ fullyQualifiedName: 'VirtualService shop/web spec.http[0].retries.attempts' }],
      },
    ],
    suppressions: [
      { kind: 'inSource', status: 'accepted', justification: 'few-tries until 2026-12-01 -- load test, OPS-311' },
    ],
  });
  for (const result of results.slice(0, 2)) t.equal(valueAt(result, ['suppressions']), undefined);
  const rules = listOf(valueAt(sarif, ['runs', 0, 'tool', 'driver', 'rules']));
  t.same(
    rules.map((rule) => valueAt(rule, ['id'])),
    ['MW498', 'MW901'],
    'rules are those that were found',
  );
  for (const result of results) {
    t.equal(valueAt(rules[Number(valueAt(result, ['ruleIndex']))], ['id']), valueAt(result, ['ruleId']));
  }
  const prints = results.map((result) => valueAt(result, ['partialFingerprints', 'meshwarden/v1']));
  t.equal(new Set(prints).size, 3);

  const junit = await write('junit');
  t.match(junit, '<testsuites name="meshwarden" tests="3" failures="2">');
  t.match(
    junit,
    /<testcase name="MW498 few-tries: VirtualService shop\/web".*<skipped message="excepted until 2026-12-01: load test, OPS-311"\/>/,
  );
  t.match(junit, /<failure type="MW901" message="VirtualService shop\/bad: .*&apos;route-name&apos;/);

  const github = await write('github');
  t.match(
    github,
    /^::error file=.*bad\.yaml,line=12,col=28,title=MW498 few-tries::VirtualService shop\/bad: .*\. Fix: set 1\.$/m,
  );
  t.match(
    github,
    /^::notice file=.*a%2Cb\.yaml,line=12,col=28,title=MW498 few-tries::.*\(excepted until 2026-12-01: load test, OPS-311\)$/m,
  );

  const gitlab = listOf(JSON.parse(await write('gitlab')));
  t.same(
    gitlab.map((issue) => [valueAt(issue, ['check_name']), valueAt(issue, ['severity'])]),
    [
      ['MW901', 'critical'],
      ['MW498', 'critical'],
      ['MW498', 'info'],
    ],
  );
  t.match(gitlab[2], { description: /excepted until/, location: { path: /a,b\.yaml$/, lines: { begin: 12 } } });
  t.equal(new Set(gitlab.map((issue) => valueAt(issue, ['fingerprint']))).size, 3);
});

t.test('reports of nothing are whole, and no text breaks out of its format', async (t) => {
  const good = { 'vs.yaml': route('', { attempts: 1 }).replace(/ {2}annotations:\n.*\n/, '') };
  const write = async (format: string, files: Readonly<Record<string, string>>): Promise<string> =>
    (await run(t, `check DIR -o ${format}`, { files })).out;
  t.same(valueAt(JSON.parse(await write('sarif', good)), ['runs', 0, 'results']), []);
  t.match(await write('junit', good), /tests="1" failures="0"[^]*<testcase name="nothing found"/);
  t.equal(await write('github', good), '');
  t.equal(await write('gitlab', good), '[]\n');
  const evil = { 'vs.yaml': route(`few-tries until 2026-12-01 -- ]]><x>&\\n::error::gone\\u001b[31m\\u202e`) };
  const junit = await write('junit', evil);
  t.notMatch(junit.replaceAll('\n', ''), /<x>|\p{Cc}|\p{Cf}/u);
  const github = await write('github', evil);
  t.equal(github.trim().split('\n').length, 1, 'one command stays one');
  t.notMatch(github, /^::error/m);
  t.notMatch((await write('text', evil)).replaceAll('\n', ''), /\p{Cc}|\p{Cf}/u);
});
