import { isRecord, recordOrEmpty, recordsOf, stringsOf } from '../model/json.ts';
import { type KubeObject, nameOf, namespaceOf, specOf } from '../model/kube-object.ts';
import { sidecarsOf } from './sidecar-scope.ts';
import type { View } from './view.ts';

/** A namespace and one of the Sidecars that its pods may have; undefined: none. */
export interface SidecarUse {
  readonly namespace: string;
  readonly sidecar: KubeObject | undefined;
}

/** Uses that are for all namespaces but their own the same. */
type SidecarClass = readonly SidecarUse[];

interface Classes {
  readonly all: readonly SidecarClass[];
  /** The places of those that may know something of any namespace. */
  readonly open: readonly number[];
  /** By namespace the places of the others that import something from it. */
  readonly importing: ReadonlyMap<string, readonly number[]>;
}

const CLASSES = new WeakMap<readonly KubeObject[], Classes>();

/**
 * Returns the uses of Sidecars in namespaces that have one of their own, those together that import the same from namespaces
 * other than their own. There may be thousands of Sidecars, and few sorts of them that import from one namespace.
 */
function sidecarClasses(view: View): Classes {
  const sidecars = view.list('Sidecar');
  const known = CLASSES.get(sidecars);
  if (known !== undefined) return known;
  const classes = new Map<string, SidecarUse[]>();
  for (const namespace of new Set(sidecars.map(namespaceOf))) {
    for (const sidecar of sidecarsOf(view, namespace)) {
      const key = sidecar === undefined ? '' : foreignImports(sidecar, namespace);
      const there = classes.get(key);
      if (there === undefined) classes.set(key, [{ namespace, sidecar }]);
      else there.push({ namespace, sidecar });
    }
  }
  const read = indexed([...classes.values()]);
  CLASSES.set(sidecars, read);
  return read;
}

function indexed(all: readonly SidecarClass[]): Classes {
  const open: number[] = [];
  const importing = new Map<string, number[]>();
  const file = (namespace: string, at: number): void => {
    const there = importing.get(namespace);
    if (there === undefined) importing.set(namespace, [at]);
    else there.push(at);
  };
  for (const [at, [use]] of all.entries()) {
    const namespaces = importedNamespaces(use?.sidecar);
    if (namespaces === undefined) open.push(at);
    else for (const one of namespaces) file(one, at);
  }
  return { all, open, importing };
}

/** Returns the namespaces from which alone a Sidecar imports something; undefined: from any, or by port. */
function importedNamespaces(sidecar: KubeObject | undefined): ReadonlySet<string> | undefined {
  const listeners = recordsOf(sidecar === undefined ? undefined : specOf(sidecar).egress);
  if (listeners.length === 0 || listeners.some(({ port }) => isRecord(port))) return undefined;
  const written = listeners.flatMap(({ hosts }) => stringsOf(hosts));
  const namespaces = new Set(written.map((one) => one.split('/', 1)[0] ?? ''));
  const isOpen = [...namespaces].some((one) => one === '*' || one.startsWith('~'));
  return isOpen ? undefined : namespaces;
}

/**
 * Yields one use of each class that may know something of other namespaces, and of all classes that know nothing of them just
 * one; in the order of the classes.
 * @param namespaces Where the things are that may be known; none of them is elsewhere.
 */
export function* usesElsewhere(
  view: View,
  namespaces: Iterable<string>,
  isElsewhere: (namespace: string) => boolean,
): Iterable<SidecarUse> {
  const { all, open, importing } = sidecarClasses(view);
  const places = new Set(open);
  for (const namespace of namespaces) for (const at of importing.get(namespace) ?? []) places.add(at);
  const useOf = (at: number): SidecarUse | undefined => all[at]?.find((use) => isElsewhere(use.namespace));
  for (const at of all.keys()) {
    if (places.has(at) || useOf(at) === undefined) continue;
    places.add(at);
    break;
  }
  for (const at of [...places].sort((left, right) => left - right)) {
    const use = useOf(at);
    if (use !== undefined) yield use;
  }
}

/** Writes what a Sidecar imports from other namespaces; one with listeners for single ports is like no other. */
function foreignImports(sidecar: KubeObject, namespace: string): string {
  const listeners = recordsOf(specOf(sidecar).egress);
  if (listeners.some(({ port }) => Object.keys(recordOrEmpty(port)).length > 0))
    return `${namespace}/${nameOf(sidecar)}`;
  const isForeign = (host: string): boolean => !host.startsWith('./') && !host.startsWith(`${namespace}/`);
  return JSON.stringify(listeners.map(({ hosts }) => stringsOf(hosts).filter(isForeign).sort()));
}
