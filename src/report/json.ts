import type { EndingException } from '../engine/ending-exceptions.ts';
import { formatPath } from '../model/field-path.ts';
import type { ObjectRef } from '../model/kube-object.ts';
import { formatSubject } from '../model/subject.ts';
import { type PlacedFinding, type Report, tallyOf } from './report.ts';

/** Writes a report as the JSON that scripts rely on; two spaces, a line end at the end. */
export function formatJson(report: Report): string {
  const { errors, warnings } = tallyOf(report);
  const value = {
    meshwarden: report.version,
    baseline: report.baseline,
    findings: report.findings.map(findingValue),
    exceptions: report.exceptions.map(({ rule, object, until, reason }) => ({
      rule,
      object: refValue(object),
      until,
      reason,
    })),
    ...(report.ending === undefined ? {} : { expiring: report.ending.exceptions.map(endingValue) }),
    summary: { objects: report.objects, errors, warnings, excepted: report.exceptions.length },
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

function endingValue({ rule, object, until, reason, daysLeft }: EndingException): Readonly<Record<string, unknown>> {
  return { rule, object: refValue(object), until, daysLeft, reason };
}

function findingValue({ finding, place }: PlacedFinding): Readonly<Record<string, unknown>> {
  const { code, rule, severity, object, subject, path, seen, message, fix } = finding;
  return {
    code,
    rule,
    severity,
    object: refValue(object),
    subject: { kind: subject.kind, name: formatSubject(subject) },
    path: formatPath(path),
    seen,
    message,
    ...(fix === undefined ? {} : { fix }),
    ...place,
  };
}

function refValue({ apiVersion, kind, namespace, name }: ObjectRef): ObjectRef {
  return { apiVersion, kind, namespace, name };
}
