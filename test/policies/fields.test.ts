import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import {
  type FieldEntry,
  entriesFor,
  fieldsPage,
  fieldTable,
  istioFields,
  means,
} from '../../scripts/field-coverage.ts';
import { RULES } from '../../src/rules/index.ts';
import { fieldsReadBy } from './touched-fields.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const table = fieldTable();
const known = new Map(RULES.map(({ code, id }) => [code as string, id]));
const where = ({ kind = 'every kind' }: FieldEntry, written: string): string => `${kind} ${written}`;

/** A word that would hide what a field can do. */
const SECURITY_WORDS = /authenticat|authoriz|certificate|\btls\b|token|secret|credential|principal|identity|password/i;

t.test('every field of every Istio resource has exactly one class, and no other has any', async (t) => {
  const fields = await istioFields().catch(() => undefined);
  if (fields === undefined) {
    t.pass('of the pinned release', { skip: 'the Go module of Istio cannot be had here' });
    return;
  }
  const all = [...fields].flatMap(([kind, own]) => own.map((field) => ({ kind, field })));
  const unclassed = all.filter(({ kind, field }) => entriesFor(kind, field, table).length === 0);
  t.same(
    unclassed.map(({ kind, field }) => `${kind} ${field}`),
    [],
    'fields without a class: say in policies/fields.yaml what becomes of them',
  );
  const twice = all.filter(({ kind, field }) => entriesFor(kind, field, table).length > 1);
  t.same(
    twice.map(({ kind, field }) => `${kind} ${field}`),
    [],
    'fields with two',
  );
  const gone = table.flatMap((entry) =>
    entry.patterns
      .filter(
        ({ expanded }) =>
          !all.some(
            ({ kind, field }) => (entry.kind ?? kind) === kind && expanded.some((pattern) => means(pattern, field)),
          ),
      )
      .map(({ written }) => where(entry, written)),
  );
  t.same(gone, [], 'classes without a field');
  t.ok(all.length > 700, `${all.length} fields of ${fields.size} kinds`);
  const page = readFileSync(join(ROOT, 'docs/fields.md'), 'utf8');
  t.ok(
    page === fieldsPage(fields, table, known),
    'docs/fields.md is as made; `node scripts/field-coverage.ts` makes it',
  );
});

t.test('the codes are those of rules', (t) => {
  const unknown = table.flatMap((entry) =>
    entry.class.is === 'judged' ? entry.class.codes.filter((code) => !known.has(code)) : [],
  );
  t.same([...new Set(unknown)], []);
  t.end();
});

t.test('whatever can weaken security is not called irrelevant', (t) => {
  for (const entry of table) {
    if (entry.class.is !== 'irrelevant') continue;
    for (const { written } of entry.patterns) t.notMatch(written, SECURITY_WORDS, where(entry, written));
  }
  t.end();
});

/** Examples that do not hold a field, though the rule reads it: none, or each with its reason. */
const NOT_SHOWN: ReadonlyMap<string, string> = new Map<string, string>();

t.test('a rule that is said to judge a field reads it in its own examples', (t) => {
  const reads = new Map(RULES.map((rule) => [rule.code as string, fieldsReadBy(rule)]));
  const unread = table.flatMap((entry) => {
    const { kind, class: what } = entry;
    if (what.is !== 'judged' || kind === undefined) return [];
    return entry.patterns.flatMap(({ written, expanded }) =>
      what.codes
        .filter((code) => known.has(code) && !expanded.some((pattern) => isRead(`${kind}.${pattern}`, reads.get(code))))
        .map((code) => `${where(entry, written)} by ${code}`),
    );
  });
  t.same(
    unread.filter((one) => !NOT_SHOWN.has(one)),
    [],
  );
  t.same(
    [...NOT_SHOWN.keys()].filter((one) => !unread.includes(one)),
    [],
    'and none is excused that is read',
  );
  t.end();
});

t.test('no rule reads what is called irrelevant, names apart, which say where a finding is', (t) => {
  const read = new Set(RULES.filter(({ code }) => code !== 'MW003').flatMap((rule) => [...fieldsReadBy(rule)]));
  const irrelevant = table.flatMap(({ kind, class: what, patterns }) =>
    what.is === 'irrelevant' && kind !== undefined
      ? patterns.flatMap(({ expanded }) => expanded.map((pattern) => `${kind}.${pattern}`))
      : [],
  );
  t.ok(irrelevant.length > 50);
  t.same(
    irrelevant.filter((field) => !field.endsWith('.name') && read.has(field)),
    [],
  );
  t.end();
});

/** A pattern for a subtree is read where its root is; a list where the list or an item is. */
function isRead(pattern: string, read: ReadonlySet<string> = new Set()): boolean {
  const root = pattern.replace(/\.\*\*$/, '');
  const forms = root.endsWith('[]') ? [root, root.slice(0, -2)] : [root];
  return forms.some((form) => {
    if (!form.includes('.*')) return read.has(form);
    const keyed = new RegExp(`^${form.split('.*').map(escaped).join('\\..+')}$`);
    return [...read].some((field) => keyed.test(field));
  });
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
