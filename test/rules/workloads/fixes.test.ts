import { apply_patch } from 'jsonpatch';
import t from 'tap';
import { judge } from '../../../src/engine/judge.ts';
import { View } from '../../../src/mesh/view.ts';
import { type KubeObject, nameOf, namespaceOf } from '../../../src/model/kube-object.ts';
import type { JudgedFinding } from '../../../src/model/verdict.ts';
import { RULES } from '../../../src/rules/index.ts';
import { BASELINE, NOW } from '../../baseline-fixture.ts';
import { deepFreeze, objectsOf } from '../example-runner.ts';

const CODES = /^MW(?:10\d|703)$/;
const RULES_HERE = RULES.filter(({ code }) => CODES.test(code));
/** What a right fix is there for; `thing` names the fault whatever stands beside it. */
const keyOf = ({ code, object, thing }: JudgedFinding): string => `${code} ${object.kind}/${object.name} ${thing}`;
const refersTo = ({ kind, namespace, name }: JudgedFinding['object'], object: KubeObject): boolean =>
  object.kind === kind && nameOf(object) === name && namespaceOf(object) === namespace;

for (const rule of RULES_HERE) {
  void t.test(`${rule.code}: a fix mends what it is for, and nothing else breaks`, (t) => {
    let fixes = 0;
    for (const { title, yaml, context = '', before = '' } of rule.examples.fail) {
      const objects = objectsOf(yaml);
      const earlier = objectsOf(before);
      const known = View.of(objectsOf(context), BASELINE.mesh);
      const judged = (list: readonly KubeObject[]): readonly JudgedFinding[] => {
        const changes = list.map((after) => {
          const was = earlier.find((one) => nameOf(one) === nameOf(after) && one.kind === after.kind);
          return was === undefined
            ? ({ operation: 'CREATE', after } as const)
            : ({ operation: 'UPDATE', before: was, after } as const);
        });
        return judge(changes, { view: known, baseline: BASELINE, rules: RULES_HERE, now: NOW }).findings;
      };
      const found = judged(objects);
      for (const finding of found.filter(({ code, fix }) => code === rule.code && fix !== undefined)) {
        fixes += 1;
        const mended = objects.map((object) =>
          refersTo(finding.responsible ?? finding.object, object)
            ? deepFreeze(apply_patch<KubeObject>(object, [...(finding.fix ?? [])]))
            : object,
        );
        const left = judged(mended).map(keyOf);
        t.notOk(left.includes(keyOf(finding)), `${title}: ${finding.message} is gone`);
        t.strictSame(
          left.filter((key) => !found.some((one) => keyOf(one) === key)),
          [],
          `${title}: and no new one came`,
        );
      }
    }
    t.comment(`${rule.code}: ${fixes} fixes`);
    t.pass('all examples were looked at');
    t.end();
  });
}
