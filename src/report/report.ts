import type { EndingException } from '../engine/ending-exceptions.ts';
import { formatPath, fromPointer } from '../model/field-path.ts';
import type { AppliedException, JudgedFinding, Severity } from '../model/verdict.ts';

/** Where a finding stands in a file, both numbers from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A finding with its place; absent where no file is concerned. */
export interface PlacedFinding {
  readonly finding: JudgedFinding;
  readonly place?: Place;
}

/** An exception that was used, with the places of what it let pass where files are concerned. */
export interface ReportedException extends AppliedException {
  readonly placed?: readonly PlacedFinding[];
}

/** Everything that a report may say; every format is a function of it. */
export interface Report {
  /** Meshwarden's own version. */
  readonly version: string;
  readonly baseline: { readonly version: string; readonly sha256: string };
  /** Ordered by file, object, path and code. */
  readonly findings: readonly PlacedFinding[];
  readonly exceptions: readonly ReportedException[];
  /** The exceptions that end soon; absent when nobody asked for them. */
  readonly ending?: { readonly days: number; readonly exceptions: readonly EndingException[] };
  /** How many objects were judged. */
  readonly objects: number;
}

/** How many findings of each severity there are. */
export interface Tally {
  readonly errors: number;
  readonly warnings: number;
  readonly notes: number;
}

/** Counts the findings of a report. */
export function tallyOf(report: Report): Tally {
  const count = (severity: Severity): number =>
    report.findings.filter(({ finding }) => finding.severity === severity).length;
  return { errors: count('error'), warnings: count('warning'), notes: count('note') };
}

/** Puts findings in the order in which every format has them. */
export function inReportOrder(findings: readonly PlacedFinding[]): readonly PlacedFinding[] {
  return findings
    .map((placed) => ({ placed, key: sortKey(placed) }))
    .toSorted((left, right) => compareKeys(left.key, right.key))
    .map(({ placed }) => placed);
}

function sortKey({ finding, place }: PlacedFinding): readonly string[] {
  const { object, path, code, subject, thing } = finding;
  return [
    place?.file ?? '',
    object.kind,
    object.namespace,
    object.name,
    path.map((step) => (typeof step === 'number' ? String(step).padStart(6, '0') : step)).join('.'),
    code,
    subject.kind,
    thing,
  ];
}

function compareKeys(left: readonly string[], right: readonly string[]): number {
  for (const [at, text] of left.entries()) {
    const other = right[at] ?? '';
    if (text !== other) return text < other ? -1 : 1;
  }
  return 0;
}

const LONGEST = 80;

/** Writes a fix for people: `Fix: set 1.`; empty when there is none or it does not fit on a line. */
export function formatFix({ fix, path }: JudgedFinding): string {
  if (fix === undefined || fix.length === 0) return '';
  const [only] = fix;
  if (fix.length > 1 || only === undefined) return '';
  const field = otherField(only.path, path);
  if (only.op === 'remove') return `Fix: remove ${field ?? 'it'}.`;
  if (only.op === 'test') return '';
  const value = typeof only.value === 'string' ? `'${only.value}'` : JSON.stringify(only.value);
  return value.length > LONGEST ? '' : `Fix: set ${field === undefined ? '' : `${field} to `}${value}.`;
}

/** Names the field of a fix; undefined where it is the finding's own. */
function otherField(pointer: string, path: JudgedFinding['path']): string | undefined {
  const steps = fromPointer(pointer);
  if (steps.join('\n') === path.join('\n')) return undefined;
  const named = formatPath(steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step)));
  return `\`${named}\``;
}
