import type { Rule } from '../../rules/rule.ts';

/** What a command may touch of the world; a test hands in its own. */
export interface Io {
  /** The rules that there are. */
  readonly rules: readonly Rule[];
  /** Writes results. */
  readonly out: (text: string) => void;
  /** Writes progress, notes and what went wrong. */
  readonly err: (text: string) => void;
  /** Says what takes long while it does, where a person is watching. */
  readonly progress: (text: string) => void;
  readonly readStdin: () => Promise<Uint8Array>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** True: results go to a terminal that shows colours. */
  readonly colours: boolean;
  /** Writes a file; fails as `fs.writeFile` does. */
  readonly writeFile: (file: string, text: string) => Promise<void>;
}

/** What a command ends with: nothing refused; something found; usage, input or our own fault. */
export const EXIT = { clean: 0, found: 1, trouble: 2 } as const;

/** The exit codes. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A fault of usage or configuration that ends a command with exit code 2; the message is for the user. */
export class Trouble extends Error {
  override readonly name = 'Trouble';
}

/** Writes lines of our own, each under the program's name. */
export function say(io: Io, message: string): void {
  io.err(`meshwarden: ${message}\n`);
}
