import type { Finding } from '../model/finding.ts';
import { kindOf } from '../model/kind.ts';
import { nameOf, namespaceOf, refOf } from '../model/kube-object.ts';
import {
  EXCEPTION_EXPIRED,
  EXCEPTION_NEEDLESS,
  EXCEPTION_NOT_PERMITTED,
  EXCEPTION_UNREADABLE,
  RULE_NOT_EXCEPTABLE,
} from '../rules/exceptions/exception-rules.ts';
import { type About, formatSeen, sayer } from '../rules/rule.ts';
import { type Circumstances, isMadeByController } from './blamed.ts';
import { MOST_CLAUSES } from './exception-grammar.ts';
import { latestDay, type Ledger, type WeighedClause } from './exception-ledger.ts';
import { textAt } from './exempted-objects.ts';

/** What is wrong with an exception. */
export interface ExceptionFinding {
  readonly finding: Finding;
  readonly mode: 'enforce' | 'warn';
  /** True: it stood there before, and nothing passes or is refused because of it now. */
  readonly standing: boolean;
}

/** Says what is wrong with the exceptions of a changed object: MW901 to MW905. */
export function exceptionFindings(ledger: Ledger, at: Circumstances): readonly ExceptionFinding[] {
  return [...unreadable(ledger), ...ledger.clauses.flatMap((one) => clauseFindings(one, ledger, at))];
}

function unreadable({ object, change, after }: Ledger): readonly ExceptionFinding[] {
  const say = sayer(EXCEPTION_UNREADABLE, { kind: 'object', ref: refOf(object) }, object);
  return after.problems.map(({ messageId, path, clause, part, hint, right }) => {
    const args = {
      clause: formatSeen(clause),
      right: `${right.rule} until ${right.until} -- ${formatSeen(right.reason)}`,
      date: formatSeen(part),
      rule: formatSeen(part),
      hint,
      count: part,
      limit: MOST_CLAUSES,
    };
    return {
      finding: say(messageId, args, { path, thing: clause }),
      mode: EXCEPTION_UNREADABLE.mode,
      standing: textAt(change.before, path) === textAt(object, path),
    };
  });
}

function clauseFindings(one: WeighedClause, ledger: Ledger, at: Circumstances): readonly ExceptionFinding[] {
  const { clause, state, isOld, isKept, isPermitted } = one;
  const { object, change, altered, open, broken } = ledger;
  const subject = { kind: 'object', ref: refOf(object) } as const;
  const about: About = { path: clause.path, thing: clause.rule };
  const args = { rule: clause.rule, until: clause.until };
  const standing = isOld && !open.has(clause.rule);
  if (state === 'fixed') {
    const finding = sayer(RULE_NOT_EXCEPTABLE, subject, object)('fixed', args, about);
    return [{ finding, mode: RULE_NOT_EXCEPTABLE.mode, standing }];
  }
  if (state === 'expired' || state === 'tooFar') {
    const latest = latestDay(at.now, at.baseline.exceptions.maxDays);
    const finding = sayer(EXCEPTION_EXPIRED, subject, object)(state, { ...args, latest }, about);
    return [{ finding, mode: EXCEPTION_EXPIRED.mode, standing }];
  }
  const changed = altered.get(clause);
  if (!isPermitted && (!isKept || changed !== undefined)) return [notPermitted(one, ledger, about)];
  if (broken.has(clause.rule) || isMadeByController(change, at.baseline) || isOfGateway(clause.rule, ledger, at))
    return [];
  const finding = sayer(EXCEPTION_NEEDLESS, subject, object)('needless', args, about);
  return [{ finding, mode: EXCEPTION_NEEDLESS.mode, standing: isOld }];
}

/** Tells whether a rule is about gateways, of which a change of their Service says nothing. */
function isOfGateway(rule: string, { object }: Ledger, { rules }: Circumstances): boolean {
  return kindOf(object) === 'Service' && rules.some(({ id, subject }) => id === rule && subject === 'gateway');
}

/** Says why a clause does not count: whoever asks may not exempt the rule, or nobody could say whether they may. */
function notPermitted({ clause, isKept }: WeighedClause, ledger: Ledger, about: About): ExceptionFinding {
  const { object, change, altered, open } = ledger;
  const say = sayer(EXCEPTION_NOT_PERMITTED, { kind: 'object', ref: refOf(object) }, object);
  const namespace = kindOf(object) === 'Namespace' ? nameOf(object) : namespaceOf(object);
  const where = namespace === '' ? 'the cluster' : `namespace '${namespace}'`;
  const user = change.requester?.username ?? '';
  // A door that was not told and has no reason why has not asked.
  const why = change.unanswered ?? (change.mayExempt === undefined ? 'this server does not ask' : undefined);
  const args = { rule: clause.rule, user: formatSeen(user), where, why: why ?? '' };
  const changed = altered.get(clause);
  const finding =
    isKept && changed !== undefined
      ? say(why === undefined ? 'changed' : 'changedUnanswered', args, {
          path: changed.responsible === undefined ? about.path : changed.path,
          ...(about.thing === undefined ? {} : { thing: about.thing }),
        })
      : say(why === undefined ? 'denied' : 'unanswered', args, about);
  // What was changed is refused or not by the mode of its rule; the exception adds nothing to that but why.
  const mode = isKept && !open.has(clause.rule) ? 'warn' : EXCEPTION_NOT_PERMITTED.mode;
  return { finding, mode, standing: false };
}
