import { type FieldPath, toPointer } from './field-path.ts';
import { isAbsent, isRecord, type JsonObject, valueAt } from './json.ts';

/** One JSON Patch operation (RFC 6902) of those that Meshwarden writes. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/**
 * Writes the operations that add entries to a map, which is made together with its parents where it is not there.
 * Entries that stand there are replaced. None where a parent is of another type and nothing can be added.
 */
export function addEntries(
  object: JsonObject,
  path: FieldPath,
  entries: Readonly<Record<string, unknown>>,
): readonly PatchOperation[] {
  for (let depth = 0; depth <= path.length; depth++) {
    const here = valueAt(object, path.slice(0, depth));
    if (isAbsent(here)) {
      const inner = path.slice(depth).reduceRight<unknown>((value, step) => ({ [step]: value }), entries);
      return depth === 0 ? [] : [{ op: 'add', path: toPointer(path.slice(0, depth)), value: inner }];
    }
    if (!isRecord(here) && !(Array.isArray(here) && typeof path[depth] === 'number')) return [];
  }
  return Object.entries(entries).map(([key, value]) => ({ op: 'add', path: toPointer([...path, key]), value }));
}
