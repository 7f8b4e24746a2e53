import { parseDurationMs } from '../model/duration.ts';
import type { FieldPath } from '../model/field-path.ts';
import { isAbsent, isRecord, type JsonObject } from '../model/json.ts';
import { parseQuantity } from '../model/quantity.ts';

/** The types of single values, by what people call them. */
export type Scalar = 'text' | 'whole' | 'number' | 'flag' | 'duration' | 'quantity' | 'anything';

/**
 * What a field may hold: a scalar, one of some words (a Set), a list of one shape (`[shape]`), a map of one shape to any
 * keys (`['map', shape]`), or an object whose named fields have shapes and whose other fields may hold anything.
 */
export type Shape = Scalar | ReadonlySet<string> | readonly [Shape] | readonly ['map', Shape] | Fields;

/** The fields of an object that have a shape. */
export interface Fields {
  readonly [name: string]: Shape;
}

/** A value that cannot be meant where it stands. */
export interface Misfit {
  readonly path: FieldPath;
  /** What stands there, for people: `the text '4'`, `a list`. */
  readonly seen: string;
  /** What must stand there, for people. */
  readonly wanted: string;
}

/** Returns every value inside another that does not fit its shape; absent and `null` fit everywhere, unknown fields too. */
export function misfits(value: unknown, shape: Shape, path: FieldPath = []): readonly Misfit[] {
  // Almost every object fits, and telling that costs a tenth of telling where one does not.
  if (testOf(shape)(value)) return NONE;
  const found: Misfit[] = [];
  collect(value, shape, path, found);
  return found;
}

const NONE: readonly Misfit[] = Object.freeze([]);

/** Tells whether a value fits a shape all the way down. */
type Test = (value: unknown) => boolean;

const TESTS = new Map<Shape, Test>();

/** Returns the test of a shape, made once; shapes are constants. */
function testOf(shape: Shape): Test {
  const known = TESTS.get(shape);
  if (known !== undefined) return known;
  const test = makeTest(shape);
  TESTS.set(shape, test);
  return test;
}

function makeTest(shape: Shape): Test {
  if (typeof shape === 'string') {
    const fits = FITS[shape];
    return (value) => isAbsent(value) || fits(value);
  }
  if (shape instanceof Set) return (value) => isAbsent(value) || (typeof value === 'string' && shape.has(value));
  if (isList(shape)) {
    const item = testOf(shape.length === 1 ? shape[0] : shape[1]);
    if (shape.length === 1) return (value) => isAbsent(value) || (Array.isArray(value) && value.every(item));
    return (value) => isAbsent(value) || (isRecord(value) && everyEntry(value, () => item));
  }
  const fields = new Map(Object.entries(shape).map(([name, inner]) => [name, testOf(inner)]));
  return (value) => isAbsent(value) || (isRecord(value) && everyEntry(value, (name) => fields.get(name)));
}

function everyEntry(value: JsonObject, testFor: (name: string) => Test | undefined): boolean {
  for (const name in value) {
    const test = testFor(name);
    if (test !== undefined && Object.hasOwn(value, name) && !test(value[name])) return false;
  }
  return true;
}

function collect(value: unknown, shape: Shape, path: FieldPath, found: Misfit[]): void {
  if (isAbsent(value)) return;
  const wanted = wantedInstead(value, shape);
  if (wanted !== undefined) {
    found.push({ path, seen: describe(value), wanted });
    return;
  }
  if (typeof shape === 'string' || shape instanceof Set) return;
  if (isList(shape)) {
    const item = shape.length === 1 ? shape[0] : shape[1];
    const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(isRecord(value) ? value : {});
    for (const [key, inner] of entries) collect(inner, item, [...path, key], found);
    return;
  }
  if (!isRecord(value) || !isFields(shape)) return;
  for (const name of Object.keys(shape)) {
    const inner = shape[name];
    if (inner !== undefined && Object.hasOwn(value, name)) collect(value[name], inner, [...path, name], found);
  }
}

function isList(shape: Shape): shape is readonly [Shape] | readonly ['map', Shape] {
  return Array.isArray(shape);
}

function isFields(shape: Shape): shape is Fields {
  return typeof shape === 'object' && !Array.isArray(shape) && !(shape instanceof Set);
}

/** Says what must stand here instead of a value; undefined where the value fits, as far as itself goes. */
function wantedInstead(value: unknown, shape: Shape): string | undefined {
  if (typeof shape === 'string') return FITS[shape](value) ? undefined : WANTED[shape];
  if (shape instanceof Set) {
    return typeof value === 'string' && shape.has(value) ? undefined : `one of ${[...shape].join(', ')}`;
  }
  if (isList(shape) && shape.length === 1) return Array.isArray(value) ? undefined : 'a list';
  return isRecord(value) ? undefined : 'a map';
}

const FITS: Readonly<Record<Scalar, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  whole: (value) => Number.isSafeInteger(value),
  number: (value) => typeof value === 'number' && Number.isFinite(value),
  flag: (value) => typeof value === 'boolean',
  duration: (value) => typeof value === 'string' && parseDurationMs(value) !== undefined,
  quantity: (value) => typeof value === 'number' || (typeof value === 'string' && parseQuantity(value) !== undefined),
  anything: () => true,
};

const WANTED: Readonly<Record<Scalar, string>> = {
  text: 'text',
  whole: 'a whole number',
  number: 'a number',
  flag: 'true or false',
  duration: "a duration such as '1.5s'",
  quantity: "a quantity such as '100m'",
  anything: 'anything',
};

function describe(value: unknown): string {
  if (typeof value === 'string') return `the text '${value.length > 80 ? `${value.slice(0, 80)}…` : value}'`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? 'a list' : 'a map';
}
