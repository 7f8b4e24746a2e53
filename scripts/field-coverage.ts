import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { istioModuleFolder } from '../src/edge/cluster/istio-module.ts';
import { isRecord, listOf, recordOrEmpty, recordsOf, stringOf, stringsOf, valueAt } from '../src/model/json.ts';

const ROOT = resolve(import.meta.dirname, '..');
const TABLE = join(ROOT, 'policies/fields.yaml');
const PAGE = join(ROOT, 'docs/fields.md');
const DEFINITIONS = 'manifests/charts/base/files/crd-all.gen.yaml';

/** What Meshwarden does with a field. */
export type FieldClass =
  | { readonly is: 'judged'; readonly codes: readonly string[] }
  | { readonly is: 'irrelevant' | 'outside'; readonly why: string };

/** One entry of the table: some fields of a kind and their class. */
export interface FieldEntry {
  /** Absent: of every kind. */
  readonly kind?: string;
  readonly class: FieldClass;
  readonly patterns: readonly FieldPattern[];
}

/** A field as the table writes it, with everything that it stands for. */
export interface FieldPattern {
  readonly written: string;
  readonly expanded: readonly string[];
}

/** Returns the fields of every Istio kind, from the definitions of the pinned release: leaves, and maps and lists of leaves. */
export async function istioFields(): Promise<ReadonlyMap<string, readonly string[]>> {
  const text = readFileSync(join(await istioModuleFolder(), DEFINITIONS), 'utf8');
  const fields = new Map<string, Set<string>>();
  for (const document of parseAllDocuments(text)) {
    const definition: unknown = document.toJS();
    const kind = stringOf(valueAt(definition, ['spec', 'names', 'kind']));
    if (kind === undefined) continue;
    const own = fields.get(kind) ?? new Set<string>();
    fields.set(kind, own);
    for (const version of recordsOf(valueAt(definition, ['spec', 'versions']))) {
      const top = recordOrEmpty(valueAt(version, ['schema', 'openAPIV3Schema', 'properties']));
      for (const name of Object.keys(top)) for (const leaf of leavesOf(top[name], name)) own.add(leaf);
    }
  }
  return new Map([...fields].map(([kind, own]) => [kind, [...own]]));
}

function leavesOf(schema: unknown, path: string): readonly string[] {
  const { properties, items, additionalProperties } = recordOrEmpty(schema);
  if (isRecord(properties)) {
    return Object.keys(properties).flatMap((name) => leavesOf(properties[name], `${path}.${name}`));
  }
  if (isRecord(items)) return leavesOf(items, `${path}[]`);
  return isRecord(additionalProperties) ? leavesOf(additionalProperties, `${path}.*`) : [path];
}

/** Reads the table. @throws Error naming the entry that is none. */
export function fieldTable(text: string = readFileSync(TABLE, 'utf8')): readonly FieldEntry[] {
  const { places, every, ...kinds } = recordOrEmpty(parse(text));
  const entries = (list: unknown, kind?: string): readonly FieldEntry[] =>
    recordsOf(list).map((entry) => ({
      ...(kind === undefined ? {} : { kind }),
      class: classOf(entry),
      patterns: stringsOf(entry.fields).map((written) => ({ written, expanded: expand(written, places) })),
    }));
  return [...entries(every), ...Object.keys(kinds).flatMap((kind) => entries(kinds[kind], kind))];
}

function classOf(entry: Readonly<Record<string, unknown>>): FieldClass {
  const judged = stringOf(entry.judged);
  if (judged !== undefined) return { is: 'judged', codes: judged.split(' ') };
  for (const is of ['irrelevant', 'outside'] as const) {
    const why = stringOf(entry[is]);
    if (why !== undefined && why.length > 0) return { is, why };
  }
  throw new Error(`policies/fields.yaml: ${JSON.stringify(entry)} is neither judged nor irrelevant nor outside`);
}

function expand(written: string, places: unknown): readonly string[] {
  const word = /^\$[a-z]+/.exec(written)?.[0];
  if (word === undefined) return [written];
  const roots = listOf(recordOrEmpty(places)[word]).filter((root) => typeof root === 'string');
  if (roots.length === 0) throw new Error(`policies/fields.yaml: ${word} stands for no places`);
  return roots.map((root) => written.replace(word, root));
}

/** Tells whether a pattern means a field: `*` is any key of a map, `.**` at the end everything at and below. */
export function means(pattern: string, field: string): boolean {
  if (!pattern.endsWith('.**')) return pattern === field;
  const root = pattern.slice(0, -3);
  return field === root || field.startsWith(`${root}.`) || field.startsWith(`${root}[]`);
}

/** Returns the entries that mean a field of a kind; a table in order has exactly one. */
export function entriesFor(kind: string, field: string, table: readonly FieldEntry[]): readonly FieldEntry[] {
  return table.filter(
    (entry) =>
      (entry.kind === undefined || entry.kind === kind) &&
      entry.patterns.some(({ expanded }) => expanded.some((pattern) => means(pattern, field))),
  );
}

/** Writes the page: every field with what becomes of it. */
export function fieldsPage(
  fields: ReadonlyMap<string, readonly string[]>,
  table: readonly FieldEntry[],
  rules: ReadonlyMap<string, string>,
): string {
  const sections = [...fields]
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([kind, own]) => section(kind, own, table, rules));
  const common = table.filter(({ kind }) => kind === undefined);
  const all = [...fields.values()].flat().length;
  const head = HEAD.replace('{count}', String(all)).replace('{kinds}', String(fields.size));
  const every = common.map((entry) =>
    row(
      entry.patterns.map(({ written }) => written),
      entry,
      rules,
    ),
  );
  return `${head}\n${HEADING.replace('{kind}', 'Every kind')}${every.join('\n')}\n\n${sections.join('\n')}`;
}

const HEAD = `# Every field of every Istio resource

Made of \`policies/fields.yaml\` by \`node scripts/field-coverage.ts\`; do not edit. It lists {count} fields of {kinds} kinds, in
all served versions, of the Istio release that we build against. A field that a new release brings stops the tests until
it is classed.

- **judged**: the rules that decide by it;
- **irrelevant**: nothing that the baseline demands depends on it;
- **outside**: it matters and no rule decides by it; what is done instead.

Types are judged everywhere (MW003). What every Kubernetes object has besides, its labels and annotations, is no part of
the definitions: \`istio.io/rev\` is MW415's, \`istio.io/dry-run\` is MW306's, \`internal.istio.io/*\` MW416's.
`;

function section(
  kind: string,
  fields: readonly string[],
  table: readonly FieldEntry[],
  rules: ReadonlyMap<string, string>,
): string {
  const rows = new Map<FieldEntry | undefined, string[]>();
  for (const field of fields) {
    const entry = entriesFor(kind, field, table)[0];
    rows.set(entry, [...(rows.get(entry) ?? []), field]);
  }
  const lines = table
    .filter((entry) => entry.kind !== undefined && rows.has(entry))
    .map((entry) => row(rows.get(entry) ?? [], entry, rules));
  return `${HEADING.replace('{kind}', kind)}${lines.join('\n')}\n`;
}

const HEADING = '## {kind}\n\n| Fields | What becomes of them |\n|---|---|\n';

function row(fields: readonly string[], entry: FieldEntry, rules: ReadonlyMap<string, string>): string {
  return `| ${fields.map((field) => `\`${field}\``).join('<br>')} | ${becomes(entry.class, rules)} |`;
}

function becomes(what: FieldClass, rules: ReadonlyMap<string, string>): string {
  if (what.is !== 'judged') return `${what.is}: ${what.why}`;
  const links = what.codes.map((code) => {
    const id = rules.get(code);
    return id === undefined ? code : `[${code}](../policies/rules/${id}.md)`;
  });
  return `judged by ${links.join(', ')}`;
}

if (import.meta.main) {
  const { RULES } = await import('../src/rules/index.ts');
  const page = fieldsPage(await istioFields(), fieldTable(), new Map(RULES.map(({ code, id }) => [code, id])));
  writeFileSync(PAGE, page);
  console.log(`wrote ${PAGE}`);
}
