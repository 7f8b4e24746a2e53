import type { Change } from '../model/change.ts';
import { isAbsent, isRecord, listOf, recordOrEmpty, sameJson } from '../model/json.ts';
import { kindOf } from '../model/kind.ts';
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

/**
 * Returns an update that takes a dying object's last finalizer as the deletion that it is: the API server asks for no
 * other review before the object goes, and what it was deleted beside may be gone by now. Only Pods live on for a while.
 */
export function asItEnds(change: Change): Change {
  const { operation, before, after, ...rest } = change;
  if (operation !== 'UPDATE' || before === undefined || after === undefined || kindOf(after) === 'Pod') return change;
  const { deletionTimestamp, finalizers } = recordOrEmpty(after.metadata);
  const isHeld = listOf(finalizers).length > 0 || listOf(recordOrEmpty(before.metadata).finalizers).length === 0;
  return isAbsent(deletionTimestamp) || isHeld ? change : { ...rest, operation: 'DELETE', before };
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
