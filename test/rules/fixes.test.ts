import t from 'tap';
import { identityOf } from '../../src/model/finding.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import type { JudgedFinding } from '../../src/model/verdict.ts';
import { RULES } from '../../src/rules/index.ts';
import { findingsIn, mended, meshOf } from './fix-runner.ts';

/** More fixes than any example needs; two that undo each other would go on for ever. */
const MOST_ROUNDS = 60;

type Mesh = readonly KubeObject[];

const hasFix = ({ fix }: JudgedFinding): boolean => (fix ?? []).length > 0;
const textOf = ({ code, message }: JudgedFinding): string => `${code} ${message}`;
const placeOf = ({ path }: JudgedFinding): string => path.join('/');

for (const rule of RULES) {
  void t.test(`each fix of ${rule.code} ${rule.id} mends its finding and brings no other of any rule`, (t) => {
    for (const example of rule.examples.fail) {
      // What a deletion takes away no operation on an object brings back.
      if (example.deletes === true) continue;
      const mesh = meshOf(example);
      const before = findingsIn(mesh, RULES);
      const known = new Set(before.map(identityOf));
      for (const finding of before) {
        if (finding.code !== rule.code || !hasFix(finding)) continue;
        const title = `${example.title}: ${finding.messageId} at ${placeOf(finding)}`;
        const fixed = mended(mesh, finding);
        t.not(JSON.stringify(fixed), JSON.stringify(mesh), `${title} changes something`);
        const after = findingsIn(fixed, RULES);
        // Two things of one name in one object are mended one by one.
        const left = after.filter(
          (one) => identityOf(one) === identityOf(finding) && placeOf(one) === placeOf(finding),
        );
        t.same(left.map(textOf), [], `${title} is gone`);
        t.same(after.filter((one) => !known.has(identityOf(one))).map(textOf), [], `${title}: nothing new came`);
      }
    }
    t.end();
  });
}

/** The mesh after fix upon fix, as `fix` writes them; the number of those that changed something. */
function allMended(mesh: Mesh): { readonly mesh: Mesh; readonly rounds: number } {
  let here = mesh;
  for (let rounds = 0; rounds < MOST_ROUNDS; rounds++) {
    const finding = findingsIn(here, RULES).find(hasFix);
    if (finding === undefined) return { mesh: here, rounds };
    here = mended(here, finding);
  }
  return { mesh: here, rounds: MOST_ROUNDS };
}

t.test('fix upon fix comes to an end, and a second run changes nothing', (t) => {
  let fixes = 0;
  for (const rule of RULES) {
    for (const example of rule.examples.fail) {
      const { mesh, rounds } = allMended(meshOf(example));
      fixes += rounds;
      t.ok(rounds < MOST_ROUNDS, `${rule.code}, ${example.title}: ends`);
      const left = findingsIn(mesh, RULES).filter(hasFix).map(textOf);
      t.same(left, [], `${rule.code}, ${example.title}: nothing is left that a second run would change`);
    }
  }
  t.ok(fixes > 300, `${fixes} fixes written`);
  t.end();
});
