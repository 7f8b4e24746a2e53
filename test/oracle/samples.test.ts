import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import t from 'tap';
import type { FileObject } from '../../src/edge/files/objects.ts';
import { formatRef } from '../../src/model/kube-object.ts';
import { formatFix, type PlacedFinding } from '../../src/report/report.ts';
import { foundIn, istioFolder, istioObjects } from './istio-files.ts';

/**
 * Everything that `check` finds in Istio's samples, file by file; somebody has read each line against its sample. A line
 * that is new must be read before `UPDATE_GOLDEN=1 node scripts/test.ts test/oracle/samples.test.ts` writes it down.
 */
const FILE = join(import.meta.dirname, 'samples.golden.txt');
const FOLDER = 'samples';

const HEAD = `What \`meshwarden check\` finds in Istio's own samples, each file by itself and then what only its folder as a whole shows.
Each line was read against its sample and against what Istio does with it: it says what is so, at the right place, once.

  mesh, other, both   where it is found: with \`-n llmoptimizer\`, a namespace of the mesh, with \`-n default\`, or with either
  warning|error       a warning, and with \`--complete\` an error; \`-\`: not found
`;

type Side = 'mesh' | 'other';
type Objects = Readonly<Record<Side, readonly FileObject[]>>;

/** The severities of one line, by side, without and with \`--complete\`. */
type Severities = Partial<Record<Side, { partial: string; complete: string }>>;

/** Writes a line as it would be in the namespace of the mesh, so that both sides can be told to be the same. */
function inMesh(line: string): string {
  return line.replaceAll(/(?<![\w.-])default(?=\/|')|(?<=\.)default(?=\.svc\b)/g, 'llmoptimizer');
}

function lineOf({ finding, place }: PlacedFinding, module: string): string {
  const { object, responsible, code, message } = finding;
  const where = place === undefined ? '' : `${relative(join(module, FOLDER), place.file)}:${place.line}`;
  const isOther = responsible !== undefined && formatRef(responsible) !== formatRef(object);
  const who = isOther ? `${formatRef(object)}, by ${formatRef(responsible)}` : formatRef(object);
  return `${where} ${who} [${code}] ${message}. ${formatFix(finding)}`.trimEnd();
}

/** Finds what both sides show, in the order of the report. @throws Error where one check says the same twice. */
function found(objects: Objects, module: string): readonly string[] {
  const lines = new Map<string, Severities>();
  for (const side of ['mesh', 'other'] as const) {
    for (const mode of ['partial', 'complete'] as const) {
      for (const placed of foundIn(objects[side], { complete: mode === 'complete' })) {
        const line = inMesh(lineOf(placed, module));
        const there = lines.get(line) ?? {};
        lines.set(line, there);
        const severities = there[side] ?? { partial: '-', complete: '-' };
        there[side] = severities;
        if (severities[mode] !== '-') throw new Error(`said twice: ${line}`);
        severities[mode] = placed.finding.severity;
      }
    }
  }
  return [...lines].flatMap(([line, severities]) => {
    const [mesh, other] = [brief(severities.mesh), brief(severities.other)];
    if (mesh === other) return [`both  ${mesh} ${line}`];
    return [mesh === '' ? [] : [`mesh  ${mesh} ${line}`], other === '' ? [] : [`other ${other} ${line}`]].flat();
  });
}

function brief(severities: Severities[Side]): string {
  if (severities === undefined) return '';
  const { partial, complete } = severities;
  return partial === complete ? partial : `${partial}|${complete}`;
}

async function golden(module: string): Promise<readonly string[]> {
  const mesh = await istioObjects(module, FOLDER, 'llmoptimizer');
  const other = await istioObjects(module, FOLDER, 'default');
  const files = [...new Set(mesh.map(({ file }) => file))].sort();
  const within = (some: readonly string[]): readonly string[] => {
    const isMeant = ({ file }: FileObject): boolean => some.includes(file);
    return found({ mesh: mesh.filter(isMeant), other: other.filter(isMeant) }, module);
  };
  const text = HEAD.split('\n');
  for (const folder of [...new Set(files.map((file) => dirname(file)))].sort()) {
    const own = files.filter((file) => dirname(file) === folder);
    const single = own.flatMap((file) => within([file]));
    const whole = within(own).filter((line) => !single.includes(line));
    const lines = [...single, ...(whole.length > 0 ? ['the folder as a whole:', ...whole] : [])];
    text.push(`# ${relative(module, folder)}`, ...(lines.length > 0 ? lines : ['nothing']), '');
  }
  return text;
}

t.setTimeout(300_000);

const module = await istioFolder();
if (module !== undefined) {
  await t.test('nothing is found in Istio’s samples but what was read against them', async (t) => {
    const is = await golden(module);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(FILE, is.join('\n'));
    const was = existsSync(FILE) ? readFileSync(FILE, 'utf8').split('\n') : [];
    const [known, current] = [new Set(was), new Set(is)];
    t.same(
      is.filter((line) => !known.has(line)),
      [],
      'no line is new: each new one must be read against its sample, then UPDATE_GOLDEN=1 writes it down',
    );
    t.same(
      was.filter((line) => !current.has(line)),
      [],
      'no line is gone: something is no longer found, or said in other words',
    );
    t.equal(is.join('\n'), was.join('\n'), 'the order is the same');
  });
}
