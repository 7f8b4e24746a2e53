import { judge } from '../../engine/judge.ts';
import { View } from '../../mesh/view.ts';
import type { Baseline } from '../../model/baseline.ts';
import type { Change } from '../../model/change.ts';
import { isRecord, sameJson } from '../../model/json.ts';
import { kindOf } from '../../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf, type ObjectRef } from '../../model/kube-object.ts';
import { printable } from '../../model/printable.ts';
import type { JudgedFinding } from '../../model/verdict.ts';
import { formatReport, type Format } from '../../report/formats.ts';
import { inReportOrder, type Place, type PlacedFinding, type Report, tallyOf } from '../../report/report.ts';
import { type FileObject, type FileObjects, type FileRemark, objectsOf } from '../files/objects.ts';
import { readSources, whyUnread } from '../files/read-sources.ts';
import type { Rule } from '../../rules/rule.ts';
import { VERSION } from '../version.ts';
import { baselineFor } from './baseline-option.ts';
import { completeChanges } from './complete-changes.ts';
import { sayUnasked, withEnding } from './exceptions.ts';
import { EXIT, type ExitCode, type Io, say, Trouble } from './io.ts';
import { painter } from './paint.ts';

/** The options of `check`. */
export interface CheckOptions {
  readonly baseline?: string;
  readonly context: readonly string[];
  readonly namespace: string;
  readonly complete: boolean;
  readonly asWritten: boolean;
  readonly output: Format;
  readonly outputFile?: string;
  readonly failOn: 'error' | 'warning' | 'never';
  /** In days; absent: the exceptions that end soon are not listed. */
  readonly expiring?: number;
}

/** Judges files as a change to the known objects and writes the report. @throws Trouble for what cannot be judged at all. */
export async function check(paths: readonly string[], options: CheckOptions, io: Io): Promise<ExitCode> {
  const baseline = await baselineFor(options.baseline, io);
  const known = await readObjects(options.context, { namespace: options.namespace, keepAge: true }, io);
  const changed = await readObjects(paths, { namespace: options.namespace, keepAge: false }, io);
  const unread = known.problems.length + changed.problems.length;
  if (changed.objects.length === 0) {
    throw new Trouble(unread > 0 ? 'nothing could be judged' : `no Kubernetes objects in ${paths.join(', ')}`);
  }
  const { complete, asWritten } = options;
  const { report, notes } = judgeFiles(changed.objects, known.objects, baseline, {
    rules: io.rules,
    complete,
    asWritten,
    now: io.now(),
  });
  for (const remark of notes) say(io, formatRemark(remark));
  const objects = changed.objects.map(({ object }) => object);
  sayUnasked(objects, io);
  sayUnjudged(objects, known.objects, io);
  await writeReport(withEnding(report, objects, options, io), options, io);
  if (unread > 0) return EXIT.trouble;
  return exitCodeOf(report, options.failOn);
}

/** Says what is in the count of judged objects and could not have been found wrong, so that nobody takes it for looked at. */
function sayUnjudged(objects: readonly KubeObject[], known: readonly FileObject[], io: Io): void {
  const others = new Set(objects.flatMap((object) => (kindOf(object) === undefined ? object.kind : [])));
  if (others.size > 0) say(io, printable(`no rule reads ${[...others].sort().join(', ')}`));
  const before = new Map(known.map(({ object }) => [keyOf(object), object]));
  const same = objects.filter((object) => sameJson(before.get(keyOf(object)), object)).length;
  if (same > 0) say(io, `${same} of ${objects.length} as in --context: what does not change is not blamed`);
}

/** Returns what a report means for the exit code. */
export function exitCodeOf(report: Report, failOn: CheckOptions['failOn']): ExitCode {
  const { errors, warnings } = tallyOf(report);
  const counted = failOn === 'never' ? 0 : failOn === 'error' ? errors : errors + warnings;
  return counted > 0 ? EXIT.found : EXIT.clean;
}

/** Writes a report to standard output or to a file. @throws Trouble when the file cannot be written. */
export async function writeReport(
  report: Report,
  { output, outputFile }: { readonly output: Format; readonly outputFile?: string },
  io: Io,
): Promise<void> {
  const paint = painter(io.colours && outputFile === undefined);
  const text = formatReport(report, output, { paint, pages: io.rules, now: io.now() });
  if (outputFile === undefined) return io.out(text);
  try {
    await io.writeFile(outputFile, text);
  } catch (error) {
    throw new Trouble(`'${outputFile}' ${whyUnwritten(error)}`, { cause: error });
  }
}

function whyUnwritten(error: unknown): string {
  const why = whyUnread(error).replace('read', 'written');
  return why === 'does not exist' ? 'cannot be written: the folder that it is to be in does not exist' : why;
}

/** Reads objects and says on standard error what was left out and what could not be read. */
export async function readObjects(
  paths: readonly string[],
  completion: { readonly namespace: string; readonly keepAge: boolean },
  io: Io,
): Promise<FileObjects> {
  const { sources, unread } = await readSources(paths, io.readStdin);
  const found = objectsOf(sources, completion);
  const problems = [...unread.map(({ file, message }) => ({ file, line: 1, column: 1, message })), ...found.problems];
  for (const { file, message } of unread) say(io, `'${file}' ${message}`);
  for (const remark of found.problems) say(io, formatRemark(remark));
  for (const remark of found.notes) say(io, formatRemark(remark));
  return { ...found, problems };
}

function formatRemark({ file, line, column, message }: FileRemark): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** How files are judged. */
export interface FileJudgement {
  readonly rules: readonly Rule[];
  /** True: the files are the whole mesh. */
  readonly complete: boolean;
  /** True: without what the server would add. */
  readonly asWritten: boolean;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Judges the objects of files as one change to known objects; the notes say what the server would have added. */
export function judgeFiles(
  files: readonly FileObject[],
  known: readonly FileObject[],
  baseline: Baseline,
  { rules, complete, asWritten, now }: FileJudgement,
): { readonly report: Report; readonly notes: readonly FileRemark[] } {
  const before = new Map(known.map(({ object }) => [keyOf(object), object]));
  const sources = new Map(files.map((file) => [keyOf(file.object), file]));
  const latest = files.filter((file) => sources.get(keyOf(file.object)) === file);
  const written = latest.map(({ object }) => changeOf(object, before.get(keyOf(object))));
  const objects = [...before.values(), ...written.flatMap(({ after }) => after ?? [])];
  const completed = asWritten
    ? written.map((change) => ({ change, notes: [] }))
    : completeChanges(written, objects, { baseline, rules, now });
  const changes = completed.map(({ change }) => change);
  const view = View.of(before.values(), baseline.mesh);
  const verdict = judge(changes, { view, baseline, rules, now, complete });
  const placed = (finding: JudgedFinding): PlacedFinding => {
    const place = placeOf(finding, sources);
    return place === undefined ? { finding } : { finding, place };
  };
  const report = {
    version: VERSION,
    baseline: { version: baseline.version, sha256: baseline.sha256 },
    findings: inReportOrder(verdict.findings.map(placed)),
    exceptions: verdict.exceptions.map((one) => ({ ...one, placed: one.findings.map(placed) })),
    objects: latest.length,
  };
  return { report, notes: latest.flatMap((file, at) => remarksOf(file, completed[at]?.notes ?? [])) };
}

function remarksOf({ file, locate }: FileObject, notes: readonly string[]): readonly FileRemark[] {
  return notes.map((message) => ({ file, ...locate([]), message }));
}

function changeOf(object: KubeObject, before: KubeObject | undefined): Change {
  if (before === undefined) return { operation: 'CREATE', after: object };
  // An update keeps the age of what is there; Istio decides by it.
  const { creationTimestamp } = isRecord(before.metadata) ? before.metadata : {};
  if (creationTimestamp === undefined || !isRecord(object.metadata))
    return { operation: 'UPDATE', before, after: object };
  return { operation: 'UPDATE', before, after: { ...object, metadata: { ...object.metadata, creationTimestamp } } };
}

/** Finds the place of a finding: its field in the responsible object, else the top of the changed one. */
function placeOf(finding: JudgedFinding, sources: ReadonlyMap<string, FileObject>): Place | undefined {
  const { responsible, path, object } = finding;
  const file = responsible === undefined ? undefined : sources.get(keyOfRef(responsible));
  if (file !== undefined) return { file: file.file, ...file.locate(path) };
  const changed = sources.get(keyOfRef(object));
  return changed === undefined ? undefined : { file: changed.file, ...changed.locate([]) };
}

function keyOf(object: KubeObject): string {
  return `${kindOf(object) ?? `${object.apiVersion}/${object.kind}`}/${namespaceOf(object)}/${nameOf(object)}`;
}

function keyOfRef({ apiVersion, kind, namespace, name }: ObjectRef): string {
  return keyOf({ apiVersion, kind, metadata: { namespace, name } });
}
