import type { AdmissionRequest } from '../../model/admission-review.ts';
import type { Change } from '../../model/change.ts';
import type { Verdict } from '../../model/verdict.ts';
import { judgeBrought } from '../../engine/brought.ts';
import { mutate } from '../../engine/mutate.ts';
import { allowingResponse, patchingResponse, validatingResponse } from '../../report/admission-response.ts';
import type { Rule } from '../../rules/rule.ts';
import { changeOf } from './change-of.ts';
import { countsOf, questionOf, type Reality, recordOf, type Reviewed, type ReviewerOptions } from './review-record.ts';

/** Judges mutating reviews; what it does and when it denies is said at `Reviewer.mutate`. */
export function mutatingReviewer(
  options: ReviewerOptions,
): (request: AdmissionRequest, leftMs: number) => Reviewed | Promise<Reviewed> {
  const { rules, reality, rights } = options;
  const mutating = rules.filter((rule) => rule.mutate !== undefined);
  return (request, leftMs) => {
    const review: MutatingReview = { request, ...reality() };
    try {
      const asked = changeOf(request, { isFinal: false });
      if ('note' in asked || asked.change.after === undefined) {
        return {
          response: allowingResponse({ uid: request.uid, baseline: review.baseline }),
          record: record(review, { decision: 'allow', note: 'note' in asked ? asked.note : undefined }),
        };
      }
      const { change } = asked;
      const judgeIt = (one: Change): Verdict | undefined => judgeBrought(one, { ...review, rules, now: Date.now() });
      const brought = judgeIt(change);
      if (brought === undefined) return complete(change, review, mutating, options);
      const question = questionOf(change, options);
      if (question === undefined || change.requester === undefined) return refuse(brought, review);
      return rights(change.requester, question, leftMs).then((known) => {
        const still = judgeIt({ ...change, ...known });
        return still === undefined ? complete(change, review, mutating, options) : refuse(still, review);
      });
    } catch (error) {
      return survive(error, review, options);
    }
  };
}

/** A mutating review under way, with what it is judged by. */
interface MutatingReview extends Reality {
  readonly request: AdmissionRequest;
}

function record(
  { request, baseline }: MutatingReview,
  outcome: Omit<Parameters<typeof recordOf>[1], 'webhook' | 'baseline'>,
): Reviewed['record'] {
  return recordOf(request, { webhook: 'mutate', baseline, ...outcome });
}

/** Adds what the rules grant. */
function complete(change: Change, review: MutatingReview, rules: readonly Rule[], options: ReviewerOptions): Reviewed {
  const { request, view, baseline } = review;
  try {
    const { operations, dropped, faults } = mutate(change, { view, baseline, rules, now: Date.now() });
    const owners = [...new Set(operations.map(({ rule }) => rule))].join(',');
    const patch = encode(operations.map(({ operation }) => operation));
    const why = faults.length === 0 ? dropped : `a fault of Meshwarden in ${faults.join(', ')}`;
    return {
      response: patchingResponse({ uid: request.uid, baseline }, { patch, rules: owners, lacks: why }),
      record: record(review, {
        decision: operations.length > 0 ? 'patch' : 'allow',
        codes: owners,
        note: dropped,
        counts: [
          ...operations.map(({ rule }) => ['patches', { rule }] as const),
          ...faults.map((rule) => ['faults', { rule }] as const),
          ...(dropped === undefined ? [] : [['patchesDropped', {}] as const]),
        ],
      }),
    };
  } catch (error) {
    return survive(error, review, options);
  }
}

/** Refuses a pod for what it brought. */
function refuse(verdict: Verdict, review: MutatingReview): Reviewed {
  const { request, baseline } = review;
  const response = validatingResponse(verdict, { uid: request.uid, baseline, notes: [] });
  const codes = response.auditAnnotations?.rules;
  return { response, record: record(review, { decision: 'deny', codes, counts: countsOf(verdict) }) };
}

/** Lets an object pass as it is: a fault of ours is the validating webhook's business. */
function survive(error: unknown, review: MutatingReview, options: ReviewerOptions): Reviewed {
  options.fault(error, 'object not completed; it is judged as it stands');
  const context = { uid: review.request.uid, baseline: review.baseline };
  return {
    response: patchingResponse(context, { patch: undefined, rules: '', lacks: 'a fault of Meshwarden' }),
    record: record(review, { decision: 'fault' }),
  };
}

function encode(operations: readonly object[]): string | undefined {
  return operations.length === 0 ? undefined : Buffer.from(JSON.stringify(operations)).toString('base64');
}
