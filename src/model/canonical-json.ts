import { isRecord } from './json.ts';

/** No object that Kubernetes takes is nested so deep. */
const DEEPEST = 500;

/** Writes a JSON value with sorted keys and without spaces; undefined where it is nested beyond reason. */
export function canonicalJson(value: unknown): string | undefined {
  return isDeeper(value, DEEPEST) ? undefined : JSON.stringify(inOrder(value));
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isRecord(value)) return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((key) => [key, inOrder(value[key])]));
}
