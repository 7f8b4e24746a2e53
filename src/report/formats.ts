import { formatGithub } from './github.ts';
import { formatGitlab } from './gitlab.ts';
import { formatJson } from './json.ts';
import { formatJunit } from './junit.ts';
import type { Report } from './report.ts';
import type { RulePage } from './rule-page.ts';
import { formatSarif } from './sarif.ts';
import { formatText, type Paint } from './text.ts';

/** The names of the formats, as `-o` takes them. */
export const FORMATS = ['text', 'json', 'sarif', 'junit', 'github', 'gitlab'] as const;

/** A format of reports. */
export type Format = (typeof FORMATS)[number];

/** What some formats need besides the report. */
export interface FormatOptions {
  readonly paint: Paint;
  /** The rules, for the formats that describe them. */
  readonly pages: readonly RulePage[];
  /** Epoch milliseconds, for the formats that carry a time. */
  readonly now: number;
}

/** Writes a report in a format. */
export function formatReport(report: Report, format: Format, options: FormatOptions): string {
  return WRITERS[format](report, options);
}

const WRITERS: Readonly<Record<Format, (report: Report, options: FormatOptions) => string>> = {
  text: (report, { paint }) => formatText(report, paint),
  json: (report) => formatJson(report),
  sarif: (report, { pages }) => formatSarif(report, pages),
  junit: (report) => formatJunit(report),
  github: (report) => formatGithub(report),
  gitlab: (report) => formatGitlab(report),
};
