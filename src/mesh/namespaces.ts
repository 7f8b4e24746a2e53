import type { Baseline, NamespaceSelector } from '../model/baseline.ts';
import { labelOf, nameOf } from '../model/kube-object.ts';
import type { View } from './view.ts';

/**
 * Tells whether pods of a namespace get a sidecar by its labels: `istio-injection` goes before `istio.io/rev`, and only
 * `enabled` of the first counts. Undefined: the namespace says nothing, or is not in the view.
 * @see https://github.com/istio/istio/blob/1.31.0/manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml
 */
export function asksForInjection(namespace: string, view: View): boolean | undefined {
  const object = view.get('Namespace', '', namespace);
  if (object === undefined) return undefined;
  const injection = labelOf(object, 'istio-injection');
  if (injection !== undefined) return injection === 'enabled';
  const revision = labelOf(object, 'istio.io/rev');
  return revision === undefined ? undefined : view.settings.revisions.includes(revision);
}

/** Tells whether a namespace is of the mesh: listed by the baseline, or asking for injection and not outside. */
export function isMeshNamespace(namespace: string, view: View, baseline: Baseline): boolean {
  if (baseline.mesh.namespaces.includes(namespace)) return true;
  if (baseline.mesh.outside.includes(namespace)) return false;
  return asksForInjection(namespace, view) === true;
}

/** Returns all mesh namespaces: those the baseline lists, known or not, and those that ask for injection. */
export function meshNamespaces(view: View, baseline: Baseline): readonly string[] {
  const compute = (): readonly string[] => {
    const known = view.list('Namespace').map(nameOf);
    const all = new Set([...baseline.mesh.namespaces, ...known]);
    return [...all].filter((namespace) => isMeshNamespace(namespace, view, baseline)).sort();
  };
  return view.memo(`meshNamespaces|${baseline.sha256}`, compute);
}

/** Tells whether a selector means a namespace; a namespace that is not in the view has only its name. */
export function selectsNamespace(selector: NamespaceSelector, namespace: string, view: View): boolean {
  const { names, matchLabels } = selector;
  if (names.length > 0 && !names.includes(namespace)) return false;
  const wanted = Object.entries(matchLabels);
  if (wanted.length === 0) return names.length > 0;
  const object = view.get('Namespace', '', namespace);
  return object !== undefined && wanted.every(([key, value]) => labelOf(object, key) === value);
}
