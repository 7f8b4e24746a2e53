import {
  type Document,
  isCollection,
  isPair,
  isScalar,
  LineCounter,
  parseAllDocuments,
  type Scalar,
  type ScalarTag,
  type Tags,
  visit,
} from 'yaml';
import { printable } from '../../model/printable.ts';
import type { Position } from '../../model/yaml-position.ts';

/** One YAML document of a file, as kubectl reads it. */
export interface ReadDocument {
  readonly value: unknown;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** Something to say about a place in a file. */
export interface Remark extends Position {
  readonly message: string;
}

/** What a text holds: documents, what keeps it from being read, and what kubectl reads in an unexpected way. */
export interface ReadText {
  readonly documents: readonly ReadDocument[];
  readonly problems: readonly Remark[];
  readonly warnings: readonly Remark[];
}

/** Octal numbers of YAML 1.2 (`0o17`), which kubectl's reader knows besides those of 1.1. */
const OCTAL: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  format: 'OCT12',
  test: /^[-+]?0o[0-7_]+$/,
  resolve: (text) =>
    (text.startsWith('-') ? -1 : 1) * Number.parseInt(text.replace(/^[-+]?0o/, '').replaceAll('_', ''), 8),
};

/** kubectl reads times and days as strings, and has no sets or ordered maps. */
const isForeignTag = (tag: Tags[number]): boolean =>
  typeof tag !== 'string' &&
  ((tag as { readonly format?: string }).format === 'TIME' || /timestamp|binary|omap|pairs|set$/.test(tag.tag));

/**
 * Reads a text as kubectl does (YAML 1.1 by way of goyaml v2), but refuses duplicate keys, which kubectl takes in silence.
 * @see https://github.com/kubernetes-sigs/yaml/blob/v1.6.0/yaml.go
 */
export function readKubectlYaml(text: string): ReadText {
  const lines = new LineCounter();
  const problems: Remark[] = [];
  const warnings: Remark[] = [];
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  let parsed: readonly Document.Parsed[];
  try {
    const all = parseAllDocuments(text, {
      version: '1.1',
      merge: true,
      uniqueKeys: true,
      logLevel: 'silent',
      lineCounter: lines,
      customTags: (tags) => [OCTAL, ...tags.filter((tag) => !isForeignTag(tag))],
    });
    parsed = Array.isArray(all) ? all : [];
  } catch {
    // The reader descends by recursion; a text nested ten thousand deep ends its stack.
    return { documents: [], problems: [{ line: 1, column: 1, message: 'may not be nested so deeply' }], warnings };
  }
  const documents = parsed.flatMap((document): readonly ReadDocument[] => {
    const faults = faultsOf(document);
    problems.push(...faults.map(({ offset, message }) => ({ ...at(offset), message })));
    if (faults.length > 0) return [];
    warnings.push(...surprisesOf(document).map(({ offset, message }) => ({ ...at(offset), message })));
    const read = plainValue(document);
    if ('value' in read) return [{ value: read.value, document, lines }];
    problems.push({ ...at(document.range[0]), message: read.fault });
    return [];
  });
  return { documents, problems: onePerLine(problems), warnings };
}

interface Fault {
  readonly offset: number;
  readonly message: string;
}

function faultsOf(document: Document.Parsed): readonly Fault[] {
  const faults: Fault[] = document.errors.map(({ code, message, pos }) => ({
    offset: pos[0],
    message: code === 'DUPLICATE_KEY' ? 'the same key may not stand twice' : sentence(message),
  }));
  if (document.directives?.yaml.explicit === true) {
    faults.push({ offset: 0, message: 'a %YAML directive is not read by kubectl; it must be removed' });
  }
  faults.push(...document.warnings.map(({ message, pos }) => ({ offset: pos[0], message: sentence(message) })));
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return;
      const name = printable(alias.source);
      faults.push({ offset: alias.range?.[0] ?? 0, message: `nothing before it defines the alias '*${name}'` });
    },
    Pair(_key, { key }) {
      if (!isCollection(key)) return;
      faults.push({ offset: key.range?.[0] ?? 0, message: 'a mapping or list may not be a key' });
    },
    Scalar(_key, { value, range }) {
      if (typeof value !== 'number' || Number.isFinite(value)) return;
      faults.push({ offset: range?.[0] ?? 0, message: 'a number must be finite' });
    },
  });
  return faults;
}

/** Finds plain words that kubectl reads as true and false where a person would mean letters. */
function surprisesOf(document: Document.Parsed): readonly Fault[] {
  const surprises: Fault[] = [];
  visit(document, {
    Pair(_key, pair) {
      if (!isPair(pair) || !isScalar(pair.key)) return;
      const { key, value } = pair;
      if (isPlainBoolean(key)) surprises.push(surprise(key, 'the key '));
      if (isScalar(value) && isPlainBoolean(value) && (value.source ?? '').length === 1)
        surprises.push(surprise(value, ''));
    },
  });
  return surprises;
}

function isPlainBoolean({ value, source, type }: Scalar): boolean {
  return type === 'PLAIN' && typeof value === 'boolean' && !/^(true|false)$/i.test(source ?? '');
}

function surprise({ source, value, range }: Scalar, what: string): Fault {
  return {
    offset: range?.[0] ?? 0,
    message: `kubectl reads ${what}'${source ?? ''}' as '${String(value)}'; quotation marks keep it a word`,
  };
}

function plainValue(document: Document.Parsed): { readonly value: unknown } | { readonly fault: string } {
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    // A cyclic alias (`a: &a [*a]`) has no JSON text.
    JSON.stringify(value);
    return { value };
  } catch {
    return { fault: 'aliases may not contain themselves or grow beyond reason' };
  }
}

function sentence(message: string): string {
  const line = (message.split('\n')[0] ?? '').replace(/ at line \d+.*$/, '');
  return `not readable as YAML: ${printable(line).replace(/^./, (first) => first.toLowerCase())}`;
}

/** Keeps the first remark of each line: what follows it is mostly its echo. */
function onePerLine(remarks: readonly Remark[]): readonly Remark[] {
  const seen = new Set<number>();
  return remarks.filter(({ line }) => !seen.has(line) && seen.add(line).size > 0);
}
