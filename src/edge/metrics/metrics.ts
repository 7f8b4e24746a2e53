import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';
import { KINDS } from '../../model/kind.ts';
import { EXCEPTION_RULES } from '../../rules/exceptions/exception-rules.ts';

/** Every metric of the contract, in a registry of its own. */
export interface Metrics {
  readonly registry: Registry;
  readonly reviews: Counter<string>;
  readonly reviewSeconds: Histogram<string>;
  readonly findings: Counter<string>;
  readonly faults: Counter<string>;
  readonly exceptions: Counter<string>;
  readonly accessReviews: Counter<string>;
  readonly patches: Counter<string>;
  readonly patchesDropped: Counter<string>;
  readonly inFlight: Gauge<string>;
  readonly shed: Counter<string>;
  readonly viewObjects: Gauge<string>;
  readonly viewSynced: Gauge<string>;
  readonly viewLag: Gauge<string>;
  readonly certificateExpiry: Gauge<string>;
  readonly baselineInfo: Gauge<string>;
  readonly baselineReloads: Counter<string>;
  readonly buildInfo: Gauge<string>;
}

/** Seconds; most reviews take well under a millisecond, and 2.5 s is about the webhook's own time-out. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** Makes the metrics; counters that have no labels, and those of each rule, start at 0. */
export function makeMetrics(rules: readonly { readonly id: string; readonly mutate?: unknown }[]): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, labelNames: readonly string[] = []): Counter<string> =>
    new Counter({ name: `meshwarden_${name}`, help, labelNames: [...labelNames], registers });
  const gauge = (name: string, help: string, labelNames: readonly string[] = []): Gauge<string> =>
    new Gauge({ name: `meshwarden_${name}`, help, labelNames: [...labelNames], registers });
  const metrics: Metrics = {
    registry,
    reviews: counter('admission_reviews_total', 'Reviews answered.', [
      'webhook',
      'operation',
      'kind',
      'decision',
      'dry_run',
    ]),
    reviewSeconds: new Histogram({
      name: 'meshwarden_admission_review_duration_seconds',
      help: 'Time from reading a review to its answer.',
      labelNames: ['webhook', 'operation'],
      buckets: BUCKETS,
      registers,
    }),
    findings: counter('rule_findings_total', 'Findings in reviews.', ['rule', 'severity']),
    faults: counter('rule_faults_total', 'Rules that threw: faults of Meshwarden.', ['rule']),
    exceptions: counter('exceptions_applied_total', 'Findings that an exception let pass.', ['rule']),
    accessReviews: counter('access_reviews_total', 'Questions to the API server who may except a rule.', ['answer']),
    patches: counter('patches_total', 'Patch operations sent.', ['rule']),
    patchesDropped: counter('patches_dropped_total', 'Patches that would not have applied and were not sent.'),
    inFlight: gauge('reviews_in_flight', 'Reviews being read, judged or answered.'),
    shed: counter('reviews_shed_total', 'Reviews answered with 503 because of overload.'),
    viewObjects: gauge('view_objects', 'Objects in the watched view.', ['kind']),
    viewSynced: gauge('view_synced', '1 when all objects of the kind were listed.', ['kind']),
    viewLag: gauge('view_lag_seconds', 'Seconds since the watch of the kind lost the API server.', ['kind']),
    certificateExpiry: gauge('certificate_expiry_timestamp_seconds', 'When a certificate ends.', ['kind']),
    baselineInfo: gauge('baseline_info', 'The baseline in force; always 1.', ['version', 'sha256']),
    baselineReloads: counter('baseline_reloads_total', 'Times the baseline file changed.', ['result']),
    buildInfo: gauge('build_info', 'This build; always 1.', ['version', 'node']),
  };
  for (const { id: rule, mutate } of rules) {
    metrics.faults.inc({ rule }, 0);
    if (mutate !== undefined) metrics.patches.inc({ rule }, 0);
    metrics.exceptions.inc({ rule }, 0);
    for (const severity of ['error', 'warning', 'note']) metrics.findings.inc({ rule, severity }, 0);
  }
  // They have findings like other rules, but cannot throw, be excepted or complete anything.
  for (const { id: rule } of EXCEPTION_RULES) {
    for (const severity of ['error', 'warning', 'note']) metrics.findings.inc({ rule, severity }, 0);
  }
  for (const answer of ['allowed', 'denied', 'failed']) metrics.accessReviews.inc({ answer }, 0);
  for (const result of ['success', 'failure']) metrics.baselineReloads.inc({ result }, 0);
  return metrics;
}

const KNOWN = new Set<string>(Object.values(KINDS).map(({ kind }) => kind));

/** Returns the label of a kind: itself where rules know it, else `other`, so that labels stay a closed set. */
export function kindLabel(kind: string): string {
  return KNOWN.has(kind) ? kind : 'other';
}
