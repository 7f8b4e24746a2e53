import type { Change } from '../model/change.ts';
import { formatPath } from '../model/field-path.ts';
import { type Finding, identityOf } from '../model/finding.ts';
import { stringsOf } from '../model/json.ts';
import { kindOf } from '../model/kind.ts';
import { namespaceOf, nameOf, type ObjectRef, refOf, specOf } from '../model/kube-object.ts';
import type { Subject } from '../model/subject.ts';
import type { Rule } from '../rules/rule.ts';
import type { Blamed } from './blamed.ts';
import { bringsSubject } from './decide.ts';

/** What findings are compared for. */
interface Comparison {
  readonly rule: Rule;
  readonly changes: readonly [Change, ...Change[]];
  readonly complete: boolean;
}

/** Keeps what is new or worse, and what stood before on the changed object itself; asks for what was only where something is. */
export function compare(
  was: () => readonly Finding[],
  is: readonly Finding[],
  { rule, changes, complete }: Comparison,
  blamed: Blamed[],
): void {
  if (is.length === 0) return;
  const before = byIdentity(was());
  for (const [identity, findings] of byIdentity(is)) {
    const earlier = before.get(identity) ?? [];
    const old = standingPlaces(findings, earlier);
    for (const finding of findings) {
      const change = blame(finding, changes, complete);
      // In a whole mesh nobody came first: what is missing in an empty one is missing in this one all the same.
      const isMissing = complete && finding.responsible === undefined;
      const standing = finding.code !== FAULT && !isMissing && old.has(formatPath(finding.path));
      if (!standing || isOn(finding.responsible, change) || isFirstComer(finding, change)) {
        blamed.push({ finding, rule, change, standing, earlier });
      }
    }
  }
}

function byIdentity(findings: readonly Finding[]): ReadonlyMap<string, readonly Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const identity = identityOf(finding);
    const same = groups.get(identity);
    if (same === undefined) groups.set(identity, [finding]);
    else same.push(finding);
  }
  return groups;
}

/**
 * Returns the places of findings with one identity that were there before and are no worse. One thing stands for one: a
 * second route of the same name is new, however bad the first one was.
 */
function standingPlaces(findings: readonly Finding[], earlier: readonly Finding[]): ReadonlySet<string> {
  const were = worstByPlace(earlier);
  const are = worstByPlace(findings);
  return new Set(are.filter(([, magnitude], at) => magnitude <= (were[at]?.[1] ?? NEVER)).map(([place]) => place));
}

const NEVER = Number.NEGATIVE_INFINITY;

/** Returns each place with its greatest magnitude, the worst first. */
function worstByPlace(findings: readonly Finding[]): readonly (readonly [string, number])[] {
  const places = new Map<string, number>();
  for (const { path, magnitude = 0 } of findings) {
    const place = formatPath(path);
    places.set(place, Math.max(magnitude, places.get(place) ?? NEVER));
  }
  return [...places].sort(([, left], [, right]) => right - left);
}

const FAULT = 'MW001';

/**
 * Chooses the changed object to blame: the responsible one if it changed, else what brings the subject, which is the one
 * whose companion is missing, and not whatever else comes with it; else the first that touches it.
 */
function blame({ responsible, subject }: Finding, changes: readonly [Change, ...Change[]], complete: boolean): Change {
  const isWanted = (change: Change): boolean =>
    responsible === undefined
      ? (complete || change.operation === 'CREATE') && isHome(subject, change)
      : isOn(responsible, change);
  return changes.find(isWanted) ?? changes[0];
}

function isHome(subject: Subject, { before, after }: Change): boolean {
  const object = after ?? before;
  const kind = object === undefined ? undefined : kindOf(object);
  if (object === undefined || kind === undefined) return false;
  if (subject.kind === 'namespace') return kind === 'Namespace' && nameOf(object) === subject.name;
  if (subject.kind === 'gateway') return kind === 'Gateway';
  if (subject.kind !== 'host') return false;
  if (kind === 'Service') return subject.name.startsWith(`${nameOf(object)}.${namespaceOf(object)}.svc.`);
  return kind === 'ServiceEntry' && stringsOf(specOf(object).hosts).some((one) => one.toLowerCase() === subject.name);
}

/** Tells whether a change brings the subject whose companion is missing: said at once, though it was missing before. */
function isFirstComer(finding: Finding, change: Change): boolean {
  return finding.responsible === undefined && change.operation === 'CREATE' && bringsSubject(change);
}

/** Tells whether a responsible object is the one that changes. */
export function isOn(responsible: ObjectRef | undefined, { before, after }: Change): boolean {
  const object = after ?? before;
  if (responsible === undefined || object === undefined) return false;
  const ref = refOf(object);
  return ref.kind === responsible.kind && ref.namespace === responsible.namespace && ref.name === responsible.name;
}
