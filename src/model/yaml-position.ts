import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
} from 'yaml';
import type { FieldPath } from './field-path.ts';

/** A place in a text, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Finds where a field stands in a YAML document: its value, or its key when asked or where the value begins below it; else
 * its nearest ancestor.
 */
export function positionOf(
  document: Document.Parsed,
  lines: LineCounter,
  path: FieldPath,
  options: { readonly key?: boolean } = {},
): Position {
  let here: Node | undefined = document.contents ?? undefined;
  let place = here;
  for (const [at, step] of path.entries()) {
    const found = stepInto(resolved(here, document), step, document);
    if (found === undefined) break;
    const isLast = at === path.length - 1;
    here = found.value;
    // A key with no value (`timeout:`) has a place of its own only through the key.
    const isKeyMeant = (isLast && options.key === true) || here?.range === undefined || isBelowKey(here);
    place = isKeyMeant ? found.key : here;
    if (here === undefined) break;
  }
  const { line, col } = lines.linePos(place?.range?.[0] ?? document.range[0]);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function isBelowKey(value: Node): boolean {
  return (isMap(value) || isSeq(value)) && value.flow !== true;
}

interface Step {
  readonly key: Node | undefined;
  readonly value: Node | undefined;
}

function stepInto(node: Node | undefined, step: string | number, document: Document.Parsed): Step | undefined {
  if (isSeq(node)) {
    const item = typeof step === 'number' ? node.items[step] : undefined;
    return isNode(item) ? { key: item, value: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  const own = node.items.find((pair) => isPair(pair) && keyText(pair) === String(step));
  if (own !== undefined) return stepOf(own);
  for (const pair of node.items) {
    if (keyText(pair) !== MERGE) continue;
    const merged = resolved(isNode(pair.value) ? pair.value : undefined, document);
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const found = stepInto(resolved(isNode(source) ? source : undefined, document), step, document);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function stepOf({ key, value }: Pair): Step {
  return { key: isNode(key) ? key : undefined, value: isNode(value) ? value : undefined };
}

const MERGE = '<<';

function keyText({ key }: Pair): string | undefined {
  if (!isScalar(key)) return undefined;
  // The reader marks a merge key with a symbol, so that the word `<<` in quotation marks is none.
  return typeof key.value === 'symbol' ? MERGE : String(key.value);
}

function resolved(node: Node | undefined, document: Document.Parsed): Node | undefined {
  return isAlias(node) ? node.resolve(document) : node;
}
