import { type JsonObject, recordOrEmpty, recordsOf, stringOf } from '../model/json.ts';
import { type KubeObject, nameOf } from '../model/kube-object.ts';
import { entryOf } from './pod-template.ts';

/** The longest that Kubernetes lets a label's value be. */
const LONGEST = 63;
const LABEL_VALUE = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?$/;

/**
 * Tells whether a text can be the value of a label and says something.
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */
export function isLabelValue(text: string): boolean {
  return text.length <= LONGEST && LABEL_VALUE.test(text);
}

/** Shortens a name to what a label can hold, as the injector does for canonical names; undefined where nothing is left. */
export function asLabelValue(name: string): string | undefined {
  const value = name.slice(0, LONGEST).replaceAll(/^[-_.]+|[-_.]+$/g, '');
  return isLabelValue(value) ? value : undefined;
}

/** Returns the owner reference of the controller that made an object; undefined where nobody claims to have. */
export function controllerOf(object: KubeObject): JsonObject | undefined {
  return recordsOf(recordOrEmpty(object.metadata).ownerReferences).find(({ controller }) => controller === true);
}

/**
 * Returns the name of the workload that an object is, or that made it, as the injector guesses it: a ReplicaSet's pod
 * belongs to the Deployment or Rollout whose template hash it carries, a CronJob's to the CronJob.
 * @see https://github.com/istio/istio/blob/1.31.0/pkg/kube/util.go `GetDeployMetaFromPod`
 */
export function workloadName(object: KubeObject): string {
  const { generateName, labels } = recordOrEmpty(object.metadata);
  const generated = stringOf(generateName) ?? '';
  const controller = object.kind === 'Pod' && generated !== '' ? controllerOf(object) : undefined;
  const owner = stringOf(controller?.name) ?? '';
  if (owner !== '') return ownerName(stringOf(controller?.kind) ?? '', owner, recordOrEmpty(labels));
  const name = nameOf(object);
  // A name that the API server is still to make has nothing of its own but what it begins with.
  return generated !== '' && (name === '' || name.startsWith(`${generated}(`)) ? generated : name;
}

function ownerName(kind: string, name: string, labels: JsonObject): string {
  if (kind === 'Job') return /^(.+)-\d{8,10}$/.exec(name)?.[1] ?? name;
  if (kind !== 'ReplicaSet') return name;
  for (const label of ['pod-template-hash', 'rollouts-pod-template-hash']) {
    const hash = entryOf(labels, label) ?? '';
    if (hash !== '' && name.endsWith(`-${hash}`)) return name.slice(0, -hash.length - 1);
  }
  return name;
}
