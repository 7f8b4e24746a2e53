import { type Mutated, mutate } from '../../engine/mutate.ts';
import { View } from '../../mesh/view.ts';
import type { Baseline } from '../../model/baseline.ts';
import type { Change } from '../../model/change.ts';
import { formatPath, fromPointer } from '../../model/field-path.ts';
import { printable } from '../../model/printable.ts';
import type { Rule } from '../../rules/rule.ts';

/** A change as the validating webhook would see it. */
export interface CompletedChange {
  readonly change: Change;
  /** What the mutating webhook would have added, in words. */
  readonly notes: readonly string[];
}

/** Completes changes as the server does before it judges them; `objects` are the mesh with all of them in it. */
export function completeChanges(
  changes: readonly Change[],
  objects: Parameters<typeof View.of>[0],
  { baseline, rules, now }: { readonly baseline: Baseline; readonly rules: readonly Rule[]; readonly now: number },
): readonly CompletedChange[] {
  const view = View.of(objects, baseline.mesh);
  return changes.map((change) => {
    const mutated = mutate(change, { view, baseline, rules, now });
    const { after } = mutated;
    return { change: after === undefined ? change : { ...change, after }, notes: notesOf(mutated) };
  });
}

/** One note for each rule that owns something: `the server would add … (sidecar-resources)`. */
function notesOf({ operations, dropped }: Mutated): readonly string[] {
  if (dropped !== undefined) return [`the server would add nothing: ${dropped}`];
  const owners = [...new Set(operations.map(({ rule }) => rule))];
  return owners.map((owner) => {
    const words = operations.flatMap(({ rule, operation }) => {
      if (rule !== owner || !('value' in operation)) return [];
      const value = typeof operation.value === 'string' ? `'${operation.value}'` : JSON.stringify(operation.value);
      return `\`${formatPath(fromPointer(operation.path))}\` ${value}`;
    });
    return printable(`the server would add ${words.join(', ')} (${owner})`);
  });
}
