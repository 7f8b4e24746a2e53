import { type Touched, touchedBy } from '../mesh/touched.ts';
import { type TouchedBySettings, touchedBySettings } from '../mesh/touched-by-settings.ts';
import type { View } from '../mesh/view.ts';
import type { Baseline, GatewayBaseline } from '../model/baseline.ts';
import type { Change } from '../model/change.ts';
import type { Finding } from '../model/finding.ts';
import { type Kind, kindOf } from '../model/kind.ts';
import type { KubeObject } from '../model/kube-object.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Facts, Rule } from '../rules/rule.ts';
import { alikeFor } from './alike.ts';
import type { Blamed, Circumstances } from './blamed.ts';
import { compare } from './compare.ts';
import { decide } from './decide.ts';
import { isExempted } from './exempted-objects.ts';
import { faultFinding } from './fault.ts';
import { asItEnds, isBookkeeping } from './bookkeeping.ts';

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
  /** Where it takes the place of `hosts`, by the settings that a rule reads. */
  hostsFor?: TouchedBySettings['hostsFor'];
}

/**
 * Judges one change, or several that come together: what the mesh does after them that it did not do before.
 * Total: any JSON object gets a verdict; a rule that throws is finding MW001. Its inputs are never changed.
 */
export function judge(changes: readonly Change[], bench: Bench): Verdict {
  const real = changes.map(asItEnds).filter((change) => !isBookkeeping(change));
  if (real.length === 0) return { decision: 'allow', findings: [], exceptions: [] };
  const before = viewBefore(bench.view, real);
  const after = viewAfter(bench.view, real);
  const factsBefore: Facts = { view: before, baseline: bench.baseline, now: bench.now };
  const factsAfter: Facts = { view: after, earlier: before, baseline: bench.baseline, now: bench.now };
  const rules = rulesReading(bench.rules, kindsOf(real));
  const complete = bench.complete ?? false;
  const blamed: Blamed[] = [];
  const present: Finding[] = [];
  for (const change of real) {
    for (const rule of rules) {
      if (rule.subject !== 'object') continue;
      const { before: old, after: current } = change;
      const is = current === undefined ? [] : safely(rule, current, factsAfter, change);
      const was = (): readonly Finding[] => (old === undefined ? [] : safely(rule, old, factsBefore, change));
      present.push(...is);
      compare(was, is, { rule, changes: [change], complete }, blamed);
    }
  }
  const circumstances: Circumstances = {
    changes: real,
    before,
    after,
    baseline: bench.baseline,
    rules: bench.rules,
    present,
    now: bench.now,
    complete,
  };
  const subjects = subjectsOf(real, before, after, bench.baseline);
  if (reachesMany(real, subjects)) {
    const verdict = decide(blamed, circumstances);
    if (verdict.decision === 'deny') return verdict;
  }
  const inputsOf = inputsFor(real, subjects);
  for (const rule of rules) {
    const inputs = inputsOf(rule);
    if (inputs.length === 0) continue;
    const alike = alikeFor(rule, { changes: real, before: factsBefore, after: factsAfter, count: inputs.length });
    for (const [input, touching] of inputs) {
      if (typeof input === 'string' && alike?.isSettled(input) === true) continue;
      const known = blamed.length;
      const is = safely(rule, input, factsAfter, touching[0]);
      present.push(...is);
      compare(() => safely(rule, input, factsBefore, touching[0]), is, { rule, changes: touching, complete }, blamed);
      if (typeof input === 'string') alike?.settle(input, blamed.slice(known));
    }
  }
  return decide(blamed, circumstances);
}

/** To judge so many hosts takes a second, which a change that is refused for itself is not worth. */
const MANY_HOSTS = 1000;

/** Tells whether a single change reaches so many hosts; with an exception what it covers must be known before it is decided. */
function reachesMany([change, ...more]: readonly Change[], subjects: ReadonlyMap<Change, Subjects>): boolean {
  if (change === undefined || more.length > 0 || isExempted(change.before) || isExempted(change.after)) return false;
  return (subjects.get(change)?.hosts.size ?? 0) > MANY_HOSTS;
}

function viewBefore(view: View, changes: readonly Change[]): View {
  const known = changes.flatMap((change) => change.before ?? []);
  // What a change creates must not be there yet, even if the watch was quicker than the review.
  const unborn = changes.flatMap((change) => (change.before === undefined ? (change.after ?? []) : []));
  return view.with({ remove: unborn, add: known });
}

/** Not made of the view before: the fewer views are laid over one another, the quicker is each look-up. */
function viewAfter(view: View, changes: readonly Change[]): View {
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

const READING = new WeakMap<readonly Rule[], Map<Kind, readonly Rule[]>>();

/** Returns the rules that read one of the kinds; for a single kind, as almost every review has, they are looked up. */
function rulesReading(rules: readonly Rule[], kinds: ReadonlySet<Kind>): readonly Rule[] {
  const [kind, ...more] = kinds;
  if (kind === undefined) return [];
  if (more.length > 0) return rules.filter(({ reads }) => reads.some((one) => kinds.has(one)));
  const byKind = READING.get(rules) ?? new Map<Kind, readonly Rule[]>();
  READING.set(rules, byKind);
  const known = byKind.get(kind) ?? rules.filter(({ reads }) => reads.includes(kind));
  byKind.set(kind, known);
  return known;
}

type Input = KubeObject | string | GatewayBaseline;

function subjectsOf(changes: readonly Change[], before: View, after: View, baseline: Baseline): Map<Change, Subjects> {
  const subjects = new Map<Change, Subjects>();
  for (const change of changes) {
    const all: Subjects = { hosts: new Set(), namespaces: new Set(), gateways: new Set() };
    subjects.set(change, all);
    const bySettings = changes.length > 1 ? undefined : touchedBySettings(change, { before, after, baseline });
    if (bySettings !== undefined) {
      merge(all, { ...bySettings, hosts: all.hosts });
      all.hostsFor = bySettings.hostsFor;
      continue;
    }
    if (change.before !== undefined) merge(all, touchedBy(change.before, before, baseline));
    if (change.after !== undefined) merge(all, touchedBy(change.after, after, baseline));
  }
  return subjects;
}

function merge(all: Subjects, touched: Touched): void {
  for (const host of touched.hosts) all.hosts.add(host);
  for (const namespace of touched.namespaces) all.namespaces.add(namespace);
  for (const gateway of touched.gateways) all.gateways.add(gateway);
}

type Touching = readonly [Change, ...Change[]];
type Inputs = readonly (readonly [Input, Touching])[];

/** Returns what tells what a rule on hosts, namespaces or gateways has to judge, each with the changes that touch it. */
function inputsFor(changes: readonly Change[], subjects: ReadonlyMap<Change, Subjects>): (rule: Rule) => Inputs {
  const [first, ...more] = changes;
  if (first === undefined || more.length > 0) return (rule) => inputsOfMany(rule, subjects, changes);
  const touching: Touching = [first];
  // Rules on the same kind of subject mostly share one set.
  const known = new Map<ReadonlySet<Input>, Inputs>();
  return (rule) => {
    if (rule.subject === 'object') return [];
    const touched = touchedFor(rule, first, subjects);
    const there = known.get(touched);
    if (there !== undefined) return there;
    const inputs = Array.from(touched, (input) => [input, touching] as const);
    known.set(touched, inputs);
    return inputs;
  };
}

function inputsOfMany(rule: Rule, subjects: ReadonlyMap<Change, Subjects>, changes: readonly Change[]): Inputs {
  if (rule.subject === 'object') return [];
  const inputs = new Map<Input, [Change, ...Change[]]>();
  for (const change of changes) {
    const kind = kindOf(change.after ?? change.before ?? NOBODY);
    if (kind === undefined || !rule.reads.includes(kind)) continue;
    for (const input of touchedFor(rule, change, subjects)) {
      const touching = inputs.get(input);
      if (touching === undefined) inputs.set(input, [change]);
      else touching.push(change);
    }
  }
  return [...inputs];
}

function touchedFor(
  { subject, settings }: Rule,
  change: Change,
  subjects: ReadonlyMap<Change, Subjects>,
): ReadonlySet<Input> {
  const all = subjects.get(change);
  if (all === undefined) return NO_INPUTS;
  if (subject === 'host') return all.hostsFor?.(settings) ?? all.hosts;
  return subject === 'namespace' ? all.namespaces : all.gateways;
}

const NO_INPUTS: ReadonlySet<Input> = new Set<Input>();
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
