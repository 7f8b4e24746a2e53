import type { Baseline } from '../../model/baseline.ts';
import { formatDuration, parseDurationMs } from '../../model/duration.ts';
import { isAbsent, type JsonObject, listOf } from '../../model/json.ts';

/** What is wrong with one field of an `outlierDetection` block. */
export interface BreakerFault {
  readonly field: string;
  readonly messageId: 'off' | 'tooGreat' | 'tooSmall' | 'weakDefault' | 'redefined';
  /** What must be, as text. */
  readonly limit: string;
  /** What Istio takes for an absent field, as text. */
  readonly byDefault: string;
  /** The value to write. */
  readonly value: number | string;
  readonly magnitude: number;
}

type Bounds = Baseline['outlierDetection'];

interface Field {
  readonly name: string;
  /** What Envoy takes for an absent field. */
  readonly byDefault: number;
  readonly bound: (bounds: Bounds) => number;
  readonly side: 'atMost' | 'atLeast';
  readonly isDuration?: boolean;
  /** What 0 means. */
  readonly zero?: 'off' | 'unset';
}

/** @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/cluster_traffic_policy.go `applyOutlierDetection` */
const FIELDS: readonly Field[] = [
  {
    name: 'consecutive5xxErrors',
    byDefault: 5,
    bound: (one) => one.maxConsecutive5xxErrors,
    side: 'atMost',
    zero: 'off',
  },
  { name: 'interval', byDefault: 10_000, bound: (one) => one.maxIntervalMs, side: 'atMost', isDuration: true },
  {
    name: 'baseEjectionTime',
    byDefault: 30_000,
    bound: (one) => one.minBaseEjectionMs,
    side: 'atLeast',
    isDuration: true,
  },
  { name: 'maxEjectionPercent', byDefault: 10, bound: (one) => one.maxEjectionPercent, side: 'atMost', zero: 'unset' },
  { name: 'minHealthPercent', byDefault: 0, bound: (one) => one.maxMinHealthPercent, side: 'atMost' },
];

/** Returns what is wrong with a block that is there; a value of another type is as bad as can be. */
export function breakerFaults(block: JsonObject, bounds: Bounds): readonly BreakerFault[] {
  return [...FIELDS.flatMap((field) => fieldFault(field, block[field.name], bounds)), ...codesFault(block)];
}

function fieldFault(field: Field, written: unknown, bounds: Bounds): readonly BreakerFault[] {
  const bound = field.bound(bounds);
  const text = (value: number): string => (field.isDuration === true ? formatDuration(value) : String(value));
  const isUnset = isAbsent(written) || (written === 0 && field.zero === 'unset');
  const value = isUnset ? field.byDefault : numberOf(field, written);
  const fault = {
    field: field.name,
    limit: text(bound),
    byDefault: text(field.byDefault),
    value: field.isDuration === true ? text(bound) : bound,
  };
  if (value === 0 && field.zero === 'off') return [{ ...fault, messageId: 'off', magnitude: Number.MAX_SAFE_INTEGER }];
  const isWithin = field.side === 'atMost' ? value <= bound && value >= 0 : value >= bound;
  if (isWithin) return [];
  const magnitude = Number.isNaN(value) ? Number.MAX_SAFE_INTEGER : field.side === 'atMost' ? Math.abs(value) : -value;
  const messageId = isUnset ? 'weakDefault' : field.side === 'atMost' ? 'tooGreat' : 'tooSmall';
  return [{ ...fault, messageId, magnitude }];
}

function numberOf({ isDuration }: Field, written: unknown): number {
  if (isDuration === true) return (typeof written === 'string' ? parseDurationMs(written) : undefined) ?? Number.NaN;
  return typeof written === 'number' ? written : Number.NaN;
}

/** The answers of a server that fails or cannot be reached. */
const ERROR_CODES: readonly number[] = [500, 502, 503, 504];

/** A list of codes takes the place of "any 5xx". */
function codesFault({ outlierDetectionHttpErrorCodes: codes }: JsonObject): readonly BreakerFault[] {
  const listed = listOf(codes);
  const missing = ERROR_CODES.filter((code) => !listed.includes(code));
  if (isAbsent(codes) || (Array.isArray(codes) && listed.length === 0) || missing.length === 0) return [];
  const field = 'outlierDetectionHttpErrorCodes';
  return [
    { field, messageId: 'redefined', limit: missing.join(', '), byDefault: '', value: '', magnitude: missing.length },
  ];
}

/** Returns the documented breaker, for places that have none. */
export function documentedBreaker(bounds: Bounds): JsonObject {
  return {
    consecutive5xxErrors: bounds.maxConsecutive5xxErrors,
    interval: formatDuration(Math.min(10_000, bounds.maxIntervalMs)),
    baseEjectionTime: formatDuration(bounds.minBaseEjectionMs),
    maxEjectionPercent: bounds.maxEjectionPercent,
    minHealthPercent: bounds.maxMinHealthPercent,
  };
}
