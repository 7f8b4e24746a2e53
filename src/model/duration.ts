import { remembered } from './remembered.ts';

const UNIT_NANOS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const TERM = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy;
/** What almost everybody writes: `15s`, `250ms`; too short to overflow. */
const PLAIN = /^(\d{1,6})(ms|s|m|h)$/;
const MAX_NANOS = 2 ** 63;

/**
 * Parses a duration as Go's `time.ParseDuration` does, which is what the API server and istiod read:
 * `1.5s`, `90s`, `1m30s`, `.5s`, `+15s`, a bare `0`; not `15`, `1d` or `1 m`.
 * @returns Milliseconds (a fraction where the text says so, negative with a sign), or undefined when it is no duration.
 * @see https://pkg.go.dev/time#ParseDuration
 */
export const parseDurationMs = remembered(readDurationMs);

function readDurationMs(text: string): number | undefined {
  const plain = PLAIN.exec(text);
  if (plain !== null) return (Number(plain[1]) * (UNIT_NANOS[plain[2] ?? ''] ?? Number.NaN)) / 1e6;
  const sign = text.startsWith('-') ? -1 : 1;
  const body = /^[+-]/.test(text) ? text.slice(1) : text;
  if (body === '0') return 0;
  if (body === '') return undefined;
  let nanos = 0;
  TERM.lastIndex = 0;
  while (TERM.lastIndex < body.length) {
    const match = TERM.exec(body);
    if (match === null) return undefined;
    nanos += Number(match[1]) * (UNIT_NANOS[match[2] ?? ''] ?? Number.NaN);
  }
  return nanos < MAX_NANOS ? (sign * nanos) / 1e6 : undefined;
}

/** Writes milliseconds as people write durations in Istio objects: `30s`, `1.5s`, `250ms`, `0s`. */
export function formatDuration(ms: number): string {
  return ms !== 0 && Math.abs(ms) < 1000 ? `${ms}ms` : `${ms / 1000}s`;
}
