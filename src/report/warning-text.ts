import { formatPath } from '../model/field-path.ts';
import { printable } from '../model/printable.ts';
import type { JudgedFinding } from '../model/verdict.ts';

/** Longer ones may be cut by the API server: https://github.com/kubernetes/api/blob/v0.36.0/admission/v1/types.go `Warnings` */
export const WARNING_LENGTH = 120;

/** The least that is left of what is wrong, of what must be, and of the object that is named, for each to be understood. */
const LEAST_SEEN = 36;
const LEAST_DEMAND = 30;
const LEAST_OBJECT = 40;
const DEMAND = '; must ';

/** What a warning is made of; `object` is named only where it is another than the changed one. */
export interface WarningParts {
  readonly object: string;
  readonly fix: string;
}

/**
 * Writes a finding as a warning that keeps what must be done. What does not fit goes in this order: the domain of
 * services, the fix (the demand says the same), for what it is demanded, the front of the field's path, the end of what
 * was seen, the end of the demand.
 */
export function warningText(finding: JudgedFinding, { object, fix }: WarningParts): string {
  const head = `would be refused: [${finding.code}] `;
  const message = printable(finding.message);
  const whole = `${head}${object}${message}${fix === '' ? '' : `. ${fix}`}`;
  if (fits(whole)) return whole;
  const short = message.replaceAll(SERVICE, "$1'");
  const owner = clipMiddle(object, LEAST_OBJECT);
  const bare = short.replace(FOR_WHAT, '');
  const texts = [`${short}${fix === '' ? '' : `. ${fix}`}`, short, ...withShorterPaths(bare, finding.path)];
  const fitting = texts.map((text) => `${head}${owner}${text}`).find(fits);
  return fitting ?? `${head}${owner}${clipHalves(texts.at(-1) ?? short, room(`${head}${owner}`))}`;
}

/** Cuts a text to a warning's length; by code points, as half a surrogate pair would make the API server drop it. */
export function clip(text: string, length = WARNING_LENGTH): string {
  const letters = Array.from(text);
  return letters.length <= length ? text : `${letters.slice(0, length - 1).join('')}…`;
}

/** The name of a service with its domain, where it is only a name; elsewhere the domain may be what the message is about. */
const SERVICE = /(service '[^'.]+\.[^'.]+)\.svc\.[^']+'/g;

/** For what something is demanded, at the end: the path and the changed object tell it, or `meshwarden check` does. */
const FOR_WHAT = /,? for (?:service|namespace) '[^']+'$/;

/** From the whole path to its last key; a number stays with the key of its list. */
function withShorterPaths(text: string, path: JudgedFinding['path']): readonly string[] {
  const full = `\`${printable(formatPath(path))}\``;
  const starts = path.flatMap((step, at) => (at > 0 && typeof step === 'string' ? [at] : []));
  const tails = starts.map((at) => printable(formatPath(path.slice(at))));
  return [text, ...tails.map((tail) => text.replace(full, () => `\`…${tail}\``))];
}

function clipHalves(text: string, length: number): string {
  const at = text.lastIndexOf(DEMAND);
  if (at < 0) return clip(text, length);
  const [seen, demand] = [text.slice(0, at), text.slice(at)];
  const left = Math.min(lengthOf(seen), Math.max(LEAST_SEEN, length - lengthOf(demand)));
  const right = Math.max(length - left, Math.min(lengthOf(demand), LEAST_DEMAND));
  return clip(`${clip(seen, length - right)}${clip(demand, right)}`, length);
}

function clipMiddle(text: string, length: number): string {
  const letters = Array.from(text);
  if (letters.length <= length) return text;
  const half = Math.floor(length / 2);
  return `${letters.slice(0, half - 1).join('')}…${letters.slice(letters.length - half).join('')}`;
}

function fits(text: string): boolean {
  return lengthOf(text) <= WARNING_LENGTH;
}

function room(text: string): number {
  return WARNING_LENGTH - lengthOf(text);
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
