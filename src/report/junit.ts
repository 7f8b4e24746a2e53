import type { Report } from './report.ts';
import { type Entry, entriesOf, entryText, exceptionText } from './reported.ts';

/**
 * Writes a report as JUnit XML: a suite for each file, a case for each finding. Errors are failures, warnings and notes
 * are passed cases that say something, what an exception let pass is skipped; a report without findings is one passed case.
 */
export function formatJunit(report: Report): string {
  const entries = entriesOf(report);
  const suites = new Map<string, Entry[]>();
  for (const entry of entries) {
    const name = entry.place?.file ?? entry.finding.object.namespace;
    suites.set(name, [...(suites.get(name) ?? []), entry]);
  }
  const failures = entries.filter(isFailure).length;
  const counts = `tests="${Math.max(entries.length, 1)}" failures="${failures}"`;
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites name="meshwarden" ${counts}>`];
  for (const [name, all] of suites) lines.push(...suiteLines(name, all));
  if (entries.length === 0) lines.push(...suiteLines(`${report.objects} objects`, []));
  return `${[...lines, '</testsuites>'].join('\n')}\n`;
}

function suiteLines(name: string, entries: readonly Entry[]): readonly string[] {
  const skipped = entries.filter(({ exception }) => exception !== undefined).length;
  const counts = `tests="${Math.max(entries.length, 1)}" failures="${entries.filter(isFailure).length}" skipped="${skipped}"`;
  const cases =
    entries.length === 0 ? ['    <testcase name="nothing found" classname="meshwarden"/>'] : entries.map(caseText);
  return [`  <testsuite name="${escaped(name)}" ${counts}>`, ...cases, '  </testsuite>'];
}

function caseText(entry: Entry): string {
  const { finding, place, exception } = entry;
  const { code, rule, object } = finding;
  const line = place === undefined ? '' : ` file="${escaped(place.file)}" line="${place.line}"`;
  const name = `${code} ${rule}: ${object.kind} ${object.namespace}/${object.name}`;
  const text = escaped(entryText(entry));
  const inner =
    exception !== undefined
      ? `<skipped message="${escaped(exceptionText(exception))}"/>`
      : isFailure(entry)
        ? `<failure type="${code}" message="${text}">${text}</failure>`
        : `<system-out>${finding.severity}: ${text}</system-out>`;
  return `    <testcase name="${escaped(name)}" classname="${escaped(rule)}"${line}>${inner}</testcase>`;
}

function isFailure({ finding, exception }: Entry): boolean {
  return finding.severity === 'error' && exception === undefined;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Escapes for text and attributes; what XML 1.0 cannot hold at all becomes the replacement character. */
function escaped(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cs}\ufffe\uffff]/gu, '\u{fffd}')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
