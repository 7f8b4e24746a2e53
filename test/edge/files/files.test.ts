import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readKubectlYaml } from '../../../src/edge/files/kubectl-yaml.ts';
import { objectsOf } from '../../../src/edge/files/objects.ts';
import { readSources } from '../../../src/edge/files/read-sources.ts';
import { valueAt } from '../../../src/model/json.ts';

const stdin = (text: string) => async (): Promise<Uint8Array> => new TextEncoder().encode(text);
const COMPLETION = { namespace: 'shop', keepAge: false };
const read = (text: string, file = 'f.yaml') => objectsOf([{ file, text, sha256: '' }], COMPLETION);
const says = (remarks: readonly { readonly line: number; readonly column: number; readonly message: string }[]) =>
  remarks.map(({ line, column, message }) => `${line}:${column}: ${message}`);

t.test('Scalars are read as kubectl reads them (sigs.k8s.io/yaml on goyaml v2)', (t) => {
  const cases: readonly (readonly [source: string, value: unknown])[] = [
    ['a: on', true],
    ['a: yes', true],
    ['a: Off', false],
    ['a: No', false],
    ['a: 0777', 511],
    ['a: 0o17', 15],
    ['a: -0o17', -15],
    ['a: 1_000', 1000],
    ['a: 0b101', 5],
    ['a: 0x1F', 31],
    ['a: 12:30:00', '12:30:00'],
    ['a: 2026-01-02', '2026-01-02'],
    ['a: 1e3', 1000],
    ['a: ~', null],
    ['a:', null],
    ['a: "on"', 'on'],
    ['a: 5xx', '5xx'],
    ['b: &b { a: 1 }\n<<: *b', 1],
  ];
  for (const [source, value] of cases) {
    const { documents, problems } = readKubectlYaml(source);
    t.strictSame(problems, [], `${source} is readable`);
    t.strictSame(valueAt(documents[0]?.value, ['a']), value, `${source} is ${JSON.stringify(value)}`);
  }
  t.strictSame(readKubectlYaml('on: 1').documents[0]?.value, { true: 1 }, 'a key too');
  t.strictSame(
    Object.keys(readKubectlYaml('__proto__: { a: 1 }').documents[0]?.value ?? {}),
    ['__proto__'],
    'no key is lost',
  );
  t.end();
});

t.test('What kubectl reads in an unexpected way is said', (t) => {
  t.strictSame(says(readKubectlYaml('a: 1\ny: 2\nb: n\nc: yes').warnings), [
    "2:1: kubectl reads the key 'y' as 'true'; quotation marks keep it a word",
    "3:4: kubectl reads 'n' as 'false'; quotation marks keep it a word",
  ]);
  t.end();
});

t.test('Texts that kubectl would not read, or not as they look, are refused by line and column', (t) => {
  const cases: readonly (readonly [text: string, ...says: string[]])[] = [
    ['a: 1\na: 2', '2:1: the same key may not stand twice'],
    ['spec:\n  mtls: { mode: STRICT, mode: PERMISSIVE }', '2:25: the same key may not stand twice'],
    ['y: 1\non: 2', '2:1: the same key may not stand twice'],
    ['%YAML 1.2\n---\na: on', '1:1: a %YAML directive is not read by kubectl; it must be removed'],
    ['a: *x', "1:4: nothing before it defines the alias '*x'"],
    ['a: &a [*a]', '1:1: aliases may not contain themselves or grow beyond reason'],
    ['{ a: 1 }: 2', '1:1: a mapping or list may not be a key'],
    ['a: .inf', '1:4: a number must be finite'],
    ['a: 1e400', '1:4: a number must be finite'],
    ['a: "x', '1:6: not readable as YAML: missing closing "quote'],
    [
      '{"a": [1',
      '1:9: not readable as YAML: flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a: b: c', '1:4: not readable as YAML: nested mappings are not allowed in compact mappings'],
    ['\ta: 1', '1:1: not readable as YAML: tabs are not allowed as indentation'],
    ['a: !odd 3', '1:4: not readable as YAML: unresolved tag: !odd'],
  ];
  for (const [text, ...expected] of cases)
    t.strictSame(says(readKubectlYaml(text).problems), expected, JSON.stringify(text));
  const bomb = `a: &a [x, x]\n${'bcdefghijk'
    .split('')
    .map((name, at) => `${name}: &${name} [${`*${'abcdefghijk'[at] ?? ''}, `.repeat(9)}]`)
    .join('\n')}`;
  t.match(says(readKubectlYaml(bomb).problems), [/grow beyond reason/], 'an alias bomb does not go off');
  const deep = '['.repeat(100_000);
  t.ok(readKubectlYaml(deep).problems.length > 0, 'a hundred thousand brackets do not end the program');
  t.ok(
    readKubectlYaml(`a: ${'{a: '.repeat(20_000)}1${'}'.repeat(20_000)}`).problems.length >= 0,
    'nor do balanced ones',
  );
  t.end();
});

const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata: { name: a }\n';

t.test('Objects', (t) => {
  t.strictSame(
    read(SERVICE).objects[0]?.object.metadata,
    { name: 'a', namespace: 'shop' },
    'get the namespace that was named',
  );
  t.strictSame(
    read('apiVersion: v1\nkind: Namespace\nmetadata: { name: a, namespace: b }').objects[0]?.object.metadata,
    { name: 'a' },
    'of a kind without namespaces have none',
  );
  t.strictSame(
    read('apiVersion: v1\nkind: Service\nmetadata: { generateName: a- }').objects[0]?.object.metadata,
    { generateName: 'a-', name: 'a-xxxxx', namespace: 'shop' },
    'get a name where the server would make one up',
  );
  const aged = SERVICE.replace('name: a', 'name: a, creationTimestamp: "2020-01-01T00:00:00Z"');
  t.notOk(JSON.stringify(read(aged).objects).includes('2020'), 'of a file are new, whatever they say');
  const kept = objectsOf([{ file: 'f', text: aged, sha256: '' }], { namespace: 'shop', keepAge: true });
  t.ok(JSON.stringify(kept.objects).includes('2020'), 'of a cluster keep their age');
  t.equal(
    read(`${SERVICE}---\n# nothing\n---\n${SERVICE}`).objects.length,
    2,
    'come from several documents, empty ones left out',
  );
  t.equal(
    read('{\n\t"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}', 'a.json').objects.length,
    1,
    'come from JSON',
  );
  t.end();
});

t.test('A list', (t) => {
  const text = `apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Service, metadata: { name: a } }
  - apiVersion: v1
    kind: ServiceList
    items:
      - apiVersion: v1
        kind: Service
        metadata:
          name: b
`;
  const { objects } = read(text);
  t.equal(objects.length, 2, 'is unwrapped, one in another too');
  t.strictSame(objects[1]?.locate(['metadata', 'name']), { line: 11, column: 17 }, 'keeps the places of its items');
  t.end();
});

t.test('The place of a field', (t) => {
  const { objects } = read(`${SERVICE}spec: &s
  ports:
    - name: http
    - name: x
      port: 80
other: *s
more:
  <<: *s
  empty:
`);
  const locate = objects[0]?.locate ?? (() => ({ line: 0, column: 0 }));
  t.strictSame(locate(['spec', 'ports', 1, 'port']), { line: 8, column: 13 }, 'is that of its value');
  t.strictSame(
    locate(['spec', 'ports', 1, 'targetPort', 'deeper']),
    { line: 7, column: 7 },
    'is that of its nearest ancestor when it is absent',
  );
  t.strictSame(locate(['spec', 'ports']), { line: 5, column: 3 }, 'is that of the key when the value begins below it');
  t.strictSame(
    locate(['spec', 'ports', 9]),
    { line: 5, column: 3 },
    'is that of the list for an item that is not there',
  );
  t.strictSame(locate(['other', 'ports', 1, 'port']), { line: 8, column: 13 }, 'is found through an alias');
  t.strictSame(locate(['more', 'ports', 1, 'port']), { line: 8, column: 13 }, 'is found through a merge key');
  t.strictSame(locate(['more', 'empty']).line, 12, 'is that of the key when there is no value');
  t.strictSame(locate([]), { line: 1, column: 1 }, 'is the top for the object as a whole');
  t.end();
});

t.test('What is not Kubernetes is named and left out', (t) => {
  const cases: readonly (readonly [file: string, text: string, message: RegExp])[] = [
    ['kustomization.yaml', 'resources: [a.yaml]', /^left out: a kustomization; .*kubectl kustomize/],
    ['k.yaml', 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n', /^left out: a kustomization/],
    [
      'templates/d.yaml',
      'apiVersion: v1\nkind: Service\nmetadata:\n  name: {{ .Values.name }}\n',
      /^left out: a Helm template; .*helm template/,
    ],
    ['templates/e.yaml', '{{- if .Values.on }}\napiVersion: v1\n{{ end }}', /^left out: a Helm template/],
    ['values.yaml', 'replicas: 3', /^left out: not a Kubernetes object/],
    ['package.json', '{"name": "x"}', /^left out: not a Kubernetes object/],
    ['list.json', '[1, 2]', /^left out: not a Kubernetes object/],
  ];
  for (const [file, text, message] of cases) {
    const { objects, problems, notes } = read(text, file);
    t.strictSame([objects.length, problems.length], [0, 0], `${file} is no object and no fault`);
    t.match(notes[0]?.message, message, `${file} is named`);
  }
  t.equal(
    read('# {{ in a comment }}\na: [').problems.length,
    1,
    'braces in a comment make no template of a broken file',
  );
  t.end();
});

t.test('An object without a name or type that can be read', (t) => {
  const cases: readonly (readonly [text: string, says: string])[] = [
    ['kind: Service\nmetadata: { name: a }', '1:1: `apiVersion` and `kind` must both be set, as strings'],
    [
      'apiVersion: 1\nkind: Service\nmetadata: { name: a }',
      '1:1: `apiVersion` and `kind` must both be set, as strings',
    ],
    ['apiVersion: v1\nkind: Service', '1:1: `metadata` must be a mapping with a `name`'],
    ['apiVersion: v1\nkind: Service\nmetadata: {}', '3:11: `metadata.name` must be set'],
    ['apiVersion: v1\nkind: Service\nmetadata: { name: 1 }', '3:19: `metadata.name` must be a string'],
    [
      'apiVersion: v1\nkind: Service\nmetadata: { name: a, namespace: 5 }',
      '3:33: `metadata.namespace` must be a string',
    ],
  ];
  for (const [text, expected] of cases)
    t.strictSame(says(read(text).problems), [expected], `is refused: ${JSON.stringify(text)}`);
  t.end();
});

t.test('Paths', async (t) => {
  const dir = t.testdir({
    'b.yaml': 'b',
    'a.yml': 'a',
    'c.json': 'c',
    'd.txt': 'd',
    deeper: { 'e.yaml': 'e', node_modules: { 'x.yaml': 'x' } },
    'bad.yaml': Buffer.from([0xff, 0xfe]),
  });
  mkdirSync(join(dir, 'circle'));
  symlinkSync('..', join(dir, 'circle/round'));
  symlinkSync('../b.yaml', join(dir, 'circle/link.yaml'));
  writeFileSync(join(dir, '.hidden.yaml'), 'h');
  const { sources, unread } = await readSources([dir, '-', join(dir, 'nowhere'), join(dir, 'd.txt')], stdin('s'));
  t.strictSame(
    sources.map(({ text }) => text),
    ['h', 'a', 'b', 'c', 'b', 'e', 's', 'd'],
    'are read in order, folders to their end, no circle',
  );
  t.match(sources[6], { file: '<stdin>' }, 'standard input has a name');
  t.strictSame(
    unread.map(({ file, message }) => `${file.slice(dir.length + 1)} ${message}`),
    ['bad.yaml must be text in UTF-8', 'nowhere does not exist'],
    'that cannot be read are all named',
  );
  t.equal(sources[1]?.sha256, 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', 'have their hash');
});
