import type { RouteMatch } from '../../mesh/routes.ts';
import type { ServiceBaseline } from '../../model/baseline.ts';
import { isRecord, type JsonObject, recordOrEmpty, stringOf } from '../../model/json.ts';

/** A header value that leads to a subset. */
export type Pin = ServiceBaseline['pins'][number];

const PLAIN_WORDS = /^\^?(?:\(\??:?)?([A-Za-z0-9_-]+(?:\|[A-Za-z0-9_-]+)*)\)?\$?$/;

/**
 * Tells what a match makes of requests with a pinned header: `only`: it is for them and no others; `some`: it names the
 * header and lets them in; `any`: it does not ask for the header, or in a way that is not read here; `none`: it leaves
 * them out.
 */
export function pinOf({ written }: RouteMatch, { header, value }: Pin): 'only' | 'some' | 'any' | 'none' {
  const without = headerIn(written.withoutHeaders, header);
  if (without !== undefined && admits(without, value) === 'yes') return 'none';
  const asked = headerIn(written.headers, header);
  if (asked === undefined) return 'any';
  const answer = admits(asked, value);
  if (answer === 'no') return 'none';
  if (asked.exact === value) return 'only';
  const words = wordsOf(asked.regex);
  if (words?.length === 1) return 'only';
  return answer === 'yes' && Object.keys(asked).length > 0 ? 'some' : 'any';
}

function headerIn(headers: unknown, name: string): JsonObject | undefined {
  const map = recordOrEmpty(headers);
  const key = Object.keys(map).find((one) => one.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : recordOrEmpty(map[key]);
}

/** A match without a condition asks only whether the header is there. */
function admits({ exact, prefix, regex }: JsonObject, value: string): 'yes' | 'no' | 'unknown' {
  if (typeof exact === 'string') return exact === value ? 'yes' : 'no';
  if (typeof prefix === 'string') return value.startsWith(prefix) ? 'yes' : 'no';
  if (typeof regex !== 'string') return 'yes';
  const words = wordsOf(regex);
  // Other expressions are not tried: Envoy's and JavaScript's are two languages.
  return words === undefined ? 'unknown' : words.includes(value) ? 'yes' : 'no';
}

/** Envoy's expressions must match the whole value, so that one of plain words is a list of values. */
function wordsOf(regex: unknown): readonly string[] | undefined {
  return typeof regex === 'string' ? PLAIN_WORDS.exec(regex)?.[1]?.split('|') : undefined;
}

const STRINGS = ['uri', 'method', 'authority', 'scheme'] as const;
const MAPS = ['headers', 'queryParams', 'sourceLabels'] as const;

/** Tells whether no request fits both matches; false where that is not certain. */
export function areDisjoint(left: RouteMatch, right: RouteMatch): boolean {
  const [one, other] = [left.written, right.written];
  if (left.methods !== undefined && right.methods !== undefined) {
    const { methods } = right;
    if (!left.methods.some((method) => methods.includes(method))) return true;
  }
  if (left.port !== undefined && right.port !== undefined && left.port !== right.port) return true;
  if (differ(stringOf(one.sourceNamespace), stringOf(other.sourceNamespace))) return true;
  if (left.gateways.length > 0 && right.gateways.length > 0) {
    if (!left.gateways.some((gateway) => right.gateways.includes(gateway))) return true;
  }
  const isCaseRead = one.ignoreUriCase !== true && other.ignoreUriCase !== true;
  if (STRINGS.some((name) => (name !== 'uri' || isCaseRead) && excludeEachOther(one[name], other[name]))) return true;
  if (excludes(one, other) || excludes(other, one)) return true;
  return MAPS.some((name) => {
    const there = recordOrEmpty(other[name]);
    return Object.entries(recordOrEmpty(one[name])).some(
      ([key, value]) => Object.hasOwn(there, key) && excludeEachOther(value, there[key]),
    );
  });
}

/** Tells whether one match leaves out the very header value that the other asks for. */
function excludes(one: JsonObject, other: JsonObject): boolean {
  return Object.entries(recordOrEmpty(one.withoutHeaders)).some(([key, value]) => {
    const { exact } = recordOrEmpty(recordOrEmpty(other.headers)[key]);
    return typeof exact === 'string' && admits(recordOrEmpty(value), exact) === 'yes';
  });
}

function differ(left: string | undefined, right: string | undefined): boolean {
  return Boolean(left) && Boolean(right) && left !== right;
}

function excludeEachOther(left: unknown, right: unknown): boolean {
  if (typeof left === 'string' && typeof right === 'string') return left !== right;
  if (!isRecord(left) || !isRecord(right)) return false;
  const values = exactsOf(left);
  if (values !== undefined) return values.every((value) => admits(right, value) === 'no');
  const others = exactsOf(right);
  if (others !== undefined) return others.every((value) => admits(left, value) === 'no');
  const [prefix, other] = [stringOf(left.prefix), stringOf(right.prefix)];
  if (prefix === undefined || other === undefined) return false;
  return !prefix.startsWith(other) && !other.startsWith(prefix);
}

function exactsOf({ exact, regex }: JsonObject): readonly string[] | undefined {
  return typeof exact === 'string' ? [exact] : wordsOf(regex);
}
