import { relative } from 'node:path';
import t from 'tap';
import { foundIn, istioFolder, istioObjects, NAMESPACES } from './istio-files.ts';

/** Istio's own files, by folder of its module: what it shows, what its analyzers and its validation are tested with. */
const FOLDERS = {
  samples: 150,
  'pkg/config/analysis/analyzers/testdata': 250,
  'pkg/config/validation/testdata/crds': 90,
  'pkg/test/datasets/validation/dataset': 30,
  'tests/testdata/config': 60,
} as const;

t.setTimeout(300_000);

const module = await istioFolder();
if (module !== undefined) {
  for (const [folder, least] of Object.entries(FOLDERS)) {
    for (const namespace of NAMESPACES) {
      await t.test(`${folder} in namespace ${namespace} is judged without a fault of ours`, async (t) => {
        const objects = await istioObjects(module, folder, namespace);
        t.ok(objects.length >= least, `${objects.length} objects`);
        const byFile = Map.groupBy(objects, ({ file }) => relative(module, file));
        const faults: string[] = [];
        const misshapen: string[] = [];
        for (const [file, own] of [...byFile, [folder, objects] as const]) {
          for (const complete of [false, true]) {
            for (const { finding } of foundIn(own, { complete })) {
              const line = `${file}: [${finding.code}] ${finding.message}`;
              if (finding.code === 'MW001') faults.push(line);
              if (/\n|undefined|NaN|\[object /.test(finding.message)) misshapen.push(line);
            }
          }
        }
        t.same(faults, [], 'no rule throws');
        t.same(misshapen, [], 'every message is one line of words');
      });
    }
  }
}
