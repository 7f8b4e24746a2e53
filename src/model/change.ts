import type { KubeObject } from './kube-object.ts';

/** Who asks for a change, as the API server says it. */
export interface Requester {
  readonly username: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** One object that comes, changes or goes. */
export interface Change {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  /** The object before; absent on CREATE. Its namespace and name are filled in. */
  readonly before?: KubeObject;
  /** The object after; absent on DELETE. Its namespace and name are filled in. */
  readonly after?: KubeObject;
  /** Absent behind the file and audit doors, which cannot know. */
  readonly requester?: Requester;
  /** Which rules the requester may exempt here, asked beforehand; absent behind doors that cannot ask. */
  readonly mayExempt?: ReadonlySet<string>;
  /** Why some of those rules are missing in `mayExempt` though nobody said no: the question was not answered. */
  readonly unanswered?: string;
}
