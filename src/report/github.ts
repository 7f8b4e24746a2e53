import type { Severity } from '../model/verdict.ts';
import type { Report } from './report.ts';
import { type Entry, entriesOf, entryText } from './reported.ts';

const COMMANDS: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', note: 'notice' };

/**
 * Writes a report as workflow commands, which GitHub shows beside the changed lines; what an exception let pass is a notice.
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message
 */
export function formatGithub(report: Report): string {
  return entriesOf(report)
    .map((entry) => `${command(entry)}\n`)
    .join('');
}

function command(entry: Entry): string {
  const { finding, place, exception } = entry;
  const word = exception === undefined ? COMMANDS[finding.severity] : 'notice';
  const properties = [
    ...(place === undefined ? [] : [`file=${property(place.file)}`, `line=${place.line}`, `col=${place.column}`]),
    `title=${property(`${finding.code} ${finding.rule}`)}`,
  ];
  return `::${word} ${properties.join(',')}::${data(entryText(entry))}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
