import { judge } from '../../src/engine/judge.ts';
import { View } from '../../src/mesh/view.ts';
import type { Baseline } from '../../src/model/baseline.ts';
import type { Change } from '../../src/model/change.ts';
import { kindOf } from '../../src/model/kind.ts';
import { formatRef, type KubeObject, refOf } from '../../src/model/kube-object.ts';
import type { Rule } from '../../src/rules/rule.ts';
import { objectsOf } from '../rules/example-runner.ts';
import type { Breaks } from './all-breaks.ts';
import { broken, type Step } from './breaks.ts';

/** A change that breaks exactly one demand. */
export interface Mutant {
  readonly code: string;
  readonly title: string;
  readonly change: Change;
  /** The field that the mutating webhook sets again. */
  readonly mendedAt?: readonly Step[];
}

/** Makes the mutants of some objects: every place of every break, every loss, and whatever comes to them. */
export function mutantsOf(objects: readonly KubeObject[], { breaks, losses, arrivals }: Breaks): readonly Mutant[] {
  const mutants: Mutant[] = [];
  for (const before of objects) {
    const kind = kindOf(before);
    const who = formatRef(refOf(before));
    for (const row of breaks) {
      if (row.kind !== kind || row.when?.(before) === false) continue;
      for (const { path, object: after } of broken(before, row)) {
        const title = `${row.code} ${who}: ${row.title} at ${path.join('.')}`;
        const mended = row.isMended === true ? { mendedAt: path } : {};
        mutants.push({ code: row.code, title, change: { operation: 'UPDATE', before, after }, ...mended });
      }
    }
    for (const { code, when } of losses.filter((loss) => loss.kind === kind)) {
      if (when?.(before) === false) continue;
      mutants.push({ code, title: `${code} ${who}: deleted`, change: { operation: 'DELETE', before } });
    }
  }
  for (const { code, title, yaml } of arrivals) {
    for (const after of objectsOf(yaml)) {
      mutants.push({
        code,
        title: `${code} ${formatRef(refOf(after))}: ${title}`,
        change: { operation: 'CREATE', after },
      });
    }
  }
  return mutants;
}

/** What became of a mutant: the codes that a rule newly found, those refused first. */
export interface Fate {
  readonly refusedBy: readonly string[];
  readonly warnedBy: readonly string[];
}

/** Judges a mutant among the objects that it comes from. */
export function fateOf(
  { change }: Mutant,
  objects: readonly KubeObject[],
  { rules, baseline, now }: { readonly rules: readonly Rule[]; readonly baseline: Baseline; readonly now: number },
): Fate {
  const view = View.of(objects, baseline.mesh);
  return fate(judge([change], { view, baseline, rules, now }).findings);
}

/** Sums findings up. */
export function fate(
  findings: readonly { readonly code: string; readonly severity: string; readonly standing?: boolean }[],
): Fate {
  const fresh = findings.filter(({ standing }) => standing !== true);
  const codes = (severity: string): readonly string[] => [
    ...new Set(fresh.filter((one) => one.severity === severity).map(({ code }) => code)),
  ];
  return { refusedBy: codes('error'), warnedBy: codes('warning') };
}
