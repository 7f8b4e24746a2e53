import type { Baseline, GatewayBaseline } from '../model/baseline.ts';
import { recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { type Kind, kindOf, WORKLOAD_KINDS } from '../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf, specOf } from '../model/kube-object.ts';
import { coversHost, expandHost, isWildcard, serviceHost, takeoverNames } from './hosts.ts';
import { destinationHosts, routeServiceHosts } from './indexes.ts';
import { meshNamespaces } from './namespaces.ts';
import { hiddenBy, rivalsOf } from './route-rivals.ts';
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
  ServiceEntry: (object) => ({
    ...NOTHING,
    hosts: new Set(stringsOf(specOf(object).hosts).map((host) => host.toLowerCase())),
  }),
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
    namespaceOf(object) === baseline.mesh.rootNamespace && /^istio(-|$)/.test(nameOf(object))
      ? {
          hosts: knownHosts(view, baseline),
          namespaces: new Set([...meshNamespaces(view, baseline), baseline.mesh.rootNamespace]),
          gateways: allGateways(baseline),
        }
      : NOTHING,
  ...Object.fromEntries(WORKLOAD_KINDS.map((kind) => [kind, workload])),
};

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

/** Returns every host that the mesh knows: Services, ServiceEntry hosts and the baseline's services; lower case. */
export function knownHosts(view: View, baseline: Baseline): ReadonlySet<string> {
  const compute = (): ReadonlySet<string> => {
    const { clusterDomain } = view.settings;
    const services = view.list('Service').map((one) => serviceHost(nameOf(one), namespaceOf(one), clusterDomain));
    return new Set([...baseline.services.map(({ host }) => host), ...services, ...externalHosts(view)]);
  };
  return view.memo(`knownHosts|${baseline.sha256}`, compute, ['Service', 'ServiceEntry']);
}

/** Tells whether a host is a Service in the view, a service of the baseline, or named by a ServiceEntry. */
export function isKnownHost(host: string, view: View, baseline: Baseline): boolean {
  return (
    view.lookup(`Service|host|${host}`).length > 0 ||
    view.lookup(`ServiceEntry|host|${host}`).length > 0 ||
    baseline.services.some((service) => service.host === host)
  );
}

function externalHosts(view: View): ReadonlySet<string> {
  const compute = (): ReadonlySet<string> => {
    const entries = view.list('ServiceEntry').flatMap((entry) => stringsOf(specOf(entry).hosts));
    return new Set(entries.map((host) => host.toLowerCase()));
  };
  return view.memo('externalHosts', compute, ['ServiceEntry']);
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
    addWritten(hosts, one, stringsOf(specOf(one).hosts), view, baseline);
    addWritten(hosts, one, destinationHosts(one), view, baseline);
    addRivals(hosts, one, view, baseline);
  }
  for (const one of delegatesOf(object, view)) addWritten(hosts, one, destinationHosts(one), view, baseline);
  return hosts;
}

function attachedHosts(object: KubeObject, view: View, baseline: Baseline): ReadonlySet<string> {
  const hosts = new Set(routeServiceHosts(object, namespaceOf(object), view.settings));
  addRivals(hosts, object, view, baseline);
  return hosts;
}

/** A namespace's pods are clients of whatever is outside, and of where its own routes lead; what it says of its services counts. */
function hostsSeenIn(namespace: string, view: View, baseline: Baseline): ReadonlySet<string> {
  const hosts = new Set([...hostsOfNamespace(namespace, view), ...externalHosts(view)]);
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
  for (const host of hidden.hosts) addKnown(hosts, host, view, baseline);
  for (const rival of hidden.rivals) addReached(hosts, rival, view, baseline);
  return hosts;
}

/** Adds where requests may go when an object no longer takes them, or went before it did. */
function addRivals(hosts: Set<string>, object: KubeObject, view: View, baseline: Baseline): void {
  for (const rival of rivalsOf(object, view)) addReached(hosts, rival, view, baseline);
  // What names one of the many hosts that a wildcard covers may have been kept from another spelling of it.
  for (const claim of kindOf(object) === 'VirtualService' ? stringsOf(specOf(object).hosts).filter(isWildcard) : []) {
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

/** Adds a host, or in place of a wildcard all known hosts that it covers. */
function addKnown(hosts: Set<string>, host: string, view: View, baseline: Baseline): void {
  if (!isWildcard(host)) hosts.add(host);
  else for (const known of knownHosts(view, baseline)) if (coversHost(host, known)) hosts.add(known);
}

function externalWildcards(view: View): readonly string[] {
  return view.memo('externalWildcards', () => [...externalHosts(view)].filter(isWildcard), ['ServiceEntry']);
}

function ruledHosts(object: KubeObject, view: View, baseline: Baseline): ReadonlySet<string> {
  const written = stringOf(specOf(object).host) ?? '';
  const host = expandHost(written, namespaceOf(object), view.settings.clusterDomain);
  if (!isWildcard(host)) return new Set([host.toLowerCase()]);
  // Unlike a VirtualService's, a DestinationRule's wildcard covers the bare name behind its asterisk too.
  const suffix = host.slice(1).toLowerCase();
  return new Set([...knownHosts(view, baseline)].filter((known) => known.endsWith(suffix)));
}
