import { recordOrEmpty, recordsOf, stringsOf } from '../model/json.ts';
import { type KubeObject, nameOf, namespaceOf, specOf } from '../model/kube-object.ts';
import { sidecarsOf } from './sidecar-scope.ts';
import type { View } from './view.ts';

/** A namespace and one of the Sidecars that its pods may have; undefined: none. */
export interface SidecarUse {
  readonly namespace: string;
  readonly sidecar: KubeObject | undefined;
}

const CLASSES = new WeakMap<readonly KubeObject[], readonly (readonly SidecarUse[])[]>();

/**
 * Returns the uses of Sidecars in namespaces that have one of their own, those together that import the same from namespaces
 * other than their own. There may be thousands of Sidecars, and few sorts of them.
 */
export function sidecarClasses(view: View): readonly (readonly SidecarUse[])[] {
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
  const all = [...classes.values()];
  CLASSES.set(sidecars, all);
  return all;
}

/** Writes what a Sidecar imports from other namespaces; one with listeners for single ports is like no other. */
function foreignImports(sidecar: KubeObject, namespace: string): string {
  const listeners = recordsOf(specOf(sidecar).egress);
  if (listeners.some(({ port }) => Object.keys(recordOrEmpty(port)).length > 0))
    return `${namespace}/${nameOf(sidecar)}`;
  const isForeign = (host: string): boolean => !host.startsWith('./') && !host.startsWith(`${namespace}/`);
  return JSON.stringify(listeners.map(({ hosts }) => stringsOf(hosts).filter(isForeign).sort()));
}
