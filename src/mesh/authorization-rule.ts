import { type JsonObject, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';

/**
 * Tells whether a rule of an ALLOW policy lets everybody do everything: nothing in it restricts the caller, what is
 * called, or when. Sources and operations are alternatives, so one that restricts nothing undoes the others.
 * Negated lists restrict nothing here: all but a few is everybody.
 * @see https://istio.io/latest/docs/reference/config/security/authorization-policy/#Rule
 */
export function isAllowAll(rule: JsonObject): boolean {
  return !restrictsCaller(rule) && !restrictsOperation(rule) && !recordsOf(rule.when).some(restrictsWhen);
}

/** Tells whether every source of a rule names somebody, by any attribute and not by `*` alone. */
export function restrictsCaller(rule: JsonObject): boolean {
  const from = recordsOf(rule.from);
  return from.length > 0 && from.every(({ source }) => restricts(recordOrEmpty(source), SOURCE_LISTS));
}

/** Tells whether every operation of a rule names something, by any attribute and not by `*` alone. */
export function restrictsOperation(rule: JsonObject): boolean {
  const to = recordsOf(rule.to);
  return to.length > 0 && to.every(({ operation }) => restricts(recordOrEmpty(operation), OPERATION_LISTS));
}

type Matcher = (value: string) => boolean;

const isStar: Matcher = (value) => value === '*';

/** A prefix shorter than this many bits is no network of anybody: two of `/1` are all of IPv4. */
const SHORTEST_PREFIX = 8;

const isEverywhere: Matcher = (value) => {
  const slash = value.indexOf('/');
  if (slash < 0) return value === '*';
  const bits = Number(value.slice(slash + 1));
  return !Number.isInteger(bits) || bits < SHORTEST_PREFIX;
};

/** `/*` matches every path by its prefix; `{**}` is the path template for all that follows. */
const isEveryPath: Matcher = (value) => value === '*' || value === '/*' || value === '/{**}' || value === '{**}';

const isEveryHost: Matcher = (value) => value === '*' || value === '*:*';

const SOURCE_LISTS: readonly (readonly [string, Matcher])[] = [
  ['principals', isStar],
  ['requestPrincipals', isStar],
  ['namespaces', isStar],
  ['serviceAccounts', isStar],
  ['trustDomains', isStar],
  ['ipBlocks', isEverywhere],
  ['remoteIpBlocks', isEverywhere],
];

const OPERATION_LISTS: readonly (readonly [string, Matcher])[] = [
  ['hosts', isEveryHost],
  ['ports', isStar],
  ['methods', isStar],
  ['paths', isEveryPath],
];

function restricts(block: JsonObject, lists: readonly (readonly [string, Matcher])[]): boolean {
  return lists.some(([name, isAny]) => namesSome(block[name], isAny));
}

function namesSome(list: unknown, isAny: Matcher): boolean {
  const values = stringsOf(list);
  return values.length > 0 && !values.some(isAny);
}

const ADDRESS_KEYS = new Set(['source.ip', 'remote.ip', 'destination.ip']);

function restrictsWhen({ key, values }: JsonObject): boolean {
  return namesSome(values, ADDRESS_KEYS.has(stringOf(key) ?? '') ? isEverywhere : isStar);
}
