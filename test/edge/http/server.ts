import type { Test } from 'tap';
import { makeAuthority, makeServing } from '../../../src/edge/certs/self-signed.ts';
import { type AdmissionServer, admissionServer } from '../../../src/edge/http/admission-server.ts';
import { answerReviews } from '../../../src/edge/http/answer-reviews.ts';
import type { Reality, ReviewerOptions } from '../../../src/edge/http/review-record.ts';
import { makeMetrics, type Metrics } from '../../../src/edge/metrics/metrics.ts';
import { View } from '../../../src/mesh/view.ts';
import type { Rule } from '../../../src/rules/rule.ts';
import { BASELINE } from '../../baseline-fixture.ts';
import { OWN_RULES, SETTINGS } from './rules.ts';

const authority = await makeAuthority(Date.now());
/** Another pair of the same authority. */
export const otherPair = await makeServing(authority, { dns: ['other.example'], ip: ['127.0.0.1'] }, Date.now());
const pair = await makeServing(authority, { dns: ['localhost'], ip: ['127.0.0.1'] }, Date.now());

/** The authority that signed both pairs. */
export const CA = authority.certificate;

/** A server under test with all that it says of itself. */
export interface Subject extends AdmissionServer {
  readonly metrics: Metrics;
  /** The log's lines of reviews. */
  readonly reviews: Readonly<Record<string, unknown>>[];
  /** Faults of ours that were logged. */
  readonly faults: unknown[];
}

/** Builds a server with the real reviewer, the real engine and rules of the tests' own. */
export function subject(
  t: Test,
  options: {
    readonly rules?: readonly Rule[];
    readonly reality?: () => Reality;
    readonly rights?: ReviewerOptions['rights'];
    readonly clock?: () => number;
    readonly slowestMs?: number;
  } = {},
): Subject {
  const { rules = OWN_RULES, clock, slowestMs } = options;
  const empty: Reality = { view: View.of([], SETTINGS), baseline: BASELINE, stale: [] };
  const metrics = makeMetrics(rules);
  const reviews: Readonly<Record<string, unknown>>[] = [];
  const faults: unknown[] = [];
  const fault = (error: unknown): void => void faults.push(error);
  const log = (line: Readonly<Record<string, unknown>>): void => void reviews.push(line);
  const answer = answerReviews({
    rules,
    reality: options.reality ?? (() => empty),
    // Nobody may except anything where a test does not say so.
    rights: options.rights ?? (async () => ({ mayExempt: new Set<string>() })),
    metrics,
    log,
    fault,
  });
  const server = admissionServer({
    tls: pair,
    answer,
    metrics,
    fault,
    ...(clock === undefined ? {} : { clock }),
    ...(slowestMs === undefined ? {} : { slowestMs }),
  });
  t.teardown(() => server.app.close());
  return { ...server, metrics, reviews, faults };
}
