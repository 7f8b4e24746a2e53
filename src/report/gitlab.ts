import { formatRef } from '../model/kube-object.ts';
import type { Severity } from '../model/verdict.ts';
import type { Report } from './report.ts';
import { entriesOf, entryText, fingerprintOf } from './reported.ts';

const SEVERITIES: Readonly<Record<Severity, string>> = { error: 'critical', warning: 'minor', note: 'info' };

/**
 * Writes a report as GitLab's Code Quality; what an exception let pass is of severity `info`.
 * @see https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
 */
export function formatGitlab(report: Report): string {
  const times = new Map<string, number>();
  const issues = entriesOf(report).map((entry) => {
    const { finding, place, exception } = entry;
    const fingerprint = fingerprintOf(entry);
    const time = (times.get(fingerprint) ?? 0) + 1;
    times.set(fingerprint, time);
    return {
      description: entryText(entry),
      check_name: finding.code,
      // Two issues with one fingerprint are shown as one.
      fingerprint: time === 1 ? fingerprint : `${fingerprint}-${time}`,
      severity: exception === undefined ? SEVERITIES[finding.severity] : 'info',
      location: { path: place?.file ?? formatRef(finding.object), lines: { begin: place?.line ?? 1 } },
    };
  });
  return `${JSON.stringify(issues, null, 2)}\n`;
}
