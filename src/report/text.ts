import { formatRef } from '../model/kube-object.ts';
import { printable } from '../model/printable.ts';
import type { JudgedFinding, Severity } from '../model/verdict.ts';
import { formatFix, type PlacedFinding, type Report, tallyOf } from './report.ts';

/** What a piece of text is, so that a terminal may show it in its own way. */
export type Style = Severity | 'place' | 'code' | 'good';

/** Dresses text for a terminal; for files and pipes it returns the text. */
export type Paint = (style: Style, text: string) => string;

/** Writes a report as lines: one for each finding, the exceptions, a summary. Ends with a line end. */
export function formatText(report: Report, paint: Paint): string {
  const lines = report.findings.map((placed) => findingLine(placed, paint));
  for (const { object, rule, until, reason } of report.exceptions) {
    lines.push(`${printable(formatRef(object))}: '${rule}' is excepted until ${until}: ${printable(reason)}`);
  }
  lines.push(...endingLines(report));
  if (lines.length > 0) lines.push('');
  lines.push(summaryLine(report, paint));
  const first = report.findings.find(({ finding }) => finding.severity === 'error') ?? report.findings[0];
  if (first !== undefined) lines.push(`For why and how to mend: meshwarden explain ${first.finding.code}`);
  return `${lines.join('\n')}\n`;
}

function endingLines({ ending }: Report): readonly string[] {
  if (ending === undefined) return [];
  if (ending.exceptions.length === 0) return [`no exception ends within ${counted(ending.days, 'day')}`];
  return ending.exceptions.map(({ object, rule, until, reason, daysLeft }) => {
    const when =
      daysLeft < 0
        ? `ended on ${until}`
        : `ends on ${until}, ${daysLeft === 0 ? 'today' : `in ${counted(daysLeft, 'day')}`}`;
    return `${printable(formatRef(object))}: the exception from '${rule}' ${when}: ${printable(reason)}`;
  });
}

function findingLine({ finding, place }: PlacedFinding, paint: Paint): string {
  const { severity, code, message } = finding;
  const where = place === undefined ? '' : paint('place', `${printable(place.file)}:${place.line}:${place.column}: `);
  const fix = formatFix(finding);
  const text = fix === '' ? message : `${message}. ${printable(fix)}`;
  const standing = finding.standing ? ' (was so before the change)' : '';
  return `${where}${paint(severity, severity)}: ${whoseWords(finding)}: ${paint('code', `[${code}]`)} ${text}${standing}`;
}

/** Names the changed object and, where the field is another object's, that one too. */
function whoseWords({ object, responsible }: JudgedFinding): string {
  const who = printable(formatRef(object));
  if (responsible === undefined || formatRef(responsible) === formatRef(object)) return who;
  return `${who}, by ${printable(formatRef(responsible))}`;
}

function summaryLine(report: Report, paint: Paint): string {
  const { errors, warnings, notes } = tallyOf(report);
  const objects = counted(report.objects, 'object');
  if (errors + warnings + notes === 0 && report.exceptions.length === 0) {
    return paint('good', `${objects} judged: nothing found`);
  }
  const parts = [counted(errors, 'error'), counted(warnings, 'warning')];
  if (notes > 0) parts.push(counted(notes, 'note'));
  if (report.exceptions.length > 0) parts.push(`${report.exceptions.length} excepted`);
  const text = `${objects} judged: ${parts.join(', ')}`;
  return errors > 0 ? paint('error', text) : text;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
