import type { FieldPath } from '../model/field-path.ts';
import { isRecord, type JsonObject, listOf, recordOf, recordOrEmpty, stringOf, valueAt } from '../model/json.ts';
import { isWorkloadKind, type Kind, kindOf } from '../model/kind.ts';
import type { KubeObject } from '../model/kube-object.ts';

const HERE: FieldPath = [];
const TEMPLATE: FieldPath = ['spec', 'template'];
const JOB_TEMPLATE: FieldPath = ['spec', 'jobTemplate', 'spec', 'template'];

/** Returns the way to the `metadata` and `spec` of the pods that a workload kind is or makes; undefined for other kinds. */
export function podPathOf(kind: Kind): FieldPath | undefined {
  if (kind === 'Pod') return HERE;
  if (kind === 'CronJob') return JOB_TEMPLATE;
  return isWorkloadKind(kind) ? TEMPLATE : undefined;
}

/** A pod as a workload describes it: a bare pod itself, or a template. */
export interface PodTemplate {
  readonly kind: Kind;
  /** The way from the object to the pod's `metadata` and `spec`. */
  readonly path: FieldPath;
  readonly metadata: JsonObject;
  readonly labels: JsonObject;
  readonly annotations: JsonObject;
  readonly spec: JsonObject;
}

/** Returns the pod that a workload is or makes; undefined for other kinds and where no template stands, as in a Rollout with `workloadRef`. */
export function podTemplateOf(object: KubeObject): PodTemplate | undefined {
  const kind = kindOf(object);
  const path = kind === undefined ? undefined : podPathOf(kind);
  const pod = path === undefined ? undefined : recordOf(valueAt(object, path));
  if (kind === undefined || path === undefined || pod === undefined) return undefined;
  const metadata = recordOrEmpty(pod.metadata);
  return {
    kind,
    path,
    metadata,
    labels: recordOrEmpty(metadata.labels),
    annotations: recordOrEmpty(metadata.annotations),
    spec: recordOrEmpty(pod.spec),
  };
}

/** Returns an own string entry of a map such as labels; a key like `constructor` that only the language has is absent. */
export function entryOf(map: JsonObject, key: string): string | undefined {
  return Object.hasOwn(map, key) ? stringOf(map[key]) : undefined;
}

/** The two lists in which a proxy container may stand: ordinary, and as a native sidecar. */
export const CONTAINER_LISTS = ['containers', 'initContainers'] as const;

/** The name of the proxy's container, in sidecar and gateway pods. */
export const PROXY_CONTAINER = 'istio-proxy';

/** A container with its place in the pod. */
export interface PlacedContainer {
  readonly container: JsonObject;
  readonly list: (typeof CONTAINER_LISTS)[number];
  /** The way from the pod, such as `spec.containers[1]`. */
  readonly path: FieldPath;
}

/** Finds a container by name in the lists given, ordinary containers first. */
export function findContainer(
  spec: JsonObject,
  name: string,
  lists: readonly (typeof CONTAINER_LISTS)[number][] = CONTAINER_LISTS,
): PlacedContainer | undefined {
  for (const list of lists) {
    const containers = listOf(spec[list]);
    const at = containers.findIndex((one) => isRecord(one) && one.name === name);
    const container = containers[at];
    if (isRecord(container)) return { container, list, path: ['spec', list, at] };
  }
  return undefined;
}

/** The annotation that the injector writes on a pod that it has injected. */
export const STATUS_ANNOTATION = 'sidecar.istio.io/status';

/** Tells whether a pod carries what the injector leaves: its status annotation and a proxy container. */
export function isInjectedAlready({ annotations, spec }: PodTemplate): boolean {
  return Object.hasOwn(annotations, STATUS_ANNOTATION) && findContainer(spec, PROXY_CONTAINER) !== undefined;
}
