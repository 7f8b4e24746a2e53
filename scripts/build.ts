import { chmod, cp, mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const ROOT = resolve(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');

await rm(DIST, { recursive: true, force: true });
await mkdir(DIST, { recursive: true });
await build({
  entryPoints: [join(ROOT, 'src/main.ts')],
  outfile: join(DIST, 'meshwarden.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22.19',
  minify: true,
  // Stack traces in reports of faults should name functions.
  keepNames: true,
  sourcemap: true,
  legalComments: 'linked',
  // Packages in the old module form call `require` for Node's own modules.
  banner: { js: "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);" },
  logLevel: 'warning',
});
await chmod(join(DIST, 'meshwarden.mjs'), 0o755);
await cp(join(ROOT, 'policies'), join(DIST, 'policies'), { recursive: true });
