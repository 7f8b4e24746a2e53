import type { Change } from '../model/change.ts';
import { isRecord, sameJson } from '../model/json.ts';
import type { KubeObject } from '../model/kube-object.ts';

const KEPT_METADATA = ['labels', 'annotations'] as const;

/**
 * Tells whether an update changes nothing but finalizers, managed fields, owner references, status and the like.
 * Labels and annotations are not among them: Istio lives by them. A changed spec never is, deleted or not.
 */
export function isBookkeeping({ operation, before, after }: Change): boolean {
  if (operation !== 'UPDATE' || before === undefined || after === undefined) return false;
  return sameTop(before, after) && sameMetadata(before.metadata, after.metadata);
}

function sameTop(before: KubeObject, after: KubeObject): boolean {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  keys.delete('metadata');
  keys.delete('status');
  keys.delete('apiVersion');
  for (const key of keys) if (!sameJson(before[key], after[key])) return false;
  return true;
}

function sameMetadata(before: unknown, after: unknown): boolean {
  if (!isRecord(before) || !isRecord(after)) return sameJson(before, after);

  return KEPT_METADATA.every((key) => sameJson(before[key], after[key]));
}
