import { type JsonObject, recordOrEmpty, recordsOf, stringOf } from '../model/json.ts';
import { type KubeObject, specOf } from '../model/kube-object.ts';
import { combinations } from './combinations.ts';
import type { View } from './view.ts';

/** A subset of a DestinationRule that may have a pod of an earlier one. */
export interface SubsetOverlap {
  readonly object: KubeObject;
  readonly index: number;
  readonly name: string;
  /** The earlier subset. */
  readonly other: string;
}

/** Returns which of some subsets of a host may have pods in common: those whose labels contradict each other in no key. */
export function overlappingSubsets(view: View, host: string, names: ReadonlySet<string>): readonly SubsetOverlap[] {
  const objects = new Set(combinations(view, host).map(({ object }) => object));
  return [...objects].flatMap((object) => {
    const mine = recordsOf(specOf(object).subsets).flatMap((value, index) => {
      const name = stringOf(value.name) ?? '';
      return names.has(name) ? [{ index, name, labels: recordOrEmpty(value.labels) }] : [];
    });
    return mine.flatMap(({ index, name, labels }, at) => {
      const other = mine.slice(0, at).find((one) => one.name !== name && mayShare(one.labels, labels));
      return other === undefined ? [] : [{ object, index, name, other: other.name }];
    });
  });
}

function mayShare(left: JsonObject, right: JsonObject): boolean {
  return Object.keys(left).every((key) => !Object.hasOwn(right, key) || left[key] === right[key]);
}
