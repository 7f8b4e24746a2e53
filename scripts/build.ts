import { chmod, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const ROOT = resolve(import.meta.dirname, '..');
const DIST = resolve(process.argv[2] ?? join(ROOT, 'dist'));

await rm(DIST, { recursive: true, force: true });
await mkdir(DIST, { recursive: true });
const { metafile } = await build({
  absWorkingDir: ROOT,
  metafile: true,
  entryPoints: [join(ROOT, 'src/main.ts')],
  outfile: join(DIST, 'meshwarden.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22.19',
  minifySyntax: true,
  minifyWhitespace: true,
  // Names stay as they are, so that stack traces tell something: `keepNames` beside short names would set the name of each
  // inner function whenever it is made.
  minifyIdentifiers: false,
  sourcemap: true,
  legalComments: 'linked',
  // Packages in the old module form call `require` for Node's own modules.
  banner: { js: "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);" },
  logLevel: 'warning',
});
await chmod(join(DIST, 'meshwarden.mjs'), 0o755);
await cp(join(ROOT, 'policies'), join(DIST, 'policies'), { recursive: true });
await writeFile(join(DIST, 'THIRD-PARTY-LICENSES.txt'), await licensesOf(Object.keys(metafile.inputs)));

/** Writes the licence texts of all packages that went into the bundle, which their licences demand. */
async function licensesOf(inputs: readonly string[]): Promise<string> {
  const folders = inputs.flatMap((path) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  const texts: string[] = [];
  for (const folder of [...new Set(folders)].sort()) {
    const manifest: unknown = JSON.parse(await readFile(join(ROOT, folder, 'package.json'), 'utf8'));
    const { name, version, license } = Object(manifest);
    const names = (await readdir(join(ROOT, folder))).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
    const said = await Promise.all(names.sort().map((file) => readFile(join(ROOT, folder, file), 'utf8')));
    texts.push([`${name} ${version}: ${license}`, ...said].join('\n\n'));
  }
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
