import type { ErrorObject } from 'ajv';
import { type FieldPath, formatPath, fromPointer } from '../model/field-path.ts';
import { isRecord, valueAt } from '../model/json.ts';
import { printable } from '../model/printable.ts';
import { nearest } from '../model/nearest.ts';
import type { Complaint } from './problem.ts';

const FORMATS: Readonly<Record<string, string>> = {
  'go-duration': "must be a duration longer than 0 with its unit, such as '30s', '1m30s' or '250ms'",
  date: "must be a day that exists, such as '2027-12-31'",
  quantity: "must be a Kubernetes quantity, such as '100m' or '128Mi'",
  'dns-name': 'must be lower-case letters, digits, dots and hyphens, as Kubernetes names are',
  'label-value': 'must be a Kubernetes label value: at most 63 letters, digits, dots, hyphens and underscores',
  host: "must be a host name, or '*.' and a suffix of at least two parts",
};

const PATTERNS: Readonly<Record<string, string>> = {
  '^https://': "must begin with 'https://'",
  '^1\\.[0-9]+$': "must be a minor release of Istio, such as '1.31'",
  '^[0-9a-f]{64}$': 'must be 64 lower-case hexadecimal digits',
};

const TYPES: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping of keys to values',
};

/** Turns an error of the schema into a sentence: the field, what stands there, what must stand there. */
export function explainSchemaError(error: ErrorObject, value: unknown): Complaint {
  const path = pathOf(error.instancePath, value);
  const { params } = error;
  if (error.keyword === 'additionalProperties') return unknownKey(path, String(params.additionalProperty), error);
  if (error.keyword === 'required') {
    const missing = [...path, String(params.missingProperty)];
    return { path: missing, message: `${quoted(missing)} is not set; it must be` };
  }
  const seen = valueAt(value, path);
  const what = path.length === 0 ? 'the file' : quoted(path);
  return { path, message: `${what} is ${describe(seen)}; ${demand(error, seen)}` };
}

function unknownKey(path: FieldPath, key: string, error: ErrorObject): Complaint {
  const known =
    isRecord(error.parentSchema) && isRecord(error.parentSchema.properties) ? error.parentSchema.properties : {};
  const near = nearest(key, Object.keys(known));
  const names = Object.keys(known);
  const hint =
    near !== undefined
      ? `did you mean '${near}'?`
      : names.length <= 12
        ? `known here: ${names.map((name) => `'${name}'`).join(', ')}`
        : 'it must be removed';
  const at = [...path, key];
  const message = `${quoted(at)} is not a known key; ${hint}`;
  return { path: at, message, atKey: true, ...(near === undefined ? {} : { instead: [...path, near] }) };
}

function demand(error: ErrorObject, seen: unknown): string {
  const { params } = error;
  switch (error.keyword) {
    case 'type':
      return `must be ${typeName(String(params.type))}${quotesHint(String(params.type), seen, error)}`;
    case 'enum':
      return oneOf(params.allowedValues, seen);
    case 'format':
      return FORMATS[String(params.format)] ?? `must be a ${String(params.format)}`;
    case 'pattern':
      return PATTERNS[String(params.pattern)] ?? `must match '${String(params.pattern)}'`;
    case 'minimum':
      return `must be greater than or equal to ${String(params.limit)}`;
    case 'maximum':
      return `must be less than or equal to ${String(params.limit)}`;
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return 'may not be empty';
    case 'uniqueItems':
      return `may not hold the same item twice (items ${String(params.j)} and ${String(params.i)})`;
    default:
      return error.message ?? 'must fit the schema';
  }
}

function typeName(type: string): string {
  return TYPES[type] ?? type;
}

/** Says which way the quotation marks must go: the commonest slip in YAML. */
function quotesHint(type: string, seen: unknown, error: ErrorObject): string {
  if ((type === 'integer' || type === 'number') && typeof seen === 'string') {
    return Number.isFinite(Number(seen)) && seen.trim() !== '' ? ' (write it without quotation marks)' : '';
  }
  const schema = isRecord(error.parentSchema) ? error.parentSchema : {};
  if (type !== 'string' || (typeof seen !== 'number' && typeof seen !== 'boolean')) return '';
  return schema.format === 'go-duration'
    ? ` with its unit, such as '${String(seen)}s'`
    : ' (write it in quotation marks)';
}

function oneOf(allowed: unknown, seen: unknown): string {
  const words = Array.isArray(allowed) ? allowed.map(String) : [];
  const near = typeof seen === 'string' ? nearest(seen, words) : undefined;
  const list = words.map((word) => `'${word}'`).join(', ');
  return near === undefined ? `must be one of ${list}` : `did you mean '${near}'? It must be one of ${list}`;
}

/** Writes what stands in a field, with its type, on one line of at most about 80 characters. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return 'empty';
  if (typeof value === 'string') return `the string '${short(value)}'`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return `${value}`;
  return Array.isArray(value) ? `a list of ${value.length}` : 'a mapping';
}

function short(text: string): string {
  const line = printable(text);
  return line.length > 80 ? `${line.slice(0, 80)}…` : line;
}

function quoted(path: FieldPath): string {
  return `\`${printable(formatPath(path))}\``;
}

/** Reads a JSON Pointer against the value it points into, which tells list indexes from keys. */
function pathOf(pointer: string, value: unknown): FieldPath {
  const path: (string | number)[] = [];
  for (const step of fromPointer(pointer)) path.push(Array.isArray(valueAt(value, path)) ? Number(step) : step);
  return path;
}
