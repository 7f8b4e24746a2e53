import type { View } from './view.ts';

/** What a view answered to a question, with all that it was found out from. */
export interface Answer {
  /** The question with its arguments. */
  readonly key: string;
  readonly value: unknown;
  /** The index keys that were looked up. */
  readonly keys: ReadonlySet<string>;
  /** The answers to other questions that it was made of. */
  readonly parts: ReadonlySet<Answer>;
  /** True: it was found out from another view as well, so it is right in its own view alone. */
  readonly isLocal: boolean;
  /** Asks again. What was made of this answer stands wherever the new one is equal; absent: wherever nothing was changed. */
  readonly again?: (view: View) => unknown;
}

/** What is looked at while one question is answered. */
interface Record {
  readonly view: View;
  readonly keys: Set<string>;
  readonly parts: Set<Answer>;
  isLocal: boolean;
}

/** Questions are answered one inside the other and never wait, so there is one that is being answered. */
let current: Record | undefined;

/** Notes that a view was asked for an index key. */
export function noteKey(view: View, key: string): void {
  if (current === undefined) return;
  if (current.view === view) current.keys.add(key);
  else current.isLocal = true;
}

/** Notes that a view was asked a question. */
export function noteAnswer(view: View, answer: Answer): void {
  if (current === undefined) return;
  if (current.view !== view || answer.isLocal) current.isLocal = true;
  current.parts.add(answer);
}

/** Answers a question and writes down what was looked at. */
export function answered(view: View, key: string, compute: (view: View) => unknown, again: Answer['again']): Answer {
  const outer = current;
  const own: Record = { view, keys: new Set(), parts: new Set(), isLocal: false };
  current = own;
  try {
    const value = compute(view);
    const { keys, parts, isLocal } = own;
    return { key, value, keys, parts, isLocal, ...(again === undefined ? {} : { again }) };
  } finally {
    current = outer;
  }
}

/** About 500 bytes each where little is kept. */
const MOST_ANSWERS = 25_000;
/**
 * So many characters of a key count as one more answer: nobody bounds what stands in a field for hosts, and V8 goes through
 * all texts of one length beyond 16 kB one by one.
 */
const LONG_KEY = 250;

/** The answers of one view; keys hold names that anybody may make up, so those that were not asked for again are forgotten. */
export class Answers {
  #young = new Map<string, Answer>();
  #old: ReadonlyMap<string, Answer> | undefined;
  /** What the long keys among the young count beyond one each. */
  #more = 0;

  get(key: string): Answer | undefined {
    const young = this.#young.get(key);
    if (young !== undefined || this.#old === undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.keep(old);
    return old;
  }

  keep(answer: Answer): void {
    this.#more += Math.floor(answer.key.length / LONG_KEY);
    if (this.#young.size + this.#more >= MOST_ANSWERS) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#more = 0;
    }
    this.#young.set(answer.key, answer);
  }
}
