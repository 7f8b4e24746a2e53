import { join } from 'node:path';
import t from 'tap';
import { judgeFiles } from '../../src/edge/cli/check.ts';
import { istioModuleFolder } from '../../src/edge/cluster/istio-module.ts';
import { type FileObject, objectsOf } from '../../src/edge/files/objects.ts';
import { readSources } from '../../src/edge/files/read-sources.ts';
import type { PlacedFinding } from '../../src/report/report.ts';
import { RULES } from '../../src/rules/index.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';

/** In a namespace of the mesh, and in one outside of it. */
export const NAMESPACES = ['llmoptimizer', 'default'] as const;

/** Returns the folder of Istio's own files; undefined, and said loudly, where it cannot be had and nobody insists. */
export async function istioFolder(): Promise<string | undefined> {
  try {
    return await istioModuleFolder();
  } catch (error) {
    if (process.env.CI) throw error;
    console.error(`NO ISTIO MODULE: ITS FILES ARE NOT JUDGED. ${String(error)}`);
    t.pass('needs Go and the module istio.io/istio', { skip: 'no module' });
    return undefined;
  }
}

/** Reads a folder of Istio's files as `check -n NAMESPACE` does. @throws Error where a file cannot be read. */
export async function istioObjects(module: string, folder: string, namespace: string): Promise<readonly FileObject[]> {
  const { sources, unread } = await readSources([join(module, folder)], () => Promise.resolve(new Uint8Array()));
  if (unread.length > 0) throw new Error(`cannot read ${unread.map(({ file }) => file).join(', ')}`);
  return objectsOf(sources, { namespace, keepAge: false }).objects;
}

/** Returns what `check` finds in files; a rule that throws is one finding, with the code MW001. */
export function foundIn(
  files: readonly FileObject[],
  { complete }: { readonly complete: boolean },
): readonly PlacedFinding[] {
  return judgeFiles(files, [], BASELINE, { rules: RULES, complete, asWritten: false, now: NOW }).report.findings;
}
