import { isAbsent, isRecord, type JsonObject, recordOrEmpty, stringOf, stringsOf } from '../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { aboutObject } from './about-object.ts';
import { meshSetting } from './mesh-config.ts';
import {
  type Entry,
  plainEntry,
  type WrittenEntry,
  withoutUnusedMirror,
  withTimeout,
  writtenEntries,
} from './route-entries.ts';
import { matchOf } from './route-match.ts';
import type { Place, Route, RouteMatch } from './route-types.ts';
import type { View } from './view.ts';

/**
 * Returns the entries of a VirtualService with its delegates' in place of those that hand over. A delegate that is not
 * there, not exported to the root's namespace, of another revision, with hosts of its own, or in conflict leaves nothing.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/virtualservice_controller.go `mergeVirtualServices`
 */
export function effectiveEntries(view: View, object: KubeObject): readonly Entry[] {
  const { clusterDomain } = view.settings;
  const compute = (): readonly Entry[] =>
    writtenEntries(object, clusterDomain).flatMap((entry) => {
      if (entry.delegate === undefined) return [plainEntry(entry)];
      const delegate = usableDelegate(view, entry.delegate, namespaceOf(object));
      if (delegate === undefined) return [];
      return writtenEntries(delegate, clusterDomain).flatMap((sub) => mergeEntry(entry, sub));
    });
  // Asked of the view even where there is no delegate: two answers that are made of one entry must be made of the same one.
  return aboutObject(view, 'effectiveEntries', object, compute);
}

function usableDelegate(view: View, name: string, rootNamespace: string): KubeObject | undefined {
  const delegate = view.lookup(`VirtualService|name|${name}`)[0];
  if (delegate === undefined || stringsOf(specOf(delegate).hosts).length > 0) return undefined;
  const exportTo = exportedTo(view, delegate);
  return exportTo.has('*') || exportTo.has(rootNamespace) ? delegate : undefined;
}

/** Returns the namespaces that a VirtualService is exported to; `*` is all of them. */
export function exportedTo(view: View, object: KubeObject): ReadonlySet<string> {
  const own = stringsOf(specOf(object).exportTo);
  const written = own.length > 0 ? own : defaultExportTo(view);
  const namespace = namespaceOf(object);
  return new Set(written.map((one) => (one === '.' ? namespace : one)));
}

const EVERYBODY: readonly string[] = ['*'];

function defaultExportTo(view: View): readonly string[] {
  const written = meshSetting(view, 'defaultVirtualServiceExportTo');
  return Array.isArray(written) && written.length > 0 ? stringsOf(written) : EVERYBODY;
}

/**
 * Lays a delegate's entry over the root's that hands over to it, field by field; none where their matches exclude one another.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/virtualservice.go `mergeHTTPRoute`
 */
function mergeEntry(root: WrittenEntry, sub: WrittenEntry): readonly Entry[] {
  const matches = mergeMatches(root.matches, sub.matches);
  if (matches === undefined) return [];
  const own = (field: string): boolean => !isAbsent(sub.value[field]);
  const inherits = (field: string): boolean => !own(field) && !isAbsent(root.value[field]);
  const placed = (field: string): Place => {
    const { object, path } = inherits(field) ? root : sub;
    return { object, path: [...path, field] };
  };
  const valueOf = (field: string): unknown => (own(field) ? sub.value[field] : root.value[field]);
  const retriesAt = placed('retries');
  // Only a mirror of the same spelling is in the way of the root's.
  const isOne = ({ path }: Route['mirrors'][number]): boolean => path.at(-1) === 'mirror';
  const mirrors = [
    ...(own('mirror') ? sub : root).mirrors.filter(isOne),
    ...(own('mirrors') ? sub : root).mirrors.filter((mirror) => !isOne(mirror)),
  ];
  const percentages = {
    mirrorPercentage: valueOf('mirrorPercentage'),
    mirrorPercent: valueOf('mirrorPercent'),
  } as JsonObject;
  return [
    withTimeout(valueOf('timeout'), {
      root: root.object,
      delegate: sub.object,
      at: { object: sub.object, path: sub.path },
      rootAt: { object: root.object, path: root.path },
      name: `${root.name} / ${sub.name}`,
      matches,
      targets: inherits('directResponse') ? [] : sub.targets,
      mirrors: withoutUnusedMirror(mirrors, percentages),
      timeoutAt: placed('timeout'),
      retries: valueOf('retries'),
      retriesAt,
      perTryAt: { object: retriesAt.object, path: [...retriesAt.path, 'perTryTimeout'] },
      ...(own('fault') || inherits('fault') ? { faultAt: placed('fault') } : {}),
    }),
  ];
}

function mergeMatches(root: readonly RouteMatch[], sub: readonly RouteMatch[]): readonly RouteMatch[] | undefined {
  if (root.length === 0) return sub;
  if (sub.length === 0) return root;
  const merged: RouteMatch[] = [];
  for (const inner of sub) {
    const outer = root.filter((one) => !areInConflict(one, inner));
    if (outer.length === 0) return undefined;
    for (const one of outer) merged.push(mergeMatch(one, inner));
  }
  return merged;
}

const MAPS = ['headers', 'withoutHeaders', 'queryParams', 'sourceLabels'] as const;
const INHERITED = ['uri', 'scheme', 'method', 'authority', 'port', 'sourceNamespace', 'statPrefix'] as const;

function mergeMatch(root: RouteMatch, sub: RouteMatch): RouteMatch {
  const written: Record<string, unknown> = { ...sub.written };
  for (const field of INHERITED) {
    if (isUnset(written[field]) && !isUnset(root.written[field])) written[field] = root.written[field];
  }
  for (const field of MAPS) {
    const [outer, inner] = [recordOrEmpty(root.written[field]), recordOrEmpty(sub.written[field])];
    written[field] = { ...outer, ...inner };
  }
  const gateways = sub.gateways.length > 0 ? sub.gateways : root.gateways;
  // The names are resolved already, each in its own namespace.
  return { ...matchOf({ ...written, gateways: undefined }, ''), gateways };
}

const isUnset = (value: unknown): boolean => isAbsent(value) || value === '' || value === 0;

/** @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/virtualservice.go `hasConflict` */
function areInConflict(root: RouteMatch, leaf: RouteMatch): boolean {
  const [outer, inner] = [root.written, leaf.written];
  if (['uri', 'scheme', 'method', 'authority'].some((name) => stringsConflict(outer[name], inner[name]))) return true;
  for (const field of ['headers', 'withoutHeaders', 'queryParams']) {
    const there = recordOrEmpty(outer[field]);
    for (const [key, value] of Object.entries(recordOrEmpty(inner[field]))) {
      if (Object.hasOwn(there, key) && stringsConflict(there[key], value)) return true;
    }
  }
  if ((outer.ignoreUriCase === true) !== (inner.ignoreUriCase === true)) return true;
  if (root.port !== undefined && leaf.port !== undefined && root.port !== leaf.port) return true;
  const source = stringOf(outer.sourceNamespace) ?? '';
  // A delegate's match that is silent about the source is in conflict with a root's that is not.
  if (source !== '' && source !== (stringOf(inner.sourceNamespace) ?? '')) return true;
  const labels = recordOrEmpty(outer.sourceLabels);
  for (const [key, value] of Object.entries(recordOrEmpty(inner.sourceLabels))) {
    if (Object.hasOwn(labels, key) && labels[key] !== value) return true;
  }
  if (root.gateways.length === 0 || leaf.gateways.length === 0) return false;
  return root.gateways.length < leaf.gateways.length || leaf.gateways.some((one) => !root.gateways.includes(one));
}

/** @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/virtualservice.go `stringMatchConflict` */
function stringsConflict(root: unknown, leaf: unknown): boolean {
  if (!isRecord(root) || !isRecord(leaf)) return false;
  const [outer, inner] = [textsOf(root), textsOf(leaf)];
  if (outer.regex !== '' && (inner.regex !== '' || inner.prefix !== '' || inner.exact !== '')) return true;
  if (inner.regex !== '' && (outer.regex !== '' || outer.prefix !== '' || outer.exact !== '')) return true;
  if (outer.exact !== '') return inner.prefix !== '' || inner.exact !== outer.exact;
  if (outer.prefix === '') return true;
  if (inner.prefix !== '') return !inner.prefix.startsWith(outer.prefix);
  return inner.exact === '' || !inner.exact.startsWith(outer.prefix);
}

function textsOf({ exact, prefix, regex }: JsonObject): Record<'exact' | 'prefix' | 'regex', string> {
  return { exact: stringOf(exact) ?? '', prefix: stringOf(prefix) ?? '', regex: stringOf(regex) ?? '' };
}
