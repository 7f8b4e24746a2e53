import { formatJson } from './json.ts';
import type { Report } from './report.ts';
import type { RulePage } from './rule-page.ts';
import { formatText, type Paint } from './text.ts';

/** The names of the formats, as `-o` takes them. */
export const FORMATS = ['text', 'json'] as const;

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
};
