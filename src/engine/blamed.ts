import type { View } from '../mesh/view.ts';
import type { Baseline } from '../model/baseline.ts';
import type { Change } from '../model/change.ts';
import type { Finding } from '../model/finding.ts';
import { kindOf } from '../model/kind.ts';
import type { Rule } from '../rules/rule.ts';

/** A finding after the change, with the change that is blamed for it. */
export interface Blamed {
  readonly finding: Finding;
  readonly rule: Rule;
  readonly change: Change;
  /** True: it was there before and is no worse. */
  readonly standing: boolean;
  /** The same fault before the change; several where the rule gives things one name. */
  readonly earlier: readonly Finding[];
}

/** What a verdict depends on besides the findings. */
export interface Circumstances {
  readonly changes: readonly Change[];
  readonly before: View;
  readonly after: View;
  readonly baseline: Baseline;
  readonly rules: readonly Rule[];
  /** Every finding after the change, blamed on anybody or not. */
  readonly present: readonly Finding[];
  readonly now: number;
  readonly complete: boolean;
}

/** Tells whether Kubernetes' own controllers make or change a pod, a ReplicaSet or a Job from a template that was judged. */
export function isMadeByController({ requester, after }: Change, baseline: Baseline): boolean {
  if (requester === undefined || after === undefined) return false;
  const kind = kindOf(after);
  const isMade = kind === 'Pod' || kind === 'ReplicaSet' || kind === 'Job';
  return isMade && baseline.workloadControllers.includes(requester.username);
}
