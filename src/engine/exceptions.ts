import type { Change } from '../model/change.ts';
import { BREAK_GLASS_ANNOTATION, type PlacedClause } from '../model/exception.ts';
import type { Finding } from '../model/finding.ts';
import { kindOf } from '../model/kind.ts';
import { annotationOf, type KubeObject, type ObjectRef, refOf } from '../model/kube-object.ts';
import type { Blamed, Circumstances } from './blamed.ts';
import { isSamePart } from './excepted-part.ts';
import { exemptionsOf, isExempted } from './exempted-objects.ts';
import { type Ledger, ledgerOf, stateOf } from './exception-ledger.ts';

/** What lets a finding pass: a clause, and the object that carries it. */
export interface Pass {
  readonly clause: PlacedClause;
  readonly object: ObjectRef;
}

/** What exceptions do to the findings of a change. */
export interface Weighed {
  readonly passes: ReadonlyMap<Blamed, Pass>;
  /** For what nothing lets pass, the ledgers in which something might have stood that does. */
  readonly failed: ReadonlyMap<Blamed, readonly Ledger[]>;
  /**
   * Findings that stood before by an exception alone, which does not count any more, or by broken glass that is swept up:
   * judged as if they were new.
   */
  readonly reopened: ReadonlySet<Blamed>;
  /** The changed objects that have exceptions or had some, with what became of each clause. */
  readonly ledgers: readonly Ledger[];
}

/**
 * Weighs the exceptions that concern what a change is blamed for. One evaluator for every door: who asks and what may be
 * is in the change, and a change without a requester is taken as permitted, since it cannot be asked.
 */
export function weighExceptions(blamed: readonly Blamed[], at: Circumstances): Weighed {
  const ledgers = new Map<KubeObject, Ledger>();
  for (const change of at.changes) {
    const { before, after } = change;
    if (after !== undefined && (isExempted(after) || isExempted(before)))
      ledgers.set(after, ledgerOf(after, change, at));
  }
  const failed = new Map<Blamed, readonly Ledger[]>();
  const passes = new Map<Blamed, Pass>();
  const reopened = new Set<Blamed>();
  const taken = new Set<Finding>();
  for (const one of blamed) {
    const tried: Ledger[] = [];
    for (const holder of holdersOf(one.finding, at)) {
      const ledger = ledgers.get(holder);
      const clause = ledger === undefined ? storedClause(one, holder, at) : grantedClause(one, ledger, taken);
      if (clause !== undefined) {
        passes.set(one, { clause, object: refOf(holder) });
        break;
      }
      if (ledger !== undefined) tried.push(ledger);
    }
    if (passes.has(one)) continue;
    failed.set(one, tried);
    const hadOne = tried.some(({ before }) => before.clauses.some(({ rule }) => rule === one.finding.rule));
    if (hadOne || isSweptUp(one.change)) reopened.add(one);
  }
  for (const finding of ledgers.size === 0 ? [] : at.present) {
    for (const holder of holdersOf(finding, at)) ledgers.get(holder)?.broken.add(finding.rule);
  }
  return { passes, failed, reopened, ledgers: [...ledgers.values()] };
}

/**
 * Returns the objects whose exception may let a finding pass: the one that is responsible; where a whole object is
 * missing, the subject itself: its Service (of a gateway too) or its Namespace.
 */
function holdersOf({ responsible, subject }: Finding, { after, baseline }: Circumstances): readonly KubeObject[] {
  const found = (ref: ObjectRef): readonly KubeObject[] => {
    const kind = kindOf({ apiVersion: ref.apiVersion, kind: ref.kind });
    const object = kind === undefined ? undefined : after.get(kind, ref.namespace, ref.name);
    return object === undefined ? [] : [object];
  };
  if (responsible !== undefined) return found(responsible);
  if (subject.kind === 'object') return found(subject.ref);
  if (subject.kind === 'host') return after.lookup(`Service|host|${subject.name}`);
  if (subject.kind === 'namespace') {
    return found({ apiVersion: 'v1', kind: 'Namespace', namespace: '', name: subject.name });
  }
  return [...baseline.gateways.ingress, ...baseline.gateways.egress]
    .filter(({ namespace, name }) => `${namespace}/${name}` === subject.name)
    .flatMap(({ host }) => after.lookup(`Service|host|${host}`));
}

/** Tells whether a change takes away what reminds of a change past Meshwarden: with the fault left it would stay for ever. */
function isSweptUp({ before, after }: Change): boolean {
  if (before === undefined || after === undefined) return false;
  const isMarked = (object: KubeObject): boolean => (annotationOf(object, BREAK_GLASS_ANNOTATION) ?? '') !== '';
  return isMarked(before) && !isMarked(after);
}

/** Returns the clause of an object that this change leaves alone: who set it was asked when it was set. */
function storedClause({ rule }: Blamed, holder: KubeObject, at: Circumstances): PlacedClause | undefined {
  if (!isExempted(holder) || !rule.exceptable) return undefined;
  const limits = { now: at.now, maxDays: at.baseline.exceptions.maxDays };
  const { clauses } = exemptionsOf(holder, at.rules, limits);
  return clauses.find((clause) => clause.rule === rule.id && stateOf(clause, at, { isKept: true }) === 'counts');
}

/**
 * Returns the clause of a changed object that lets a finding pass: by the right of whoever asks, or because neither the
 * clause nor what it excepts was changed. Each fault of before stands for one of after.
 */
function grantedClause(one: Blamed, ledger: Ledger, taken: Set<Finding>): PlacedClause | undefined {
  for (const { clause, state, isKept, isPermitted } of ledger.clauses) {
    if (clause.rule !== one.finding.rule || state !== 'counts') continue;
    if (isPermitted) return clause;
    if (!isKept) continue;
    const was = one.earlier.find((earlier) => !taken.has(earlier) && isUntouched(earlier, one.finding, ledger.change));
    if (was !== undefined) {
      taken.add(was);
      return clause;
    }
    ledger.altered.set(clause, one.finding);
  }
  return undefined;
}

function isUntouched(was: Finding, is: Finding, { before, after }: Change): boolean {
  if (before === undefined || after === undefined) return false;
  // Nothing in the object is excepted but that another one is missing.
  if (is.responsible === undefined) return (is.magnitude ?? 0) <= (was.magnitude ?? 0);
  return isSamePart({ finding: was, object: before }, { finding: is, object: after });
}
