import { readFile } from 'node:fs/promises';
import { parseBaseline } from '../../baseline/parse.ts';
import { formatProblem } from '../../baseline/problem.ts';
import type { RuleName } from '../../baseline/schema.ts';
import type { Baseline } from '../../model/baseline.ts';
import { EdgeError } from '../errors.ts';
import { contentHash, pollFiles, sha256 } from './file-poll.ts';

/** The baseline in force, and what follows it. */
export interface BaselineFile {
  readonly current: () => Baseline;
  readonly stop: () => void;
}

/** Told of each change of the file. */
export interface BaselineListener {
  readonly loaded: (baseline: Baseline) => void;
  /** The old baseline stays in force. */
  readonly refused: (problems: readonly string[]) => void;
}

const POLL_MS = 5000;

/**
 * Reads a baseline and follows its changes; on any error the old one stays.
 * @throws EdgeError with every problem, a line each, when the first reading fails.
 */
export async function followBaseline(
  file: string,
  options: { readonly rules: readonly RuleName[]; readonly listener: BaselineListener; readonly everyMs?: number },
): Promise<BaselineFile> {
  const known = await contentHash([file]);
  const first = await load(file, options.rules);
  if (!('baseline' in first)) throw new EdgeError('BASELINE_REFUSED', { problems: first.problems.join('\n') });
  let current = first.baseline;
  const poll = pollFiles([file], {
    known,
    everyMs: options.everyMs ?? POLL_MS,
    complain: (error) => options.listener.refused([String(error)]),
    onChange: async () => {
      const next = await load(file, options.rules);
      if ('baseline' in next) {
        current = next.baseline;
        options.listener.loaded(current);
      } else options.listener.refused(next.problems);
    },
  });
  return { current: () => current, stop: () => poll.stop() };
}

async function load(
  file: string,
  rules: readonly RuleName[],
): Promise<{ readonly baseline: Baseline } | { readonly problems: readonly string[] }> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    return {
      problems: [`cannot read the baseline '${file}': ${error instanceof Error ? error.message : String(error)}`],
    };
  }
  const parsed = parseBaseline(text, { sha256: sha256(text), rules, now: Date.now() });
  return parsed.ok
    ? { baseline: parsed.baseline }
    : { problems: parsed.problems.map((problem) => formatProblem(problem, file)) };
}
