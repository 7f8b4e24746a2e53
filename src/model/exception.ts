import type { FieldPath } from './field-path.ts';

/** One clause of the annotation `meshwarden.io/exempt`. */
export interface ExceptionClause {
  readonly rule: string;
  /** The last day on which it counts, `YYYY-MM-DD`, through its end in UTC. */
  readonly until: string;
  readonly reason: string;
}

/** A clause with the way to the annotation in which it stands. */
export interface PlacedClause extends ExceptionClause {
  readonly path: FieldPath;
}

/** The annotation that carries exceptions, on an object or on a workload's template. */
export const EXEMPT_ANNOTATION = 'meshwarden.io/exempt';

/** The annotation with which a change passes Meshwarden by, for those who hold that right. */
export const BREAK_GLASS_ANNOTATION = 'meshwarden.io/break-glass';
