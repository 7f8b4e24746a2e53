import type { AdmissionRequest, AdmissionResponse } from '../../model/admission-review.ts';
import type { Change } from '../../model/change.ts';
import { type Kind, kindOf } from '../../model/kind.ts';
import type { Verdict } from '../../model/verdict.ts';
import { judge } from '../../engine/judge.ts';
import { allowingResponse, staleNote, tooDeepResponse, validatingResponse } from '../../report/admission-response.ts';
import type { Rule } from '../../rules/rule.ts';
import { changeOf } from './change-of.ts';
import { mutatingReviewer } from './mutating-review.ts';
import { countVerdict, finishReview, questionOf, type ReviewerOptions } from './review-record.ts';

export type { Reality, ReviewerOptions } from './review-record.ts';

/** Answers reviews: the two webhooks behind the protocol. */
export interface Reviewer {
  /**
   * Throws only for a fault of ours, which is a 500 and so the business of the webhook's failurePolicy. Answers at once,
   * but for a change of an object with an exception, about which the API server is asked for at most `leftMs`.
   */
  readonly validate: (request: AdmissionRequest, leftMs: number) => AdmissionResponse | Promise<AdmissionResponse>;
  /**
   * Never throws. Denies nothing but a pod that brings a part of the injector's own, which nobody could tell any more after
   * the injector; else the validating webhook judges what comes out. Asks as `validate` does, and only before a denial.
   */
  readonly mutate: (request: AdmissionRequest, leftMs: number) => AdmissionResponse | Promise<AdmissionResponse>;
}

/** Makes the reviewer. */
export function makeReviewer(options: ReviewerOptions): Reviewer {
  const { reality } = options;
  return {
    validate: (request, leftMs) => {
      const started = performance.now();
      const asked = changeOf(request, { isFinal: true });
      if ('note' in asked) {
        const { baseline } = reality();
        finishReview(options, { webhook: 'validate', request, started, baseline, decision: 'allow', note: asked.note });
        return allowingResponse({ uid: request.uid, baseline });
      }
      const { change } = asked;
      const question = questionOf(change, options);
      if (question === undefined || change.requester === undefined) return answer(change, request, started, options);
      return options
        .rights(change.requester, question, leftMs)
        .then((rights) => answer({ ...change, ...rights }, request, started, options));
    },
    mutate: mutatingReviewer(options),
  };
}

/** Judges a change of which all is known, and counts and logs what came of it. */
function answer(
  change: Change,
  request: AdmissionRequest,
  started: number,
  options: ReviewerOptions,
): AdmissionResponse {
  const { rules, reality, metrics } = options;
  const { view, baseline, stale } = reality();
  const context = { uid: request.uid, baseline };
  const review = { webhook: 'validate', request, started, baseline } as const;
  let verdict: Verdict;
  try {
    verdict = judge([change], { view, baseline, rules, now: Date.now() });
  } catch (error) {
    finishReview(options, { ...review, decision: error instanceof RangeError ? 'deny' : 'fault' });
    // Walking the object ended the stack: it is nested so deep that nobody can say what it holds.
    if (error instanceof RangeError) return tooDeepResponse(context);
    throw error;
  }
  countVerdict(metrics, verdict);
  const response = validatingResponse(verdict, { ...context, notes: staleNotes(rules, change, stale) });
  const { decision = verdict.decision, rules: codes } = response.auditAnnotations ?? {};
  finishReview(options, { ...review, decision, codes, exceptions: verdict.exceptions });
  return response;
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
