import type { AdmissionRequest } from '../../model/admission-review.ts';
import type { Change } from '../../model/change.ts';
import { isRecord, recordOrEmpty, stringOf } from '../../model/json.ts';
import { KINDS, kindOf } from '../../model/kind.ts';
import type { KubeObject } from '../../model/kube-object.ts';

/** What a request asks for: a change to judge, or a sentence on why there is none. */
export type Asked = { readonly change: Change } | { readonly note: string };

/** Subresources that carry the whole object and change what rules read. */
const JUDGED = new Set(['', 'ephemeralcontainers', 'resize']);

/**
 * What is said of the other subresources that a webhook can be sent. Judged are `pods/ephemeralcontainers` (such a
 * container can run as the proxy's user or under its name) and `pods/resize` (it changes the proxy's resources).
 */
const ALLOWED: Readonly<Record<string, string>> = {
  status: 'the API server takes the status from it, and labels and annotations that deploy/base/guard.yaml sees to',
  scale: 'it changes a number of replicas and no template',
  binding: 'it gives a node to a pod that was judged',
  eviction: 'it ends a pod that was judged',
  exec: 'RBAC decides who may enter a pod; nothing of the mesh changes',
  attach: 'RBAC decides who may enter a pod; nothing of the mesh changes',
  portforward: 'RBAC decides who may enter a pod; nothing of the mesh changes',
  proxy: 'RBAC decides who may enter a pod; nothing of the mesh changes',
};

/**
 * Returns the change that a request asks for, its objects named as they will be. The objects are those of the parsed
 * body, completed in place: nobody else holds them. What is final has the age that it will keep: of two objects of one
 * second the name decides, so that a created one need not be the newest.
 * @see https://github.com/kubernetes/apiserver/blob/v0.36.3/pkg/registry/generic/registry/store.go `FillObjectMetaSystemFields`
 */
export function changeOf(request: AdmissionRequest, { isFinal }: { readonly isFinal: boolean }): Asked {
  const { operation, subResource, object, oldObject } = request;
  if (!JUDGED.has(subResource)) {
    return { note: `${subResource} allowed: ${ALLOWED[subResource] ?? 'no rule reads this subresource'}` };
  }
  if (operation === 'CONNECT') return { note: 'CONNECT allowed: it changes no object' };
  const some = object ?? oldObject;
  const kind = some === undefined ? undefined : kindOf(some);
  if (kind === undefined) return { note: 'allowed: no rule reads this kind' };
  // For a Namespace the API server says its own name here; the object has none.
  const namespace = KINDS[kind].namespaced ? request.namespace : '';
  const complete = (one: KubeObject): KubeObject => completed(one, namespace, request.name);
  const after = object === undefined || operation === 'DELETE' ? undefined : complete(object);
  // Istio decides by age. Before validation an object says of its own what it likes; then the API server has written it.
  if (after !== undefined && operation === 'CREATE' && !isFinal) (after.metadata as Metadata).creationTimestamp = null;
  return {
    change: {
      operation,
      ...(oldObject === undefined ? {} : { before: complete(oldObject) }),
      ...(after === undefined ? {} : { after }),
      requester: request.userInfo,
    },
  };
}

interface Metadata {
  namespace?: unknown;
  name?: unknown;
  creationTimestamp?: unknown;
}

/** Fills in the namespace and name that the API server will give. */
function completed(object: KubeObject, namespace: string, name: string): KubeObject {
  const generated = `${stringOf(recordOrEmpty(object.metadata).generateName) ?? ''}${GENERATED}`;
  if (!isRecord(object.metadata)) {
    return { ...object, metadata: { name: name || generated, ...(namespace === '' ? {} : { namespace }) } };
  }
  // The rim: this object was parsed for this review alone, so it may be completed where it stands.
  const metadata = object.metadata as Metadata;
  if (!isText(metadata.namespace) && namespace !== '') metadata.namespace = namespace;
  if (!isText(metadata.name)) metadata.name = name || generated;
  return object;
}

/** Stands for what the API server will append to `generateName`; no real name can hold parentheses. */
const GENERATED = '(generated)';

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
