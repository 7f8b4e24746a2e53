import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { EXIT, type Io } from '../../../src/edge/cli/io.ts';
import { type Doors, runCommandLine } from '../../../src/edge/cli/run.ts';
import { numberOf, valueAt } from '../../../src/model/json.ts';
import { objectRule, type Rule } from '../../../src/rules/rule.ts';
import { NOW } from '../../baseline-fixture.ts';

/** A rule of the tests' own, so that what is printed does not change with the catalogue. */
export const FEW_TRIES: Rule = objectRule({
  id: 'few-tries',
  code: 'MW498',
  reads: ['VirtualService'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary: 'A route tries a few times only.',
  why: 'Each try is a request more.',
  remedy: 'Set `attempts` to 1 or less.',
  absence: 'Two tries.',
  source: { document: 'few tries', refs: ['https://example.com/tries'] },
  numbers: ['services.retries'],
  messages: {
    many: '`{field}` is {seen}; must be less than or equal to {limit}',
    unset: '`{field}` is not set; must be',
  },
  check(object, _facts, say) {
    if (object.kind !== 'VirtualService') return [];
    const path = ['spec', 'http', 0, 'retries', 'attempts'];
    const attempts = numberOf(valueAt(object, path));
    if (attempts === undefined) return [say('unset', {}, { path })];
    const fix = [{ op: 'replace' as const, path: '/spec/http/0/retries/attempts', value: 1 }];
    return attempts <= 1 ? [] : [say('many', { limit: 1 }, { path, magnitude: attempts, fix })];
  },
  examples: {
    pass: [{ title: 'one try', yaml: 'kind: VirtualService' }],
    fail: [{ title: 'ten tries', yaml: 'kind: VirtualService', finds: ['many at spec.http[0].retries.attempts'] }],
  },
});

/** Another, in mode `warn`. */
export const NAMED_ROUTE: Rule = objectRule({
  ...FEW_TRIES,
  id: 'named-route',
  code: 'MW499',
  mode: 'warn',
  summary: 'A route has a name.',
  messages: { nameless: '`{field}` is not set; must be' },
  check(object, _facts, say) {
    if (object.kind !== 'VirtualService') return [];
    const path = ['spec', 'http', 0, 'name'];
    return valueAt(object, path) === undefined ? [say('nameless', {}, { path })] : [];
  },
});

/** What a command did. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line over some files; `DIR` in arguments and output stands for their folder. */
export async function run(
  t: Test,
  commandLine: string,
  {
    files = {},
    stdin = '',
    rules = [FEW_TRIES, NAMED_ROUTE],
    colours = false,
    doors = {},
  }: {
    readonly files?: Readonly<Record<string, string>>;
    readonly stdin?: string;
    readonly rules?: readonly Rule[];
    readonly colours?: boolean;
    readonly doors?: Partial<Doors>;
  } = {},
): Promise<Outcome> {
  const dir = t.testdir({});
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  let out = '';
  let err = '';
  const io: Io = {
    rules,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    readStdin: async () => new TextEncoder().encode(stdin),
    now: () => NOW,
    colours,
    progress: () => undefined,
    writeFile: (file, text) => writeFile(file, text),
  };
  const words = commandLine.split(' ').filter((word) => word !== '');
  const code = await runCommandLine(
    words.map((word) => word.replace('DIR', dir)),
    io,
    { serve: async () => EXIT.clean, demo: async () => EXIT.clean, readMesh: async () => [], ...doors },
  );
  const shown = (text: string): string => text.replaceAll(dir, 'DIR');
  return { code, out: shown(out), err: shown(err) };
}

/** Reads a file that a command has written. */
export function written(t: Test, name: string): string {
  return readFileSync(join(t.testdirName, name), 'utf8');
}
