import { type EarlyLeave, earlyLeaves, type ManyTries, tooManyTries } from '../mesh/call-paths.ts';
import type { Hop } from '../mesh/call-graph.ts';
import { formatDuration } from '../model/duration.ts';
import { printable } from '../model/printable.ts';

/** Declared calls with their numbers, and what they are compared with. */
export interface CallGraph {
  readonly hops: readonly Hop[];
  readonly maxTries: number;
  /** True: the baseline's bounds; false: what the routes of known objects say. */
  readonly isDeclared: boolean;
}

/** So many calls a person reads; a graph whose paths are more is cut, and says so. */
const MOST_ROWS = 200;

interface Row {
  readonly hop: Hop;
  readonly caller: Hop | undefined;
  readonly depth: number;
  readonly product: number;
}

/** Writes the calls as a tree in columns, and below it what does not fit. */
export function formatCallTable({ hops, maxTries, isDeclared }: CallGraph): string {
  const title = isDeclared
    ? "Declared calls, with the baseline's bounds: what a request may take, and how often it may be tried"
    : 'Declared calls, as the routes of the given objects make them';
  if (hops.length === 0) return `${title}:\n\n  none\n`;
  const rows = rowsOf(hops);
  const cells = rows.slice(0, MOST_ROWS).map((row) => cellsOf(row, maxTries));
  const all = [['Call', 'Timeout', 'Caller has', 'Tries', 'Along the path'], ...cells];
  const widths = (all[0] ?? []).map((_, at) => Math.max(...all.map((line) => line[at]?.length ?? 0)));
  const table = all.map((line) => `  ${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd());
  const more = rows.length > MOST_ROWS ? [`  and ${rows.length - MOST_ROWS} more`] : [];
  return [`${title}:`, '', ...table, ...more, '', ...misfits(hops, maxTries), ''].join('\n');
}

function rowsOf(hops: readonly Hop[]): readonly Row[] {
  const rows: Row[] = [];
  const walk = (hop: Hop, path: readonly Hop[], before: number): void => {
    const product = before * hop.tries;
    rows.push({ hop, caller: path.at(-1), depth: path.length, product });
    // One more than is shown is enough to know that there are more.
    if (rows.length > MOST_ROWS) return;
    for (const next of hops) {
      if (next.from === hop.to && ![...path, hop].some(({ to }) => to === next.to)) walk(next, [...path, hop], product);
    }
  };
  for (const hop of hops) if (hop.from === '') walk(hop, [], 1);
  return rows;
}

function cellsOf({ hop, caller, depth, product }: Row, maxTries: number): readonly string[] {
  const called = hop.longestMs;
  const has = caller?.shortestMs;
  const isLate = called !== undefined && has !== undefined && called > has;
  return [
    `${'  '.repeat(depth)}${depth === 0 ? '' : '-> '}${printable(hop.label)}`,
    msText(called),
    `${depth === 0 ? '' : msText(has)}${isLate ? ' !' : ''}`,
    String(hop.tries),
    `${product}${product > maxTries ? ' !' : ''}`,
  ];
}

function msText(ms: number | undefined): string {
  return ms === undefined ? 'none' : formatDuration(ms);
}

function misfits(hops: readonly Hop[], maxTries: number): readonly string[] {
  const lines = [
    ...earlyLeaves(hops).map(leaveLine),
    ...tooManyTries(hops, maxTries).map((one) => triesLine(one, maxTries)),
  ];
  if (lines.length === 0)
    return [`All fits: nothing waits longer than its caller, and no path makes more than ${maxTries} tries.`];
  return ['What does not fit:', ...lines.map((line) => `  ${printable(line)}`)];
}

function leaveLine({ caller, callerMs, called, calledMs }: EarlyLeave): string {
  const [has, takes] = [formatDuration(callerMs), formatDuration(calledMs)];
  return `'${called.label}' may take ${takes}, but '${caller.label}' has left after ${has}: give the one ${has} or less, or the other ${takes} or more`;
}

function triesLine({ path, product }: ManyTries, maxTries: number): string {
  const sum = path.map(({ tries }) => tries).join(' x ');
  return `${sum} = ${product} tries along '${path.map(({ label }) => label).join(' -> ')}': fewer retries at one of them, so that they are ${maxTries} or fewer`;
}

/** Writes the calls as a Mermaid flowchart; what does not fit is red. */
export function formatCallMermaid({ hops, maxTries }: CallGraph): string {
  const ids = new Map<string, string>([['', 'outside']]);
  for (const { to } of hops) if (!ids.has(to)) ids.set(to, `n${ids.size}`);
  const nodes = [...new Map(hops.map(({ to, label }) => [to, label]))];
  const wrong = new Set([
    ...earlyLeaves(hops).map(({ called }) => called),
    ...tooManyTries(hops, maxTries).flatMap(({ path }) => path.slice(-1)),
  ]);
  const red = hops.flatMap((hop, index) => (wrong.has(hop) ? [index] : []));
  return [
    'flowchart LR',
    '  outside(["outside"])',
    ...nodes.map(([to, label]) => `  ${ids.get(to) ?? ''}["${quoted(label)}"]`),
    ...hops.map(({ from, to, longestMs, tries }) => {
      const words = `${msText(longestMs)}, ${tries === 1 ? '1 try' : `${tries} tries`}`;
      return `  ${ids.get(from) ?? 'outside'} -->|"${words}"| ${ids.get(to) ?? ''}`;
    }),
    ...(red.length === 0 ? [] : [`  linkStyle ${red.join(',')} stroke:#c00,color:#c00`]),
    '',
  ].join('\n');
}

/** @see https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters */
function quoted(text: string): string {
  return printable(text).replaceAll(/["#&;<>[\]{}|]/g, (sign) => `#${sign.codePointAt(0) ?? 0};`);
}

/** Returns the calls as values for JSON. */
export function callValues({ hops }: CallGraph): readonly Readonly<Record<string, unknown>>[] {
  return hops.map(({ from, to, label, longestMs, shortestMs, tries }) => ({
    from,
    to,
    label,
    longestMs,
    shortestMs,
    tries,
  }));
}
