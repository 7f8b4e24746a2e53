import t from 'tap';
import { View } from '../../src/mesh/view.ts';
import { KINDS, type Kind } from '../../src/model/kind.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import type { Finding } from '../../src/model/finding.ts';
import { RULES } from '../../src/rules/index.ts';
import type { Rule } from '../../src/rules/rule.ts';
import { runExample } from './example-runner.ts';

const KNOWN = new Set<string>(Object.keys(KINDS));

/** Runs work and returns the kinds that were looked up in any view meanwhile. */
function touchedKinds(work: (record: <T>(inner: () => T) => T) => void): ReadonlySet<Kind> {
  const touched = new Set<Kind>();
  const original = Object.getOwnPropertyDescriptor(View.prototype, 'lookup');
  if (original === undefined) throw new Error('View has a method lookup');
  const lookup: (this: View, key: string) => readonly KubeObject[] = original.value;
  let isRecording = false;
  View.prototype.lookup = function recorded(this: View, key: string) {
    const name = key.replace(/^foreign\|/, '').split('|')[0] ?? '';
    // KNOWN has exactly the names of kinds.
    if (isRecording && KNOWN.has(name)) touched.add(name as Kind);
    return lookup.call(this, key);
  };
  try {
    work((inner) => {
      isRecording = true;
      try {
        return inner();
      } finally {
        isRecording = false;
      }
    });
  } finally {
    Object.defineProperty(View.prototype, 'lookup', original);
  }
  return touched;
}

function recording(rule: Rule, record: <T>(inner: () => T) => T): Rule {
  // The wrapper hands on what it is given; the union of inputs cannot express that.
  const check = (...args: readonly unknown[]): readonly Finding[] =>
    record(() => (rule.check as (...all: readonly unknown[]) => readonly Finding[])(...args));
  return { ...rule, check };
}

t.test('a rule declares every kind that it looks up: a change of another kind would not be judged by it', (t) => {
  for (const rule of RULES) {
    const touched = touchedKinds((record) => {
      const recorded = recording(rule, record);
      for (const example of [...rule.examples.pass, ...rule.examples.fail]) runExample(example, [recorded]);
    });
    const undeclared = [...touched].filter((kind) => !rule.reads.includes(kind));
    t.same(undeclared, [], `${rule.code} ${rule.id}`);
  }
  t.end();
});
