import { basename } from 'node:path';
import type { FieldPath } from '../../model/field-path.ts';
import { isRecord, type JsonObject, stringOf } from '../../model/json.ts';
import { KINDS, kindOf } from '../../model/kind.ts';
import { groupOf, isKubeObject, type KubeObject } from '../../model/kube-object.ts';
import { type Position, positionOf } from '../../model/yaml-position.ts';
import { type ReadDocument, readKubectlYaml, type Remark } from './kubectl-yaml.ts';
import type { Source } from './read-sources.ts';

/** An object of a file; where its fields stand can be asked. */
export interface FileObject {
  readonly object: KubeObject;
  readonly file: string;
  /** Returns the place of a field, of its nearest ancestor when it is absent. */
  readonly locate: (path: FieldPath) => Position;
}

/** A remark with its file. */
export interface FileRemark extends Remark {
  readonly file: string;
}

/** What files hold. */
export interface FileObjects {
  readonly objects: readonly FileObject[];
  /** What keeps a file from being judged: the caller must not go on as if all were well. */
  readonly problems: readonly FileRemark[];
  /** What was left out, and what kubectl reads in an unexpected way. */
  readonly notes: readonly FileRemark[];
}

/** How objects that leave something open are completed. */
export interface Completion {
  /** For objects of namespaced kinds that name none. */
  readonly namespace: string;
  /** True: `creationTimestamp` stays, since the objects are a cluster's. False: a file is new. */
  readonly keepAge: boolean;
}

/** Finds the Kubernetes objects of texts as kubectl would; lists are unwrapped, all else is named. */
export function objectsOf(sources: readonly Source[], completion: Completion): FileObjects {
  const objects: FileObject[] = [];
  const problems: FileRemark[] = [];
  const notes: FileRemark[] = [];
  for (const { file, text } of sources) {
    if (/^(kustomization\.ya?ml|Kustomization)$/.test(basename(file))) {
      notes.push({ file, line: 1, column: 1, message: KUSTOMIZATION });
      continue;
    }
    const read = readKubectlYaml(text);
    if (read.problems.length > 0 && isHelmTemplate(text)) {
      notes.push({ file, line: 1, column: 1, message: HELM });
      continue;
    }
    problems.push(...read.problems.map((problem) => ({ ...problem, file })));
    const before = objects.length;
    for (const document of read.documents) {
      collect(document.value, [], { file, document, completion, objects, problems, notes });
    }
    if (objects.length > before) notes.push(...read.warnings.map((warning) => ({ ...warning, file })));
  }
  return { objects, problems, notes };
}

const KUSTOMIZATION =
  'left out: a kustomization; judge what it makes with `kubectl kustomize DIR | meshwarden check -`';
const HELM = 'left out: a Helm template; judge what it makes with `helm template CHART | meshwarden check -`';
const FOREIGN = 'left out: not a Kubernetes object';

/** Tells a text with template actions outside comments; only asked of texts that are no YAML. */
function isHelmTemplate(text: string): boolean {
  return /^[^#\n]*\{\{/m.test(text);
}

interface Basket {
  readonly file: string;
  readonly document: ReadDocument;
  readonly completion: Completion;
  readonly objects: FileObject[];
  readonly problems: FileRemark[];
  readonly notes: FileRemark[];
}

function collect(value: unknown, prefix: FieldPath, basket: Basket): void {
  if (value === null || value === undefined) return;
  const { file, document } = basket;
  const locate = (path: FieldPath): Position => positionOf(document.document, document.lines, [...prefix, ...path]);
  const remark = (message: string): FileRemark => ({ file, ...locate([]), message });
  if (!isKubeObject(value) || value.apiVersion === '' || value.kind === '') {
    if (isRecord(value) && isRecord(value.metadata) && ('kind' in value || 'apiVersion' in value)) {
      basket.problems.push(remark('`apiVersion` and `kind` must both be set, as strings'));
    } else basket.notes.push(remark(FOREIGN));
    return;
  }
  if (value.kind.endsWith('List') && Array.isArray(value.items)) {
    for (const [at, item] of value.items.entries()) collect(item, [...prefix, 'items', at], basket);
    return;
  }
  if (groupOf(value.apiVersion) === 'kustomize.config.k8s.io') {
    basket.notes.push(remark(KUSTOMIZATION));
    return;
  }
  const fault = identityFault(value);
  if (fault === undefined) basket.objects.push({ object: completed(value, basket.completion), file, locate });
  else basket.problems.push({ file, ...locate(fault.path), message: fault.message });
}

/** Finds what keeps an object from having a name in the cluster, as the API server would. */
function identityFault({ metadata }: KubeObject): { readonly path: FieldPath; readonly message: string } | undefined {
  if (!isRecord(metadata)) return { path: ['metadata'], message: '`metadata` must be a mapping with a `name`' };
  for (const key of ['name', 'namespace', 'generateName']) {
    const value = metadata[key];
    if (value !== undefined && value !== null && typeof value !== 'string') {
      return { path: ['metadata', key], message: `\`metadata.${key}\` must be a string` };
    }
  }
  if (stringOf(metadata.name) || stringOf(metadata.generateName)) return undefined;
  return { path: ['metadata'], message: '`metadata.name` must be set' };
}

/** Fills in name and namespace as kubectl and the API server do, and makes a file's object new. */
function completed(object: KubeObject, { namespace, keepAge }: Completion): KubeObject {
  const kind = kindOf(object);
  const { creationTimestamp, ...rest } = isRecord(object.metadata) ? object.metadata : NOTHING;
  const metadata: Record<string, unknown> = rest;
  // The API server adds five characters of its own choice; `xxxxx` stands for them.
  if (!stringOf(rest.name)) metadata.name = `${stringOf(rest.generateName) ?? ''}xxxxx`;
  if (kind !== undefined && KINDS[kind].namespaced && !stringOf(rest.namespace)) metadata.namespace = namespace;
  if (kind !== undefined && !KINDS[kind].namespaced) delete metadata.namespace;
  if (keepAge && stringOf(creationTimestamp)) metadata.creationTimestamp = creationTimestamp;
  return { ...object, metadata };
}

const NOTHING: JsonObject = {};
