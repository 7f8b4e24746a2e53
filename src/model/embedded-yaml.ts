import { type Document, isScalar, parseDocument, visit } from 'yaml';
import type { FieldPath } from './field-path.ts';
import { isAbsent, isRecord, recordOrEmpty, sameJson, valueAt } from './json.ts';

/**
 * Where this reader and Istio's would see different things: line ends of YAML 1.1 (behind a `#` they end the comment
 * there, and hide a key from us), and merge keys, which Istio's lets win over keys before them. See also `differs`.
 * @see https://github.com/kubernetes-sigs/yaml/blob/v1.6.0/goyaml.v2/decode.go
 */
const READ_DIFFERENTLY = /\r(?!\n)|[\u0085\u2028\u2029]|<</;

/**
 * Parses YAML or JSON that stands as text inside an object: `proxy.istio.io/config`, the mesh ConfigMap's `mesh`.
 * @returns The value, or undefined when the text is no YAML, could be read in two ways, holds an alias cycle, or grows
 * beyond reason.
 */
export function parseEmbeddedYaml(text: string): { readonly value: unknown } | undefined {
  if (READ_DIFFERENTLY.test(text)) return undefined;
  const document = parseDocument(text, { logLevel: 'silent' });
  if (document.errors.length > 0 || (MAY_DIFFER.test(text) && differs(document))) return undefined;
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    // A cyclic alias (`a: &a [*a]`) has no JSON text; nothing Istio could read is cyclic.
    return JSON.stringify(value) === undefined && value !== undefined ? undefined : { value };
  } catch {
    return undefined;
  }
}

const MAY_DIFFER = /!|\d_/;

/** Tells whether a node's type is written out, as in `!!binary`, or a number is written in groups, which is text here and a number there. */
function differs(document: Document.Parsed): boolean {
  let isFound = false;
  visit(document, {
    Node: (_, node) => {
      const isTyped = 'tag' in node && node.tag !== undefined;
      const text = isScalar(node) && node.type === 'PLAIN' ? node.value : undefined;
      const isGrouped = typeof text === 'string' && text.includes('_') && isNumber(text.replaceAll('_', ''));
      if (!isTyped && !isGrouped) return undefined;
      isFound = true;
      return visit.BREAK;
    },
  });
  return isFound;
}

function isNumber(text: string): boolean {
  return text !== '' && !Number.isNaN(Number(text));
}

/**
 * Sets a key, or the last of several keys that lead to it, in YAML or JSON that stands as text inside an object; undefined
 * takes it out. Comments, order and all other keys stay, and a key that is new to a JSON object leaves it JSON.
 * @returns The new text, or undefined when the text is no map, or could not be written without changing another key.
 */
export function setEmbeddedKey(text: string, key: string | FieldPath, value: unknown): string | undefined {
  const before = parseEmbeddedYaml(text);
  const isEmpty = before !== undefined && isAbsent(before.value);
  if (before === undefined || !(isEmpty || isRecord(before.value))) return undefined;
  const path = typeof key === 'string' ? [key] : key;
  const wanted = withValue(isEmpty ? {} : before.value, path, value);
  const asJson = path.length === 1 ? withJsonKey(text, String(path[0]), value) : undefined;
  if (asJson !== undefined && sameJson(parseEmbeddedYaml(asJson)?.value, wanted)) return asJson;
  const document = parseDocument(text, { logLevel: 'silent' });
  // `null` and `~` are no collection that could take a key.
  if (isEmpty) document.contents = null;
  try {
    if (value === undefined) document.deleteIn(path);
    else {
      // A key without a value (`tracing:`) holds no map yet, and one can only be put there whole.
      const depth = path.findIndex((_, at) => at > 0 && isAbsent(valueAt(before.value, path.slice(0, at))));
      const whole = depth < 0 ? path : path.slice(0, depth);
      const written = valueAt(wanted, whole);
      // A bare value changes the scalar that stands there, which keeps its comment.
      document.setIn(whole, typeof written === 'object' ? document.createNode(written) : written);
    }
  } catch {
    return undefined; // an alias or a scalar stands where a map must be
  }
  const after = document.toString({ lineWidth: 0 });
  return sameJson(parseEmbeddedYaml(after)?.value, wanted) ? after : undefined;
}

function withValue(here: unknown, path: FieldPath, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(here)) return here.map((item, at) => (at === step ? withValue(item, rest, value) : item));
  const { [step]: old, ...others } = recordOrEmpty(here);
  return rest.length === 0 && value === undefined ? others : { ...others, [step]: withValue(old, rest, value) };
}

/** Writes a key in front of all others of a JSON object; undefined where the text is none, or a key is taken out. */
function withJsonKey(text: string, key: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  try {
    const there: unknown = JSON.parse(text);
    if (!isRecord(there)) return undefined;
    const start = text.indexOf('{') + 1;
    const rest = Object.keys(there).length === 0 ? '}' : `, ${text.slice(start).trimStart()}`;
    return `${text.slice(0, start)}${JSON.stringify(key)}: ${JSON.stringify(value)}${rest}`;
  } catch {
    return undefined;
  }
}
