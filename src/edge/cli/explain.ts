import type { Baseline } from '../../model/baseline.ts';
import type { Mode } from '../../model/verdict.ts';
import { nearest } from '../../baseline/nearest.ts';
import { allPages, pageOf, type RulePage } from '../../report/rule-page.ts';
import { formatPage, formatPageList, pageValue } from '../../report/rule-text.ts';
import { baselineFor } from './baseline-option.ts';
import { EXIT, type ExitCode, type Io, Trouble } from './io.ts';
import { painter } from './paint.ts';

/** The options of `explain`. */
export interface ExplainOptions {
  readonly baseline?: string;
  readonly output: 'text' | 'json';
}

/** Writes what a rule demands and why, or the list of all rules with their modes. @throws Trouble for an unknown one. */
export async function explain(
  name: string | undefined,
  { baseline, output }: ExplainOptions,
  io: Io,
): Promise<ExitCode> {
  const pages = allPages(io.rules);
  const demands = await baselineFor(baseline, io);
  const modeOf = (page: RulePage): Mode => modeUnder(page, demands);
  if (name === undefined) {
    const list = pages.map((page) => ({ code: page.code, id: page.id, mode: modeOf(page), summary: page.summary }));
    io.out(output === 'json' ? asJson(list) : formatPageList(pages, modeOf, painter(io.colours)));
    return EXIT.clean;
  }
  const page = pageOf(name, pages);
  if (page === undefined) {
    const near = nearest(
      name,
      pages.flatMap(({ id, code }) => [id, code]),
    );
    const hint = near === undefined ? '' : `; did you mean '${near}'?`;
    throw new Trouble(`there is no rule '${name}'${hint} \`meshwarden explain\` lists all`.replace("' `", "'; `"));
  }
  const mode = modeOf(page);
  io.out(output === 'json' ? asJson(pageValue(page, mode)) : formatPage(page, mode, painter(io.colours)));
  return EXIT.clean;
}

function modeUnder(page: RulePage, baseline: Baseline): Mode {
  return baseline.rules[page.id]?.mode ?? page.mode;
}

function asJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
