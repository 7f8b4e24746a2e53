import type { Baseline, ServiceBaseline } from '../src/model/baseline.ts';

const NAMESPACE = 'llmoptimizer';
const hostOf = (name: string): string => `${name}.${NAMESPACE}.svc.cluster.local`;

function service(name: string, rest: Partial<ServiceBaseline>): ServiceBaseline {
  return {
    name,
    namespace: NAMESPACE,
    host: hostOf(name),
    timeoutMs: 120_000,
    retries: 3,
    idempotentOnly: false,
    maxConnections: 100,
    http2MaxRequests: rest.maxConnections ?? 100,
    pins: [],
    calls: [],
    http: true,
    routedFrom: [],
    ...rest,
  };
}

/** The document's numbers as the shipped baseline has them; rules are tested against these, whatever the file says. */
export const BASELINE: Baseline = {
  version: 'test',
  sha256: '0'.repeat(64),
  mesh: {
    rootNamespace: 'istio-system',
    clusterDomain: 'cluster.local',
    istioVersion: '1.31',
    revisions: ['default'],
    namespaces: [NAMESPACE, 'llmoptimizer-data'],
    outside: [
      'istio-system',
      'istio-ingress',
      'istio-egress',
      'kube-system',
      'kube-public',
      'kube-node-lease',
      'meshwarden-system',
    ],
    proxyImages: ['docker.io/istio/proxyv2', 'registry.istio.io/release/proxyv2'],
  },
  services: [
    service('api-gateway', {
      timeoutMs: 30_000,
      routedFrom: ['edge'],
      calls: [hostOf('auth-service'), hostOf('content-service'), hostOf('ml-service')],
    }),
    service('auth-service', { timeoutMs: 15_000, retries: 2, maxConnections: 50 }),
    service('content-service', {
      timeoutMs: 60_000,
      hashHeader: 'x-session-id',
      split: {
        subsets: [
          { subset: 'stable', minPercent: 95, maxPercent: 100 },
          { subset: 'canary', minPercent: 0, maxPercent: 5 },
        ],
      },
      pins: [{ header: 'x-version', value: 'canary', subset: 'canary' }],
      calls: [hostOf('ml-service')],
    }),
    service('ml-service', {
      timeoutMs: 120_000,
      retries: 1,
      idempotentOnly: true,
      maxConnections: 20,
      split: {
        subsets: [
          { subset: 'v1', minPercent: 50, maxPercent: 50 },
          { subset: 'v2', minPercent: 50, maxPercent: 50 },
        ],
      },
      pins: [
        { header: 'x-user-group', value: 'control', subset: 'v1' },
        { header: 'x-user-group', value: 'experiment', subset: 'v2' },
      ],
      calls: ['api.openai.com', 'api.anthropic.com', 'api.perplexity.ai'],
    }),
  ],
  otherServices: { timeoutMs: 120_000, retries: 3, maxConnections: 100, http2MaxRequests: 100 },
  retryOn: ['5xx', 'reset', 'connect-failure'],
  outlierDetection: {
    maxConsecutive5xxErrors: 5,
    minBaseEjectionMs: 30_000,
    maxEjectionPercent: 50,
    maxIntervalMs: 30_000,
    maxMinHealthPercent: 50,
  },
  maxTriesProduct: 16,
  loadBalancers: ['ROUND_ROBIN', 'LEAST_REQUEST', 'CONSISTENT_HASH'],
  sidecar: {
    requests: { cpu: '100m', memory: '128Mi' },
    limits: { cpu: '200m', memory: '256Mi' },
    ceiling: { cpu: '200m', memory: '256Mi' },
    concurrency: { value: 2, min: 1, max: 4 },
    versionLabel: 'v1',
    proxyMetadata: [],
  },
  gateways: {
    ingress: [
      {
        name: 'ingressgateway',
        namespace: 'istio-ingress',
        matchLabels: { istio: 'ingressgateway' },
        host: 'istio-ingressgateway.istio-ingress.svc.cluster.local',
      },
    ],
    egress: [
      {
        name: 'egressgateway',
        namespace: 'istio-egress',
        matchLabels: { istio: 'egressgateway' },
        host: 'istio-egressgateway.istio-egress.svc.cluster.local',
      },
    ],
  },
  externalHosts: [
    'api.openai.com',
    'api.anthropic.com',
    'api.perplexity.ai',
    '*.googleapis.com',
    'api.github.com',
    '*.salesforce.com',
    'api.hubapi.com',
  ],
  ingressHosts: ['*.llmoptimizer.example'],
  issuers: [
    {
      issuer: 'https://auth.llmoptimizer.example/',
      jwksUri: 'https://auth.llmoptimizer.example/.well-known/jwks.json',
      audiences: ['llmoptimizer-api'],
    },
  ],
  payloadHeader: 'x-jwt-payload',
  databases: ['postgres', 'redis'].map((app) => ({
    namespace: 'llmoptimizer-data',
    matchLabels: { app },
    until: '2027-12-31',
    reason: 'clients outside the mesh until the migration is done',
  })),
  sampling: {
    defaultPercent: 1,
    workloads: [{ namespace: NAMESPACE, matchLabels: { app: 'ml-service' }, percent: 10 }],
  },
  telemetry: { tracingProviders: ['zipkin'], dimensions: ['user_tier', 'api_version', 'model_name'] },
  extensions: [
    {
      kind: 'EnvoyFilter',
      namespace: 'istio-ingress',
      name: 'ingress-tier-rate-limit',
      sha256: 'c9c6c75b85af96c3bd7908d1e84c8a0aa006c5b0ac21f44a33c7f9c11a4d8c0d',
    },
    {
      kind: 'EnvoyFilter',
      namespace: 'istio-ingress',
      name: 'listed',
      // Of {"configPatches":[],"priority":1}.
      sha256: '8cb056dc7601b4b2548d9b7409f45300f1d1b72f5b6874cc79b1ffca768b2233',
    },
  ],
  faultNamespaces: ['chaos'],
  exceptions: { maxDays: 180 },
  workloadControllers: [
    'system:kube-controller-manager',
    'system:serviceaccount:kube-system:deployment-controller',
    'system:serviceaccount:kube-system:replicaset-controller',
    'system:serviceaccount:kube-system:statefulset-controller',
    'system:serviceaccount:kube-system:daemon-set-controller',
    'system:serviceaccount:kube-system:job-controller',
    'system:serviceaccount:kube-system:cronjob-controller',
    'system:serviceaccount:kube-system:replication-controller',
  ],
  rules: {},
};

/** Noon UTC of a fixed day: no test looks at the real clock. */
export const NOW = Date.UTC(2026, 10, 24, 12);
