import type { ExceptionClause } from './exception.ts';
import type { Finding } from './finding.ts';
import type { ObjectRef } from './kube-object.ts';

/** How a rule's findings count: refuse, warn, annotate and count, or nothing. */
export type Mode = 'enforce' | 'warn' | 'audit' | 'off';

/** What a finding does: `error` refuses, `warning` is shown, `note` is recorded. */
export type Severity = 'error' | 'warning' | 'note';

/** A finding with what it means for the change at hand. */
export interface JudgedFinding extends Finding {
  readonly severity: Severity;
  /** The changed object that is blamed. */
  readonly object: ObjectRef;
  /** True when it was there before the change: said, never refused. */
  readonly standing: boolean;
}

/** An exception that let findings pass. */
export interface AppliedException extends ExceptionClause {
  /** The object that carries it. */
  readonly object: ObjectRef;
  /** What it let pass, with the severity that it would have had. */
  readonly findings: readonly JudgedFinding[];
}

/** The answer to a change. */
export interface Verdict {
  readonly decision: 'allow' | 'deny';
  /** Sorted by object, path and code; no duplicates. */
  readonly findings: readonly JudgedFinding[];
  readonly exceptions: readonly AppliedException[];
}
