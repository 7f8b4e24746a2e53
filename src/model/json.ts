/** A value as JSON knows it; what `JSON.parse` returns before anybody has looked at it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object; an absent key and the value `null` mean the same to every reader here. */
export interface JsonObject {
  readonly [key: string]: unknown;
}

const NOTHING: JsonObject = Object.freeze({});
const NO_ITEMS: readonly never[] = Object.freeze([]);

/** Tells whether a value is a JSON object, not null and not a list. */
export function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the object at hand, or undefined when the value is absent or of another type. */
export function recordOf(value: unknown): JsonObject | undefined {
  return isRecord(value) ? value : undefined;
}

/** Returns the object at hand, or an empty one when the value is absent or of another type. */
export function recordOrEmpty(value: unknown): JsonObject {
  return isRecord(value) ? value : NOTHING;
}

/** Returns the list at hand, or an empty one when the value is absent or of another type. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : NO_ITEMS;
}

/** Returns the objects of a list; an item of another type becomes an empty object, so that indexes stay true. */
export function recordsOf(value: unknown): readonly JsonObject[] {
  return listOf(value).map(recordOrEmpty);
}

/** Returns the strings of a list; items of other types are left out. */
export function stringsOf(value: unknown): readonly string[] {
  return listOf(value).filter((item): item is string => typeof item === 'string');
}

/** Returns the string at hand, or undefined when the value is absent or of another type. */
export function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Returns the finite number at hand, or undefined when the value is absent or of another type. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Returns the boolean at hand, or undefined when the value is absent or of another type. */
export function booleanOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

/** Tells whether a field is absent in Kubernetes' sense: not there, or `null`. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** Follows keys and list indexes into a value and returns what stands there, or undefined. */
export function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  let here = value;
  for (const step of path) {
    if (Array.isArray(here) && typeof step === 'number') here = here[step];
    else if (isRecord(here) && Object.hasOwn(here, step)) here = here[step];
    else return undefined;
  }
  return here;
}

/** Tells whether two JSON values are equal; key order does not matter, `null` and absent keys are the same. */
export function sameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (isAbsent(left) && isAbsent(right)) return true;
  if (Array.isArray(left)) {
    if (!Array.isArray(right) || left.length !== right.length) return false;
    return left.every((item, index) => sameJson(item, right[index]));
  }
  if (!isRecord(left) || !isRecord(right)) return false;
  for (const key of Object.keys(left)) if (!sameJson(left[key], own(right, key))) return false;
  for (const key of Object.keys(right)) if (!Object.hasOwn(left, key) && !isAbsent(right[key])) return false;
  return true;
}

function own(record: JsonObject, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** Writes any value as text; `String` would throw for an object that has a `toString` of its own. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
