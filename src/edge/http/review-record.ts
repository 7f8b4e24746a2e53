import type { View } from '../../mesh/view.ts';
import type { AdmissionRequest } from '../../model/admission-review.ts';
import type { Baseline } from '../../model/baseline.ts';
import type { Change } from '../../model/change.ts';
import type { Kind } from '../../model/kind.ts';
import { formatRef, nameOf } from '../../model/kube-object.ts';
import { printable } from '../../model/printable.ts';
import type { AppliedException, Verdict } from '../../model/verdict.ts';
import { type ExemptionQuestion, exemptionQuestion } from '../../engine/exception-question.ts';
import type { Rule } from '../../rules/rule.ts';
import type { ExemptionRights } from '../kube/exemption-rights.ts';
import { kindLabel, type Metrics } from '../metrics/metrics.ts';

/** What a review is judged with; asked anew for each, since all three may change. */
export interface Reality {
  readonly view: View;
  readonly baseline: Baseline;
  /** Kinds whose watch is older than its bound. */
  readonly stale: readonly Kind[];
}

/** Writes the one line of a review. */
export type ReviewLog = (facts: Readonly<Record<string, unknown>>) => void;

/** What the reviewer is made of. */
export interface ReviewerOptions {
  readonly rules: readonly Rule[];
  readonly reality: () => Reality;
  /** Says who may except what. */
  readonly rights: ExemptionRights;
  readonly metrics: Metrics;
  readonly log: ReviewLog;
  /** Told of a fault of ours that a mutating review survived. */
  readonly fault: (error: unknown, message: string) => void;
}

/** Returns what must be asked before a change can be judged; a change that cannot be walked is judged, and refused, without. */
export function questionOf(change: Change, { rules, reality }: ReviewerOptions): ExemptionQuestion | undefined {
  try {
    return exemptionQuestion(change, { rules, baseline: reality().baseline, now: Date.now() });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Counts what a verdict found. */
export function countVerdict(metrics: Metrics, { findings, exceptions }: Verdict): void {
  for (const { code, rule, severity, thing } of findings) {
    // A rule that threw is named by the finding's thing.
    if (code === 'MW001') metrics.faults.inc({ rule: thing });
    else metrics.findings.inc({ rule, severity });
  }
  for (const { rule } of exceptions) metrics.exceptions.inc({ rule });
}

/** The longest that Kubernetes lets a name be; mutating webhooks see names that nobody has checked yet. */
const LONGEST_NAME = 253;

/** Counts and logs a review that has been answered. */
export function finishReview(
  { metrics, log }: ReviewerOptions,
  review: {
    readonly webhook: 'validate' | 'mutate';
    readonly request: AdmissionRequest;
    readonly started: number;
    readonly baseline: Baseline;
    readonly decision: string;
    readonly codes?: string | undefined;
    readonly note?: string | undefined;
    readonly exceptions?: readonly AppliedException[];
  },
): void {
  const { webhook, request, started, baseline, decision, codes = '', note, exceptions = [] } = review;
  const { uid, operation, kind, namespace, dryRun, object } = request;
  const milliseconds = performance.now() - started;
  const labels = { webhook, operation, kind: kindLabel(kind.kind), decision, dry_run: dryRun ? 'true' : 'false' };
  metrics.reviews.inc(labels);
  metrics.reviewSeconds.observe({ webhook, operation }, milliseconds / 1000);
  const name = request.name || (object === undefined ? '' : nameOf(object));
  log({
    webhook,
    uid: uid.slice(0, LONGEST_NAME),
    kind: kind.kind.slice(0, LONGEST_NAME),
    ns: namespace.slice(0, LONGEST_NAME),
    name: name.slice(0, LONGEST_NAME),
    operation,
    decision,
    codes,
    ...(exceptions.length === 0 ? {} : { exceptions: exceptions.map(exceptionLine) }),
    ...(note === undefined ? {} : { note }),
    dryRun,
    baseline: baseline.sha256.slice(0, 12),
    durationMs: Math.round(milliseconds * 1000) / 1000,
  });
}

/** Writes an exception that was used, for the log: who set it is in the audit log of that change. */
function exceptionLine({ rule, until, reason, object }: AppliedException): Readonly<Record<string, string>> {
  return { rule, until, reason: printable(reason).slice(0, LONGEST_NAME), object: formatRef(object) };
}
