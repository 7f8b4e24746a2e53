import { AREAS, MODE_WORDS, type PageExample, type RulePage, unindented } from './rule-page.ts';

const GENERATED = '<!-- Written by `npm run generate`; the source is the rule itself. -->';

/** Writes a rule's page in Markdown. */
export function formatRuleMarkdown(page: RulePage): string {
  const { code, id, mode, source, numbers, reads, absence, examples } = page;
  const parts = [
    GENERATED,
    `# ${code} ${id}`,
    page.summary,
    facts([
      ['Mode', `\`${mode}\`: ${MODE_WORDS[mode]}${reads.length === 0 ? '' : ', unless the baseline says otherwise'}`],
      ...(reads.length === 0 ? [] : factsOfRule(page)),
      ...(numbers.length === 0 ? [] : [['Baseline keys', codes(numbers)] as const]),
    ]),
    `## Why\n\n${page.why}`,
    `## How to mend\n\n${page.remedy}`,
    absence === '' ? '' : `## What absence means\n\n${absence}`,
    sourceText(source),
    `## Messages\n\n${Object.values(page.messages)
      .map((text) => `- ${text}`)
      .join('\n')}`,
    page.exceptable ? exceptionText(id) : '',
    examplesText('Examples that pass', examples.pass),
    examplesText('Examples that are found', examples.fail),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Writes the index of all pages in Markdown. */
export function formatRuleIndex(pages: readonly RulePage[]): string {
  const parts = [
    GENERATED,
    '# What is demanded',
    'Every rule, by area. `baseline.yaml` holds the numbers, `istio/` the manifests that keep the rules; the pages say why.',
  ];
  for (const [digit, title] of Object.entries(AREAS)) {
    const rows = pages.filter(({ code }) => code.charAt(2) === digit);
    if (rows.length === 0) continue;
    const table = rows.map(
      ({ code, id, mode, summary }) => `| [${code}](rules/${id}.md) | \`${id}\` | ${mode} | ${cell(summary)} |`,
    );
    parts.push(`## ${title}`, ['| Code | Rule | Mode | Demand |', '|---|---|---|---|', ...table].join('\n'));
  }
  return `${parts.join('\n\n')}\n`;
}

function factsOfRule({ subject, reads, onDelete, exceptable }: RulePage): readonly (readonly [string, string])[] {
  return [
    ['Judged on', subject ?? 'object'],
    ['Reads', codes(reads)],
    ['On DELETE', onDelete === 'refuse' ? 'refused' : 'warned about'],
    ['May be excepted', exceptable ? 'yes' : 'no'],
  ];
}

function facts(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([name, value]) => `- ${name}: ${value}`).join('\n');
}

function codes(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ');
}

function sourceText({ document, refs }: RulePage['source']): string {
  if (document === undefined && refs.length === 0) return '';
  const lines = document === undefined ? [] : [`> ${document}`];
  if (refs.length > 0) lines.push(refs.map((ref) => `- <${ref}>`).join('\n'));
  return `## Source\n\n${lines.join('\n\n')}`;
}

function exceptionText(id: string): string {
  return `## How to except it\n\nOn the object, by somebody who may \`exempt\` this rule in its namespace:\n\n\`\`\`yaml
metadata:
  annotations:
    meshwarden.io/exempt: "${id} until <YYYY-MM-DD> -- <reason>"
\`\`\``;
}

function examplesText(title: string, examples: readonly PageExample[]): string {
  return examples.length === 0 ? '' : [`## ${title}`, ...examples.map(exampleText)].join('\n\n');
}

function exampleText({ title, yaml, context, before, deletes, finds }: PageExample): string {
  const parts = [`### ${title}`];
  if (context !== undefined) parts.push(`There before:\n\n${block(context)}`);
  if (before !== undefined) parts.push(`Changed from:\n\n${block(before)}`, 'To:');
  if (deletes === true) parts.push('Deleted:');
  parts.push(block(yaml));
  if (finds !== undefined) parts.push(finds.map((find) => `- \`${find}\``).join('\n'));
  return parts.join('\n\n');
}

function block(yaml: string): string {
  return `\`\`\`yaml\n${unindented(yaml)}\n\`\`\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
