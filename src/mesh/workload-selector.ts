import { type JsonObject, recordOrEmpty } from '../model/json.ts';
import { type KubeObject, specOf } from '../model/kube-object.ts';

/** Returns the labels that a policy selects workloads by; undefined when it selects none in particular: absent and empty are the same. */
export function selectedLabels(policy: KubeObject): JsonObject | undefined {
  const { matchLabels } = recordOrEmpty(specOf(policy).selector);
  const labels = recordOrEmpty(matchLabels);
  return Object.keys(labels).length === 0 ? undefined : labels;
}

/** Tells whether a policy's selector fits a workload's labels; no selector fits all. */
export function selects(policy: KubeObject, labels: JsonObject): boolean {
  const wanted = selectedLabels(policy);
  return wanted === undefined || isSubset(wanted, labels);
}

/** Tells whether all entries of one label map are in another. */
export function isSubset(wanted: JsonObject, labels: JsonObject): boolean {
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}

/** Writes a selector for people and identities: `app=postgres,tier=data`, sorted; empty for none. */
export function formatLabels(labels: JsonObject | undefined): string {
  return Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .sort()
    .join(',');
}
