import { parseDurationMs } from '../model/duration.ts';
import type { FieldPath } from '../model/field-path.ts';
import { isAbsent, isRecord, type JsonObject, numberOf, recordOrEmpty, recordsOf, stringOf } from '../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { rememberedFor } from '../model/remembered.ts';
import { expandHost, takeoverNames } from './hosts.ts';
import { describeMatch, matchOf } from './route-match.ts';
import type { Place, Route, RouteHost, RouteMatch, RouteTarget } from './route-types.ts';

/** One `http` entry with what it makes of a request, before anybody has looked at it. */
export interface Entry {
  readonly root: KubeObject;
  readonly delegate?: KubeObject;
  readonly at: Place;
  readonly rootAt?: Place;
  readonly name: string;
  readonly matches: readonly RouteMatch[];
  readonly targets: readonly RouteTarget[];
  readonly mirrors: Route['mirrors'];
  readonly timeoutMs?: number;
  readonly timeoutAt: Place;
  /** The `retries` block that counts, and where it stands or would have to. */
  readonly retries: unknown;
  readonly retriesAt: Place;
  readonly perTryAt: Place;
  readonly faultAt?: Place;
}

/** An `http` entry of a VirtualService as written, with short names resolved in its own namespace. */
export interface WrittenEntry {
  readonly object: KubeObject;
  readonly path: FieldPath;
  readonly value: JsonObject;
  readonly name: string;
  readonly matches: readonly RouteMatch[];
  readonly targets: readonly RouteTarget[];
  readonly mirrors: Route['mirrors'];
  /** `namespace/name` of the VirtualService that it hands over to. */
  readonly delegate?: string;
}

interface Read {
  clusterDomain: string;
  entries: readonly WrittenEntry[];
}

/** Returns the `http` entries of a VirtualService. */
export function writtenEntries(object: KubeObject, clusterDomain: string): readonly WrittenEntry[] {
  const read = readIn(object);
  if (read.clusterDomain !== clusterDomain) {
    read.clusterDomain = clusterDomain;
    read.entries = readEntries(object, clusterDomain);
  }
  return read.entries;
}

/** Reading a large VirtualService costs more than judging it, so each is read once, whatever views it is in. */
const readIn = rememberedFor<KubeObject, Read>(() => ({ clusterDomain: '', entries: [] }));

function readEntries(object: KubeObject, clusterDomain: string): readonly WrittenEntry[] {
  const home: Home = { namespace: namespaceOf(object), clusterDomain, names: new Map() };
  return named(recordsOf(specOf(object).http).map((value, index) => readEntry(object, value, index, home)));
}

interface Home {
  readonly namespace: string;
  readonly clusterDomain: string;
  /** The hosts that were resolved before: routes of one VirtualService name few. */
  readonly names: Map<string, RouteHost>;
}

type Draft<T> = { -readonly [Field in keyof T]: T[Field] };

function readEntry(object: KubeObject, value: JsonObject, index: number, home: Home): WrittenEntry {
  const path: FieldPath = ['spec', 'http', index];
  const entry: Draft<WrittenEntry> = {
    object,
    path,
    value,
    name: stringOf(value.name) ?? '',
    matches: recordsOf(value.match).map((match) => matchOf(match, home.namespace)),
    targets: isRecord(value.redirect) || isRecord(value.directResponse) ? [] : targetsOf(value, path, home),
    mirrors: mirrorsOf(value, path, home),
  };
  if (isRecord(value.delegate)) {
    const { name, namespace } = value.delegate;
    entry.delegate = `${stringOf(namespace) || home.namespace}/${stringOf(name) ?? ''}`;
  }
  return entry;
}

/** Returns the destinations that get requests, each with its share; a weight counts only beside others. */
function targetsOf(value: JsonObject, path: FieldPath, home: Home): readonly RouteTarget[] {
  const all = recordsOf(value.route);
  const weightOf = ({ weight }: JsonObject): number => (all.length === 1 ? 1 : Math.max(0, numberOf(weight) ?? 0));
  let sum = 0;
  for (const one of all) sum += weightOf(one);
  const targets: RouteTarget[] = [];
  for (const [index, one] of all.entries()) {
    const weight = weightOf(one);
    if (weight === 0) continue;
    const destination = recordOrEmpty(one.destination);
    const target: Draft<RouteTarget> = {
      ...hostNames(stringOf(destination.host) ?? '', home),
      sharePercent: (weight / sum) * 100,
      path: [...path, 'route', index],
    };
    const subset = stringOf(destination.subset);
    if (subset !== undefined && subset !== '') target.subset = subset;
    const port = numberOf(recordOrEmpty(destination.port).number);
    if (port !== undefined) target.port = port;
    targets.push(target);
  }
  return targets;
}

function hostNames(host: string, { namespace, clusterDomain, names }: Home): RouteHost {
  const known = names.get(host);
  if (known !== undefined) return known;
  const [name = host, alias] = takeoverNames(host, namespace, clusterDomain);
  const written = expandHost(host, namespace, clusterDomain);
  const read = { host: name, written, ...(alias === undefined ? {} : { alias }) };
  names.set(host, read);
  return read;
}

function mirrorsOf(value: JsonObject, path: FieldPath, home: Home): Route['mirrors'] {
  if (isAbsent(value.mirror) && isAbsent(value.mirrors)) return NO_MIRRORS;
  const one = isRecord(value.mirror)
    ? [{ ...hostNames(stringOf(value.mirror.host) ?? '', home), path: [...path, 'mirror'] }]
    : [];
  const more = recordsOf(value.mirrors).flatMap(({ destination, percentage }, index) => {
    const names = hostNames(stringOf(recordOrEmpty(destination).host) ?? '', home);
    return isRecord(percentage) && isZero(percentage) ? [] : [{ ...names, path: [...path, 'mirrors', index] }];
  });
  return [...one, ...more];
}

const NO_MIRRORS: Route['mirrors'] = Object.freeze([]);

/**
 * Leaves out the `mirror` whose percentage is written as zero; absent it is all.
 * @param value The entry's three spellings of the percentage, in a delegate's case merged.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/route/route.go `MirrorPercent`
 */
export function withoutUnusedMirror(mirrors: Route['mirrors'], value: JsonObject): Route['mirrors'] {
  if (mirrors.length === 0) return mirrors;
  const { mirrorPercentage, mirrorPercent, mirror_percent: alias } = value;
  const isUnused = isRecord(mirrorPercentage) ? isZero(mirrorPercentage) : (mirrorPercent ?? alias) === 0;
  return isUnused ? mirrors.filter(({ path }) => path.at(-1) !== 'mirror') : mirrors;
}

function isZero({ value }: JsonObject): boolean {
  return (numberOf(value) ?? 0) <= 0;
}

/** Gives entries names that tell them apart: their own, else what they match, and a number where that is not enough. */
export function named<E extends { readonly name: string; readonly matches: readonly RouteMatch[] }>(
  entries: readonly E[],
): readonly E[] {
  const seen = new Map<string, number>();
  return entries.map((entry) => {
    const words = entry.name === '' ? entry.matches.map(describeMatch).join(' or ') : entry.name;
    const name = words === '' ? 'all requests' : words;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    const whole = count === 1 ? name : `${name} (${count})`;
    return whole === entry.name ? entry : { ...entry, name: whole };
  });
}

/** Makes an effective entry of a written one that hands nothing over. */
export function plainEntry(entry: WrittenEntry): Entry {
  const { object, path, value, name, matches, targets, mirrors } = entry;
  const place = (...fields: readonly string[]): Place => ({ object, path: [...path, ...fields] });
  const plain: Draft<Entry> = {
    root: object,
    at: { object, path },
    name,
    matches,
    targets,
    mirrors: withoutUnusedMirror(mirrors, value),
    timeoutAt: place('timeout'),
    retries: value.retries,
    retriesAt: place('retries'),
    perTryAt: place('retries', 'perTryTimeout'),
  };
  if (!isAbsent(value.fault)) plain.faultAt = place('fault');
  const timeoutMs = timeoutOf(value.timeout);
  if (timeoutMs !== undefined) plain.timeoutMs = timeoutMs;
  return plain;
}

/** Adds a timeout, if it is one: what cannot be read, zero and less are none. */
export function withTimeout(written: unknown, entry: Entry): Entry {
  const timeoutMs = timeoutOf(written);
  return timeoutMs === undefined ? entry : { ...entry, timeoutMs };
}

function timeoutOf(written: unknown): number | undefined {
  const ms = typeof written === 'string' ? parseDurationMs(written) : undefined;
  return ms === undefined || ms <= 0 ? undefined : ms;
}
