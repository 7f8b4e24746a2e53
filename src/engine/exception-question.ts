import type { Baseline } from '../model/baseline.ts';
import type { Change } from '../model/change.ts';
import { kindOf } from '../model/kind.ts';
import { nameOf, namespaceOf } from '../model/kube-object.ts';
import { isMadeByController } from './blamed.ts';
import { isBookkeeping } from './bookkeeping.ts';
import type { RuleName } from './exception-grammar.ts';
import { exemptionsOf, isExempted } from './exempted-objects.ts';

/** What must be known of the requester before a change can be judged: whether these rules may be exempted there. */
export interface ExemptionQuestion {
  readonly rules: readonly string[];
  /** The namespace of the right; empty for the whole cluster. For a Namespace it is its own. */
  readonly namespace: string;
}

/**
 * Returns what is to be asked about a change; undefined, without looking at anything but annotations, for what carries no
 * exception, and for what Kubernetes' own controllers make.
 */
export function exemptionQuestion(
  change: Change,
  { rules, baseline, now }: { readonly rules: readonly Rule[]; readonly baseline: Baseline; readonly now: number },
): ExemptionQuestion | undefined {
  const { after, requester } = change;
  if (after === undefined || requester === undefined || !isExempted(after)) return undefined;
  if (isMadeByController(change, baseline) || isBookkeeping(change)) return undefined;
  const { clauses } = exemptionsOf(after, rules, { now, maxDays: baseline.exceptions.maxDays });
  const exceptable = new Set(rules.filter((rule) => rule.exceptable).map(({ id }) => id));
  const asked = new Set(clauses.map(({ rule }) => rule).filter((rule) => exceptable.has(rule)));
  if (asked.size === 0) return undefined;
  return { rules: [...asked], namespace: kindOf(after) === 'Namespace' ? nameOf(after) : namespaceOf(after) };
}

interface Rule extends RuleName {
  readonly exceptable: boolean;
}
