import { spawnSync } from 'node:child_process';
import t from 'tap';
import { RULES } from '../../../src/rules/index.ts';
import { run, written } from './scenario.ts';

const route = (attempts: string, more = ''): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: ml-service
  namespace: llmoptimizer
spec:
  hosts: [ml-service]
  http:
    - retries: { attempts: ${attempts} }${more}
`;
const NAMED = '\n      name: main';

t.test('check', async (t) => {
  t.strictSame(
    await run(t, 'check DIR/vs.yaml', { files: { 'vs.yaml': route('1', NAMED) } }),
    { code: 0, out: '1 object judged: nothing found\n', err: '' },
    'of what is right says so and ends with 0',
  );
  t.strictSame(
    await run(t, 'check DIR/vs.yaml', { files: { 'vs.yaml': route('10') } }),
    {
      code: 1,
      out: [
        'DIR/vs.yaml:9:7: warning: VirtualService llmoptimizer/ml-service: [MW499] `spec.http[0].name` is not set; must be',
        'DIR/vs.yaml:9:28: error: VirtualService llmoptimizer/ml-service: [MW498] `spec.http[0].retries.attempts` is 10; must be less than or equal to 1. Fix: set 1.',
        '',
        '1 object judged: 1 error, 1 warning',
        'For why and how to mend: meshwarden explain MW498',
        '',
      ].join('\n'),
      err: '',
    },
    'names file, line, column, object, code, field, value seen and what must be',
  );
  t.match(await run(t, 'check -', { stdin: route('10') }), { code: 1, out: /^<stdin>:9:7: / }, 'reads standard input');
  t.match(
    await run(t, 'check DIR', {
      files: {
        'a/vs.yaml': route('10', NAMED),
        'b.json': '{"apiVersion":"v1","kind":"Service","metadata":{"name":"x"}}',
      },
    }),
    { code: 1, out: /2 objects judged: 1 error, 0 warnings/ },
    'reads folders',
  );
  t.match(
    await run(t, 'check - --fail-on warning', { stdin: route('1') }),
    { code: 1 },
    'fails on warnings when asked to',
  );
  t.match(await run(t, 'check -', { stdin: route('1') }), { code: 0, out: /1 warning/ }, 'does not otherwise');
  t.match(
    await run(t, 'check - --fail-on never', { stdin: route('10') }),
    { code: 0, out: /1 error/ },
    'never fails when asked not to',
  );
  t.match(
    await run(t, 'check - --namespace shop', { stdin: route('10').replace('  namespace: llmoptimizer\n', '') }),
    { out: /VirtualService shop\/ml-service/ },
    'puts objects without a namespace into the one that is named',
  );
  t.match(
    await run(t, 'check -', { stdin: route('10'), colours: true }),
    { out: /\p{Cc}\[\d/u },
    'colours for a terminal',
  );
});

t.test('check --context', async (t) => {
  const files = { 'live.yaml': route('5', NAMED), 'new.yaml': route('5', `${NAMED}s`) };
  t.match(
    await run(t, 'check DIR/new.yaml --context DIR/live.yaml', { files }),
    { code: 0, out: /warning: .*\[MW498\].*\(was so before the change\)/ },
    'warns of what was so before',
  );
  t.match(
    await run(t, 'check DIR/new.yaml --context DIR/live.yaml', { files: { ...files, 'new.yaml': route('6', NAMED) } }),
    { code: 1, out: /error: .*\[MW498\]/ },
    'refuses what becomes worse',
  );
  t.match(
    await run(t, 'check DIR/new.yaml --context DIR/live.yaml', { files: { ...files, 'new.yaml': route('1', NAMED) } }),
    { code: 0, out: '1 object judged: nothing found\n' },
    'does not blame the known objects',
  );
  t.match(
    await run(t, 'check DIR/new.yaml --context DIR/none --context DIR/live.yaml', { files }),
    { code: 2, err: "meshwarden: 'DIR/none' does not exist\n" },
    'that cannot be read is no empty mesh',
  );
});

t.test('check says what it counts and could not have blamed', async (t) => {
  const files = { 'vs.yaml': route('10', NAMED) };
  t.match(
    await run(t, 'check DIR/vs.yaml --context DIR/vs.yaml', { files }),
    { code: 0, err: 'meshwarden: 1 of 1 as in --context: what does not change is not blamed\n' },
    'an object that is not changed',
  );
  const typo = 'apiVersion: networking.istio.io/v1\nkind: "Virtual\\eSrvice"\nmetadata: { name: x }\n';
  t.match(
    await run(t, 'check -', { stdin: typo }),
    { code: 0, err: 'meshwarden: no rule reads Virtual\u{fffd}Srvice\n' },
    'a kind that nothing is known of, such as one that is written wrong',
  );
});

t.test('check of a workload', async (t) => {
  const workload = `apiVersion: apps/v1
kind: Deployment
metadata: { name: search, namespace: llmoptimizer }
spec:
  selector: { matchLabels: { app: search } }
  template:
    metadata: { labels: { app: search } }
    spec: { containers: [{ name: app, image: registry.example/search }] }
`;
  const asServer = await run(t, 'check -', { stdin: workload, rules: RULES });
  t.match(asServer, { code: 0, out: '1 object judged: nothing found\n' }, 'judges what the server would make of it');
  t.match(
    asServer.err,
    /^meshwarden: <stdin>:1:1: the server would add `spec\.template\.metadata\.annotations`.*\(sidecar-resources\)$/m,
    'and says what that adds',
  );
  const asWritten = await run(t, 'check - --as-written', { stdin: workload, rules: RULES });
  t.match(asWritten, { code: 1, out: /\[MW101\]/, err: '' }, 'or judges it as it stands');
  const patched = workload.replace('metadata: { labels', 'metadata: { annotations: 7, labels');
  t.match(
    await run(t, 'check -', { stdin: patched, rules: RULES }),
    { code: 1, out: /error: / },
    'what cannot be completed is judged as it stands',
  );
});

t.test('check -o json', async (t) => {
  const { code, out } = await run(t, 'check DIR/vs.yaml -o json', { files: { 'vs.yaml': route('10', NAMED) } });
  const { baseline, ...report } = JSON.parse(out);
  t.equal(code, 1, 'ends as text does');
  t.match(baseline, { version: String, sha256: /^[0-9a-f]{64}$/ }, 'names the baseline');
  t.strictSame(
    report,
    {
      meshwarden: report.meshwarden,
      findings: [
        {
          code: 'MW498',
          rule: 'few-tries',
          severity: 'error',
          object: {
            apiVersion: 'networking.istio.io/v1',
            kind: 'VirtualService',
            namespace: 'llmoptimizer',
            name: 'ml-service',
          },
          subject: { kind: 'object', name: 'VirtualService llmoptimizer/ml-service' },
          path: 'spec.http[0].retries.attempts',
          seen: '10',
          message: '`spec.http[0].retries.attempts` is 10; must be less than or equal to 1',
          fix: [{ op: 'replace', path: '/spec/http/0/retries/attempts', value: 1 }],
          file: 'DIR/vs.yaml',
          line: 9,
          column: 28,
        },
      ],
      exceptions: [],
      summary: { objects: 1, errors: 1, warnings: 0, excepted: 0 },
    },
    'has the form that others rely on',
  );
  t.match(
    await run(t, 'check DIR/vs.yaml -o json --output-file DIR/r.json', { files: { 'vs.yaml': route('1', NAMED) } }),
    { code: 0, out: '' },
  );
  t.match(JSON.parse(written(t, 'r.json')), { findings: [] }, 'goes to a file when asked to');
  t.match(
    await run(t, 'check - --output-file DIR/no/r.json', { stdin: route('1') }),
    { code: 2, err: "meshwarden: 'DIR/no/r.json' cannot be written: the folder that it is to be in does not exist\n" },
    'and says when it cannot',
  );
});

t.test('Bad input to check', async (t) => {
  const cases: readonly (readonly [title: string, text: string, err: string | RegExp, out?: RegExp])[] = [
    ['an empty file', '', 'meshwarden: no Kubernetes objects in -\n'],
    ['a file of comments', '# nothing\n', 'meshwarden: no Kubernetes objects in -\n'],
    [
      'a truncated file',
      '{"apiVersion": "v1", "kind": ',
      /<stdin>:1:\d+: not readable as YAML: .*\nmeshwarden: nothing could be judged\n$/,
    ],
    ['a duplicate key', `${route('1')}    - route: []\nspec: {}\n`, /<stdin>:11:1: the same key may not stand twice/],
    ['a cyclic alias', 'a: &a [*a]', /aliases may not contain themselves or grow beyond reason/],
    [
      'a values file',
      'replicas: 1',
      'meshwarden: <stdin>:1:1: left out: not a Kubernetes object\nmeshwarden: no Kubernetes objects in -\n',
    ],
    [
      'one document that cannot be read beside one that can',
      `${route('10')}---\na: [\n`,
      /<stdin>:12:1: not readable/,
      /1 error/,
    ],
  ];
  for (const [title, stdin, err, out] of cases) {
    const outcome = await run(t, 'check -', { stdin });
    t.equal(outcome.code, 2, `${title} ends with 2`);
    if (typeof err === 'string') t.equal(outcome.err, err, `${title} is said`);
    else t.match(outcome.err, err, `${title} is said`);
    if (out !== undefined) t.match(outcome.out, out, 'what could be read is judged');
  }
  t.match(
    await run(t, 'check DIR/nowhere'),
    { code: 2, err: /^meshwarden: 'DIR\/nowhere' does not exist\n/ },
    'a path that does not exist',
  );
});

t.test('Usage', async (t) => {
  t.match(
    await run(t, 'chek'),
    { code: 2, out: '', err: /^meshwarden: unknown command 'chek'\n\(Did you mean check\?\)\n/ },
    'an unknown command',
  );
  t.match(
    await run(t, 'check'),
    { code: 2, err: /^meshwarden: missing required argument 'path'\n/ },
    'a missing argument',
  );
  t.match(
    await run(t, 'check a --complet'),
    {
      code: 2,
      err: /unknown option '--complet'\n\(Did you mean --complete\?\)\n`meshwarden check --help` tells what there is\.\n$/,
    },
    'an unknown option',
  );
  t.match(
    await run(t, 'check a -o yaml'),
    { code: 2, err: /'yaml' is invalid.*Allowed choices are text, json/ },
    'an unknown format',
  );
  t.match(
    await run(t, 'check a -n A_B'),
    { code: 2, err: /It must be the name of a namespace/ },
    'a namespace that can be none',
  );
  t.match(
    await run(t, 'serve --port 70000'),
    { code: 2, err: /It must be a number from 0 to 65535/ },
    'a port that is none',
  );
  t.match(await run(t, ''), { code: 2, err: /^Usage: meshwarden/ }, 'no command at all prints help');
  t.match(await run(t, '--help'), { code: 0, out: /Exit codes:.*Examples:/s, err: '' }, 'help is a result');
  t.match(await run(t, 'check --help'), { code: 0, out: /Examples:/ }, 'each command has help');
  t.match(await run(t, '--version'), { code: 0, out: /^\d+\.\d+\.\d+\n$/ }, 'the version is printed');
});

t.test('Doors', async (t) => {
  let seen: unknown;
  const serve = async (options: unknown) => {
    seen = options;
    return 0 as const;
  };
  t.match(await run(t, 'serve --port 1 --cert-mode files', { doors: { serve } }), { code: 0 });
  t.match(
    seen,
    { port: 1, healthPort: 8081, metricsPort: 8080, certMode: 'files', logLevel: 'info' },
    'serve gets its options',
  );
  const broken = async () => {
    throw new Error('oops');
  };
  t.match(
    await run(t, 'demo --once', { doors: { demo: broken } }),
    { code: 2, err: /^meshwarden: a fault of Meshwarden, to be reported: Error: oops/ },
    'a fault of our own ends with 2 and says whose it is',
  );
});

t.test('explain', async (t) => {
  const list = await run(t, 'explain');
  t.match(
    list,
    {
      code: 0,
      out: /Traffic\n {2}MW498 {2}few-tries +enforce {2}A route tries a few times only\.\n {2}MW499 {2}named-route +warn/,
    },
    'lists all rules with modes',
  );
  const page = await run(t, 'explain mw498');
  t.match(page, { code: 0 }, 'takes a code in any case');
  for (const part of [
    'Why: Each try',
    'How to mend: Set',
    'When absent: Two tries.',
    '"few tries"',
    'https://example.com/tries',
    'meshwarden.io/exempt: "few-tries until',
    'Is found: ten tries',
    '-> many at spec.http[0].retries.attempts',
  ]) {
    t.ok(page.out.includes(part), `prints ${part}`);
  }
  t.equal((await run(t, 'explain few-tries')).out, page.out, 'takes an id');
  t.match(
    JSON.parse((await run(t, 'explain MW498 -o json')).out),
    { code: 'MW498', mode: 'enforce', summary: String },
    'writes JSON',
  );
  t.match(
    JSON.parse((await run(t, 'explain -o json')).out),
    [{ code: 'MW001' }, { code: 'MW002' }, { code: 'MW498' }],
    'lists in JSON',
  );
  t.match(await run(t, 'explain rule-fault'), { code: 0, out: /^MW001 rule-fault/ }, 'knows our own faults');
  t.strictSame(await run(t, 'explain few-trys'), {
    code: 2,
    out: '',
    err: "meshwarden: there is no rule 'few-trys'; did you mean 'few-tries'? `meshwarden explain` lists all\n",
  });
  t.strictSame(await run(t, 'explain nonsense'), {
    code: 2,
    out: '',
    err: "meshwarden: there is no rule 'nonsense'; `meshwarden explain` lists all\n",
  });
});

t.test('baseline', async (t) => {
  t.match(
    await run(t, 'baseline validate', { rules: RULES }),
    { code: 0, out: /baseline\.yaml: version \S+, sha256 [0-9a-f]{64}: keeps its schema\n$/, err: '' },
    'the shipped one keeps its schema',
  );
  const show = await run(t, 'baseline show -o json');
  t.match(
    JSON.parse(show.out),
    { services: [{ name: 'api-gateway', timeoutMs: 30_000 }] },
    'is shown with defaults filled in',
  );
  t.match(await run(t, 'baseline show'), { code: 0, out: /timeoutMs: 30000/ }, 'as YAML too');
  t.match(
    JSON.parse((await run(t, 'baseline schema')).out),
    { $schema: 'http://json-schema.org/draft-07/schema#', properties: { rules: { properties: { 'few-tries': {} } } } },
    'has a schema that knows the rules',
  );
  t.match(
    await run(t, 'baseline validate DIR/b.yaml', { files: { 'b.yaml': 'version: 1\nservces: []\n' } }),
    {
      code: 1,
      out: /^DIR\/b\.yaml:1:1: .*\nDIR\/b\.yaml:1:10: `version` is the number 1; must be a string \(write it in quotation marks\)\n.*did you mean 'services'\?\n$/s,
    },
    'that is faulty gets every problem by line',
  );
  t.match(
    await run(t, 'baseline validate DIR/none.yaml'),
    { code: 2, err: "meshwarden: baseline 'DIR/none.yaml' does not exist\n" },
    'that is not there',
  );
  t.match(
    await run(t, 'check - --baseline DIR/b.yaml', { stdin: route('1'), files: { 'b.yaml': 'version: "1"' } }),
    { code: 2, out: '', err: /^meshwarden: the baseline has \d+ faults:\nDIR\/b\.yaml:1:1: / },
    'that is faulty judges nothing',
  );
});

t.test('completion', async (t) => {
  for (const shell of ['bash', 'zsh', 'fish']) {
    t.match(await run(t, `completion ${shell}`), { code: 0, out: /validate/ }, `is there for ${shell}`);
  }
  const { out } = await run(t, 'completion bash');
  const completed = (...words: readonly string[]): string => {
    const line = words.map((word) => `'${word}'`).join(' ');
    const ask = `COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _meshwarden; echo "\${COMPREPLY[*]}"`;
    return spawnSync('bash', ['-c', `${out}\n${ask}`], { encoding: 'utf8' }).stdout.trim();
  };
  t.equal(completed('meshwarden', 'ch'), 'check', 'completes a command');
  t.equal(completed('meshwarden', 'baseline', ''), 'validate show schema', 'one of a command’s own');
  t.equal(completed('meshwarden', 'check', '--o'), '--output --output-file', 'an option');
  t.equal(completed('meshwarden', 'serve', '--cert-mode', ''), 'self cert-manager files', 'a value');
  t.equal(completed('meshwarden', 'explain', 'MW49'), 'MW498 MW499', 'a rule by its code');
  t.equal(completed('meshwarden', 'explain', 'few'), 'few-tries', 'and by its id');
  t.match(
    await run(t, 'completion tcsh'),
    { code: 2, err: /Allowed choices are bash, zsh, fish/ },
    'and says for which',
  );
});
