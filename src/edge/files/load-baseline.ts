import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ParsedBaseline, parseBaseline } from '../../baseline/parse.ts';
import type { RuleName } from '../../baseline/schema.ts';
import { type ReadStdin, readSource } from './read-sources.ts';

/** A baseline file that was read, or why it was not. */
export type LoadedBaseline =
  | { readonly file: string; readonly parsed: ParsedBaseline }
  | { readonly file: string; readonly message: string };

/** Returns the folder of the shipped policies: beside the bundle, or at the top of the source tree. */
export function policiesFolder(): string {
  const beside = join(import.meta.dirname, 'policies');
  return existsSync(beside) ? beside : join(import.meta.dirname, '../../../policies');
}

/** Reads a baseline file, or the shipped one, with its hash. */
export async function loadBaseline(
  file: string | undefined,
  options: { readonly rules: readonly RuleName[]; readonly now: number; readonly readStdin: ReadStdin },
): Promise<LoadedBaseline> {
  const source = await readSource(file ?? join(policiesFolder(), 'baseline.yaml'), options.readStdin);
  if ('message' in source) return source;
  const { rules, now } = options;
  return { file: source.file, parsed: parseBaseline(source.text, { sha256: source.sha256, rules, now }) };
}
