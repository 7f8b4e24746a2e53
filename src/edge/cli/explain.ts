import type { Baseline } from '../../model/baseline.ts';
import { declaredHops, effectiveHops } from '../../mesh/call-graph.ts';
import { View } from '../../mesh/view.ts';
import type { Mode } from '../../model/verdict.ts';
import { nearest } from '../../model/nearest.ts';
import { type CallGraph, callValues, formatCallMermaid, formatCallTable } from '../../report/call-graph-text.ts';
import { allPages, pageOf, type RulePage } from '../../report/rule-page.ts';
import { formatPage, formatPageList, pageValue } from '../../report/rule-text.ts';
import { baselineFor } from './baseline-option.ts';
import { readObjects } from './check.ts';
import { EXIT, type ExitCode, type Io, Trouble } from './io.ts';
import { painter } from './paint.ts';

/** How the declared calls are written alone. */
export const GRAPH_FORMS = ['table', 'mermaid'] as const;

/** The options of `explain`. */
export interface ExplainOptions {
  readonly baseline?: string;
  readonly output: 'text' | 'json';
  readonly graph?: (typeof GRAPH_FORMS)[number];
  readonly context: readonly string[];
}

/** The rule whose page shows the declared calls. */
const GRAPH_CODE = 'MW405';

/** Writes what a rule demands and why, or the list of all rules with their modes. @throws Trouble for an unknown one. */
export async function explain(name: string | undefined, options: ExplainOptions, io: Io): Promise<ExitCode> {
  const { baseline, output } = options;
  const pages = allPages(io.rules);
  const page = name === undefined ? undefined : findPage(name, pages);
  if ((options.graph !== undefined || options.context.length > 0) && page?.code !== GRAPH_CODE) {
    throw new Trouble(`\`--graph\` and \`--context\` are for ${GRAPH_CODE}, which compares the calls of a path`);
  }
  const demands = await baselineFor(baseline, io);
  const modeOf = (one: RulePage): Mode => modeUnder(one, demands);
  if (page === undefined) {
    const list = pages.map((one) => ({ code: one.code, id: one.id, mode: modeOf(one), summary: one.summary }));
    io.out(output === 'json' ? asJson(list) : formatPageList(pages, modeOf, painter(io.colours)));
    return EXIT.clean;
  }
  const graph = page.code === GRAPH_CODE ? await callGraph(demands, options.context, io) : undefined;
  io.out(pageText(page, modeOf(page), graph, options, io));
  return EXIT.clean;
}

function findPage(name: string, pages: readonly RulePage[]): RulePage {
  const page = pageOf(name, pages);
  if (page !== undefined) return page;
  const near = nearest(
    name,
    pages.flatMap(({ id, code }) => [id, code]),
  );
  const hint = near === undefined ? '' : `; did you mean '${near}'?`;
  throw new Trouble(`there is no rule '${name}'${hint} \`meshwarden explain\` lists all`.replace("' `", "'; `"));
}

/** Returns the declared calls: with the baseline's bounds, or with the numbers of the objects that were given. */
async function callGraph(baseline: Baseline, context: readonly string[], io: Io): Promise<CallGraph> {
  const { maxTriesProduct: maxTries } = baseline;
  if (context.length === 0) return { hops: declaredHops(baseline), maxTries, isDeclared: true };
  const { objects, problems } = await readObjects(context, { namespace: 'default', keepAge: true }, io);
  if (problems.length > 0) throw new Trouble('the calls cannot be shown, as not all objects could be read');
  const view = View.of(
    objects.map(({ object }) => object),
    baseline.mesh,
  );
  return { hops: effectiveHops(view, baseline), maxTries, isDeclared: false };
}

function pageText(page: RulePage, mode: Mode, calls: CallGraph | undefined, options: ExplainOptions, io: Io): string {
  const { output, graph } = options;
  if (output === 'json') {
    return asJson({ ...pageValue(page, mode), ...(calls === undefined ? {} : { calls: callValues(calls) }) });
  }
  if (calls === undefined) return formatPage(page, mode, painter(io.colours));
  if (graph === 'mermaid') return formatCallMermaid(calls);
  if (graph === 'table') return formatCallTable(calls);
  return `${formatPage(page, mode, painter(io.colours))}\n${formatCallTable(calls)}`;
}

function modeUnder(page: RulePage, baseline: Baseline): Mode {
  return baseline.rules[page.id]?.mode ?? page.mode;
}

function asJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
