import { isRecord, type JsonObject, recordOrEmpty, stringOf } from './json.ts';

/** A Kubernetes object as JSON; only what was checked at the rim is typed: it is an object with these two strings. */
export interface KubeObject extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Who an object is, without its content. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  /** Empty while a `generateName` has not been resolved. */
  readonly name: string;
}

/** Tells whether a value has the two strings that make it a Kubernetes object. */
export function isKubeObject(value: unknown): value is KubeObject {
  return isRecord(value) && typeof value.apiVersion === 'string' && typeof value.kind === 'string';
}

/** Returns an object's name, empty when it has none. */
export function nameOf(object: KubeObject): string {
  const { metadata } = object;
  return isRecord(metadata) && typeof metadata.name === 'string' ? metadata.name : '';
}

/** Returns an object's namespace, empty when it has none. */
export function namespaceOf(object: KubeObject): string {
  const { metadata } = object;
  return isRecord(metadata) && typeof metadata.namespace === 'string' ? metadata.namespace : '';
}

/** Returns the labels; the caller checks the type of a single value. */
export function labelsOf(object: KubeObject): JsonObject {
  return recordOrEmpty(recordOrEmpty(object.metadata).labels);
}

/** Returns one label, undefined when absent or not a string. */
export function labelOf(object: KubeObject, key: string): string | undefined {
  return ownString(labelsOf(object), key);
}

/** Returns the annotations; the caller checks the type of a single value. */
export function annotationsOf(object: KubeObject): JsonObject {
  return recordOrEmpty(recordOrEmpty(object.metadata).annotations);
}

/** Returns one annotation, undefined when absent or not a string. */
export function annotationOf(object: KubeObject, key: string): string | undefined {
  return ownString(annotationsOf(object), key);
}

/** Returns an object's `spec`, empty when absent: the API server lets most Istio kinds come without one. */
export function specOf(object: KubeObject): JsonObject {
  return recordOrEmpty(object.spec);
}

/** Returns the reference of an object. */
export function refOf(object: KubeObject): ObjectRef {
  return { apiVersion: object.apiVersion, kind: object.kind, namespace: namespaceOf(object), name: nameOf(object) };
}

/** Writes a reference as messages do: `VirtualService llmoptimizer/ml-service`. */
export function formatRef(ref: ObjectRef): string {
  return ref.namespace === '' ? `${ref.kind} ${ref.name}` : `${ref.kind} ${ref.namespace}/${ref.name}`;
}

/** Returns the API group of an `apiVersion`, empty for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

function ownString(record: JsonObject, key: string): string | undefined {
  return Object.hasOwn(record, key) ? stringOf(record[key]) : undefined;
}
