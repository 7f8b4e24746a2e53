import type { Baseline } from '../model/baseline.ts';
import { isRecord, stringOf, textOf } from '../model/json.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { isWildcard, parseServiceHost } from './hosts.ts';
import { servicesNamed } from './known-service.ts';
import { isMeshNamespace, meshNamespaces } from './namespaces.ts';
import { serviceBehind } from './route-owners.ts';
import { type Router, routersOf } from './routers.ts';
import type { MeshViewer } from './route-types.ts';
import { type SidecarUse, usesElsewhere } from './sidecar-classes.ts';
import { type Importable, knows, sidecarsOf, tellsPortsApart } from './sidecar-scope.ts';
import type { View } from './view.ts';

/**
 * Returns one viewer of each sort that may see a virtual host differently: of the mesh namespaces that its routers name,
 * live in or are exported to, of those whose Sidecars hide some of them, and one of all others; of each port and each sort
 * of pod that the routers tell apart.
 */
export function viewersOf(view: View, baseline: Baseline, virtualHost: string): readonly MeshViewer[] {
  const compute = (): readonly MeshViewer[] => {
    const service = serviceBehind(view, virtualHost);
    const routers = [...routersOf(view, virtualHost), ...(service === undefined ? [] : routersOf(view, service))];
    const scopes = scopesOf(view, baseline, virtualHost, routers);
    const matched = matchedPorts(routers);
    const labels = routers.some(asksForLabels) ? (['some', 'none'] as const) : (['none'] as const);
    return scopes.flatMap((scope) =>
      portsOf(view, virtualHost, matched, scope.sidecar).flatMap((port) =>
        labels.map((one): MeshViewer => ({ ...scope, labels: one, ...(port === undefined ? {} : { port }) })),
      ),
    );
  };
  return view.memo(`viewersOf|${baseline.sha256}|${virtualHost}`, compute);
}

type Scope = Pick<MeshViewer, 'kind' | 'namespace' | 'sidecar'>;

function scopesOf(view: View, baseline: Baseline, virtualHost: string, routers: readonly Router[]): readonly Scope[] {
  const named = new Set<string>();
  for (const { namespace, exportTo, entries } of routers) {
    named.add(namespace);
    for (const one of exportTo) named.add(one);
    for (const source of sourceNamespaces(entries)) named.add(source);
  }
  const things = [...routers.map(importable), serviceThing(view, virtualHost)];
  // Who lives beside a router or the service may import it as its own.
  for (const { namespace } of things) named.add(namespace);
  const special = [...named].filter((one) => isMeshNamespace(one, view, baseline));
  const scopes = special.flatMap((namespace) => sidecarsOf(view, namespace).map((one) => scope(namespace, one)));
  const alike = new Map<string, Scope>();
  const add = ({ namespace, sidecar }: SidecarUse): void => {
    const signature = signatureOf(sidecar, namespace, things);
    if (!alike.has(signature)) alike.set(signature, scope(namespace, sidecar));
  };
  const plain = plainNamespaces(view, baseline).find((one) => !named.has(one));
  if (plain !== undefined) for (const sidecar of sidecarsOf(view, plain)) add({ namespace: plain, sidecar });
  const isOther = (namespace: string): boolean => !named.has(namespace) && isMeshNamespace(namespace, view, baseline);
  const homes = things.map(({ namespace }) => namespace);
  for (const use of usesElsewhere(view, homes, isOther)) add(use);
  return [...scopes, ...alike.values()];
}

/** The mesh namespaces without Sidecars of their own. */
function plainNamespaces(view: View, baseline: Baseline): readonly string[] {
  const compute = (): readonly string[] =>
    meshNamespaces(view, baseline).filter((namespace) => view.list('Sidecar', namespace).length === 0);
  return view.memo(`plainNamespaces|${baseline.sha256}`, compute);
}

function scope(namespace: string, sidecar: KubeObject | undefined): Scope {
  return { kind: 'mesh', namespace, ...(sidecar === undefined ? {} : { sidecar }) };
}

const importable = ({ namespace, hosts, isGatewayApi }: Router): Importable => ({
  namespace,
  hosts,
  fit: isGatewayApi ? 'covered' : 'either',
});

/** Returns a virtual host's service as Sidecars import it. */
export function serviceThing(view: View, virtualHost: string): Importable {
  const namespace =
    servicesNamed(view, virtualHost)[0]?.namespace ??
    parseServiceHost(virtualHost, view.settings.clusterDomain)?.namespace ??
    '';
  return { namespace, hosts: [virtualHost], fit: 'covered' };
}

/** Writes what a Sidecar lets its proxies know of the things; one with listeners for single ports is like no other. */
function signatureOf(sidecar: KubeObject | undefined, namespace: string, things: readonly Importable[]): string {
  if (sidecar !== undefined && tellsPortsApart(sidecar))
    return `${namespace}/${textOf(isRecord(sidecar.metadata) ? sidecar.metadata.name : '')}`;
  return things.map((thing) => (knows(sidecar, namespace, undefined, thing) ? '1' : '0')).join('');
}

function sourceNamespaces(entries: Router['entries']): readonly string[] {
  const named: string[] = [];
  for (const { matches } of entries) {
    for (const { written, gateways } of matches) {
      const source = gateways.length > 0 ? undefined : stringOf(written.sourceNamespace);
      if (source !== undefined) named.push(source);
    }
  }
  return named;
}

function asksForLabels({ entries }: Router): boolean {
  for (const { matches } of entries) {
    for (const { written, gateways } of matches) {
      if (gateways.length > 0 || !isRecord(written.sourceLabels)) continue;
      if (Object.keys(written.sourceLabels).length > 0) return true;
    }
  }
  return false;
}

function matchedPorts(routers: readonly Router[]): readonly number[] {
  const ports: number[] = [];
  for (const { entries } of routers) {
    for (const { matches } of entries) for (const { port } of matches) if (port !== undefined) ports.push(port);
  }
  return ports;
}

/** The ports to ask about one by one; a single undefined where nothing tells them apart. */
function portsOf(
  view: View,
  virtualHost: string,
  matched: readonly number[],
  sidecar: KubeObject | undefined,
): readonly (number | undefined)[] {
  if (matched.length === 0 && (sidecar === undefined || !tellsPortsApart(sidecar))) return [undefined];
  const known = servicesNamed(view, virtualHost);
  // A Service that is yet to come has whatever ports; any other name that nobody knows is one on port 80.
  if (known.length === 0 && parseServiceHost(virtualHost, view.settings.clusterDomain) !== undefined)
    return [undefined];
  if (known.length === 0)
    return [...new Set(isWildcard(virtualHost) ? [...matched, 80] : matched.length > 0 ? matched : [80])];
  return [...new Set(known.flatMap(({ ports }) => ports.flatMap((one) => (one.mayBeHttp ? one.number : []))))];
}
