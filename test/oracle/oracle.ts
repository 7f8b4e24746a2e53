import { parseArgs } from 'node:util';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import type { OracleRequest } from './answers.ts';
import { type Oracle, startOracle } from './client.ts';
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

async function main(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { cases: text, seed: text, istio: text, meshes: text } });
  const cases = Number(values.cases ?? 300);
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const oracle = await startOracle((line) => console.error(line), values.istio);
  try {
    const found = await search(oracle, { cases, seed, arbitrary: values.meshes === 'egress' ? egressMeshes : meshes });
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
