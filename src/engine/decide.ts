import { selectsNamespace } from '../mesh/namespaces.ts';
import type { View } from '../mesh/view.ts';
import type { Baseline } from '../model/baseline.ts';
import type { Change } from '../model/change.ts';
import { formatPath } from '../model/field-path.ts';
import type { Finding } from '../model/finding.ts';
import { endOfDay } from '../model/instant.ts';
import { isWorkloadKind, kindOf } from '../model/kind.ts';
import { formatRef, namespaceOf, type ObjectRef, refOf } from '../model/kube-object.ts';
import { isAbsent, recordOrEmpty } from '../model/json.ts';
import type { AppliedException, JudgedFinding, Mode, Severity, Verdict } from '../model/verdict.ts';
import type { Rule } from '../rules/rule.ts';
import { type Blamed, type Circumstances, isMadeByController } from './blamed.ts';
import { exceptionFindings } from './exception-findings.ts';
import { type Pass, weighExceptions } from './exceptions.ts';

const SEVERITY: Readonly<Record<Exclude<Mode, 'off'>, Severity>> = { enforce: 'error', warn: 'warning', audit: 'note' };

/** Turns blamed findings into a verdict: exceptions, modes, first comers, deletions, controllers; sorted, one per fault. */
export function decide(blamed: readonly Blamed[], circumstances: Circumstances): Verdict {
  const judged: JudgedFinding[] = [];
  const passed: (readonly [JudgedFinding, Pass])[] = [];
  const { passes, failed, reopened, ledgers } = weighExceptions(blamed, circumstances);
  for (const one of blamed) {
    const standing = one.standing && !reopened.has(one);
    const severity = severityOf({ ...one, standing }, circumstances);
    if (severity === undefined) continue;
    const finding = { ...one.finding, severity, object: objectOf(one.change), standing };
    const pass = passes.get(one);
    if (pass !== undefined) passed.push([finding, pass]);
    else {
      judged.push(finding);
      if (severity === 'error') for (const { open } of failed.get(one) ?? []) open.add(one.finding.rule);
    }
  }
  for (const ledger of ledgers) {
    const { change } = ledger;
    const isForgiven = isMadeByController(change, circumstances.baseline) && !circumstances.complete;
    for (const { finding, mode, standing } of exceptionFindings(ledger, circumstances)) {
      const severity = standing || isForgiven ? 'warning' : SEVERITY[mode];
      judged.push({ ...finding, severity, object: objectOf(change), standing });
    }
  }
  const findings = onePerFault(judged).sort(compareFindings);
  const decision = findings.some(({ severity }) => severity === 'error') ? 'deny' : 'allow';
  return { decision, findings, exceptions: appliedExceptions(passed) };
}

/** Gathers what passed by clause: one entry for each rule that an object is excepted from. */
function appliedExceptions(passed: readonly (readonly [JudgedFinding, Pass])[]): readonly AppliedException[] {
  const entries = new Map<string, { readonly pass: Pass; readonly findings: JudgedFinding[] }>();
  for (const [finding, pass] of passed) {
    const { kind, namespace, name } = pass.object;
    const key = JSON.stringify([kind, namespace, name, pass.clause.rule]);
    const entry = entries.get(key);
    if (entry === undefined) entries.set(key, { pass, findings: [finding] });
    else entry.findings.push(finding);
  }
  return [...entries]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([, { pass, findings }]) => {
      const { rule, until, reason } = pass.clause;
      return { rule, until, reason, object: pass.object, findings: onePerFault(findings).sort(compareFindings) };
    });
}

function severityOf({ finding, rule, change, standing }: Blamed, at: Circumstances): Severity | undefined {
  if (finding.code === 'MW001') return 'error';
  const mode = modeOf(rule, finding, change, at);
  if (mode === 'off') return undefined;
  const severity = SEVERITY[mode];
  if (severity !== 'error') return severity;
  return standing || isForgiven(finding, rule, change, at) ? 'warning' : 'error';
}

/** Tells whether an enforced finding only warns: first comers, traffic rules on DELETE, controllers, a dying namespace. */
function isForgiven(finding: Finding, rule: Rule, change: Change, at: Circumstances): boolean {
  if (at.complete) return false;
  if (isEndOfLife(change, at.before)) return true;
  if (change.operation === 'DELETE') return (at.baseline.rules[rule.id]?.onDelete ?? rule.onDelete) === 'warn';
  if (finding.responsible === undefined && bringsSubject(change)) return true;
  if (isBornUnder(finding, change, at.baseline)) return true;
  return isMadeByController(change, at.baseline);
}

/** Tells whether a namespace comes into a mesh whose root namespace was wrong before; whoever made it so is to blame. */
function isBornUnder({ responsible }: Finding, { operation, after }: Change, { mesh }: Baseline): boolean {
  if (operation !== 'CREATE' || after === undefined || kindOf(after) !== 'Namespace') return false;
  return responsible?.namespace === mesh.rootNamespace;
}

/** Tells whether a change is to a kind that brings a subject into the mesh; its companions may come later. */
export function bringsSubject(change: Change): boolean {
  const object = change.after ?? change.before;
  const kind = object === undefined ? undefined : kindOf(object);
  return (
    kind === 'Service' ||
    kind === 'ServiceEntry' ||
    kind === 'Namespace' ||
    kind === 'Gateway' ||
    (kind !== undefined && isWorkloadKind(kind))
  );
}

/**
 * Empties namespaces that are being deleted, which the watch may not know yet. The garbage collector is not like it: it
 * deletes whatever has an owner reference to something gone, and an owner reference is written by whoever may write.
 */
const NAMESPACE_CONTROLLER = 'system:serviceaccount:kube-system:namespace-controller';

function isEndOfLife(change: Change, before: View): boolean {
  if (change.operation !== 'DELETE') return false;
  if (change.requester?.username === NAMESPACE_CONTROLLER) return true;
  const object = change.before;
  const namespace = object === undefined ? '' : namespaceOf(object);
  const holder = namespace === '' ? undefined : before.get('Namespace', '', namespace);
  return holder !== undefined && !isAbsent(recordOrEmpty(holder.metadata).deletionTimestamp);
}

/** Returns the strictest of a rule's modes in the namespaces concerned: the changed object's and the subject's. */
function modeOf(rule: Rule, finding: Finding, change: Change, at: Circumstances): Mode {
  const namespaces = new Set([namespaceOf(change.after ?? change.before ?? NOBODY)]);
  if (finding.subject.kind === 'namespace') namespaces.add(finding.subject.name);
  if (finding.responsible !== undefined) namespaces.add(finding.responsible.namespace);
  const modes = [...namespaces].map((namespace) => modeIn(rule, namespace, at));
  return STRICTEST_FIRST.find((mode) => modes.includes(mode)) ?? rule.mode;
}

const NOBODY = { apiVersion: '', kind: '' };
const STRICTEST_FIRST: readonly Mode[] = ['enforce', 'warn', 'audit', 'off'];

function modeIn(rule: Rule, namespace: string, { baseline, after, now }: Circumstances): Mode {
  const setting = baseline.rules[rule.id];
  const override = setting?.overrides.find(
    ({ namespaces, until }) => now < (endOfDay(until) ?? 0) && selectsNamespace(namespaces, namespace, after),
  );
  return override?.mode ?? setting?.mode ?? rule.mode;
}

function objectOf(change: Change): ObjectRef {
  return refOf(change.after ?? change.before ?? NOBODY);
}

/**
 * Keeps of findings with one code on one field the worst: one route to two services is one fault. Of equal ones the one that
 * stands on the responsible object itself is kept, where that came too.
 */
function onePerFault(findings: readonly JudgedFinding[]): JudgedFinding[] {
  const kept = new Map<string, JudgedFinding>();
  for (const finding of findings) {
    const { responsible } = finding;
    const who =
      responsible === undefined
        ? finding.subject
        : { kind: 'ref', name: `${responsible.kind}/${responsible.namespace}/${responsible.name}` };
    const where = responsible === undefined ? finding.thing : formatPath(finding.path);
    // Faults of our own and of exceptions have one field for many things.
    const what = /^MW[09]/.test(finding.code) ? finding.thing : '';
    const key = JSON.stringify([finding.code, who, where, what]);
    const there = kept.get(key);
    if (there === undefined || isWorse(finding, there)) kept.set(key, finding);
  }
  return [...kept.values()];
}

function isWorse(left: JudgedFinding, right: JudgedFinding): boolean {
  const order: readonly Severity[] = ['error', 'warning', 'note'];
  const bySeverity = order.indexOf(right.severity) - order.indexOf(left.severity);
  if (bySeverity !== 0) return bySeverity > 0;
  const byMagnitude = (left.magnitude ?? 0) - (right.magnitude ?? 0);
  return byMagnitude !== 0 ? byMagnitude > 0 : isOnResponsible(left) && !isOnResponsible(right);
}

function isOnResponsible({ object, responsible }: JudgedFinding): boolean {
  return responsible !== undefined && formatRef(responsible) === formatRef(object);
}

function compareFindings(left: JudgedFinding, right: JudgedFinding): number {
  const keyOf = ({ object, path, code, subject, thing }: JudgedFinding): readonly string[] => [
    object.kind,
    object.namespace,
    object.name,
    sortablePath(path),
    code,
    JSON.stringify(subject),
    thing,
  ];
  const [a, b] = [keyOf(left), keyOf(right)];
  for (const [at, text] of a.entries()) {
    const other = b[at] ?? '';
    if (text !== other) return text < other ? -1 : 1;
  }
  return 0;
}

function sortablePath(path: Finding['path']): string {
  return path.map((step) => (typeof step === 'number' ? String(step).padStart(6, '0') : step)).join('.');
}
