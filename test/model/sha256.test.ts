import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import t from 'tap';
import { canonicalJson } from '../../src/model/canonical-json.ts';
import { sha256 } from '../../src/model/sha256.ts';

const byNode = (text: string): string => createHash('sha256').update(text).digest('hex');

t.test('the hash is Node’s own, whatever the text', (t) => {
  const blocks = [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 128, 100_000].map((length) => 'a'.repeat(length));
  for (const text of ['abc', 'üß€😀', '\ud800', ...blocks])
    t.equal(sha256(text), byNode(text), `${text.length} characters`);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => sha256(text) === byNode(text)),
    { seed: 20261124, numRuns: 500 },
  );
  t.end();
});

t.test('canonical JSON is one text for one value', (t) => {
  t.equal(canonicalJson({ b: [{ d: 1, c: null }], a: 'x' }), '{"a":"x","b":[{"c":null,"d":1}]}');
  t.equal(canonicalJson(JSON.parse('{"__proto__": {"b": 1, "a": 2}}')), '{"__proto__":{"a":2,"b":1}}');
  t.equal(canonicalJson([10, 9, ...Array.from({ length: 12 }, (_, at) => at)]), '[10,9,0,1,2,3,4,5,6,7,8,9,10,11]');
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level++) deep = { deep };
  t.equal(canonicalJson(deep), undefined, 'what is nested beyond reason has none');
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value) ?? '';
      return canonicalJson(JSON.parse(text)) === text;
    }),
    { seed: 20261124, numRuns: 200 },
  );
  t.end();
});
