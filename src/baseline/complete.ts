import type { Baseline, GatewayBaseline, RuleSetting, ServiceBaseline } from '../model/baseline.ts';
import { parseDurationMs } from '../model/duration.ts';
import type { RawBaseline, RawGateway, RawRuleSetting, RawService } from './raw-baseline.ts';

/**
 * The users as whom Kubernetes makes pods, ReplicaSets and Jobs from templates.
 * @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go
 */
const KUBERNETES_CONTROLLERS: readonly string[] = [
  'system:kube-controller-manager',
  ...[
    'deployment-controller',
    'replicaset-controller',
    'statefulset-controller',
    'daemon-set-controller',
    'job-controller',
    'cronjob-controller',
    'replication-controller',
  ].map((name) => `system:serviceaccount:kube-system:${name}`),
];

/** Turns an accepted file into a Baseline: units, full names, and a value for everything that the file leaves out. */
export function completeBaseline(raw: RawBaseline, sha256: string): Baseline {
  const clusterDomain = raw.mesh.clusterDomain ?? 'cluster.local';
  const rootNamespace = raw.mesh.rootNamespace ?? 'istio-system';
  return {
    version: raw.version,
    sha256,
    mesh: {
      rootNamespace,
      clusterDomain,
      istioVersion: raw.mesh.istioVersion,
      revisions: raw.mesh.revisions ?? ['default'],
      namespaces: raw.mesh.namespaces ?? [],
      outside: raw.mesh.outside ?? [rootNamespace, 'kube-system', 'kube-public', 'kube-node-lease'],
      proxyImages: raw.mesh.proxyImages ?? [],
    },
    services: raw.services.map((service) => completeService(service, raw, clusterDomain)),
    otherServices: {
      timeoutMs: ms(raw.otherServices.timeout),
      retries: raw.otherServices.retries,
      maxConnections: raw.otherServices.pool,
      http2MaxRequests: raw.otherServices.http2MaxRequests ?? raw.otherServices.pool,
    },
    retryOn: raw.retryOn,
    outlierDetection: {
      maxConsecutive5xxErrors: raw.outlierDetection.consecutive5xxErrors,
      minBaseEjectionMs: ms(raw.outlierDetection.baseEjectionTime),
      maxEjectionPercent: raw.outlierDetection.maxEjectionPercent,
      maxIntervalMs: ms(raw.outlierDetection.interval),
      maxMinHealthPercent: raw.outlierDetection.minHealthPercent,
    },
    maxTriesProduct: raw.maxTriesProduct,
    loadBalancers: raw.loadBalancers,
    sidecar: completeSidecar(raw.sidecar),
    gateways: {
      ingress: (raw.gateways?.ingress ?? []).map((gateway) => completeGateway(gateway, clusterDomain)),
      egress: (raw.gateways?.egress ?? []).map((gateway) => completeGateway(gateway, clusterDomain)),
    },
    ...completeRest(raw),
    rules: Object.fromEntries(Object.entries(raw.rules ?? {}).map(([id, setting]) => [id, completeRule(setting)])),
  };
}

/** Returns a service's full name as the file gives it or as Kubernetes makes it. */
export function hostOf(service: RawService, clusterDomain: string): string {
  return lowerHost(service.host ?? `${service.name}.${service.namespace}.svc.${clusterDomain}`);
}

/** Returns the full name that an entry of `calls` means, or undefined when it names no service and no external host. */
export function calledHost(call: string, caller: RawService, raw: RawBaseline): string | undefined {
  const clusterDomain = raw.mesh.clusterDomain ?? 'cluster.local';
  const host = lowerHost(call);
  const named = raw.services.filter((service) => service.name === call || hostOf(service, clusterDomain) === host);
  const meant = named.find(({ namespace }) => namespace === caller.namespace) ?? named[0];
  if (meant !== undefined) return hostOf(meant, clusterDomain);
  const isExternal = (raw.externalHosts ?? []).some(
    (known) => known.toLowerCase() === host || (known.startsWith('*.') && host.endsWith(known.slice(1).toLowerCase())),
  );
  return isExternal ? host : undefined;
}

function completeService(service: RawService, raw: RawBaseline, clusterDomain: string): ServiceBaseline {
  const maxConnections = service.pool ?? raw.otherServices.pool;
  const { hashHeader, split } = service;
  return {
    name: service.name,
    namespace: service.namespace,
    host: hostOf(service, clusterDomain),
    timeoutMs: ms(service.timeout),
    retries: service.retries,
    idempotentOnly: service.idempotentOnly ?? false,
    maxConnections,
    http2MaxRequests: service.http2MaxRequests ?? maxConnections,
    ...(hashHeader === undefined ? {} : { hashHeader }),
    ...(split === undefined
      ? {}
      : { split: { subsets: split.map(({ subset, min, max }) => ({ subset, minPercent: min, maxPercent: max })) } }),
    pins: service.pins ?? [],
    calls: (service.calls ?? []).flatMap((call) => calledHost(call, service, raw) ?? []),
    http: service.http ?? true,
    routedFrom: service.routedFrom ?? [],
  };
}

function completeSidecar(sidecar: RawBaseline['sidecar']): Baseline['sidecar'] {
  return {
    requests: sidecar.requests,
    limits: sidecar.limits,
    ceiling: sidecar.ceiling ?? sidecar.limits,
    concurrency: {
      value: sidecar.concurrency.default,
      min: sidecar.concurrency.min,
      max: sidecar.concurrency.max,
    },
    versionLabel: sidecar.versionLabel ?? 'v1',
    proxyMetadata: sidecar.proxyMetadata ?? [],
  };
}

function completeGateway(
  { name, namespace, matchLabels, service }: RawGateway,
  clusterDomain: string,
): GatewayBaseline {
  return { name, namespace, matchLabels, host: `${service ?? name}.${namespace}.svc.${clusterDomain}` };
}

type Rest = Omit<
  Baseline,
  | 'version'
  | 'sha256'
  | 'mesh'
  | 'services'
  | 'otherServices'
  | 'retryOn'
  | 'outlierDetection'
  | 'maxTriesProduct'
  | 'loadBalancers'
  | 'sidecar'
  | 'gateways'
  | 'rules'
>;

function completeRest(raw: RawBaseline): Rest {
  return {
    externalHosts: (raw.externalHosts ?? []).map(lowerHost),
    ingressHosts: (raw.ingressHosts ?? []).map(lowerHost),
    issuers: raw.issuers ?? [],
    payloadHeader: raw.payloadHeader ?? 'x-jwt-payload',
    databases: raw.databases ?? [],
    sampling: { defaultPercent: raw.sampling.default, workloads: raw.sampling.workloads ?? [] },
    telemetry: {
      tracingProviders: raw.telemetry?.tracingProviders ?? [],
      dimensions: raw.telemetry?.dimensions ?? [],
    },
    extensions: raw.extensions ?? [],
    faultNamespaces: raw.faultNamespaces ?? [],
    exceptions: raw.exceptions,
    workloadControllers: raw.workloadControllers ?? KUBERNETES_CONTROLLERS,
  };
}

function completeRule({ mode, onDelete, overrides }: RawRuleSetting): RuleSetting {
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(onDelete === undefined ? {} : { onDelete }),
    overrides: (overrides ?? []).map(({ namespaces, ...rest }) => ({
      namespaces: { names: namespaces.names ?? [], matchLabels: namespaces.matchLabels ?? {} },
      ...rest,
    })),
  };
}

function lowerHost(host: string): string {
  return host.toLowerCase().replace(/\.$/, '');
}

/** The schema has accepted the text as a duration; NaN could only come from a schema that did not. */
function ms(duration: string): number {
  return parseDurationMs(duration) ?? Number.NaN;
}
