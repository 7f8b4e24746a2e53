import { apply_patch } from 'jsonpatch';
import { judge } from '../../src/engine/judge.ts';
import { View } from '../../src/mesh/view.ts';
import { isKubeObject, type KubeObject, nameOf, namespaceOf } from '../../src/model/kube-object.ts';
import type { JudgedFinding } from '../../src/model/verdict.ts';
import type { FailExample, Rule } from '../../src/rules/rule.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';
import { deepFreeze, objectsOf } from './example-runner.ts';

/** Judges objects as if all of them came at once into an empty mesh. */
export function findingsIn(objects: readonly KubeObject[], rules: readonly Rule[]): readonly JudgedFinding[] {
  const changes = objects.map((after) => ({ operation: 'CREATE' as const, after }));
  const view = View.of([], BASELINE.mesh);
  return judge(changes, { view, baseline: BASELINE, rules, now: NOW, complete: true }).findings;
}

/** Names a fault across two judgements. */
export const faultOf = ({ code, responsible, thing, subject }: JudgedFinding): string =>
  JSON.stringify([code, responsible, thing, subject]);

/** Applies a finding's fix to the object that is responsible; the others stay. */
export function mended(objects: readonly KubeObject[], finding: JudgedFinding): readonly KubeObject[] {
  return objects.map((object) => (isIt(object, finding) ? mend(object, finding) : object));
}

function isIt(object: KubeObject, { responsible }: JudgedFinding): boolean {
  return (
    object.kind === responsible?.kind &&
    nameOf(object) === responsible.name &&
    namespaceOf(object) === responsible.namespace
  );
}

function mend(object: KubeObject, finding: JudgedFinding): KubeObject {
  const fixed: unknown = apply_patch(structuredClone(object), [...(finding.fix ?? [])]);
  if (!isKubeObject(fixed)) throw new Error('a fix made something else of an object');
  return deepFreeze(fixed);
}

/** The whole mesh of an example after its change; what it deletes stays, since deletions have no fix. */
export function meshOf({ yaml, context }: FailExample): readonly KubeObject[] {
  const changed = objectsOf(yaml);
  const isChanged = (one: KubeObject): boolean =>
    changed.some(
      (other) => other.kind === one.kind && nameOf(other) === nameOf(one) && namespaceOf(other) === namespaceOf(one),
    );
  return [...objectsOf(context ?? '').filter((one) => !isChanged(one)), ...changed];
}
