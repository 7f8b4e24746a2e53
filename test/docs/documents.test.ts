import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import t from 'tap';
import { allPages } from '../../src/report/rule-page.ts';
import { RULES } from '../../src/rules/index.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const DOCUMENTS = ['README.md', 'CHANGELOG.md', 'certs/README.md', ...globSync('docs/**/*.md', { cwd: ROOT })];
const PAGES = allPages(RULES);

t.test('every rule that a document names is there', (t) => {
  const known = new Set(PAGES.map(({ code }) => code));
  for (const path of DOCUMENTS) {
    const named = new Set(read(path).match(/\bMW\d{3}\b/g));
    t.same(
      [...named].filter((code) => !known.has(code)),
      [],
      path,
    );
  }
  t.end();
});

t.test('every rule is in the changelog', (t) => {
  const changelog = read('CHANGELOG.md');
  t.same(
    PAGES.filter(({ code, id }) => !changelog.includes(`${code} \`${id}\``)).map(({ code }) => code),
    [],
  );
  t.end();
});

t.test('every link leads somewhere, and every path from the top is there', (t) => {
  for (const path of DOCUMENTS) {
    for (const [, target = ''] of read(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^https?:/.test(target)) continue;
      t.ok(existsSync(join(ROOT, dirname(path), target)), `${path}: ${target}`);
    }
    for (const [, target = ''] of read(path).matchAll(
      /`((?:src|test|policies|deploy|certs|docs|bench|scripts)\/[\w./-]*)`/g,
    )) {
      if (target.startsWith('deploy/overlays/live')) continue;
      t.ok(existsSync(join(ROOT, target)), `${path}: ${target}`);
    }
  }
  t.end();
});

t.test('every test that is named in the security document says what is quoted', (t) => {
  const text = read('docs/security.md');
  let quoted = 0;
  for (const [, file = '', quotes = ''] of text.matchAll(/`(test\/[\w./-]+\.test\.ts)`((?:[ ,]*“[^”]+”)+)/g)) {
    const source = read(file);
    for (const [, quote = ''] of quotes.matchAll(/“([^”]+)”/g)) {
      quoted += 1;
      t.ok(source.includes(quote), `${file} has “${quote}”`);
    }
  }
  t.equal(quoted, text.match(/“/g)?.length, 'each quotation stands behind its file');
  t.end();
});
