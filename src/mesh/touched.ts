import type { Baseline, GatewayBaseline } from '../model/baseline.ts';
import { recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { type Kind, kindOf } from '../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf, specOf } from '../model/kube-object.ts';
import { coversHost, expandHost, isWildcard, serviceHost, takeoverNames } from './hosts.ts';
import { destinationHosts, routeServiceHosts } from './indexes.ts';
import { meshNamespaces } from './namespaces.ts';
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
  HTTPRoute: (object, view) => ({ ...NOTHING, hosts: routeServiceHosts(object, namespaceOf(object), view.settings) }),
  GRPCRoute: (object, view) => ({ ...NOTHING, hosts: routeServiceHosts(object, namespaceOf(object), view.settings) }),
  Service: (object, view) => ({
    ...NOTHING,
    hosts: new Set([serviceHost(nameOf(object), namespaceOf(object), view.settings.clusterDomain)]),
  }),
  ServiceEntry: (object) => ({
    ...NOTHING,
    hosts: new Set(stringsOf(specOf(object).hosts).map((host) => host.toLowerCase())),
  }),
  Sidecar: (object, view, baseline) => ({
    hosts: knownHosts(view, baseline),
    namespaces: scope(object, view, baseline),
    gateways: NOBODY,
  }),
  Gateway: (_, view, baseline) => ({ hosts: externalHosts(view), namespaces: NOBODY, gateways: allGateways(baseline) }),
  PeerAuthentication: policy,
  AuthorizationPolicy: policy,
  RequestAuthentication: policy,
  EnvoyFilter: policy,
  Telemetry: policy,
  ProxyConfig: policy,
  NetworkPolicy: policy,
  Namespace: (object, view, baseline) => ({
    hosts: hostsOfNamespace(nameOf(object), view),
    namespaces: new Set([nameOf(object)]),
    gateways: new Set([...allGateways(baseline)].filter(({ namespace }) => namespace === nameOf(object))),
  }),
  ConfigMap: (object, view, baseline) =>
    namespaceOf(object) === baseline.mesh.rootNamespace && /^istio(-|$)/.test(nameOf(object))
      ? {
          hosts: knownHosts(view, baseline),
          namespaces: new Set(meshNamespaces(view, baseline)),
          gateways: allGateways(baseline),
        }
      : NOTHING,
};

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

function allGateways(baseline: Baseline): ReadonlySet<GatewayBaseline> {
  return new Set([...baseline.gateways.ingress, ...baseline.gateways.egress]);
}

/** Returns every host that the mesh knows: Services, ServiceEntry hosts and the baseline's services; lower case. */
export function knownHosts(view: View, baseline: Baseline): ReadonlySet<string> {
  return view.memo(`knownHosts|${baseline.sha256}`, () => {
    const { clusterDomain } = view.settings;
    const services = view.list('Service').map((one) => serviceHost(nameOf(one), namespaceOf(one), clusterDomain));
    return new Set([...baseline.services.map(({ host }) => host), ...services, ...externalHosts(view)]);
  });
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
  return view.memo('externalHosts', () => {
    const entries = view.list('ServiceEntry').flatMap((entry) => stringsOf(specOf(entry).hosts));
    return new Set(entries.map((host) => host.toLowerCase()));
  });
}

function hostsOfNamespace(namespace: string, view: View): ReadonlySet<string> {
  const { clusterDomain } = view.settings;
  return new Set(view.list('Service', namespace).map((one) => serviceHost(nameOf(one), namespace, clusterDomain)));
}

function routedHosts(object: KubeObject, view: View, baseline: Baseline): ReadonlySet<string> {
  const hosts = new Set<string>();
  const namespace = namespaceOf(object);
  const roots = view.lookup(`VirtualService|delegate|${namespace}/${nameOf(object)}`);
  for (const one of [object, ...roots]) addRouted(hosts, one, view, baseline);
  for (const route of delegatesOf(object, view)) addRouted(hosts, route, view, baseline);
  return hosts;
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

function addRouted(hosts: Set<string>, object: KubeObject, view: View, baseline: Baseline): void {
  const { clusterDomain } = view.settings;
  const written = [...stringsOf(specOf(object).hosts), ...destinationHosts(object)];
  for (const host of written) {
    const [expanded = '', ...aliases] = takeoverNames(host, namespaceOf(object), clusterDomain);
    if (isWildcard(expanded)) {
      for (const known of knownHosts(view, baseline)) if (coversHost(expanded, known)) hosts.add(known);
    } else hosts.add(expanded);
    for (const alias of aliases) if (isKnownHost(alias, view, baseline)) hosts.add(alias);
  }
}

function ruledHosts(object: KubeObject, view: View, baseline: Baseline): ReadonlySet<string> {
  const written = stringOf(specOf(object).host) ?? '';
  const host = expandHost(written, namespaceOf(object), view.settings.clusterDomain);
  if (!isWildcard(host)) return new Set([host.toLowerCase()]);
  return new Set([...knownHosts(view, baseline)].filter((known) => coversHost(host.toLowerCase(), known)));
}
