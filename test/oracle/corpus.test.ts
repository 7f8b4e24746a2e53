import { join, relative } from 'node:path';
import t from 'tap';
import { judgeFiles } from '../../src/edge/cli/check.ts';
import { istioModuleFolder } from '../../src/edge/cluster/istio-module.ts';
import { type FileObject, objectsOf } from '../../src/edge/files/objects.ts';
import { readSources } from '../../src/edge/files/read-sources.ts';
import { RULES } from '../../src/rules/index.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';

/** Istio's own files, by folder of its module: what it shows, what its analyzers and its validation are tested with. */
const FOLDERS = {
  samples: 150,
  'pkg/config/analysis/analyzers/testdata': 250,
  'pkg/config/validation/testdata/crds': 90,
  'pkg/test/datasets/validation/dataset': 30,
  'tests/testdata/config': 60,
} as const;

/** In a namespace of the mesh, and in one outside of it. */
const NAMESPACES = ['llmoptimizer', 'default'] as const;

async function folderOf(): Promise<string | undefined> {
  try {
    return await istioModuleFolder();
  } catch (error) {
    if (process.env.CI) throw error;
    console.error(`NO ISTIO MODULE: ITS FILES ARE NOT JUDGED. ${String(error)}`);
    t.pass('needs Go and the module istio.io/istio', { skip: 'no module' });
    return undefined;
  }
}

/** Judges files and returns the lines of the findings; a rule that throws is one, with the code MW001. */
function judged(files: readonly FileObject[], complete: boolean): readonly string[] {
  const { report } = judgeFiles(files, [], BASELINE, { rules: RULES, complete, asWritten: false, now: NOW });
  return report.findings.map(({ finding }) => `[${finding.code}] ${finding.message}`);
}

const module = await folderOf();
if (module !== undefined) {
  for (const [folder, least] of Object.entries(FOLDERS)) {
    for (const namespace of NAMESPACES) {
      await t.test(`${folder} in namespace ${namespace} is judged without a fault of ours`, async (t) => {
        const { sources, unread } = await readSources([join(module, folder)], () => Promise.resolve(new Uint8Array()));
        t.same(unread, []);
        const { objects } = objectsOf(sources, { namespace, keepAge: true });
        t.ok(objects.length >= least, `${objects.length} objects`);
        const byFile = Map.groupBy(objects, ({ file }) => relative(module, file));
        const faults: string[] = [];
        const misshapen: string[] = [];
        for (const [file, own] of [...byFile, [folder, objects] as const]) {
          for (const complete of [false, true]) {
            for (const line of judged(own, complete)) {
              if (line.startsWith('[MW001]')) faults.push(`${file}: ${line}`);
              if (/\n|undefined|NaN|\[object /.test(line)) misshapen.push(`${file}: ${line}`);
            }
          }
        }
        t.same(faults, [], 'no rule throws');
        t.same(misshapen, [], 'every message is one line of words');
      });
    }
  }
}
