import type { Change } from '../model/change.ts';
import type { ExceptionClause, PlacedClause } from '../model/exception.ts';
import type { Finding } from '../model/finding.ts';
import { endOfDay, formatDay } from '../model/instant.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { type Circumstances, isMadeByController } from './blamed.ts';
import { type Exemptions, exemptionsOf } from './exempted-objects.ts';

/** Whether a clause counts, whoever set it; if not, why. */
export type ClauseState = 'counts' | 'expired' | 'tooFar' | 'fixed';

/** A clause of a changed object. */
export interface WeighedClause {
  readonly clause: PlacedClause;
  readonly state: ClauseState;
  /** True: it counted before and is no wider: the same rule at the same place for the same reason, and no longer. */
  readonly isKept: boolean;
  /** True: whoever asks may exempt the rule, or cannot be known, or is a controller that copies a judged template. */
  readonly isPermitted: boolean;
  /** True: it stood there word for word. */
  readonly isOld: boolean;
}

/** The exceptions of a changed object, before and after; filled while findings are weighed. */
export interface Ledger {
  readonly object: KubeObject;
  readonly change: Change;
  readonly before: Exemptions;
  readonly after: Exemptions;
  readonly clauses: readonly WeighedClause[];
  /** Kept clauses that do not count for a finding, since what they except was changed without the right. */
  readonly altered: Map<PlacedClause, Finding>;
  /** Rules for which the change is refused, since no exception of the object counts; filled by whoever decides. */
  readonly open: Set<string>;
  /** Rules that the object breaks. */
  readonly broken: Set<string>;
}

/** Opens the ledger of a changed object. */
export function ledgerOf(object: KubeObject, change: Change, at: Circumstances): Ledger {
  const limits = { now: at.now, maxDays: at.baseline.exceptions.maxDays };
  const before = exemptionsOf(change.before, at.rules, limits);
  const after = exemptionsOf(object, at.rules, limits);
  const { requester, mayExempt } = change;
  const asksNobody = requester === undefined || isMadeByController(change, at.baseline);
  const clauses = after.clauses.map((clause): WeighedClause => {
    const isKept = before.clauses.some(
      (was) => isNoWider(clause, was) && stateOf(was, at, { isKept: true }) !== 'tooFar',
    );
    return {
      clause,
      state: stateOf(clause, at, { isKept }),
      isKept,
      isPermitted: asksNobody || mayExempt?.has(clause.rule) === true,
      isOld: before.clauses.some((was) => isNoWider(clause, was) && was.until === clause.until),
    };
  });
  return { object, change, before, after, clauses, altered: new Map(), open: new Set(), broken: new Set() };
}

function isNoWider(clause: PlacedClause, was: PlacedClause): boolean {
  return (
    was.rule === clause.rule &&
    was.path.join('\n') === clause.path.join('\n') &&
    was.reason === clause.reason &&
    clause.until <= was.until
  );
}

const DAY_MS = 86_400_000;

/** Tells whether a clause counts now. */
export function stateOf(
  { rule, until }: ExceptionClause,
  { now, baseline, rules }: Circumstances,
  { isKept }: { readonly isKept: boolean },
): ClauseState {
  if (rules.find(({ id }) => id === rule)?.exceptable !== true) return 'fixed';
  if (now >= (endOfDay(until) ?? 0)) return 'expired';
  // Another replica's clock may have been a moment past midnight when the clause was set.
  return until > latestDay(now, baseline.exceptions.maxDays + (isKept ? 1 : 0)) ? 'tooFar' : 'counts';
}

/** Returns the last day on which an exception that is set now may end. */
export function latestDay(now: number, maxDays: number): string {
  return formatDay(now + maxDays * DAY_MS);
}
