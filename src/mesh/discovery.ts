import { type JsonObject, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { labelsOf } from '../model/kube-object.ts';
import { meshConfig, protoField } from './mesh-config.ts';
import type { View } from './view.ts';
import { isSubset } from './workload-selector.ts';

/**
 * Tells whether istiod sees what is in a namespace: the mesh's `discoverySelectors` select it, or there are none. True also
 * for a namespace that is not known.
 * @see https://github.com/istio/istio/blob/1.31.0/pkg/kube/namespace/filter.go
 */
export function isDiscovered(namespace: string, view: View): boolean {
  const selectors = recordsOf(protoField(meshConfig(view).config, 'discoverySelectors'));
  const object = view.get('Namespace', '', namespace);
  if (selectors.length === 0 || object === undefined) return true;
  const labels = labelsOf(object);
  return selectors.some((selector) => isSelected(selector, labels));
}

/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors */
function isSelected(selector: JsonObject, labels: JsonObject): boolean {
  if (!isSubset(recordOrEmpty(protoField(selector, 'matchLabels')), labels)) return false;
  return recordsOf(protoField(selector, 'matchExpressions')).every((expression) => fits(expression, labels));
}

function fits({ key, operator, values }: JsonObject, labels: JsonObject): boolean {
  const value = Object.hasOwn(labels, String(key)) ? stringOf(labels[String(key)]) : undefined;
  const isIn = value !== undefined && stringsOf(values).includes(value);
  if (operator === 'In') return isIn;
  if (operator === 'NotIn') return !isIn;
  if (operator === 'Exists') return value !== undefined;
  return operator === 'DoesNotExist' && value === undefined;
}
