import { type Touched, touchedBy } from '../mesh/touched.ts';
import type { View } from '../mesh/view.ts';
import type { Baseline, GatewayBaseline } from '../model/baseline.ts';
import type { Change } from '../model/change.ts';
import { type Finding, identityOf } from '../model/finding.ts';
import { type Kind, kindOf } from '../model/kind.ts';
import { type KubeObject, type ObjectRef, refOf } from '../model/kube-object.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Facts, Rule } from '../rules/rule.ts';
import { type Blamed, bringsSubject, decide } from './decide.ts';
import { faultFinding } from './fault.ts';
import { isBookkeeping } from './bookkeeping.ts';

/** What a judgement needs besides the change: the mesh without the change, the demands, and the time. */
export interface Bench {
  /** The mesh as it was; a change's own `before` is laid over it, since a watch may lag. */
  readonly view: View;
  readonly baseline: Baseline;
  readonly rules: readonly Rule[];
  /** Epoch milliseconds. */
  readonly now: number;
  /** True: what is missing counts as an error whoever came first, because the objects are the whole mesh. */
  readonly complete?: boolean;
}

interface Subjects {
  readonly hosts: Set<string>;
  readonly namespaces: Set<string>;
  readonly gateways: Set<GatewayBaseline>;
}

/**
 * Judges one change, or several that come together: what the mesh does after them that it did not do before.
 * Total: any JSON object gets a verdict; a rule that throws is finding MW001. Its inputs are never changed.
 */
export function judge(changes: readonly Change[], bench: Bench): Verdict {
  const real = changes.filter((change) => !isBookkeeping(change));
  if (real.length === 0) return { decision: 'allow', findings: [], exceptions: [] };
  const before = viewOf(bench.view, real, 'before');
  const after = viewOf(before, real, 'after');
  const factsBefore: Facts = { view: before, baseline: bench.baseline, now: bench.now };
  const factsAfter: Facts = { view: after, baseline: bench.baseline, now: bench.now };
  const kinds = kindsOf(real);
  const rules = bench.rules.filter((rule) => rule.reads.some((kind) => kinds.has(kind)));
  const blamed: Blamed[] = [];
  for (const change of real) {
    for (const rule of rules) {
      if (rule.subject !== 'object') continue;
      const was = change.before === undefined ? [] : safely(rule, change.before, factsBefore, change);
      const is = change.after === undefined ? [] : safely(rule, change.after, factsAfter, change);
      compare(was, is, rule, [change], blamed);
    }
  }
  const subjects = subjectsOf(real, before, after, bench.baseline);
  for (const rule of rules) {
    for (const [input, touching] of inputsOf(rule, subjects, real)) {
      compare(
        safely(rule, input, factsBefore, touching[0]),
        safely(rule, input, factsAfter, touching[0]),
        rule,
        touching,
        blamed,
      );
    }
  }
  return decide(blamed, {
    changes: real,
    before,
    after,
    baseline: bench.baseline,
    now: bench.now,
    complete: bench.complete ?? false,
  });
}

/** Returns the view before or after all changes. */
function viewOf(view: View, changes: readonly Change[], side: 'before' | 'after'): View {
  if (side === 'before') {
    const known = changes.flatMap((change) => change.before ?? []);
    // What a change creates must not be there yet, even if the watch was quicker than the review.
    const unborn = changes.flatMap((change) => (change.before === undefined ? (change.after ?? []) : []));
    return view.with({ remove: unborn, add: known });
  }
  const gone = changes.flatMap((change) => (change.after === undefined ? (change.before ?? []) : []));
  return view.with({ remove: gone, add: changes.flatMap((change) => change.after ?? []) });
}

function kindsOf(changes: readonly Change[]): ReadonlySet<Kind> {
  const kinds = new Set<Kind>();
  for (const { before, after } of changes) {
    for (const object of [before, after]) {
      const kind = object === undefined ? undefined : kindOf(object);
      if (kind !== undefined) kinds.add(kind);
    }
  }
  return kinds;
}

type Input = KubeObject | string | GatewayBaseline;

function subjectsOf(changes: readonly Change[], before: View, after: View, baseline: Baseline): Map<Change, Subjects> {
  const subjects = new Map<Change, Subjects>();
  for (const change of changes) {
    const all: Subjects = { hosts: new Set(), namespaces: new Set(), gateways: new Set() };
    if (change.before !== undefined) merge(all, touchedBy(change.before, before, baseline));
    if (change.after !== undefined) merge(all, touchedBy(change.after, after, baseline));
    subjects.set(change, all);
  }
  return subjects;
}

function merge(all: Subjects, touched: Touched): void {
  for (const host of touched.hosts) all.hosts.add(host);
  for (const namespace of touched.namespaces) all.namespaces.add(namespace);
  for (const gateway of touched.gateways) all.gateways.add(gateway);
}

/** Yields what a rule on hosts, namespaces or gateways has to judge, each with the changes that touch it. */
function inputsOf(
  rule: Rule,
  subjects: ReadonlyMap<Change, Subjects>,
  changes: readonly Change[],
): ReadonlyMap<Input, [Change, ...Change[]]> {
  const inputs = new Map<Input, [Change, ...Change[]]>();
  if (rule.subject === 'object') return inputs;
  for (const change of changes) {
    const kind = kindOf(change.after ?? change.before ?? NOBODY);
    const all = subjects.get(change);
    if (kind === undefined || all === undefined || !rule.reads.includes(kind)) continue;
    const mine = rule.subject === 'host' ? all.hosts : rule.subject === 'namespace' ? all.namespaces : all.gateways;
    for (const input of mine) {
      const touching = inputs.get(input);
      if (touching === undefined) inputs.set(input, [change]);
      else touching.push(change);
    }
  }
  return inputs;
}

const NOBODY: KubeObject = { apiVersion: '', kind: '' };

/** Runs a rule; one that throws is our fault and becomes a finding, never a silent allow. */
function safely(rule: Rule, input: Input, facts: Facts, change: Change): readonly Finding[] {
  try {
    // The caller pairs each rule with inputs of its own subject kind; the union cannot express the pair.
    return (rule.check as (input: Input, facts: Facts) => readonly Finding[])(input, facts);
  } catch (error) {
    return [faultFinding(rule, change, error)];
  }
}

/** Keeps what is new or worse, and what stood before on the changed object itself. */
function compare(
  was: readonly Finding[],
  is: readonly Finding[],
  rule: Rule,
  changes: readonly [Change, ...Change[]],
  blamed: Blamed[],
): void {
  if (is.length === 0) return;
  const earlier = new Map<string, number>();
  for (const finding of was) {
    const identity = identityOf(finding);
    earlier.set(identity, Math.max(earlier.get(identity) ?? Number.NEGATIVE_INFINITY, finding.magnitude ?? 0));
  }
  for (const finding of is) {
    const then = earlier.get(identityOf(finding));
    const change = blame(finding, changes);
    const standing = finding.code !== FAULT && then !== undefined && (finding.magnitude ?? 0) <= then;
    if (!standing || isOn(finding.responsible, change) || isFirstComer(finding, change)) {
      blamed.push({ finding, rule, change, standing });
    }
  }
}

const FAULT = 'MW001';

/** Chooses the changed object to blame: the responsible one if it changed, else the first that touches the subject. */
function blame(finding: Finding, changes: readonly [Change, ...Change[]]): Change {
  return changes.find((change) => isOn(finding.responsible, change)) ?? changes[0];
}

/** Tells whether a change brings the subject whose companion is missing: said at once, though it was missing before. */
function isFirstComer(finding: Finding, change: Change): boolean {
  return finding.responsible === undefined && change.operation === 'CREATE' && bringsSubject(change);
}

function isOn(responsible: ObjectRef | undefined, { before, after }: Change): boolean {
  const object = after ?? before;
  if (responsible === undefined || object === undefined) return false;
  const ref = refOf(object);
  return ref.kind === responsible.kind && ref.namespace === responsible.namespace && ref.name === responsible.name;
}
