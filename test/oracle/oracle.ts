import { Command, InvalidArgumentError, Option } from 'commander';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import type { OracleRequest } from './answers.ts';
import { knownReleases, type Oracle, startOracle } from './client.ts';
import { describe, type Difference } from './compare.ts';
import { compare } from './mesh-case.ts';
import { meshes } from './meshes.ts';
import { egressMeshes } from './meshes-egress.ts';

/** A mesh on which Istio and our model do not agree, as small as it could be made. */
export interface Counterexample {
  readonly request: OracleRequest;
  readonly differences: readonly Difference[];
  readonly seed: number;
}

interface Run {
  readonly cases: number;
  readonly seed: number;
  readonly arbitrary?: fc.Arbitrary<OracleRequest>;
}

/** Compares generated meshes until so many agree; returns the smallest one that does not. */
export async function search(
  oracle: Oracle,
  { cases, seed, arbitrary = meshes }: Run,
): Promise<Counterexample | undefined> {
  const property = fc.asyncProperty(
    arbitrary,
    async (request) => (await compare(oracle, request)).differences.length === 0,
  );
  const result = await fc.check(property, { numRuns: cases, seed });
  if (!result.failed || result.counterexample === null) return undefined;
  const [request] = result.counterexample;
  try {
    const { differences } = await compare(oracle, request);
    if (differences.length > 0) return { request, differences, seed };
    const { errorInstance } = result;
    const istio = errorInstance instanceof Error ? errorInstance.message : 'another answer';
    return { request, differences: [{ question: 'once, and not again', istio, ours: undefined }], seed };
  } catch (error) {
    return { request, differences: [{ question: 'an answer', istio: String(error), ours: undefined }], seed };
  }
}

/** Writes a counterexample with its mesh and both answers. */
export function explain({ request, differences, seed }: Counterexample): string {
  const mesh = request.objects.map((one) => stringify(one, { flowCollectionPadding: true })).join('---\n');
  return `seed ${seed}\n${mesh}\n${differences.map(describe).join('\n')}`;
}

interface Options {
  readonly cases: number;
  /** Absent: one of the time. */
  readonly seed?: number;
  readonly istio: string;
  readonly meshes: 'all' | 'egress';
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/** Of no mesh it would be said that there is no difference. */
function atLeastOne(text: string): number {
  const number = wholeNumber(text);
  if (number === 0) throw new InvalidArgumentError('It must be 1 or more.');
  return number;
}

const [PINNED, ...others] = knownReleases();

const command = new Command('npm run oracle --')
  .description('Compares generated meshes with Istio until so many agree, or prints the smallest that does not.')
  .option('--cases <number>', 'how many meshes', atLeastOne, 300)
  .option('--seed <number>', 'what they are made from; another one each time unless given', wholeNumber)
  .addOption(new Option('--meshes <sort>', 'all, or those that lead out').choices(['all', 'egress']).default('all'))
  .addOption(new Option('--istio <release>', 'beside which Istio').choices([PINNED, ...others]).default(PINNED))
  // As everywhere: 1 is a difference, 2 is a mistake of whoever asked.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

async function main(): Promise<void> {
  const { cases, seed = Date.now() % 1_000_000, istio, meshes: sort } = command.parse().opts<Options>();
  const oracle = await startOracle((line) => console.error(line), istio);
  try {
    const found = await search(oracle, { cases, seed, arbitrary: sort === 'egress' ? egressMeshes : meshes });
    console.log(
      found === undefined
        ? `${cases} meshes with seed ${seed} and Istio ${oracle.release}: no difference`
        : explain(found),
    );
    process.exitCode = found === undefined ? 0 : 1;
  } finally {
    oracle.stop();
  }
}

if (import.meta.main) await main();
