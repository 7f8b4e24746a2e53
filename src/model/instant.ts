const DAY_MS = 86_400_000;

/** Parses an RFC 3339 timestamp; epoch milliseconds, or undefined when it is none. The one place that names `Date`. */
export function parseInstant(text: string): number | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

/** Returns the first epoch millisecond after a day `YYYY-MM-DD` in UTC, or undefined for what is no day of the calendar. */
export function endOfDay(day: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return undefined;
  const start = parseInstant(`${day}T00:00:00Z`);
  // The language reads 2026-02-30 as a day in March; a day of the calendar survives the way back.
  return start === undefined || formatDay(start) !== day ? undefined : start + DAY_MS;
}

/** Writes the day of an instant in UTC, `YYYY-MM-DD`. */
export function formatDay(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10);
}
