import type { KubeObject } from './kube-object.ts';

/**
 * The part of an AdmissionReview's request that Meshwarden reads, checked at the rim.
 * @see https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#request
 */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  readonly subResource: string;
  /** Empty on a CREATE with `generateName`. */
  readonly name: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly userInfo: {
    readonly username: string;
    readonly groups: readonly string[];
    readonly uid?: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly dryRun: boolean;
  /** Null on DELETE. */
  readonly object: KubeObject | undefined;
  /** Null on CREATE and CONNECT. */
  readonly oldObject: KubeObject | undefined;
}

/** The response part of an AdmissionReview; `patch` is base64 of a JSON Patch and only a mutating webhook may send it. */
export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: {
    readonly code: number;
    readonly reason: string;
    readonly message: string;
    readonly details?: {
      readonly causes: readonly { readonly reason: string; readonly field: string; readonly message: string }[];
    };
  };
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
  readonly patchType?: 'JSONPatch';
  readonly patch?: string;
}
