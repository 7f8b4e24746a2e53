import type { FieldPath } from '../model/field-path.ts';

/** A fault in a baseline file, where it stands. */
export interface Problem {
  readonly message: string;
  readonly path: FieldPath;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** A problem before its place in the text is looked up. */
export interface Complaint {
  readonly path: FieldPath;
  readonly message: string;
  /** True: the key is at fault and not its value. */
  readonly atKey?: boolean;
  /** The field that was meant: that it is missing is the same fault. */
  readonly instead?: FieldPath;
}

/** Writes a problem as compilers do: `baseline.yaml:12:5: …`. */
export function formatProblem({ line, column, message }: Problem, fileName: string): string {
  return `${fileName}:${line}:${column}: ${message}`;
}
