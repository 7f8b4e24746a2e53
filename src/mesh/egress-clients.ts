import type { Baseline } from '../model/baseline.ts';
import { isRecord, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { type KubeObject, nameOf, namespaceOf, specOf } from '../model/kube-object.ts';
import { virtualServicesOverlapping } from './egress-layer4.ts';
import { servicesNamed } from './known-service.ts';
import { isMeshNamespace, meshNamespaces } from './namespaces.ts';
import { exportedTo } from './route-delegates.ts';
import { boundTo, claimedHosts } from './routers.ts';
import type { MeshViewer } from './route-types.ts';
import { type SidecarUse, usesElsewhere } from './sidecar-classes.ts';
import { type Importable, knows, sidecarsOf } from './sidecar-scope.ts';
import type { View } from './view.ts';

/**
 * Returns one client of each sort for which requests to an external host may leave differently: of the mesh namespaces
 * that its ServiceEntries and VirtualServices name, live in or are exported to, and of all others one for each set of
 * these that their Sidecars let them know; pods that no selector fits, and, where a route asks for labels, pods that have them.
 */
export function egressClients(view: View, baseline: Baseline, host: string): readonly MeshViewer[] {
  return view.memo(`egressClients|${baseline.sha256}|${host}`, () => {
    const routers = virtualServicesOverlapping(view, host).filter((one) => boundTo(one).includes('mesh'));
    const entries = servicesNamed(view, host).filter(({ isKubernetes }) => !isKubernetes);
    const named = new Set<string>();
    for (const router of routers) for (const one of namespacesIn(view, router)) named.add(one);
    for (const { object, namespace } of entries) {
      for (const one of [namespace, ...stringsOf(specOf(object).exportTo)]) named.add(one);
    }
    const things = [
      ...routers.map((one) => routerThing(view, one)),
      ...entries.map(({ namespace }): Importable => ({ namespace, hosts: [host], fit: 'covered' })),
    ];
    const scopes = scopesOf(view, baseline, named, things);
    const labels = routers.some(asksForLabels) ? (['none', 'some'] as const) : (['none'] as const);
    return scopes.flatMap((scope) => labels.map((one): MeshViewer => ({ ...scope, labels: one })));
  });
}

type Scope = Omit<MeshViewer, 'labels'>;

function scopesOf(
  view: View,
  baseline: Baseline,
  named: ReadonlySet<string>,
  things: readonly Importable[],
): readonly Scope[] {
  const special = [...named].filter((one) => isMeshNamespace(one, view, baseline));
  const scopes = special.flatMap((namespace) => sidecarsOf(view, namespace).map((one) => scopeOf(namespace, one)));
  const alike = new Map<string, Scope>();
  const add = ({ namespace, sidecar }: SidecarUse): void => {
    const known = things.map((thing) => (knows(sidecar, namespace, undefined, thing) ? '1' : '0')).join('');
    const isAlike = sidecar === undefined || !recordsOf(specOf(sidecar).egress).some(({ port }) => isRecord(port));
    const signature = isAlike ? known : `${namespace}/${nameOf(sidecar)}`;
    if (!alike.has(signature)) alike.set(signature, scopeOf(namespace, sidecar));
  };
  const withOwn = new Set(view.list('Sidecar').map(namespaceOf));
  const plain = meshNamespaces(view, baseline).find((one) => !named.has(one) && !withOwn.has(one));
  if (plain !== undefined) for (const sidecar of sidecarsOf(view, plain)) add({ namespace: plain, sidecar });
  const isOther = (namespace: string): boolean => !named.has(namespace) && isMeshNamespace(namespace, view, baseline);
  const homes = things.map(({ namespace }) => namespace);
  for (const use of usesElsewhere(view, homes, isOther)) add(use);
  return [...scopes, ...alike.values()];
}

function scopeOf(namespace: string, sidecar: KubeObject | undefined): Scope {
  return { kind: 'mesh', namespace, ...(sidecar === undefined ? {} : { sidecar }) };
}

function routerThing(view: View, router: KubeObject): Importable {
  return { namespace: namespaceOf(router), hosts: claimedHosts(router, view.settings.clusterDomain), fit: 'either' };
}

function* matchesOf(router: KubeObject): Iterable<ReturnType<typeof recordOrEmpty>> {
  for (const protocol of ['http', 'tls', 'tcp']) {
    for (const route of recordsOf(specOf(router)[protocol])) yield* recordsOf(route.match);
  }
}

function* namespacesIn(view: View, router: KubeObject): Iterable<string> {
  yield namespaceOf(router);
  yield* exportedTo(view, router);
  for (const { sourceNamespace } of matchesOf(router)) yield stringOf(sourceNamespace) ?? '';
}

function asksForLabels(router: KubeObject): boolean {
  return [...matchesOf(router)].some(({ sourceLabels }) => Object.keys(recordOrEmpty(sourceLabels)).length > 0);
}
