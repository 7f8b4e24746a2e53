import { formatProblem } from '../../baseline/problem.ts';
import { baselineSchema } from '../../baseline/schema.ts';
import { stringify } from 'yaml';
import { loadBaseline } from '../files/load-baseline.ts';
import { baselineFor } from './baseline-option.ts';
import { EXIT, type ExitCode, type Io, Trouble } from './io.ts';

/** Writes every problem of a baseline file with line and column, its warnings among them; exit code 1 if any. */
export async function validateBaseline(file: string | undefined, io: Io): Promise<ExitCode> {
  const loaded = await loadBaseline(file, { rules: io.rules, now: io.now(), readStdin: io.readStdin });
  if ('message' in loaded) throw new Trouble(`baseline '${loaded.file}' ${loaded.message}`);
  const { parsed } = loaded;
  const problems = parsed.ok ? parsed.warnings : parsed.problems;
  for (const problem of problems) io.out(`${formatProblem(problem, loaded.file)}\n`);
  if (!parsed.ok || problems.length > 0) return EXIT.found;
  io.out(`${loaded.file}: version ${parsed.baseline.version}, sha256 ${parsed.baseline.sha256}: keeps its schema\n`);
  return EXIT.clean;
}

/** Writes the baseline that is in effect, defaults filled in, as YAML or JSON. */
export async function showBaseline(file: string | undefined, output: 'yaml' | 'json', io: Io): Promise<ExitCode> {
  const baseline = await baselineFor(file, io);
  io.out(output === 'json' ? `${JSON.stringify(baseline, null, 2)}\n` : stringify(baseline, { lineWidth: 120 }));
  return EXIT.clean;
}

/** Writes the JSON Schema of baseline files. */
export function showSchema(io: Io): ExitCode {
  io.out(`${JSON.stringify(baselineSchema(io.rules), null, 2)}\n`);
  return EXIT.clean;
}
