import { parseAllDocuments } from 'yaml';
import { judge } from '../../src/engine/judge.ts';
import { View } from '../../src/mesh/view.ts';
import type { Baseline } from '../../src/model/baseline.ts';
import type { Change } from '../../src/model/change.ts';
import { formatPath } from '../../src/model/field-path.ts';
import { isKubeObject, type KubeObject } from '../../src/model/kube-object.ts';
import type { JudgedFinding } from '../../src/model/verdict.ts';
import type { FailExample, PassExample, Rule } from '../../src/rules/rule.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';

/** Reads the objects of a YAML text; anything that is no Kubernetes object is a mistake in the test. */
export function objectsOf(yaml: string): readonly KubeObject[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    const value: unknown = document.toJS();
    if (value === null) return [];
    if (!isKubeObject(value)) throw new TypeError(`not a Kubernetes object: ${JSON.stringify(value)}`);
    return [deepFreeze(value)];
  });
}

/** Freezes a value all the way down, so that a rule that changes its input throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}

/** Makes a view of the objects of a YAML text. */
export function viewOf(yaml: string): View {
  return View.of(objectsOf(yaml), BASELINE.mesh);
}

const keyOf = ({ kind, metadata }: KubeObject): string => {
  const { namespace, name } = metadata as { readonly namespace?: string; readonly name?: string };
  return `${kind}/${namespace ?? ''}/${name ?? ''}`;
};

/** Runs an example as the change that it describes, through the engine, with one rule; the baseline and the time may be others. */
export function runExample(
  example: PassExample | FailExample,
  rules: readonly Rule[],
  { baseline = BASELINE, now = NOW }: { readonly baseline?: Baseline; readonly now?: number } = {},
): readonly JudgedFinding[] {
  const earlier = new Map(objectsOf(example.before ?? '').map((object) => [keyOf(object), object]));
  const deletes = 'deletes' in example && example.deletes;
  const changes = objectsOf(example.yaml).map((object): Change => {
    const before = earlier.get(keyOf(object));
    if (deletes) return { operation: 'DELETE', before: object };
    return before === undefined
      ? { operation: 'CREATE', after: object }
      : { operation: 'UPDATE', before, after: object };
  });
  const view = View.of(objectsOf(example.context ?? ''), baseline.mesh);
  return judge(changes, { view, baseline, rules, now }).findings;
}

/** Writes a finding as examples name it: `messageId at path`, or the bare id where no object is responsible. */
export function shortOf({ messageId, path }: JudgedFinding): string {
  return path.length === 0 ? messageId : `${messageId} at ${formatPath(path)}`;
}
