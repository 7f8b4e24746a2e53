import { podPathOf } from '../mesh/pod-template.ts';
import { EXEMPT_ANNOTATION, type PlacedClause } from '../model/exception.ts';
import type { FieldPath } from '../model/field-path.ts';
import { formatDay } from '../model/instant.ts';
import { stringOf, valueAt } from '../model/json.ts';
import { type Kind, kindOf } from '../model/kind.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { type ClauseProblem, readExemptions, type RuleName } from './exception-grammar.ts';

/** What an object says of its exceptions, on itself and on its templates. */
export interface Exemptions {
  readonly clauses: readonly PlacedClause[];
  readonly problems: readonly (ClauseProblem & { readonly path: FieldPath })[];
}

const ON_OBJECT: FieldPath = ['metadata', 'annotations', EXEMPT_ANNOTATION];
const NO_EXEMPTIONS: Exemptions = { clauses: [], problems: [] };
const EXAMPLE_DAYS = 30;
const DAY_MS = 86_400_000;

/** Tells whether an object carries the annotation anywhere; all that a review without one pays. */
export function isExempted(object: KubeObject | undefined): boolean {
  return object !== undefined && placesOf(object).some((path) => textAt(object, path) !== undefined);
}

/** Reads the exceptions of an object. `now` dates the example in what is said of a mistake. */
export function exemptionsOf(
  object: KubeObject | undefined,
  rules: readonly RuleName[],
  { now, maxDays }: { readonly now: number; readonly maxDays: number },
): Exemptions {
  if (object === undefined || !isExempted(object)) return NO_EXEMPTIONS;
  const exampleDay = formatDay(now + Math.min(EXAMPLE_DAYS, maxDays) * DAY_MS);
  const clauses: PlacedClause[] = [];
  const problems: (ClauseProblem & { readonly path: FieldPath })[] = [];
  for (const path of placesOf(object)) {
    const text = textAt(object, path);
    if (text === undefined) continue;
    const read = readExemptions(text, rules, exampleDay);
    clauses.push(...read.clauses.map((clause) => ({ ...clause, path })));
    problems.push(...read.problems.map((problem) => ({ ...problem, path })));
  }
  return { clauses, problems };
}

/** Returns the annotation's text at a place, undefined when it is not there. */
export function textAt(object: KubeObject | undefined, path: FieldPath): string | undefined {
  return stringOf(valueAt(object, path));
}

/**
 * Returns where an object may carry the annotation: on itself, and wherever a controller copies annotations from: what
 * stands on a template comes to its pods without a question, so it is asked for here.
 */
function placesOf(object: KubeObject): readonly FieldPath[] {
  const kind = kindOf(object);
  return (kind === undefined ? undefined : PLACES.get(kind)) ?? ONLY_OBJECT;
}

const ONLY_OBJECT: readonly FieldPath[] = [ON_OBJECT];
const TEMPLATED: readonly Kind[] = [
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
  'Rollout',
];
const PLACES: ReadonlyMap<Kind, readonly FieldPath[]> = new Map(
  TEMPLATED.map((kind) => {
    const jobs: readonly FieldPath[] = kind === 'CronJob' ? [['spec', 'jobTemplate', ...ON_OBJECT]] : [];
    return [kind, [ON_OBJECT, ...jobs, [...(podPathOf(kind) ?? []), ...ON_OBJECT]]];
  }),
);
