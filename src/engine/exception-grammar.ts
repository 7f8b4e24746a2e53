import type { ExceptionClause } from '../model/exception.ts';
import { endOfDay } from '../model/instant.ts';
import { nearest } from '../model/nearest.ts';
import type { EXCEPTION_UNREADABLE } from '../rules/exceptions/exception-rules.ts';

/** What an annotation may name. */
export interface RuleName {
  readonly id: string;
  readonly code: string;
}

/** What is wrong with a clause: which of MW901's messages, and what it says. */
export interface ClauseProblem {
  readonly messageId: keyof typeof EXCEPTION_UNREADABLE.messages;
  /** The clause as written. */
  readonly clause: string;
  /** Names the part that is wrong; the clause itself where it is all of it. */
  readonly part: string;
  /** For a word that is no rule: what may have been meant. */
  readonly hint: string;
  /** The clause as it would be right: what could be read of it, and examples for the rest. */
  readonly right: ExceptionClause;
}

/** An annotation, read. */
export interface ReadAnnotation {
  /** At most one for each rule, in the order in which they stand. */
  readonly clauses: readonly ExceptionClause[];
  readonly problems: readonly ClauseProblem[];
}

/** Each clause may be a question to the API server; nobody needs more rules excepted on one object. */
export const MOST_CLAUSES = 20;

/**
 * Reads `<rule> until <YYYY-MM-DD> -- <reason>`, several separated by `;`; a `;` at the end is no clause. Total: what
 * cannot be read is a problem, and the clauses that can be are returned beside it.
 * @param exampleDay The day that a corrected clause shows where none could be read.
 */
export function readExemptions(text: string, rules: readonly RuleName[], exampleDay: string): ReadAnnotation {
  const texts = text.split(';').map((part) => part.trim());
  if (texts.length > 1 && texts.at(-1) === '') texts.pop();
  const right: ExceptionClause = { rule: EXAMPLE_RULE, until: exampleDay, reason: EXAMPLE_REASON };
  if (texts.length > MOST_CLAUSES) {
    const part = String(texts.length);
    return { clauses: [], problems: [{ messageId: 'tooMany', clause: '', part, hint: '', right }] };
  }
  const clauses: ExceptionClause[] = [];
  const problems: ClauseProblem[] = [];
  for (const clause of texts) {
    // Guessing costs; who has made so many mistakes has seen the form.
    const read = readClause(clause, rules, { example: right, guesses: problems.length < MOST_HINTS });
    if ('messageId' in read) problems.push(read);
    else if (clauses.some(({ rule }) => rule === read.rule)) {
      problems.push({ messageId: 'twice', clause, part: read.rule, hint: '', right: read });
    } else clauses.push(read);
  }
  return { clauses, problems };
}

const MOST_HINTS = 3;
const EXAMPLE_RULE = 'bounded-retries';
const EXAMPLE_REASON = 'load test, OPS-311';

function readClause(
  clause: string,
  rules: readonly RuleName[],
  { example, guesses }: { readonly example: ExceptionClause; readonly guesses: boolean },
): ExceptionClause | ClauseProblem {
  const { head, reason } = splitReason(clause);
  const [rule = '', word, until, ...surplus] = head.split(/\s+/);
  const known = rules.some(({ id }) => id === rule);
  const isDay = until !== undefined && endOfDay(until) !== undefined;
  const near = known || !guesses ? undefined : meant(rule, rules);
  const right: ExceptionClause = {
    rule: known ? rule : (near ?? example.rule),
    until: isDay ? until : example.until,
    reason: hasWords(reason) ? reason : example.reason,
  };
  const problem = (messageId: ClauseProblem['messageId'], part = clause, hint = ''): ClauseProblem => {
    return { messageId, clause, part, hint, right };
  };
  if (clause === '') return problem('empty');
  if (surplus.length > 0 || (word !== undefined && word !== 'until')) return problem('form');
  if (!known) return problem('unknownRule', rule, near === undefined ? '' : ` (did you mean '${near}'?)`);
  if (until === undefined) return problem('noDate');
  if (!isDay) return problem('badDate', until);
  if (!hasWords(reason)) return problem('noReason');
  return { rule, until, reason };
}

/** Splits at the first `--` that stands alone; a reason may hold others. */
function splitReason(clause: string): { readonly head: string; readonly reason: string } {
  const found = /(?:^|\s)--(?:\s|$)/.exec(clause);
  if (found === null) return { head: clause, reason: '' };
  return { head: clause.slice(0, found.index).trim(), reason: clause.slice(found.index + found[0].length).trim() };
}

function hasWords(reason: string): boolean {
  return /[\p{L}\p{N}]/u.test(reason);
}

/** Returns the rule that was most likely meant: by its code, by another spelling, or by a typing mistake. */
function meant(word: string, rules: readonly RuleName[]): string | undefined {
  const byCode = rules.find(({ code }) => code === word.toUpperCase());
  if (byCode !== undefined) return byCode.id;
  return nearest(
    word,
    rules.map(({ id }) => id),
  );
}
