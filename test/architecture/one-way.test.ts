import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import t from 'tap';

const ROOT = resolve(import.meta.dirname, '../..');
const BIN = join(ROOT, 'node_modules/.bin');

/** Makes a small tree with the project's own lint and compiler settings and one offending file. */
function treeWith(path: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'meshwarden-architecture-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  for (const file of ['.oxlintrc.json', 'tsconfig.json', 'tsconfig.pure.json', 'package.json']) {
    cpSync(join(ROOT, file), join(folder, file));
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  return folder;
}

function run(
  folder: string,
  tool: string,
  ...args: readonly string[]
): { readonly code: number; readonly text: string } {
  // The test runner's NODE_OPTIONS are not for the tools under test.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(join(BIN, tool), args, { cwd: folder, encoding: 'utf8', env });
  return { code: status ?? -1, text: stdout + stderr };
}

const AGAINST: readonly (readonly [string, string, RegExp])[] = [
  [
    'src/model/bad.ts',
    "import type { Rule } from '../rules/rule.ts';\nexport type Bad = Rule;\n",
    /Imports run one way/,
  ],
  [
    'src/mesh/bad.ts',
    "import { judge } from '../engine/judge.ts';\nexport const bad = judge;\n",
    /Imports run one way/,
  ],
  [
    'src/rules/traffic/bad.ts',
    "import { judge } from '../../engine/judge.ts';\nexport const bad = judge;\n",
    /one way/,
  ],
  ['src/engine/bad.ts', "import { serve } from '../edge/http/serve.ts';\nexport const bad = serve;\n", /one way/],
  [
    'src/report/bad.ts',
    "import { parseBaseline } from '../baseline/parse.ts';\nexport const bad = parseBaseline;\n",
    /one way/,
  ],
  ['src/mesh/bad.ts', "import { readFileSync } from 'node:fs';\nexport const bad = readFileSync;\n", /no I\/O/],
  [
    'src/rules/bad.ts',
    "import type { V1Pod } from '@kubernetes/client-node';\nexport type Bad = V1Pod;\n",
    /may not use/,
  ],
  ['src/engine/bad.ts', 'export const bad = (): number => Date.now();\n', /no clock/],
  ['src/mesh/bad.ts', 'export const bad = (): number => Math.random();\n', /deterministic/],
  ['src/mesh/bad.ts', "export const bad = (): void => console.log('x');\n", /does not print/],
  [
    'src/edge/cli/bad.ts',
    "import { serve } from '../http/serve.ts';\nexport const bad = serve;\n",
    /never import one another/,
  ],
  [
    'src/edge/demo/bad.ts',
    "import { start } from '../http/start.ts';\nexport const bad = start;\n",
    /never import one another/,
  ],
  [
    'src/edge/kube/bad.ts',
    "import { fastify } from 'fastify';\nexport const bad = fastify;\n",
    /only edge\/http fastify/,
  ],
];

t.test('lint refuses an import against the direction, a clock, chance and Node in a pure folder', (t) => {
  for (const [path, text, reason] of AGAINST) {
    const { code, text: said } = run(treeWith(path, text), 'oxlint', 'src');
    t.not(code, 0, `${path} is refused: ${text.split('\n')[0]}`);
    t.match(said.replaceAll(/\s+/g, ' '), reason, 'and the reason is said');
  }
  t.end();
});

t.test('the compiler does not know Node in a pure folder, and does elsewhere', (t) => {
  const text = 'export const bad = (): string => process.cwd();\n';
  const pure = run(treeWith('src/mesh/bad.ts', text), 'tsc', '-p', 'tsconfig.pure.json');
  t.not(pure.code, 0, 'a pure folder has no process');
  t.match(pure.text, /Cannot find name 'process'/);
  const edge = run(treeWith('src/edge/files/good.ts', text), 'tsc', '-p', 'tsconfig.json');
  t.equal(edge.code, 0, `the edge has one: ${edge.text}`);
  t.end();
});

t.test('the tree as it stands keeps the line', (t) => {
  const { code, text } = run(ROOT, 'oxlint', 'src');
  t.equal(code, 0, text);
  t.end();
});
