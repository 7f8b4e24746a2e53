import type { Location, Log, ReportingDescriptor, Result } from 'sarif';
import { formatPath } from '../model/field-path.ts';
import { formatRef } from '../model/kube-object.ts';
import { printable } from '../model/printable.ts';
import type { Severity } from '../model/verdict.ts';
import { type Entry, entriesOf, entryText, fingerprintOf } from './reported.ts';
import type { Report } from './report.ts';
import { allPages, type RulePage } from './rule-page.ts';

const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  error: 'error',
  warning: 'warning',
  note: 'note',
};

/**
 * Writes a report as SARIF 2.1.0; what an exception let pass is a result with a suppression.
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function formatSarif(report: Report, rules: readonly RulePage[]): string {
  const entries = entriesOf(report);
  const used = new Set(entries.map(({ finding }) => finding.code));
  const pages = allPages(rules).filter(({ code }) => used.has(code));
  const indexes = new Map(pages.map(({ code }, at) => [code, at]));
  const log: Log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Meshwarden', semanticVersion: report.version, rules: pages.map(descriptor) } },
        columnKind: 'utf16CodeUnits',
        properties: { baseline: report.baseline },
        results: entries.map((entry) => resultOf(entry, indexes.get(entry.finding.code))),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function descriptor({ code, id, summary, why, remedy, mode, source }: RulePage): ReportingDescriptor {
  const [helpUri] = source.refs;
  return {
    id: code,
    name: id,
    shortDescription: { text: summary },
    fullDescription: { text: why },
    help: { text: remedy },
    ...(helpUri === undefined ? {} : { helpUri }),
    defaultConfiguration: { level: mode === 'enforce' ? 'error' : mode === 'warn' ? 'warning' : 'note' },
  };
}

function resultOf(entry: Entry, ruleIndex: number | undefined): Result {
  const { finding, exception } = entry;
  return {
    ruleId: finding.code,
    ...(ruleIndex === undefined ? {} : { ruleIndex }),
    level: LEVELS[finding.severity],
    message: { text: entryText({ finding }) },
    locations: [locationOf(entry)],
    partialFingerprints: { 'meshwarden/v1': fingerprintOf(entry) },
    ...(exception === undefined
      ? {}
      : {
          suppressions: [
            {
              kind: 'inSource',
              status: 'accepted',
              justification: `${exception.rule} until ${exception.until} -- ${printable(exception.reason)}`,
            },
          ],
        }),
  };
}

function locationOf({ finding, place }: Entry): Location {
  const { responsible, object, path } = finding;
  const whole = printable(formatRef(responsible ?? object));
  const field = formatPath(path);
  return {
    ...(place === undefined
      ? {}
      : {
          physicalLocation: {
            artifactLocation: { uri: uriOf(place.file) },
            region: { startLine: place.line, startColumn: place.column },
          },
        }),
    logicalLocations: [{ fullyQualifiedName: field === '' ? whole : `${whole} ${field}`, kind: 'object' }],
  };
}

/** Writes a path as a URI; one that starts at the root is a file's. */
function uriOf(file: string): string {
  const path = file.replaceAll('\\', '/').split('/').map(encodeURIComponent).join('/').replace(/^\.\//, '');
  return path.startsWith('/') ? `file://${path}` : path;
}
