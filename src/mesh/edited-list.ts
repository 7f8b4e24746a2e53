import type { KubeObject } from '../model/kube-object.ts';
import { compareAge } from './age.ts';

/** What a change does to a list of objects. */
export interface Edit {
  readonly gone: KubeObject[];
  readonly come: KubeObject[];
}

/** So many objects are looked for and put into their places one by one; more at once. */
const FEW = 8;

/** Returns a list in order of age without some objects and with others. */
export function edited(there: readonly KubeObject[], { gone, come }: Edit): readonly KubeObject[] {
  const left = without(there, gone);
  if (come.length > FEW) {
    for (const one of come) left.push(one);
    left.sort(compareAge);
  } else for (const one of come) insertByAge(left, one);
  return left;
}

function without(there: readonly KubeObject[], gone: readonly KubeObject[]): KubeObject[] {
  if (gone.length === 0) return [...there];
  if (gone.length <= FEW) return there.filter((one) => !gone.includes(one));
  const all = new Set(gone);
  return there.filter((one) => !all.has(one));
}

function insertByAge(list: KubeObject[], object: KubeObject): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = list[middle];
    if (there !== undefined && compareAge(there, object) <= 0) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, object);
}
