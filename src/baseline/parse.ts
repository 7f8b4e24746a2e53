import { Ajv, type ValidateFunction } from 'ajv';
import { type Document, LineCounter, parseDocument, visit } from 'yaml';
import type { Baseline } from '../model/baseline.ts';
import { parseDurationMs } from '../model/duration.ts';
import { formatPath, type FieldPath } from '../model/field-path.ts';
import { endOfDay } from '../model/instant.ts';
import { KNOWN_RELEASES, minorOf } from '../model/istio-release.ts';
import { printable } from '../model/printable.ts';
import { parseQuantity } from '../model/quantity.ts';
import { positionOf } from '../model/yaml-position.ts';
import { completeBaseline } from './complete.ts';
import { crossCheck } from './cross-check.ts';
import { explainSchemaError } from './explain-schema-error.ts';
import type { Complaint, Problem } from './problem.ts';
import type { RawBaseline } from './raw-baseline.ts';
import { baselineSchema, type RuleName } from './schema.ts';

/** What a file became: a complete baseline, or everything that is wrong with it. */
export type ParsedBaseline =
  | {
      readonly ok: true;
      readonly baseline: Baseline;
      /** No reason to refuse the file: a release that is not known, entries whose day is over at `now` and that no longer count. */
      readonly warnings: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What the text itself does not say. */
export interface ParseOptions {
  /** SHA-256 of the file's bytes, lower-case hex. */
  readonly sha256: string;
  /** Epoch milliseconds; absent: no entry is looked at for being overdue. */
  readonly now?: number;
  /** The rules there are; absent: any id may stand under `rules`. */
  readonly rules?: readonly RuleName[];
}

/** Parses a baseline file (YAML 1.2 or JSON): all its problems at once, by line and column, or the complete baseline. */
export function parseBaseline(text: string, options: ParseOptions): ParsedBaseline {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, uniqueKeys: true, logLevel: 'error' });
  const place = ({ path, message, atKey }: Complaint): Problem => ({
    message,
    path,
    ...positionOf(document, lines, path, { key: atKey ?? false }),
  });
  const unreadable = readingProblems(document, lines);
  if (unreadable.length > 0) return { ok: false, problems: unreadable };
  const read = toPlain(() => document.toJS({ maxAliasCount: 100 }));
  if (read === undefined) {
    return {
      ok: false,
      problems: [place({ path: [], message: 'aliases may not contain themselves or grow beyond reason' })],
    };
  }
  const value: unknown = read.value;
  const validate = validatorFor(options.rules ?? NO_RULES);
  if (!validate(value)) {
    const complaints = (validate.errors ?? []).map((error) => explainSchemaError(error, value));
    return { ok: false, problems: inOrder(onePerFault(complaints).map(place)) };
  }
  const faults = crossCheck(value);
  if (faults.length > 0) return { ok: false, problems: inOrder(faults.map(place)) };
  const overdue = options.now === undefined ? [] : overdueEntries(value, options.now);
  const warnings = [...unknownRelease(value), ...overdue].map(place);
  return { ok: true, baseline: completeBaseline(value, options.sha256), warnings };
}

const NO_RULES: readonly RuleName[] = [];
const VALIDATORS = new WeakMap<readonly RuleName[], ValidateFunction<RawBaseline>>();

function validatorFor(rules: readonly RuleName[]): ValidateFunction<RawBaseline> {
  const known = VALIDATORS.get(rules);
  if (known !== undefined) return known;
  const ajv = new Ajv({ allErrors: true, strict: true, verbose: true });
  ajv.addFormat('go-duration', (text) => (parseDurationMs(text) ?? 0) >= 1);
  ajv.addFormat('quantity', (text) => (parseQuantity(text) ?? -1) >= 0);
  ajv.addFormat('date', (text) => endOfDay(text) !== undefined);
  ajv.addFormat('dns-name', /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);
  ajv.addFormat('label-value', /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/);
  ajv.addFormat('host', /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+\.?$/i);
  const validate = ajv.compile<RawBaseline>(baselineSchema(rules));
  VALIDATORS.set(rules, validate);
  return validate;
}

/** Leaves out that a field is missing where a misspelt key was meant to be it. */
function onePerFault(complaints: readonly Complaint[]): readonly Complaint[] {
  const meant = new Set(complaints.flatMap(({ instead }) => (instead === undefined ? [] : formatPath(instead))));
  return complaints.filter(({ path, atKey }) => atKey === true || !meant.has(formatPath(path)));
}

/** Finds what keeps the text from being read at all; of the errors on one line the first says it. */
function readingProblems(document: Document.Parsed, lines: LineCounter): readonly Problem[] {
  const faults = document.errors.map(({ code, message, pos }) => ({
    at: pos[0],
    text: code === 'MULTIPLE_DOCS' ? 'must be one YAML document' : `is not readable as YAML: ${firstSentence(message)}`,
  }));
  visit(document, {
    Alias(_key, alias) {
      if (alias.resolve(document) !== undefined) return;
      faults.push({
        at: alias.range?.[0] ?? 0,
        text: `names the alias '*${printable(alias.source)}', which nothing before it defines`,
      });
    },
  });
  const onLine = new Set<number>();
  return faults.flatMap(({ at, text }) => {
    const { line, col } = lines.linePos(at);
    if (onLine.has(line)) return [];
    onLine.add(line);
    return [{ message: `the file ${text}`, path: [], line, column: col }];
  });
}

function firstSentence(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ at line \d+.*$/, '').replace(/^(.)/, (first) => first.toLowerCase());
}

function toPlain(read: () => unknown): { readonly value: unknown } | undefined {
  try {
    const value = read();
    // A cyclic alias (`a: &a [*a]`) has no JSON text.
    JSON.stringify(value);
    return { value };
  } catch {
    return undefined;
  }
}

/** Finds a release of Istio of which it is not known what it does; the rules answer as for the nearest that is. */
function unknownRelease({ mesh }: RawBaseline): readonly Complaint[] {
  const { oldest, newest } = KNOWN_RELEASES;
  const minor = minorOf(mesh.istioVersion);
  if (minor >= oldest && minor <= newest) return [];
  const path = ['mesh', 'istioVersion'];
  const seen = `\`${formatPath(path)}\` is '${mesh.istioVersion}', of which Meshwarden does not know what it does`;
  return [{ path, message: `${seen}; must be from '1.${oldest}' to '1.${newest}'` }];
}

/** Finds entries whose last day is over. */
function overdueEntries(raw: RawBaseline, now: number): readonly Complaint[] {
  const over = (path: FieldPath, until: string, what: string): readonly Complaint[] =>
    now < (endOfDay(until) ?? 0)
      ? []
      : [
          {
            path,
            message: `\`${formatPath(path)}\` is '${until}', which is over; ${what} no longer counts and must be removed or renewed`,
          },
        ];
  return [
    ...(raw.databases ?? []).flatMap(({ until }, at) => over(['databases', at, 'until'], until, 'the entry')),
    ...Object.entries(raw.rules ?? {}).flatMap(([id, { overrides }]) =>
      (overrides ?? []).flatMap(({ until }, at) =>
        over(['rules', id, 'overrides', at, 'until'], until, 'the override'),
      ),
    ),
  ];
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  return problems
    .filter(({ line, column, message }) => {
      const key = `${line}:${column}:${message}`;
      return !seen.has(key) && seen.add(key).size > 0;
    })
    .toSorted(
      (left, right) => left.line - right.line || left.column - right.column || (left.message < right.message ? -1 : 1),
    );
}
