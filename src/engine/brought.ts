import type { Change } from '../model/change.ts';
import { kindOf } from '../model/kind.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Rule } from '../rules/rule.ts';
import { type Bench, judge } from './judge.ts';

/** Returns the rules that a pod is judged by before the injector has been at it. */
export function rulesBeforeInjection(rules: readonly Rule[]): readonly Rule[] {
  return rules.filter(({ beforeInjection }) => beforeInjection === true);
}

/**
 * Judges what a pod that comes brings of the injector's own, while that can still be told from what the injector adds: it
 * merges both. The verdict holds only what these rules refuse; everything else, faults of ours among it, is said by the
 * validating door, which also sees a pod that this one has been away for.
 * @returns Undefined where there is nothing to refuse. A pod that comes here again after the injector is judged as one.
 */
export function judgeBrought(change: Change, bench: Bench): Verdict | undefined {
  const { operation, after } = change;
  if (operation !== 'CREATE' || after === undefined || kindOf(after) !== 'Pod') return undefined;
  const rules = rulesBeforeInjection(bench.rules);
  const codes = new Set(rules.map(({ code }) => code as string));
  const { findings } = judge([change], { ...bench, rules });
  const errors = findings.filter(({ severity }) => severity === 'error');
  if (!errors.some(({ code }) => codes.has(code))) return undefined;
  // Why an exception from them does not count; clauses for other rules are the validating door's to read.
  const refused = errors.filter(({ code }) => codes.has(code) || code === 'MW902' || code === 'MW903');
  return { decision: 'deny', findings: refused, exceptions: [] };
}
