import { formatPath } from '../model/field-path.ts';
import { formatRef } from '../model/kube-object.ts';
import { printable } from '../model/printable.ts';
import type { JudgedFinding } from '../model/verdict.ts';
import { formatFix, type Place, type Report, type ReportedException } from './report.ts';

/** One line of a machine's list: a finding, or what an exception let pass. */
export interface Entry {
  readonly finding: JudgedFinding;
  readonly place?: Place;
  /** Present: it counts as a note only. */
  readonly exception?: ReportedException;
}

/** Returns the findings of a report and, after them, what exceptions let pass. */
export function entriesOf({ findings, exceptions }: Report): readonly Entry[] {
  const excepted = exceptions.flatMap((exception) =>
    (exception.placed ?? exception.findings.map((finding) => ({ finding }))).map((placed) => ({
      ...placed,
      exception,
    })),
  );
  return [...findings, ...excepted];
}

/** Writes what an entry says, on one line: whose field, what is wrong, the fix, and the exception if there is one. */
export function entryText({ finding, exception }: Entry): string {
  const { object, message } = finding;
  const fix = formatFix(finding);
  const said = printable(`${formatRef(object)}: ${message}${fix === '' || exception !== undefined ? '' : `. ${fix}`}`);
  return exception === undefined ? said : `${said} (${exceptionText(exception)})`;
}

/** Writes an exception: `excepted until 2027-01-31: load test, OPS-311`. */
export function exceptionText({ until, reason }: ReportedException): string {
  return `excepted until ${until}: ${printable(reason)}`;
}

/** Writes what makes a finding the same one in the next run, whatever lines were added above it. */
export function fingerprintOf({ finding, place }: Entry): string {
  const { code, object, responsible, subject, thing, path } = finding;
  const about = subject.kind === 'object' ? '' : `${subject.kind} ${subject.name}`;
  const field = path.filter((step) => typeof step === 'string');
  const parts = [place?.file, code, formatRef(object), responsible && formatRef(responsible), about, thing];
  return hash([...parts, formatPath(field)].join('\n'));
}

/** Hashes a text to 16 hexadecimal digits (FNV-1a, twice): to tell findings apart, not to keep anything secret. */
function hash(text: string): string {
  const half = (seed: number): string => {
    let value = seed;
    for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
    return value.toString(16).padStart(8, '0');
  };
  return half(0x811c9dc5) + half(0x9e3779b9);
}
