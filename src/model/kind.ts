import type { KubeObject } from './kube-object.ts';

interface KindRow {
  readonly group: string;
  readonly kind: string;
  readonly resource: string;
  /** The versions that an API server may serve, newest first. */
  readonly versions: readonly string[];
  readonly namespaced: boolean;
}

const row = (group: string, kind: string, resource: string, versions: string, namespaced = true): KindRow => ({
  group,
  kind,
  resource,
  versions: versions.split(' '),
  namespaced,
});

const NETWORKING = 'networking.istio.io';
const SECURITY = 'security.istio.io';
const GATEWAY_API = 'gateway.networking.k8s.io';

/**
 * Every kind that a rule may read, by our own name; where two groups share a kind the name tells them apart.
 * @see https://github.com/istio/istio/blob/1.31.0/manifests/charts/base/files/crd-all.gen.yaml for Istio's versions
 */
export const KINDS = {
  VirtualService: row(NETWORKING, 'VirtualService', 'virtualservices', 'v1 v1beta1 v1alpha3'),
  DestinationRule: row(NETWORKING, 'DestinationRule', 'destinationrules', 'v1 v1beta1 v1alpha3'),
  Gateway: row(NETWORKING, 'Gateway', 'gateways', 'v1 v1beta1 v1alpha3'),
  ServiceEntry: row(NETWORKING, 'ServiceEntry', 'serviceentries', 'v1 v1beta1 v1alpha3'),
  Sidecar: row(NETWORKING, 'Sidecar', 'sidecars', 'v1 v1beta1 v1alpha3'),
  WorkloadEntry: row(NETWORKING, 'WorkloadEntry', 'workloadentries', 'v1 v1beta1 v1alpha3'),
  WorkloadGroup: row(NETWORKING, 'WorkloadGroup', 'workloadgroups', 'v1 v1beta1 v1alpha3'),
  EnvoyFilter: row(NETWORKING, 'EnvoyFilter', 'envoyfilters', 'v1alpha3'),
  ProxyConfig: row(NETWORKING, 'ProxyConfig', 'proxyconfigs', 'v1beta1'),
  AuthorizationPolicy: row(SECURITY, 'AuthorizationPolicy', 'authorizationpolicies', 'v1 v1beta1'),
  PeerAuthentication: row(SECURITY, 'PeerAuthentication', 'peerauthentications', 'v1 v1beta1'),
  RequestAuthentication: row(SECURITY, 'RequestAuthentication', 'requestauthentications', 'v1 v1beta1'),
  Telemetry: row('telemetry.istio.io', 'Telemetry', 'telemetries', 'v1 v1alpha1'),
  WasmPlugin: row('extensions.istio.io', 'WasmPlugin', 'wasmplugins', 'v1alpha1'),
  TrafficExtension: row('extensions.istio.io', 'TrafficExtension', 'trafficextensions', 'v1alpha1'),
  KubernetesGateway: row(GATEWAY_API, 'Gateway', 'gateways', 'v1 v1beta1'),
  HTTPRoute: row(GATEWAY_API, 'HTTPRoute', 'httproutes', 'v1 v1beta1'),
  GRPCRoute: row(GATEWAY_API, 'GRPCRoute', 'grpcroutes', 'v1'),
  TCPRoute: row(GATEWAY_API, 'TCPRoute', 'tcproutes', 'v1 v1alpha2'),
  TLSRoute: row(GATEWAY_API, 'TLSRoute', 'tlsroutes', 'v1 v1alpha3 v1alpha2'),
  BackendTLSPolicy: row(GATEWAY_API, 'BackendTLSPolicy', 'backendtlspolicies', 'v1 v1alpha3'),
  ListenerSet: row(GATEWAY_API, 'ListenerSet', 'listenersets', 'v1'),
  Ingress: row('networking.k8s.io', 'Ingress', 'ingresses', 'v1'),
  NetworkPolicy: row('networking.k8s.io', 'NetworkPolicy', 'networkpolicies', 'v1'),
  Namespace: row('', 'Namespace', 'namespaces', 'v1', false),
  Service: row('', 'Service', 'services', 'v1'),
  ConfigMap: row('', 'ConfigMap', 'configmaps', 'v1'),
  Pod: row('', 'Pod', 'pods', 'v1'),
  ReplicationController: row('', 'ReplicationController', 'replicationcontrollers', 'v1'),
  Deployment: row('apps', 'Deployment', 'deployments', 'v1'),
  StatefulSet: row('apps', 'StatefulSet', 'statefulsets', 'v1'),
  DaemonSet: row('apps', 'DaemonSet', 'daemonsets', 'v1'),
  ReplicaSet: row('apps', 'ReplicaSet', 'replicasets', 'v1'),
  Job: row('batch', 'Job', 'jobs', 'v1'),
  CronJob: row('batch', 'CronJob', 'cronjobs', 'v1'),
  Rollout: row('argoproj.io', 'Rollout', 'rollouts', 'v1alpha1'),
} as const satisfies Record<string, KindRow>;

/** The name of a kind that Meshwarden knows. */
export type Kind = keyof typeof KINDS;

/** The kinds that make or are pods. */
export const WORKLOAD_KINDS = [
  'Pod',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
  'Rollout',
] as const satisfies readonly Kind[];

/** By the kind's own name, those of all groups: two have the same name at most. */
const BY_NAME: ReadonlyMap<string, readonly Kind[]> = Map.groupBy(
  Object.keys(KINDS) as Kind[], // Object.keys widens them to string; they are exactly Kind.
  (name) => KINDS[name].kind,
);

/** Returns the known kind of an object in whatever version it comes, or undefined for one that no rule reads. */
export function kindOf({ apiVersion, kind }: KubeObject): Kind | undefined {
  const candidates = BY_NAME.get(kind);
  if (candidates === undefined) return undefined;
  const end = Math.max(apiVersion.indexOf('/'), 0);
  for (const name of candidates) {
    const { group } = KINDS[name];
    if (group.length === end && apiVersion.startsWith(group)) return name;
  }
  return undefined;
}

/** Tells whether a kind is or makes pods. */
export function isWorkloadKind(kind: Kind): boolean {
  return WORKLOADS.has(kind);
}

const WORKLOADS: ReadonlySet<Kind> = new Set(WORKLOAD_KINDS);
