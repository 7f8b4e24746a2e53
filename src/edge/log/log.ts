import { destination, type Logger, pino } from 'pino';
import type { LogLevel } from './log-level.ts';

/** The log; only this folder knows what is behind it. */
export type Log = Logger;

/** Makes the log: one JSON line an event on stdout, written in batches of 16 kB and at least once a second. */
export function makeLog(level: LogLevel): { readonly log: Log; readonly flush: () => void } {
  const stream = destination({ dest: 1, sync: false, minLength: 16_000, periodicFlush: 1000 });
  const log = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: named } },
    stream,
  );
  return { log, flush: () => stream.flushSync() };
}

const named = (level: string): object => ({ level });
