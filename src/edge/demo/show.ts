import type { Paint, Style } from '../../report/text.ts';
import type { Change } from './changes.ts';
import type { Outcome } from './try-change.ts';

const INDENT = '    ';

/** Writes the head of a change: its number, its sentence, and the command as a person types it. */
export function headOf(change: Change, number: string, paint: Paint): string {
  const command = `$ kubectl ${change.command.map(quoted).join(' ')}`;
  return `\n${paint('place', `${number}  ${change.title}`)}\n${INDENT}${paint('note', command)}\n`;
}

/** Writes what kubectl answered, the pod template where it was looked at, and whether it is as it should be. */
export function outcomeOf({ expects, template }: Change, outcome: Outcome, paint: Paint): string {
  const { answer, fault, verdict } = outcome;
  const said = `${answer.stderr}${answer.stdout}`.trimEnd().split('\n');
  const lines = said.map((line) => `${INDENT}${dressed(line, paint)}`);
  if (outcome.template !== undefined) {
    lines.push(`${INDENT}${paint('note', `$ kubectl get deployment ${template?.deployment} -n llmoptimizer -o yaml`)}`);
    lines.push(`${INDENT}… spec.template.metadata:`);
    lines.push(...outcome.template.split('\n').map((line) => `${INDENT}  ${line}`));
  }
  const code = 'code' in expects ? ` (${expects.code})` : '';
  lines.push(fault === undefined ? paint('good', `  ✓ ${verdict}${code}`) : paint('error', `  ✗ ${fault}`));
  return `${lines.join('\n')}\n`;
}

function dressed(line: string, paint: Paint): string {
  const style: Style | undefined = /^(Error|The request) /.test(line)
    ? 'error'
    : line.startsWith('Warning: ')
      ? 'warning'
      : undefined;
  return style === undefined ? line : paint(style, line);
}

/** Quotes a word for a POSIX shell where it needs that. */
function quoted(word: string): string {
  return /^[\w./=,:@-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
