import type { FieldPath } from './field-path.ts';
import type { ObjectRef } from './kube-object.ts';
import type { PatchOperation } from './patch.ts';
import type { Subject } from './subject.ts';

/** One link of a proof: which object's field says what, in the order in which Istio decides. */
export interface Because {
  readonly object: ObjectRef;
  /** The field that decided, or undefined when the object as a whole did. */
  readonly path?: FieldPath;
  readonly says: string;
}

/** What a rule says is wrong with a subject. */
export interface Finding {
  readonly code: string;
  readonly rule: string;
  readonly subject: Subject;
  /** The last link of the proof chain; absent when a whole object is missing and nobody is to blame. */
  readonly responsible?: ObjectRef;
  /** Which of the rule's messages. */
  readonly messageId: string;
  readonly message: string;
  /** The field in the responsible object; empty where no object is responsible. */
  readonly path: FieldPath;
  /** The value seen, as text cut to 80 characters; empty when the field is absent. */
  readonly seen: string;
  /** The thing meant, by name and never by list index, so that a moved list item stays the same finding. */
  readonly thing: string;
  /** How bad: a greater number is worse; absent where there is no more or less. Compared within one identity only. */
  readonly magnitude?: number;
  readonly because?: readonly Because[];
  /** Operations on the responsible object that write the documented value. */
  readonly fix?: readonly PatchOperation[];
}

/** Returns what makes two findings the same fault before and after a change. */
export function identityOf(finding: Finding): string {
  const { code, subject, responsible, thing } = finding;
  const who = responsible === undefined ? '' : `${responsible.kind}/${responsible.namespace}/${responsible.name}`;
  const about =
    subject.kind === 'object' ? `${subject.ref.kind}/${subject.ref.namespace}/${subject.ref.name}` : subject.name;
  return `${code}\n${subject.kind}\n${about}\n${who}\n${thing}`;
}
