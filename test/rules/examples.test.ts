import t from 'tap';
import { RULES } from '../../src/rules/index.ts';
import { runExample, shortOf } from './example-runner.ts';

for (const rule of RULES) {
  void t.test(`${rule.code} ${rule.id}`, (t) => {
    for (const example of rule.examples.pass) {
      t.strictSame(runExample(example, [rule]).map(shortOf), [], `passes: ${example.title}`);
    }
    for (const example of rule.examples.fail) {
      const found = runExample(example, [rule]);
      t.strictSame(
        found.map(shortOf).sort(),
        [...example.finds].sort(),
        `is refused or warned about: ${example.title}`,
      );
      for (const { code } of found) t.equal(code, rule.code, 'and by this rule');
    }
    t.ok(rule.examples.pass.length > 0 && rule.examples.fail.length > 0, 'shows both sides');
    t.end();
  });
}
