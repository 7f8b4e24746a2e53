import type { Kind } from '../../src/model/kind.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';

/** One step of a field's way; `*` is every item of a list or every entry of a map. */
export type Step = string | number;

/** Leaves the field out. */
export const REMOVED = Symbol('removed');

/** One demand broken: what a field becomes, in every place where it stands. */
export interface Break {
  readonly code: string;
  readonly kind: Kind;
  readonly title: string;
  readonly at: readonly Step[];
  /** The new value; a function gets the old one and the object, and returns undefined where there is nothing to break. */
  readonly to: unknown;
  /** Only objects of which this holds. */
  readonly when?: (object: KubeObject) => boolean;
  /** True: the mutating webhook sets the field again, so that the server has nothing to refuse. */
  readonly isMended?: boolean;
}

/** An object that goes away, which breaks a demand. */
export interface Loss {
  readonly code: string;
  readonly kind: Kind;
  readonly when?: (object: KubeObject) => boolean;
}

/** Makes every version of an object with one place broken, each with the place. */
export function* broken(
  object: KubeObject,
  { at, to }: Break,
): Iterable<{ readonly path: readonly Step[]; readonly object: KubeObject }> {
  for (const path of placesOf(object, at)) {
    const copy = structuredClone(object);
    if (change(copy, path, to, object)) yield { path, object: copy };
  }
}

function placesOf(object: unknown, at: readonly Step[]): readonly (readonly Step[])[] {
  let places: readonly { readonly path: readonly Step[]; readonly here: unknown }[] = [{ path: [], here: object }];
  for (const [index, step] of at.entries()) {
    const isLast = index === at.length - 1;
    places = places.flatMap(({ path, here }) => {
      if (step !== '*') return isLast || isHolder(here) ? [{ path: [...path, step], here: childOf(here, step) }] : [];
      if (Array.isArray(here)) return here.map((item: unknown, item_at) => ({ path: [...path, item_at], here: item }));
      return isHolder(here) ? Object.entries(here).map(([key, item]) => ({ path: [...path, key], here: item })) : [];
    });
  }
  return places.map(({ path }) => path);
}

function isHolder(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function childOf(here: unknown, step: Step): unknown {
  return isHolder(here) && Object.hasOwn(here, step) ? here[step] : undefined;
}

/** Changes a copy in place; false where nothing would change. Parents that are missing are made. */
function change(copy: KubeObject, path: readonly Step[], to: unknown, original: KubeObject): boolean {
  let here: Record<string, unknown> = copy;
  for (const step of path.slice(0, -1)) {
    const next = childOf(here, step);
    if (isHolder(next)) here = next;
    else {
      const made: Record<string, unknown> = {};
      here[step] = made;
      here = made;
    }
  }
  const last = path.at(-1) ?? '';
  const before = childOf(here, last);
  const after: unknown = typeof to === 'function' ? to(before, original) : to;
  if (after === undefined || JSON.stringify(after) === JSON.stringify(before)) return false;
  if (after !== REMOVED) here[last] = after;
  else if (before === undefined) return false;
  else delete here[last];
  return true;
}
