import type { AdmissionRequest } from '../../model/admission-review.ts';
import type { Change } from '../../model/change.ts';
import { type Kind, kindOf } from '../../model/kind.ts';
import { judge } from '../../engine/judge.ts';
import { allowingResponse, staleNote, tooDeepResponse, validatingResponse } from '../../report/admission-response.ts';
import type { Rule } from '../../rules/rule.ts';
import { changeOf } from './change-of.ts';
import { mutatingReviewer } from './mutating-review.ts';
import { countsOf, questionOf, recordOf, type Reviewed, type ReviewerOptions } from './review-record.ts';

/** Answers a review: at once, but where the API server must be asked who may except a rule, for at most `leftMs`. */
export type Review = (request: AdmissionRequest, leftMs: number) => Reviewed | Promise<Reviewed>;

/** Judges reviews: the two webhooks behind the protocol. */
export interface Reviewer {
  /** Throws only for a fault of ours, which is a 500 and so the business of the webhook's failurePolicy. */
  readonly validate: Review;
  /**
   * Never throws. Denies nothing but a pod that brings a part of the injector's own, which nobody could tell any more after
   * the injector; else the validating webhook judges what comes out. Asks as `validate` does, and only before a denial.
   */
  readonly mutate: Review;
}

/** Makes the reviewer. */
export function makeReviewer(options: ReviewerOptions): Reviewer {
  const { reality } = options;
  return {
    validate: (request, leftMs) => {
      const asked = changeOf(request, { isFinal: true });
      if ('note' in asked) {
        const { baseline } = reality();
        return {
          response: allowingResponse({ uid: request.uid, baseline }),
          record: recordOf(request, { webhook: 'validate', baseline, decision: 'allow', note: asked.note }),
        };
      }
      const { change } = asked;
      const question = questionOf(change, options);
      if (question === undefined || change.requester === undefined) return answer(change, request, options);
      return options
        .rights(change.requester, question, leftMs)
        .then((rights) => answer({ ...change, ...rights }, request, options));
    },
    mutate: mutatingReviewer(options),
  };
}

/** Judges a change of which all is known. */
function answer(change: Change, request: AdmissionRequest, { rules, reality }: ReviewerOptions): Reviewed {
  const { view, baseline, stale } = reality();
  const context = { uid: request.uid, baseline };
  const review = { webhook: 'validate', baseline } as const;
  try {
    const verdict = judge([change], { view, baseline, rules, now: Date.now() });
    const response = validatingResponse(verdict, { ...context, notes: staleNotes(rules, change, stale) });
    const { decision = verdict.decision, rules: codes } = response.auditAnnotations ?? {};
    const { exceptions } = verdict;
    const record = recordOf(request, { ...review, decision, codes, exceptions, counts: countsOf(verdict) });
    return { response, record };
  } catch (error) {
    // Walking the object ended the stack: it is nested so deep that nobody can say what it holds.
    if (!(error instanceof RangeError)) throw error;
    return { response: tooDeepResponse(context), record: recordOf(request, { ...review, decision: 'deny' }) };
  }
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
