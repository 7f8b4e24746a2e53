import t from 'tap';
import { parseEmbeddedYaml, setEmbeddedKey } from '../../src/model/embedded-yaml.ts';

t.test('a text that Istio reads in another way is not read at all', (t) => {
  const read: readonly (readonly [string, unknown])[] = [
    ['', null],
    ['a: 1 # one', { a: 1 }],
    ['a: 1\n---\na: 2', { a: 1 }], // Istio, too, takes the first
    ['{"a": "b!c"}', { a: 'b!c' }],
    ['a: user_1_b', { a: 'user_1_b' }],
    ['a: "1_0"', { a: '1_0' }],
    ["a: '%REQ(X)%'", { a: '%REQ(X)%' }],
  ];
  for (const [text, value] of read) t.same(parseEmbeddedYaml(text)?.value, value, text);
  const refused: readonly (readonly [string, string])[] = [
    ['a: [', 'no YAML'],
    ['a: 1\na: 2', 'a key that stands there twice'],
    ['a: &a [*a]', 'a cycle'],
    ['a: &a { b: 1 }\nc: { <<: *a, b: 2 }', 'a merge, where Istio lets the other side win'],
    ['# c\u2028enableAutoMtls: false', 'a line end that hides a key in a comment'],
    ['!!binary ZW5hYmxlQXV0b010bHM=: false', 'a key in base64'],
    ['a: !!str 5', 'a type that is written out'],
    ['sampling: 1_00', 'a number in groups, which is 100 there and a word here'],
  ];
  for (const [text, title] of refused) t.equal(parseEmbeddedYaml(text), undefined, title);
  t.end();
});

t.test('a key is set where it belongs, and everything else stays', (t) => {
  const text = '# top\nb:\n  # two\n  c: 3 # three\na: 1\nl:\n  - name: x # x\n';
  t.equal(setEmbeddedKey(text, ['b', 'c'], 4), text.replace('c: 3', 'c: 4'));
  t.equal(setEmbeddedKey(text, 'a', 2), text.replace('a: 1', 'a: 2'));
  t.equal(setEmbeddedKey(text, ['l', 0, 'name'], 'y'), text.replace('name: x', 'name: y'));
  t.equal(setEmbeddedKey(text, ['n', 'm'], true), `${text}n:\n  m: true\n`);
  t.equal(setEmbeddedKey('b:\na: 1\n', ['b', 'c', 'd'], 1), 'b:\n  c:\n    d: 1\na: 1\n');
  t.equal(setEmbeddedKey(text, ['b', 'c'], undefined)?.includes('c:'), false, 'and taken out');
  t.equal(setEmbeddedKey('a: 5\n', ['a', 'b'], 1), undefined, 'not below a number');
  t.equal(setEmbeddedKey('a: &x { b: 1 }\nc: *x\n', ['c', 'b'], 2), undefined, 'not through an alias');
  t.equal(setEmbeddedKey('- a\n', ['a'], 1), undefined, 'not in a list');
  t.end();
});
