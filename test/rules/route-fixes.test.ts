import { apply_patch } from 'jsonpatch';
import t from 'tap';
import { judge } from '../../src/engine/judge.ts';
import { View } from '../../src/mesh/view.ts';
import { isKubeObject, type KubeObject, nameOf, namespaceOf } from '../../src/model/kube-object.ts';
import type { JudgedFinding } from '../../src/model/verdict.ts';
import { unreadableObject } from '../../src/rules/ourselves/unreadable-object.ts';
import { boundedRetries } from '../../src/rules/traffic/bounded-retries.ts';
import { noRetryHeaders } from '../../src/rules/traffic/no-retry-headers.ts';
import { retriesFitTimeout } from '../../src/rules/traffic/retries-fit-timeout.ts';
import { retryConditions } from '../../src/rules/traffic/retry-conditions.ts';
import { routeTimeout } from '../../src/rules/traffic/route-timeout.ts';
import type { FailExample } from '../../src/rules/rule.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';
import { deepFreeze, objectsOf } from './example-runner.ts';

const RULES = [unreadableObject, boundedRetries, retryConditions, routeTimeout, retriesFitTimeout, noRetryHeaders];

function findingsIn(objects: readonly KubeObject[]): readonly JudgedFinding[] {
  const changes = objects.map((after) => ({ operation: 'CREATE' as const, after }));
  const view = View.of([], BASELINE.mesh);
  return judge(changes, { view, baseline: BASELINE, rules: RULES, now: NOW, complete: true }).findings;
}

const keyOf = ({ code, responsible, thing, subject }: JudgedFinding): string =>
  JSON.stringify([code, responsible, thing, subject]);

function isIt(object: KubeObject, { responsible }: JudgedFinding): boolean {
  return (
    object.kind === responsible?.kind &&
    nameOf(object) === responsible.name &&
    namespaceOf(object) === responsible.namespace
  );
}

function mend(object: KubeObject, finding: JudgedFinding): KubeObject {
  const mended: unknown = apply_patch(structuredClone(object), [...(finding.fix ?? [])]);
  if (!isKubeObject(mended)) throw new Error('a fix made something else of an object');
  return deepFreeze(mended);
}

/** The whole mesh of an example after its change; what it deletes stays, since deletions have no fix. */
function meshOf({ yaml, context }: FailExample): readonly KubeObject[] {
  const changed = objectsOf(yaml);
  const known = objectsOf(context ?? '').filter(
    (one) =>
      !changed.some(
        (other) => other.kind === one.kind && nameOf(other) === nameOf(one) && namespaceOf(other) === namespaceOf(one),
      ),
  );
  return [...known, ...changed];
}

t.test('each fix mends its finding and brings no other', (t) => {
  let fixed = 0;
  for (const rule of RULES.slice(1)) {
    for (const example of rule.examples.fail) {
      const objects = meshOf(example);
      const before = findingsIn(objects);
      for (const finding of before) {
        if ((finding.fix ?? []).length === 0) continue;
        fixed += 1;
        const after = findingsIn(objects.map((object) => (isIt(object, finding) ? mend(object, finding) : object)));
        const title = `${rule.code}, ${example.title}: ${finding.code} ${finding.messageId}`;
        t.notOk(
          after.some((one) => keyOf(one) === keyOf(finding)),
          `${title} is gone`,
        );
        const known = new Set(before.map(keyOf));
        t.same(
          after.filter((one) => !known.has(keyOf(one))).map(({ code, message }) => `${code} ${message}`),
          [],
          `${title}: nothing new`,
        );
      }
    }
  }
  t.ok(fixed > 100, `${fixed} fixes tried`);
  t.end();
});

t.test('fix after fix leaves nothing to fix', (t) => {
  for (const rule of RULES.slice(1)) {
    for (const example of rule.examples.fail) {
      let objects = meshOf(example);
      for (let round = 0; round < 40; round++) {
        const finding = findingsIn(objects).find(({ fix }) => (fix ?? []).length > 0);
        if (finding === undefined) break;
        objects = objects.map((object) => (isIt(object, finding) ? mend(object, finding) : object));
      }
      const left = findingsIn(objects).filter(({ fix }) => (fix ?? []).length > 0);
      t.same(
        left.map(({ message }) => message),
        [],
        `${rule.code}, ${example.title}`,
      );
    }
  }
  t.end();
});
