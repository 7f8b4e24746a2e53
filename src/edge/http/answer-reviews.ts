import type { AdmissionRequest, AdmissionResponse } from '../../model/admission-review.ts';
import { EdgeError } from '../errors.ts';
import { readReview, REVIEW_VERSION } from './review-envelope.ts';
import {
  finishReview,
  recordOf,
  type Reviewed,
  type ReviewerOptions,
  type ReviewRecord,
  type Webhook,
} from './review-record.ts';
import { makeReviewer } from './reviewer.ts';

/** A review that waits for its answer. */
export interface Waiting {
  readonly webhook: Webhook;
  readonly body: Buffer;
  /** How long the caller still waits from now on; when that is over, nothing is judged any more. */
  readonly leftMs: number;
  /** Called once: with the text of an AdmissionReview, an EdgeError for what is no review or too late, or a fault of ours. */
  readonly done: (answer: string | Error) => void;
}

/** Takes a review on; it is answered at the end of the event loop's turn, or when the API server was asked. */
export type AnswerReview = (review: Waiting) => void;

/** A review that was taken on, and when its caller will have gone. */
interface Taken extends Waiting {
  readonly until: number;
}

/** Must not hold the request: what lives until the end of a turn is moved by the garbage collector. */
interface Answered {
  readonly done: Waiting['done'];
  readonly answer: string | Error;
  /** Absent for what is no review. */
  readonly record?: ReviewRecord;
  readonly milliseconds: number;
}

/** A turn that lasts longer sends what it has before it goes on. */
const LONG_MS = 5;

/**
 * Makes what answers reviews. Those that come in one turn of the event loop are all judged, then all sent, then all counted
 * and logged: each step runs so much code that it drives the others' out of the processor's caches (ADR 20).
 */
export function answerReviews(options: ReviewerOptions, clock = (): number => performance.now()): AnswerReview {
  const reviewer = makeReviewer(options);
  let waiting: Taken[] = [];
  const turn = (): void => {
    const all = waiting;
    waiting = [];
    let answered: Answered[] = [];
    let from = clock();
    for (const review of all) {
      const one = judged(review);
      if (one !== undefined) answered.push(one);
      if (clock() - from < LONG_MS) continue;
      finish(answered);
      answered = [];
      from = clock();
    }
    finish(answered);
  };
  const finish = (answered: readonly Answered[]): void => {
    for (const { done, answer } of answered) safely(() => done(answer));
    for (const { record, milliseconds } of answered) {
      if (record !== undefined) safely(() => finishReview(options, record, milliseconds));
    }
  };
  /** One review must not cost the others their answer. */
  const safely = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      options.fault(error, 'review could not be finished');
    }
  };
  const judged = ({ webhook, body, done, until }: Taken): Answered | undefined => {
    const started = clock();
    const answered = (answer: string | Error, record?: ReviewRecord): Answered => {
      return { done, answer, ...(record === undefined ? {} : { record }), milliseconds: clock() - started };
    };
    const leftMs = until - started;
    if (leftMs < 0) return answered(new EdgeError('TIME_OVER', {}));
    let request: AdmissionRequest;
    try {
      request = readReview(parsed(body));
    } catch (error) {
      return answered(asError(error));
    }
    const judgedAs = ({ response, record }: Reviewed): Answered => answered(textOf(response), record);
    const failed = (error: unknown): Answered =>
      answered(asError(error), recordOf(request, { webhook, decision: 'fault' }));
    try {
      const reviewed = reviewer[webhook](request, leftMs);
      if (!(reviewed instanceof Promise)) return judgedAs(reviewed);
      void reviewed
        .then(judgedAs)
        .catch(failed)
        .then((one) => finish([one]));
      return undefined;
    } catch (error) {
      return failed(error);
    }
  };
  return (review) => {
    if (waiting.push({ ...review, until: clock() + review.leftMs }) === 1) setImmediate(turn);
  };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new EdgeError('BODY_NOT_JSON', {}, error);
  }
}

function textOf(response: AdmissionResponse): string {
  return JSON.stringify({ apiVersion: REVIEW_VERSION, kind: 'AdmissionReview', response });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
