import { formatProblem } from '../../baseline/problem.ts';
import type { Baseline } from '../../model/baseline.ts';
import { loadBaseline } from '../files/load-baseline.ts';
import { type Io, Trouble } from './io.ts';

/** Reads the baseline that a command was given, or the shipped one. @throws Trouble with every problem of the file. */
export async function baselineFor(file: string | undefined, io: Io): Promise<Baseline> {
  const loaded = await loadBaseline(file, { rules: io.rules, now: io.now(), readStdin: io.readStdin });
  if ('message' in loaded) throw new Trouble(`baseline '${loaded.file}' ${loaded.message}`);
  if (loaded.parsed.ok) return loaded.parsed.baseline;
  const lines = loaded.parsed.problems.map((problem) => formatProblem(problem, loaded.file));
  throw new Trouble(
    [`the baseline has ${lines.length === 1 ? 'a fault' : `${lines.length} faults`}:`, ...lines].join('\n'),
  );
}
