import { parseDocument } from 'yaml';
import { sameJson } from './json.ts';

/**
 * Parses YAML or JSON that stands as text inside an object: `proxy.istio.io/config`, the mesh ConfigMap's `mesh`.
 * @returns The value, or undefined when the text is no YAML, holds an alias cycle, or grows beyond reason.
 */
export function parseEmbeddedYaml(text: string): { readonly value: unknown } | undefined {
  const document = parseDocument(text, { logLevel: 'silent', merge: true });
  if (document.errors.length > 0) return undefined;
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    // A cyclic alias (`a: &a [*a]`) has no JSON text; nothing Istio could read is cyclic.
    return JSON.stringify(value) === undefined && value !== undefined ? undefined : { value };
  } catch {
    return undefined;
  }
}

/**
 * Sets a top-level key in YAML or JSON that stands as text inside an object; comments, order and all other keys stay.
 * @returns The new text, or undefined when the text is no map, or could not be written without changing another key.
 */
export function setEmbeddedKey(text: string, key: string, value: number | string): string | undefined {
  const before = parseEmbeddedYaml(text);
  const isEmpty = before !== undefined && (before.value === null || before.value === undefined);
  if (before === undefined || !(isEmpty || isMapping(before.value))) return undefined;
  const document = parseDocument(text, { logLevel: 'silent', merge: true });
  document.set(key, value);
  const after = document.toString({ lineWidth: 0 });
  const wanted = { ...(isMapping(before.value) ? before.value : {}), [key]: value };
  return sameJson(parseEmbeddedYaml(after)?.value, wanted) ? after : undefined;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
