import type { ObjectRef } from './kube-object.ts';

/** One clause of the annotation `meshwarden.io/exempt`. */
export interface ExceptionClause {
  readonly rule: string;
  /** The last day on which it counts, `YYYY-MM-DD`, through its end in UTC. */
  readonly until: string;
  readonly reason: string;
}

/** An exception that let a finding pass. */
export interface AppliedException extends ExceptionClause {
  readonly object: ObjectRef;
}

/** The annotation that carries exceptions, on an object or on a workload's template. */
export const EXEMPT_ANNOTATION = 'meshwarden.io/exempt';
