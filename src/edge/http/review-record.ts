import type { View } from '../../mesh/view.ts';
import type { AdmissionRequest, AdmissionResponse } from '../../model/admission-review.ts';
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

/** The two webhooks, by their paths. */
export type Webhook = 'validate' | 'mutate';

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

/** A counter with the labels that it goes up by one under. */
type Count = readonly [
  counter: 'findings' | 'faults' | 'exceptions' | 'patches' | 'patchesDropped',
  labels: Readonly<Record<string, string>>,
];

/** Returns what a verdict is counted as. */
export function countsOf({ findings, exceptions }: Verdict): readonly Count[] {
  return [
    ...findings.map(({ code, rule, severity, thing }): Count => {
      // A rule that threw is named by the finding's thing.
      return code === 'MW001' ? ['faults', { rule: thing }] : ['findings', { rule, severity }];
    }),
    ...exceptions.map(({ rule }): Count => ['exceptions', { rule }]),
  ];
}

/** What a review was about and what came of it: all that is counted and logged, and nothing that holds its objects. */
export interface ReviewRecord {
  readonly labels: Readonly<Record<'webhook' | 'operation' | 'kind' | 'decision' | 'dry_run', string>>;
  readonly counts: readonly Count[];
  /** The facts of its line in the log, but for how long it took. */
  readonly line: Readonly<Record<string, unknown>>;
}

/** A response with its record. */
export interface Reviewed {
  readonly response: AdmissionResponse;
  readonly record: ReviewRecord;
}

/** The longest that Kubernetes lets a name be; mutating webhooks see names that nobody has checked yet. */
const LONGEST_NAME = 253;

/** Writes down what came of a review. */
export function recordOf(
  request: AdmissionRequest,
  outcome: {
    readonly webhook: Webhook;
    /** Absent: it was a fault before anything was judged by it. */
    readonly baseline?: Baseline;
    readonly decision: string;
    readonly codes?: string | undefined;
    readonly note?: string | undefined;
    readonly exceptions?: readonly AppliedException[];
    readonly counts?: readonly Count[];
  },
): ReviewRecord {
  const { webhook, baseline, decision, codes = '', note, exceptions = [], counts = [] } = outcome;
  const { uid, operation, kind, namespace, dryRun, object } = request;
  const name = request.name || (object === undefined ? '' : nameOf(object));
  return {
    labels: { webhook, operation, kind: kindLabel(kind.kind), decision, dry_run: dryRun ? 'true' : 'false' },
    counts,
    line: {
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
      ...(baseline === undefined ? {} : { baseline: baseline.sha256.slice(0, 12) }),
    },
  };
}

/** Counts and logs a review that took so many milliseconds. */
export function finishReview(
  { metrics, log }: Pick<ReviewerOptions, 'metrics' | 'log'>,
  { labels, counts, line }: ReviewRecord,
  milliseconds: number,
): void {
  const { webhook, operation } = labels;
  metrics.reviews.inc(labels);
  for (const [counter, of] of counts) metrics[counter].inc(of);
  metrics.reviewSeconds.observe({ webhook, operation }, milliseconds / 1000);
  log({ ...line, durationMs: Math.round(milliseconds * 1000) / 1000 });
}

/** Writes an exception that was used, for the log: who set it is in the audit log of that change. */
function exceptionLine({ rule, until, reason, object }: AppliedException): Readonly<Record<string, string>> {
  return { rule, until, reason: printable(reason).slice(0, LONGEST_NAME), object: formatRef(object) };
}
