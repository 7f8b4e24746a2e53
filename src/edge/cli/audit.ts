import { copiesAmong } from '../../engine/ending-exceptions.ts';
import { judge } from '../../engine/judge.ts';
import { View } from '../../mesh/view.ts';
import type { Baseline } from '../../model/baseline.ts';
import { isRecord, recordsOf, stringOf, valueAt } from '../../model/json.ts';
import { isWorkloadKind, type Kind, kindOf } from '../../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf } from '../../model/kube-object.ts';
import type { JudgedFinding } from '../../model/verdict.ts';
import { inReportOrder, type Report } from '../../report/report.ts';
import type { Rule } from '../../rules/rule.ts';
import { VERSION } from '../version.ts';
import { baselineFor } from './baseline-option.ts';
import { type CheckOptions, exitCodeOf, writeReport } from './check.ts';
import { withEnding } from './exceptions.ts';
import { type ExitCode, type Io, say } from './io.ts';

/** The options of `audit`. */
export interface AuditOptions extends Pick<CheckOptions, 'baseline' | 'output' | 'outputFile' | 'failOn' | 'expiring'> {
  /** Absent: `KUBECONFIG`, `~/.kube/config`, or the service account of the pod. */
  readonly kubeconfig?: string;
  readonly contextName?: string;
}

/** Reads a cluster as a set of objects; the door to it is opened by the caller. */
export type ReadMesh = (
  options: Pick<AuditOptions, 'kubeconfig' | 'contextName'>,
  wanted: { readonly kinds: readonly Kind[]; readonly rootNamespace: string; readonly progress: (kind: Kind) => void },
) => Promise<readonly KubeObject[]>;

/** Judges what is in a cluster: all that is wrong with it now, whoever came first. */
export async function audit(options: AuditOptions, io: Io, readMesh: ReadMesh): Promise<ExitCode> {
  const baseline = await baselineFor(options.baseline, io);
  const kinds = [...new Set<Kind>(['Namespace', 'Service', 'ConfigMap', ...io.rules.flatMap(({ reads }) => reads)])];
  const objects = await readMesh(options, {
    kinds: kinds.sort(),
    rootNamespace: baseline.mesh.rootNamespace,
    progress: (kind) => io.progress(`reading ${kind}`),
  });
  say(io, `${objects.length} objects of ${kinds.length} kinds`);
  const report = auditObjects(objects, { baseline, rules: io.rules, now: io.now() });
  await writeReport(withEnding(report, objects, options, io), options, io);
  return exitCodeOf(report, options.failOn);
}

/** Judges a set of objects as a whole mesh. */
export function auditObjects(
  objects: readonly KubeObject[],
  bench: { readonly baseline: Baseline; readonly rules: readonly Rule[]; readonly now: number },
): Report {
  const view = View.of([], bench.baseline.mesh);
  const changes = objects.map((after) => ({ operation: 'CREATE' as const, after }));
  const { findings, exceptions } = judge(changes, { ...bench, view, complete: true });
  const copies = new Set([...copiesAmong(objects, bench)].map(keyOf));
  return {
    version: VERSION,
    baseline: { version: bench.baseline.version, sha256: bench.baseline.sha256 },
    findings: inReportOrder(withoutCopies(findings, objects).map((finding) => ({ finding }))),
    exceptions: exceptions.filter(({ object }) => !copies.has(keyOfRef(object))),
    objects: objects.length,
  };
}

/**
 * Leaves out what a pod or ReplicaSet has from its owner, of which the same is said; what is wrong with it alone stays,
 * whatever it claims as its owner.
 */
function withoutCopies(findings: readonly JudgedFinding[], objects: readonly KubeObject[]): readonly JudgedFinding[] {
  const byUid = new Map<string, KubeObject>();
  const owners = new Map<string, string>();
  for (const object of objects) {
    const kind = kindOf(object);
    if (kind === undefined || !isWorkloadKind(kind)) continue;
    const uid = stringOf(valueAt(object, ['metadata', 'uid']));
    if (uid !== undefined) byUid.set(uid, object);
    const owner = recordsOf(valueAt(object, ['metadata', 'ownerReferences'])).find((one) => one.controller === true);
    if (isRecord(owner) && typeof owner.uid === 'string') owners.set(keyOf(object), owner.uid);
  }
  const said = new Set(findings.map((finding) => `${keyOfRef(finding.object)} ${finding.code} ${finding.thing}`));
  return findings.filter(({ object, code, thing }) => {
    const owner = byUid.get(owners.get(keyOfRef(object)) ?? '');
    const isOwn = owner === undefined || namespaceOf(owner) !== object.namespace;
    return isOwn || !said.has(`${keyOf(owner)} ${code} ${thing}`);
  });
}

function keyOf(object: KubeObject): string {
  return `${object.kind}/${namespaceOf(object)}/${nameOf(object)}`;
}

function keyOfRef({ kind, namespace, name }: JudgedFinding['object']): string {
  return `${kind}/${namespace}/${name}`;
}
