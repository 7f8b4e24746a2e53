import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { baselineSchema } from '../src/baseline/schema.ts';
import { formatRuleIndex, formatRuleMarkdown } from '../src/report/rule-markdown.ts';
import { allPages } from '../src/report/rule-page.ts';
import { RULES } from '../src/rules/index.ts';
import { deployManifests } from './deploy-manifests.ts';

const ROOT = resolve(import.meta.dirname, '..');

/** Folders in which every file is derived: what stands there and is not made here is surplus. */
const WHOLLY_DERIVED = ['policies/rules'];

/** Returns every derived file, by its path from the top of the tree. */
function derivedFiles(): ReadonlyMap<string, string> {
  const pages = allPages(RULES);
  return new Map([
    ['policies/baseline.schema.json', `${JSON.stringify(baselineSchema(RULES), null, 2)}\n`],
    ['policies/README.md', formatRuleIndex(pages)],
    ...pages.map((page) => [`policies/rules/${page.id}.md`, formatRuleMarkdown(page)] as const),
    ...deployManifests(RULES),
  ]);
}

async function surplusFiles(derived: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const surplus: string[] = [];
  for (const folder of WHOLLY_DERIVED) {
    if (!existsSync(join(ROOT, folder))) continue;
    for (const entry of await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      const path = relative(ROOT, join(entry.parentPath, entry.name));
      if (entry.isFile() && !derived.has(path)) surplus.push(path);
    }
  }
  return surplus;
}

async function staleFiles(derived: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [path, text] of derived) {
    const file = join(ROOT, path);
    if (!existsSync(file) || (await readFile(file, 'utf8')) !== text) stale.push(path);
  }
  return stale;
}

const derived = derivedFiles();
const stale = await staleFiles(derived);
const surplus = await surplusFiles(derived);
if (process.argv.includes('--check')) {
  for (const path of stale) console.error(`${path} is stale; \`npm run generate\` writes it`);
  for (const path of surplus) console.error(`${path} is surplus; \`npm run generate\` removes it`);
  process.exitCode = stale.length + surplus.length > 0 ? 1 : 0;
} else {
  for (const path of stale) {
    await mkdir(dirname(join(ROOT, path)), { recursive: true });
    await writeFile(join(ROOT, path), derived.get(path) ?? '');
    console.log(`wrote ${path}`);
  }
  for (const path of surplus) {
    await rm(join(ROOT, path));
    console.log(`removed ${path}`);
  }
}
