import { formatRef, type ObjectRef } from './kube-object.ts';

/** What a rule judges: an object by itself, or what the mesh does to a host, a namespace or a gateway. */
export type Subject =
  | { readonly kind: 'object'; readonly ref: ObjectRef }
  /** A service by its full lower-case name, `ml-service.llmoptimizer.svc.cluster.local`, or an external host. */
  | { readonly kind: 'host'; readonly name: string }
  | { readonly kind: 'namespace'; readonly name: string }
  /** A gateway workload of the baseline, by `namespace/name`. */
  | { readonly kind: 'gateway'; readonly name: string };

/** The kinds of subjects. */
export type SubjectKind = Subject['kind'];

/** Writes a subject's name, for messages and for a finding's identity. */
export function formatSubject(subject: Subject): string {
  return subject.kind === 'object' ? formatRef(subject.ref) : subject.name;
}
