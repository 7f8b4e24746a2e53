import { endOfDay } from '../model/instant.ts';
import type { ExceptionClause } from '../model/exception.ts';
import { recordsOf, stringOf, valueAt } from '../model/json.ts';
import { type Kind, kindOf, WORKLOAD_KINDS } from '../model/kind.ts';
import { type KubeObject, namespaceOf, type ObjectRef, refOf } from '../model/kube-object.ts';
import type { RuleName } from './exception-grammar.ts';
import { exemptionsOf, isExempted } from './exempted-objects.ts';

/** An exception that ends soon, or has ended. */
export interface EndingException extends ExceptionClause {
  readonly object: ObjectRef;
  /** Whole days that are left after today, 0 on its last day, negative when it is past. */
  readonly daysLeft: number;
}

const DAY_MS = 86_400_000;

/**
 * Returns the exceptions of objects that end within so many days, those that are past among them; the first to
 * end first. What controllers copied from an object that is there as well is left out.
 */
export function endingExceptions(
  objects: Iterable<KubeObject>,
  { rules, now, days }: { readonly rules: readonly RuleName[]; readonly now: number; readonly days: number },
): readonly EndingException[] {
  const ending: EndingException[] = [];
  const today = Math.floor(now / DAY_MS);
  const all = [...objects];
  const copies = copiesAmong(all, { rules, now });
  for (const object of all) {
    if (copies.has(object)) continue;
    const seen = new Set<string>();
    // What a clause says twice, on the object and on its template, ends once.
    for (const { rule, until, reason } of exemptionsOf(object, rules, { now, maxDays: 0 }).clauses) {
      const daysLeft = Math.round((endOfDay(until) ?? 0) / DAY_MS) - 1 - today;
      const key = `${rule} ${until}`;
      if (daysLeft > days || seen.has(key)) continue;
      seen.add(key);
      ending.push({ rule, until, reason, object: refOf(object), daysLeft });
    }
  }
  return ending.toSorted((left, right) => left.daysLeft - right.daysLeft || (keyOf(left) < keyOf(right) ? -1 : 1));
}

/** What controllers make of which templates. */
const MADE_OF: ReadonlyMap<Kind, readonly Kind[]> = new Map<Kind, readonly Kind[]>([
  ['Pod', WORKLOAD_KINDS.filter((kind) => kind !== 'Pod')],
  ['ReplicaSet', ['Deployment', 'Rollout']],
  ['Job', ['CronJob']],
]);

/**
 * Returns the objects that say nothing of exceptions but what the workload of which they are made says too. Anybody can
 * write an owner down: what an object has that its owner has not, or has for longer, is its own.
 */
export function copiesAmong(
  objects: readonly KubeObject[],
  { rules, now }: { readonly rules: readonly RuleName[]; readonly now: number },
): ReadonlySet<KubeObject> {
  const byUid = new Map(objects.map((object) => [stringOf(valueAt(object, ['metadata', 'uid'])), object]));
  const clausesOf = (object: KubeObject) => exemptionsOf(object, rules, { now, maxDays: 0 }).clauses;
  const isCopy = (object: KubeObject): boolean => {
    const owner = ownerOf(object, byUid);
    if (owner === undefined) return false;
    const owned = clausesOf(owner);
    return clausesOf(object).every(({ rule, until }) => owned.some((one) => one.rule === rule && until <= one.until));
  };
  return new Set(objects.filter((object) => isExempted(object) && isCopy(object)));
}

function ownerOf(object: KubeObject, byUid: ReadonlyMap<string | undefined, KubeObject>): KubeObject | undefined {
  const references = recordsOf(valueAt(object, ['metadata', 'ownerReferences']));
  const uid = stringOf(references.find(({ controller }) => controller === true)?.uid);
  const owner = uid === undefined ? undefined : byUid.get(uid);
  const [kind, ownerKind] = [kindOf(object), owner === undefined ? undefined : kindOf(owner)];
  if (owner === undefined || kind === undefined || ownerKind === undefined) return undefined;
  return MADE_OF.get(kind)?.includes(ownerKind) === true && namespaceOf(owner) === namespaceOf(object)
    ? owner
    : undefined;
}

function keyOf({ object, rule }: EndingException): string {
  return `${object.kind}/${object.namespace}/${object.name}/${rule}`;
}
