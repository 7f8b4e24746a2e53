import type { AdmissionRequest, AdmissionResponse } from '../../model/admission-review.ts';
import type { Change } from '../../model/change.ts';
import type { Verdict } from '../../model/verdict.ts';
import { judgeBrought } from '../../engine/brought.ts';
import { mutate } from '../../engine/mutate.ts';
import { allowingResponse, patchingResponse, validatingResponse } from '../../report/admission-response.ts';
import type { Rule } from '../../rules/rule.ts';
import { changeOf } from './change-of.ts';
import { countVerdict, finishReview, questionOf, type Reality, type ReviewerOptions } from './review-record.ts';

/** Answers mutating reviews; what it does and when it denies is said at `Reviewer.mutate`. */
export function mutatingReviewer(
  options: ReviewerOptions,
): (request: AdmissionRequest, leftMs: number) => AdmissionResponse | Promise<AdmissionResponse> {
  const { rules, reality, rights } = options;
  const mutating = rules.filter((rule) => rule.mutate !== undefined);
  return (request, leftMs) => {
    const review: MutatingReview = { request, started: performance.now(), ...reality() };
    try {
      const asked = changeOf(request, { isFinal: false });
      if ('note' in asked || asked.change.after === undefined) {
        finishMutation(options, review, 'allow', '', 'note' in asked ? asked.note : undefined);
        return allowingResponse({ uid: request.uid, baseline: review.baseline });
      }
      const { change } = asked;
      const judgeIt = (one: Change): Verdict | undefined => judgeBrought(one, { ...review, rules, now: Date.now() });
      const brought = judgeIt(change);
      if (brought === undefined) return complete(change, review, mutating, options);
      const question = questionOf(change, options);
      if (question === undefined || change.requester === undefined) return refuse(brought, review, options);
      return rights(change.requester, question, leftMs).then((known) => {
        const still = judgeIt({ ...change, ...known });
        return still === undefined ? complete(change, review, mutating, options) : refuse(still, review, options);
      });
    } catch (error) {
      return survive(error, review, options);
    }
  };
}

/** A mutating review under way, with what it is judged by. */
interface MutatingReview extends Reality {
  readonly request: AdmissionRequest;
  readonly started: number;
}

function finishMutation(
  options: ReviewerOptions,
  { request, started, baseline }: MutatingReview,
  decision: string,
  codes = '',
  note?: string,
): void {
  finishReview(options, { webhook: 'mutate', request, started, baseline, decision, codes, note });
}

/** Adds what the rules grant. */
function complete(
  change: Change,
  review: MutatingReview,
  rules: readonly Rule[],
  options: ReviewerOptions,
): AdmissionResponse {
  const { request, view, baseline } = review;
  const { metrics } = options;
  try {
    const { operations, dropped, faults } = mutate(change, { view, baseline, rules, now: Date.now() });
    for (const { rule } of operations) metrics.patches.inc({ rule });
    for (const rule of faults) metrics.faults.inc({ rule });
    if (dropped !== undefined) metrics.patchesDropped.inc();
    const owners = [...new Set(operations.map(({ rule }) => rule))].join(',');
    finishMutation(options, review, operations.length > 0 ? 'patch' : 'allow', owners, dropped);
    const patch = encode(operations.map(({ operation }) => operation));
    const why = faults.length === 0 ? dropped : `a fault of Meshwarden in ${faults.join(', ')}`;
    return patchingResponse({ uid: request.uid, baseline }, { patch, rules: owners, lacks: why });
  } catch (error) {
    return survive(error, review, options);
  }
}

/** Refuses a pod for what it brought. */
function refuse(verdict: Verdict, review: MutatingReview, options: ReviewerOptions): AdmissionResponse {
  countVerdict(options.metrics, verdict);
  const { uid } = review.request;
  const response = validatingResponse(verdict, { uid, baseline: review.baseline, notes: [] });
  finishMutation(options, review, 'deny', response.auditAnnotations?.rules);
  return response;
}

/** Lets an object pass as it is: a fault of ours is the validating webhook's business. */
function survive(error: unknown, review: MutatingReview, options: ReviewerOptions): AdmissionResponse {
  options.fault(error, 'object not completed; it is judged as it stands');
  finishMutation(options, review, 'fault');
  const context = { uid: review.request.uid, baseline: review.baseline };
  return patchingResponse(context, { patch: undefined, rules: '', lacks: 'a fault of Meshwarden' });
}

function encode(operations: readonly object[]): string | undefined {
  return operations.length === 0 ? undefined : Buffer.from(JSON.stringify(operations)).toString('base64');
}
