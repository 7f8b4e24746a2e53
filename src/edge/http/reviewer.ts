import type { View } from '../../mesh/view.ts';
import type { AdmissionRequest, AdmissionResponse } from '../../model/admission-review.ts';
import type { Baseline } from '../../model/baseline.ts';
import type { Change } from '../../model/change.ts';
import { type Kind, kindOf } from '../../model/kind.ts';
import { nameOf } from '../../model/kube-object.ts';
import type { Verdict } from '../../model/verdict.ts';
import { judge } from '../../engine/judge.ts';
import { mutate } from '../../engine/mutate.ts';
import {
  allowingResponse,
  patchingResponse,
  staleNote,
  tooDeepResponse,
  validatingResponse,
} from '../../report/admission-response.ts';
import type { Rule } from '../../rules/rule.ts';
import { kindLabel, type Metrics } from '../metrics/metrics.ts';
import { changeOf } from './change-of.ts';

/** What a review is judged with; asked anew for each, since all three may change. */
export interface Reality {
  readonly view: View;
  readonly baseline: Baseline;
  /** Kinds whose watch is older than its bound. */
  readonly stale: readonly Kind[];
}

/** Writes the one line of a review. */
export type ReviewLog = (facts: Readonly<Record<string, unknown>>) => void;

/** Answers reviews: the two webhooks behind the protocol. */
export interface Reviewer {
  /** Throws only for a fault of ours, which is a 500 and so the business of the webhook's failurePolicy. */
  readonly validate: (request: AdmissionRequest) => AdmissionResponse;
  /** Never throws and never denies: the validating webhook judges what comes out. */
  readonly mutate: (request: AdmissionRequest) => AdmissionResponse;
}

/** What the reviewer is made of. */
export interface ReviewerOptions {
  readonly rules: readonly Rule[];
  readonly reality: () => Reality;
  readonly metrics: Metrics;
  readonly log: ReviewLog;
  /** Told of a fault of ours that a mutating review survived. */
  readonly fault: (error: unknown, message: string) => void;
}

/** Makes the reviewer; synchronous from parsed review to answer, with nothing to wait for. */
export function makeReviewer(options: ReviewerOptions): Reviewer {
  const { rules, reality, metrics } = options;
  const mutating = rules.filter((rule) => rule.mutate !== undefined);
  return {
    validate: (request) => {
      const started = performance.now();
      const { view, baseline, stale } = reality();
      const context = { uid: request.uid, baseline };
      const asked = changeOf(request);
      const finish = (decision: string, codes: string, note?: string): void =>
        finishReview(options, { webhook: 'validate', request, started, baseline, decision, codes, note });
      if ('note' in asked) {
        finish('allow', '', asked.note);
        return allowingResponse(context);
      }
      let verdict: Verdict;
      try {
        verdict = judge([asked.change], { view, baseline, rules, now: Date.now() });
      } catch (error) {
        finish(error instanceof RangeError ? 'deny' : 'fault', '');
        // Walking the object ended the stack: it is nested so deep that nobody can say what it holds.
        if (error instanceof RangeError) return tooDeepResponse(context);
        throw error;
      }
      count(metrics, verdict);
      const notes = staleNotes(rules, asked.change, stale);
      const response = validatingResponse(verdict, { ...context, notes });
      finish(response.auditAnnotations?.decision ?? verdict.decision, response.auditAnnotations?.rules ?? '');
      return response;
    },
    mutate: (request) => {
      const started = performance.now();
      const { view, baseline } = reality();
      const context = { uid: request.uid, baseline };
      const finish = (decision: string, codes: string, note?: string): void =>
        finishReview(options, { webhook: 'mutate', request, started, baseline, decision, codes, note });
      try {
        const asked = changeOf(request);
        if ('note' in asked || asked.change.after === undefined) {
          finish('allow', '', 'note' in asked ? asked.note : undefined);
          return allowingResponse(context);
        }
        const { operations, dropped, faults } = mutate(asked.change, {
          view,
          baseline,
          rules: mutating,
          now: Date.now(),
        });
        for (const { rule } of operations) metrics.patches.inc({ rule });
        for (const rule of faults) metrics.faults.inc({ rule });
        if (dropped !== undefined) metrics.patchesDropped.inc();
        const owners = [...new Set(operations.map(({ rule }) => rule))].join(',');
        finish(operations.length > 0 ? 'patch' : 'allow', owners, dropped);
        const patch = encode(operations.map(({ operation }) => operation));
        const why = faults.length === 0 ? dropped : `a fault of Meshwarden in ${faults.join(', ')}`;
        return patchingResponse(context, { patch, rules: owners, lacks: why });
      } catch (error) {
        options.fault(error, 'object not completed; it is judged as it stands');
        finish('fault', '');
        return patchingResponse(context, { patch: undefined, rules: '', lacks: 'a fault of Meshwarden' });
      }
    },
  };
}

function encode(operations: readonly object[]): string | undefined {
  return operations.length === 0 ? undefined : Buffer.from(JSON.stringify(operations)).toString('base64');
}

function count(metrics: Metrics, { findings, exceptions }: Verdict): void {
  for (const { code, rule, severity, thing } of findings) {
    // A rule that threw is named by the finding's thing.
    if (code === 'MW001') metrics.faults.inc({ rule: thing });
    else metrics.findings.inc({ rule, severity });
  }
  for (const { rule } of exceptions) metrics.exceptions.inc({ rule });
}

/** The longest that Kubernetes lets a name be; mutating webhooks see names that nobody has checked yet. */
const LONGEST_NAME = 253;

function finishReview(
  { metrics, log }: ReviewerOptions,
  review: {
    readonly webhook: 'validate' | 'mutate';
    readonly request: AdmissionRequest;
    readonly started: number;
    readonly baseline: Baseline;
    readonly decision: string;
    readonly codes: string;
    readonly note: string | undefined;
  },
): void {
  const { webhook, request, started, baseline, decision, codes, note } = review;
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
    ...(note === undefined ? {} : { note }),
    dryRun,
    baseline: baseline.sha256.slice(0, 12),
    durationMs: Math.round(milliseconds * 1000) / 1000,
  });
}

/** Says which rules judged this change with facts that are behind; a rule on the object alone needs none. */
function staleNotes(rules: readonly Rule[], change: Change, stale: readonly Kind[]): readonly string[] {
  if (stale.length === 0) return [];
  const object = change.after ?? change.before;
  const kind = object === undefined ? undefined : kindOf(object);
  if (kind === undefined) return [];
  const late = rules.filter(({ reads }) => reads.includes(kind) && reads.some((read) => stale.includes(read)));
  return late.length === 0 ? [] : [staleNote(late.map(({ code }) => code))];
}
