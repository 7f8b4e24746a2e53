import { parseAllDocuments } from 'yaml';
import { judge } from '../../src/engine/judge.ts';
import { View } from '../../src/mesh/view.ts';
import type { Change } from '../../src/model/change.ts';
import { kindOf } from '../../src/model/kind.ts';
import { isKubeObject, type KubeObject, nameOf, namespaceOf } from '../../src/model/kube-object.ts';
import type { FailExample, PassExample, Rule } from '../../src/rules/rule.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';

/** Notes every field that is read of some objects, as `Kind spec.http[].timeout`, while it is told to. */
class Recorder {
  readonly fields = new Set<string>();
  #isOn = false;

  during<T>(work: () => T): T {
    const before = this.#isOn;
    this.#isOn = true;
    try {
      return work();
    } finally {
      this.#isOn = before;
    }
  }

  /** Returns an object that notes what is read of it, and of all that is inside it. */
  watch<T extends object>(target: T, path: string): T {
    const inside = new Map<string, object>();
    const read = (key: string | symbol, value: unknown): unknown => {
      if (typeof key === 'symbol') return value;
      const isItem = Array.isArray(target);
      if (isItem && !/^\d+$/.test(key)) return value;
      const here = isItem ? `${path}[]` : `${path}.${key}`;
      if (this.#isOn) this.fields.add(here);
      if (typeof value !== 'object' || value === null) return value;
      const known = inside.get(key) ?? this.watch(value, here);
      inside.set(key, known);
      return known;
    };
    return new Proxy(target, {
      get: (object, key, receiver) => read(key, Reflect.get(object, key, receiver)),
      getOwnPropertyDescriptor: (object, key) => {
        const descriptor = Reflect.getOwnPropertyDescriptor(object, key);
        return descriptor === undefined || !('value' in descriptor)
          ? descriptor
          : { ...descriptor, value: read(key, descriptor.value) };
      },
    });
  }
}

/** Returns the fields that a rule reads in its own examples, those by which a view files its objects included. */
export function fieldsReadBy(rule: Rule): ReadonlySet<string> {
  const recorder = new Recorder();
  const recorded: Rule = recording(rule, recorder);
  for (const example of [...rule.examples.pass, ...rule.examples.fail]) run(example, recorded, recorder);
  return recorder.fields;
}

function recording(rule: Rule, recorder: Recorder): Rule {
  // The wrapper hands on what it is given; the union of inputs cannot express that.
  const check = (...args: readonly unknown[]): ReturnType<Rule['check']> =>
    recorder.during(() => (rule.check as (...all: readonly unknown[]) => ReturnType<Rule['check']>)(...args));
  return { ...rule, check };
}

const keyOf = (object: KubeObject): string => `${object.kind}/${namespaceOf(object)}/${nameOf(object)}`;

function run(example: PassExample | FailExample, rule: Rule, recorder: Recorder): void {
  const objectsOf = (yaml: string | undefined): readonly KubeObject[] =>
    parseAllDocuments(yaml ?? '').flatMap((document) => {
      const value: unknown = document.toJS();
      return isKubeObject(value) ? [recorder.watch(value, kindOf(value) ?? value.kind)] : [];
    });
  const earlier = new Map(objectsOf(example.before).map((object) => [keyOf(object), object]));
  const changed = objectsOf(example.yaml);
  const changes = changed.map((object): Change => {
    const before = earlier.get(keyOf(object));
    if (example.deletes === true) return { operation: 'DELETE', before: object };
    return before === undefined
      ? { operation: 'CREATE', after: object }
      : { operation: 'UPDATE', before, after: object };
  });
  const context = objectsOf(example.context);
  // A field that is an index key is read when the object is filed, and so is known to the rule that asks by it.
  recorder.during(() => View.of([...context, ...changed], BASELINE.mesh));
  judge(changes, { view: View.of(context, BASELINE.mesh), baseline: BASELINE, rules: [rule], now: NOW });
}
