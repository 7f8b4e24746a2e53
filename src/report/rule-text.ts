import type { Mode } from '../model/verdict.ts';
import { AREAS, MODE_WORDS, type PageExample, type RulePage, unindented } from './rule-page.ts';
import type { Paint } from './text.ts';

const WIDTH = 100;

/** Writes a page for a terminal. `mode` is the rule's mode under the baseline in use. */
export function formatPage(page: RulePage, mode: Mode, paint: Paint): string {
  const { code, id, source, reads, numbers, absence, examples } = page;
  const parts = [
    `${paint('code', code)} ${id}: mode '${mode}', ${MODE_WORDS[mode]}`,
    wrapped('', page.summary),
    wrapped('Why: ', page.why),
    wrapped('How to mend: ', page.remedy),
    absence === '' ? '' : wrapped('When absent: ', absence),
    source.document === undefined ? '' : wrapped('The document says: ', `"${source.document}"`),
    source.refs.length === 0 ? '' : ['See:', ...source.refs.map((ref) => `  ${ref}`)].join('\n'),
    numbers.length === 0 ? '' : wrapped('Baseline keys: ', numbers.join(', ')),
    reads.length === 0 ? '' : wrapped(`Judged on: `, `${page.subject ?? 'object'}; reads ${reads.join(', ')}`),
    reads.length === 0 ? '' : wrapped('On DELETE: ', page.onDelete === 'refuse' ? 'refused' : 'warned about'),
    reads.length === 0 ? '' : exceptionWords(page),
    ...examples.pass.slice(0, SHOWN).map((example) => exampleText('Passes', example)),
    ...examples.fail.slice(0, SHOWN).map((example) => exampleText('Is found', example)),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** So many examples of each side fit what a person reads in a terminal; the rule's page has all. */
const SHOWN = 3;

/** Writes all pages as a table: code, id, mode, summary. */
export function formatPageList(pages: readonly RulePage[], modeOf: (page: RulePage) => Mode, paint: Paint): string {
  const widest = Math.max(0, ...pages.map(({ id }) => id.length));
  const lines: string[] = [];
  let area = '';
  for (const page of pages) {
    const here = AREAS[page.code.charAt(2)] ?? '';
    if (here !== area) lines.push(...(lines.length > 0 ? [''] : []), here);
    area = here;
    const mode = modeOf(page).padEnd('enforce'.length);
    lines.push(`  ${paint('code', page.code)}  ${page.id.padEnd(widest)}  ${mode}  ${page.summary}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Returns a page as a value for JSON. */
export function pageValue(page: RulePage, mode: Mode): Readonly<Record<string, unknown>> {
  const { code, id, summary, why, remedy, absence, source, numbers, reads, onDelete, exceptable, messages } = page;
  const text = { code, id, mode, defaultMode: page.mode, summary, why, remedy, absence, source, numbers };
  return { ...text, subject: page.subject ?? 'object', reads, onDelete, exceptable, messages, examples: page.examples };
}

function exceptionWords({ exceptable, id }: RulePage): string {
  if (!exceptable) return 'May not be excepted by annotation.';
  return `To except it: meshwarden.io/exempt: "${id} until <YYYY-MM-DD> -- <reason>"`;
}

function exampleText(verb: string, { title, yaml, context, before, deletes, finds }: PageExample): string {
  const parts = [`${verb}: ${title}`];
  if (context !== undefined) parts.push('  # there before', indented(context));
  if (before !== undefined) parts.push('  # changed from', indented(before), '  # to');
  if (deletes === true) parts.push('  # deleted');
  parts.push(indented(yaml));
  for (const find of finds ?? []) parts.push(`  -> ${find}`);
  return parts.join('\n');
}

function indented(yaml: string): string {
  return unindented(yaml).replaceAll(/^(?=.)/gm, '    ');
}

/** Breaks a paragraph at spaces; words longer than a line stay whole. */
function wrapped(label: string, text: string): string {
  const lines: string[] = [];
  let line = label;
  for (const word of text.split(/\s+/)) {
    const glue = line === '' || line === label ? '' : ' ';
    if (line.length + glue.length + word.length > WIDTH && line !== label) {
      lines.push(line);
      line = `  ${word}`;
    } else line += glue + word;
  }
  return [...lines, line].join('\n');
}
