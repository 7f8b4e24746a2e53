import type { Baseline, GatewayBaseline } from '../model/baseline.ts';
import { recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { type Kind, kindOf, WORKLOAD_KINDS } from '../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf, specOf } from '../model/kube-object.ts';
import { coversHost, expandHost, isWildcard, serviceHost, takeoverNames } from './hosts.ts';
import { type Hidden, hiddenBy, hiddenFrom } from './hidden-by.ts';
import { destinationHosts, routeServiceHosts } from './indexes.ts';
import { addKnown, externalHosts, externalWildcards, isKnownHost, knownHosts } from './known-hosts.ts';
import { injectorTextsOf, meshTextOf } from './mesh-text.ts';
import { meshNamespaces } from './namespaces.ts';
import { rivalsOf } from './route-rivals.ts';
import { boundTo, virtualServicesNaming } from './routers.ts';
import { hasListeners, sidecarsOf } from './sidecar-scope.ts';
import type { View } from './view.ts';

/** The subjects that an object can touch, besides itself. */
export interface Touched {
  readonly hosts: ReadonlySet<string>;
  readonly namespaces: ReadonlySet<string>;
  readonly gateways: ReadonlySet<GatewayBaseline>;
}

const NOBODY: ReadonlySet<never> = new Set<never>();
const NOTHING: Touched = { hosts: NOBODY, namespaces: NOBODY, gateways: NOBODY };

/** Returns what an object touches in a view that holds it, found by index; root-level objects touch everything they reach. */
export function touchedBy(object: KubeObject, view: View, baseline: Baseline): Touched {
  const kind = kindOf(object);
  return kind === undefined ? NOTHING : (TOUCHES[kind]?.(object, view, baseline) ?? NOTHING);
}

type Touches = (object: KubeObject, view: View, baseline: Baseline) => Touched;

const TOUCHES: Partial<Record<Kind, Touches>> = {
  VirtualService: (object, view, baseline) => ({ ...NOTHING, hosts: routedHosts(object, view, baseline) }),
  DestinationRule: (object, view, baseline) => ({ ...NOTHING, hosts: ruledHosts(object, view, baseline) }),
  HTTPRoute: (object, view, baseline) => ({ ...NOTHING, hosts: attachedHosts(object, view, baseline) }),
  GRPCRoute: (object, view) => ({ ...NOTHING, hosts: routeServiceHosts(object, namespaceOf(object), view.settings) }),
  Ingress: (object, view) => ({ ...NOTHING, hosts: ingressHosts(object, view) }),
  Service: (object, view, baseline) => {
    const hosts = new Set([serviceHost(nameOf(object), namespaceOf(object), view.settings.clusterDomain)]);
    addRivals(hosts, object, view, baseline);
    return { ...NOTHING, hosts };
  },
  ServiceEntry: (object, view, baseline) => {
    const hosts = new Set(stringsOf(specOf(object).hosts).map((host) => host.toLowerCase()));
    // Of a wildcard's VirtualServices only the first counts once it is registered.
    for (const router of [...hosts].filter(isWildcard).flatMap((host) => virtualServicesNaming(view, host))) {
      addReached(hosts, router, view, baseline);
    }
    // Where requests go that routes which hang on it take.
    for (const route of view.lookup(`HTTPRoute|entry|${namespaceOf(object)}/${nameOf(object)}`)) {
      for (const host of routeServiceHosts(route, namespaceOf(route), view.settings)) hosts.add(host);
    }
    return { ...NOTHING, hosts };
  },
  Sidecar: (object, view, baseline) => ({
    hosts: scopedHosts(object, view, baseline),
    namespaces: scope(object, view, baseline),
    gateways: NOBODY,
  }),
  Gateway: (object, view, baseline) => ({
    hosts: externalHosts(view),
    namespaces: NOBODY,
    gateways: selectedGateways(object, baseline),
  }),
  PeerAuthentication: policy,
  AuthorizationPolicy: policy,
  RequestAuthentication: policy,
  EnvoyFilter: policy,
  Telemetry: policy,
  ProxyConfig: policy,
  NetworkPolicy: policy,
  Namespace: (object, view, baseline) => ({
    hosts: hostsSeenIn(nameOf(object), view, baseline),
    namespaces: new Set([nameOf(object)]),
    gateways: new Set([...allGateways(baseline)].filter(({ namespace }) => namespace === nameOf(object))),
  }),
  ConfigMap: (object, view, baseline) =>
    isMeshConfigMap(object, baseline) ? { hosts: knownHosts(view, baseline), ...meshWide(view, baseline) } : NOTHING,
  ...Object.fromEntries(WORKLOAD_KINDS.map((kind) => [kind, workload])),
};

/** Tells whether an object is one of the ConfigMaps by which the mesh, its injector or a revision of them is set. */
export function isMeshConfigMap(object: KubeObject, { mesh }: Baseline): boolean {
  return meshTextOf(object, mesh) !== undefined || injectorTextsOf(object, mesh) !== undefined;
}

/** Returns what the mesh's own settings are for besides hosts: all of its namespaces and its gateways. */
export function meshWide(view: View, baseline: Baseline): Pick<Touched, 'namespaces' | 'gateways'> {
  const namespaces = new Set([...meshNamespaces(view, baseline), baseline.mesh.rootNamespace]);
  return { namespaces, gateways: allGateways(baseline) };
}

/** An Ingress leads to Services of its own namespace. */
function ingressHosts(object: KubeObject, { settings }: View): ReadonlySet<string> {
  const { defaultBackend, rules } = specOf(object);
  const paths = recordsOf(rules).flatMap(({ http }) => recordsOf(recordOrEmpty(http).paths));
  const backends = [defaultBackend, ...paths.map(({ backend }) => backend)];
  const names = backends.flatMap((backend) => stringOf(recordOrEmpty(recordOrEmpty(backend).service).name) ?? []);
  return new Set(names.map((name) => serviceHost(name, namespaceOf(object), settings.clusterDomain)));
}

function workload(object: KubeObject): Touched {
  return { ...NOTHING, namespaces: new Set([namespaceOf(object)]) };
}

function policy(object: KubeObject, view: View, baseline: Baseline): Touched {
  const namespace = namespaceOf(object);
  const isRoot = namespace === baseline.mesh.rootNamespace;
  const gateways = [...allGateways(baseline)].filter((gateway) => isRoot || gateway.namespace === namespace);
  return { hosts: NOBODY, namespaces: scope(object, view, baseline), gateways: new Set(gateways) };
}

function scope(object: KubeObject, view: View, baseline: Baseline): ReadonlySet<string> {
  const namespace = namespaceOf(object);
  const isRoot = namespace === baseline.mesh.rootNamespace;
  return new Set(isRoot ? [...meshNamespaces(view, baseline), namespace] : [namespace]);
}

/** A gateway's pods may have more labels than the baseline says, but none of these with another value. */
function selectedGateways(object: KubeObject, baseline: Baseline): ReadonlySet<GatewayBaseline> {
  const wanted = Object.entries(recordOrEmpty(specOf(object).selector));
  const mayFit = ({ matchLabels }: GatewayBaseline): boolean =>
    wanted.every(([key, value]) => !Object.hasOwn(matchLabels, key) || matchLabels[key] === value);
  return new Set([...allGateways(baseline)].filter(mayFit));
}

function allGateways(baseline: Baseline): ReadonlySet<GatewayBaseline> {
  return new Set([...baseline.gateways.ingress, ...baseline.gateways.egress]);
}

function hostsOfNamespace(namespace: string, view: View): ReadonlySet<string> {
  const { clusterDomain } = view.settings;
  return new Set(view.list('Service', namespace).map((one) => serviceHost(nameOf(one), namespace, clusterDomain)));
}

function routedHosts(object: KubeObject, view: View, baseline: Baseline): ReadonlySet<string> {
  const hosts = new Set<string>();
  const namespace = namespaceOf(object);
  const roots = view.lookup(`VirtualService|delegate|${namespace}/${nameOf(object)}`);
  for (const one of [object, ...roots]) {
    addWritten(hosts, one, claims(one), view, baseline);
    addWritten(hosts, one, destinationHosts(one), view, baseline);
    addRivals(hosts, one, view, baseline);
  }
  for (const one of delegatesOf(object, view)) addWritten(hosts, one, destinationHosts(one), view, baseline);
  return hosts;
}

/** At a gateway alone a wildcard takes nothing from the services that it covers; a host by name is said to be of no use to the mesh. */
function claims(object: KubeObject): readonly string[] {
  const hosts = stringsOf(specOf(object).hosts);
  return boundTo(object).includes('mesh') ? hosts : hosts.filter((host) => !isWildcard(host));
}

function attachedHosts(object: KubeObject, view: View, baseline: Baseline): ReadonlySet<string> {
  const hosts = new Set(routeServiceHosts(object, namespaceOf(object), view.settings));
  addRivals(hosts, object, view, baseline);
  return hosts;
}

/** A namespace's pods are clients of whatever is outside, and of where its own routes lead; what it says of its services counts. */
function hostsSeenIn(namespace: string, view: View, baseline: Baseline): ReadonlySet<string> {
  const hosts = new Set([...hostsOfNamespace(namespace, view), ...externalHosts(view)]);
  // The root namespace's Sidecar hides from all namespaces the same, but its listeners are for what is exported to each.
  if (view.list('Sidecar', namespace).length > 0) addHidden(hosts, hiddenFrom(namespace, view), view, baseline);
  else if (sidecarsOf(view, namespace).some((one) => one !== undefined && hasListeners(one))) {
    for (const { host } of baseline.services) hosts.add(host);
  }
  for (const object of view.list('VirtualService', namespace)) {
    addWritten(hosts, object, stringsOf(specOf(object).hosts), view, baseline);
    addWritten(hosts, object, destinationHosts(object), view, baseline);
  }
  // Rules and routes may be there before their services.
  for (const object of view.list('DestinationRule', namespace)) {
    for (const host of ruledHosts(object, view, baseline)) hosts.add(host);
  }
  for (const kind of ['HTTPRoute', 'GRPCRoute'] as const) {
    for (const object of view.list(kind, namespace)) {
      for (const host of routeServiceHosts(object, namespace, view.settings)) hosts.add(host);
    }
  }
  return hosts;
}

function scopedHosts(object: KubeObject, view: View, baseline: Baseline): ReadonlySet<string> {
  const hidden = hiddenBy(object, view);
  if (hidden === undefined) return knownHosts(view, baseline);
  const hosts = new Set(externalHosts(view));
  addHidden(hosts, hidden, view, baseline);
  return hosts;
}

function addHidden(hosts: Set<string>, hidden: Hidden | undefined, view: View, baseline: Baseline): void {
  for (const host of hidden?.hosts ?? knownHosts(view, baseline)) addKnown(hosts, host, view, baseline);
  for (const rival of hidden?.rivals ?? []) addReached(hosts, rival, view, baseline);
}

/** Adds where requests may go when an object no longer takes them, or went before it did. */
function addRivals(hosts: Set<string>, object: KubeObject, view: View, baseline: Baseline): void {
  for (const rival of rivalsOf(object, view)) addReached(hosts, rival, view, baseline);
  // What names one of the many hosts that a wildcard covers may have been kept from another spelling of it.
  for (const claim of kindOf(object) === 'VirtualService' ? claims(object).filter(isWildcard) : []) {
    for (const host of knownHosts(view, baseline)) {
      if (!coversHost(claim.toLowerCase(), host)) continue;
      for (const rival of view.lookup(`VirtualService|host|${host}`)) addReached(hosts, rival, view, baseline);
    }
  }
}

function addReached(hosts: Set<string>, object: KubeObject, view: View, baseline: Baseline): void {
  if (kindOf(object) === 'VirtualService') addWritten(hosts, object, destinationHosts(object), view, baseline);
  else for (const host of routeServiceHosts(object, namespaceOf(object), view.settings)) hosts.add(host);
}

function delegatesOf(object: KubeObject, view: View): readonly KubeObject[] {
  return delegateNames(object).flatMap((name) => view.lookup(`VirtualService|name|${name}`));
}

function delegateNames(object: KubeObject): readonly string[] {
  return recordsOf(specOf(object).http).flatMap(({ delegate }) => {
    const { name, namespace } = recordOrEmpty(delegate);
    return typeof name === 'string' ? [`${stringOf(namespace) || namespaceOf(object)}/${name}`] : [];
  });
}

function addWritten(
  hosts: Set<string>,
  object: KubeObject,
  written: Iterable<string>,
  view: View,
  baseline: Baseline,
): void {
  for (const host of written) {
    const [expanded = '', ...aliases] = takeoverNames(host, namespaceOf(object), view.settings.clusterDomain);
    addKnown(hosts, expanded, view, baseline);
    for (const alias of aliases) if (isKnownHost(alias, view, baseline)) hosts.add(alias);
    for (const wildcard of externalWildcards(view)) if (coversHost(wildcard, expanded)) hosts.add(wildcard);
  }
}

function ruledHosts(object: KubeObject, view: View, baseline: Baseline): ReadonlySet<string> {
  const written = stringOf(specOf(object).host) ?? '';
  const host = expandHost(written, namespaceOf(object), view.settings.clusterDomain);
  if (!isWildcard(host)) return new Set([host.toLowerCase()]);
  // Unlike a VirtualService's, a DestinationRule's wildcard covers the bare name behind its asterisk too.
  const suffix = host.slice(1).toLowerCase();
  return new Set([...knownHosts(view, baseline)].filter((known) => known.endsWith(suffix)));
}
