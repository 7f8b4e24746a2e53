import type { Kind } from '../model/kind.ts';
import type { Fields, Shape } from './shape.ts';
import { labels, SELECTOR, texts, TRAFFIC_SPECS, WORKLOAD_ENTRY, words } from './traffic-shapes.ts';

const TARGET: Fields = { group: 'text', kind: 'text', name: 'text', namespace: 'text' };
const TARGETED: Fields = { selector: SELECTOR, targetRef: TARGET, targetRefs: [TARGET] };
const SOURCE: Fields = Object.fromEntries(
  'principals notPrincipals requestPrincipals notRequestPrincipals namespaces notNamespaces ipBlocks notIpBlocks remoteIpBlocks notRemoteIpBlocks serviceAccounts notServiceAccounts'
    .split(' ')
    .map((name) => [name, texts]),
);
const OPERATION: Fields = Object.fromEntries(
  'hosts notHosts ports notPorts methods notMethods paths notPaths'.split(' ').map((name) => [name, texts]),
);

const TELEMETRY_MODE: Fields = { mode: words('CLIENT_AND_SERVER CLIENT SERVER') };
const PROVIDERS: Shape = [{ name: 'text' }];

const BACKEND: Fields = {
  group: 'text',
  kind: 'text',
  name: 'text',
  namespace: 'text',
  port: 'whole',
  weight: 'whole',
};
const PARENTS: Shape = [
  { group: 'text', kind: 'text', name: 'text', namespace: 'text', sectionName: 'text', port: 'whole' },
];
const HEADER_FILTER: Fields = {
  set: [{ name: 'text', value: 'text' }],
  add: [{ name: 'text', value: 'text' }],
  remove: texts,
};
const FILTERS: Shape = [
  {
    type: 'text',
    requestHeaderModifier: HEADER_FILTER,
    responseHeaderModifier: HEADER_FILTER,
    requestMirror: { backendRef: BACKEND },
    requestRedirect: { scheme: 'text', hostname: 'text', port: 'whole', statusCode: 'whole' },
  },
];

const AMOUNTS: Shape = ['map', 'quantity'];
const USER: Fields = { runAsUser: 'whole', runAsGroup: 'whole', privileged: 'flag', runAsNonRoot: 'flag' };
const CONTAINERS: Shape = [
  {
    name: 'text',
    image: 'text',
    restartPolicy: 'text',
    command: texts,
    args: texts,
    securityContext: USER,
    resources: { requests: AMOUNTS, limits: AMOUNTS },
    env: [{ name: 'text', value: 'text' }],
  },
];
const POD: Fields = {
  hostNetwork: 'flag',
  serviceAccountName: 'text',
  securityContext: USER,
  containers: CONTAINERS,
  initContainers: CONTAINERS,
  ephemeralContainers: CONTAINERS,
};
const TEMPLATE: Fields = { metadata: { labels, annotations: labels }, spec: POD };
const TEMPLATED: Fields = { template: TEMPLATE };

/** The fields of `spec` that rules read, by kind, with what the API says they are; kinds without a `spec` have none. */
const SPECS: Readonly<Partial<Record<Kind, Fields>>> = {
  ...TRAFFIC_SPECS,
  WorkloadEntry: WORKLOAD_ENTRY,
  WorkloadGroup: { metadata: { labels, annotations: labels }, template: WORKLOAD_ENTRY },
  EnvoyFilter: { workloadSelector: { labels }, targetRefs: [TARGET], configPatches: [{}], priority: 'whole' },
  ProxyConfig: {
    selector: SELECTOR,
    concurrency: 'whole',
    environmentVariables: labels,
    image: { imageType: 'text' },
  },
  AuthorizationPolicy: {
    ...TARGETED,
    action: words('ALLOW DENY AUDIT CUSTOM'),
    provider: { name: 'text' },
    rules: [
      {
        from: [{ source: SOURCE }],
        to: [{ operation: OPERATION }],
        when: [{ key: 'text', values: texts, notValues: texts }],
      },
    ],
  },
  PeerAuthentication: {
    selector: SELECTOR,
    mtls: { mode: words('UNSET DISABLE PERMISSIVE STRICT') },
    portLevelMtls: ['map', { mode: words('UNSET DISABLE PERMISSIVE STRICT') }],
  },
  RequestAuthentication: {
    ...TARGETED,
    jwtRules: [
      {
        issuer: 'text',
        audiences: texts,
        jwksUri: 'text',
        jwks_uri: 'text',
        jwks: 'text',
        fromHeaders: [{ name: 'text', prefix: 'text' }],
        fromParams: texts,
        fromCookies: texts,
        outputPayloadToHeader: 'text',
        outputClaimToHeaders: [{ header: 'text', claim: 'text' }],
        forwardOriginalToken: 'flag',
        timeout: 'duration',
      },
    ],
  },
  Telemetry: {
    ...TARGETED,
    tracing: [
      {
        match: TELEMETRY_MODE,
        providers: PROVIDERS,
        randomSamplingPercentage: 'number',
        disableSpanReporting: 'flag',
        enableIstioTags: 'flag',
      },
    ],
    metrics: [
      {
        providers: PROVIDERS,
        reportingInterval: 'duration',
        overrides: [
          {
            match: { ...TELEMETRY_MODE, customMetric: 'text' },
            disabled: 'flag',
            tagOverrides: ['map', { operation: words('UPSERT REMOVE'), value: 'text' }],
          },
        ],
      },
    ],
    accessLogging: [{ match: TELEMETRY_MODE, providers: PROVIDERS, disabled: 'flag', filter: { expression: 'text' } }],
  },
  WasmPlugin: { ...TARGETED, url: 'text' },
  TrafficExtension: { selector: SELECTOR, targetRefs: [TARGET] },
  KubernetesGateway: {
    gatewayClassName: 'text',
    addresses: [{ type: 'text', value: 'text' }],
    listeners: [
      {
        name: 'text',
        hostname: 'text',
        port: 'whole',
        protocol: 'text',
        tls: { mode: words('Terminate Passthrough'), options: labels, certificateRefs: [{ name: 'text' }] },
      },
    ],
  },
  HTTPRoute: {
    parentRefs: PARENTS,
    hostnames: texts,
    rules: [
      {
        name: 'text',
        matches: [
          {
            path: { type: 'text', value: 'text' },
            headers: [{ type: 'text', name: 'text', value: 'text' }],
            queryParams: [{ type: 'text', name: 'text', value: 'text' }],
            method: 'text',
          },
        ],
        filters: FILTERS,
        backendRefs: [{ ...BACKEND, filters: FILTERS }],
        timeouts: { request: 'duration', backendRequest: 'duration' },
        retry: { attempts: 'whole', codes: ['whole'], backoff: 'duration' },
      },
    ],
  },
  GRPCRoute: { parentRefs: PARENTS, hostnames: texts, rules: [{ filters: FILTERS, backendRefs: [BACKEND] }] },
  TCPRoute: { parentRefs: PARENTS, rules: [{ backendRefs: [BACKEND] }] },
  TLSRoute: { parentRefs: PARENTS, hostnames: texts, rules: [{ backendRefs: [BACKEND] }] },
  BackendTLSPolicy: { targetRefs: [TARGET] },
  ListenerSet: { parentRef: TARGET },
  Ingress: {
    defaultBackend: { service: { name: 'text' } },
    rules: [{ host: 'text', http: { paths: [{ backend: { service: { name: 'text' } } }] } }],
  },
  NetworkPolicy: { podSelector: SELECTOR, policyTypes: texts, ingress: [{}], egress: [{}] },
  Service: {
    type: 'text',
    clusterIP: 'text',
    externalName: 'text',
    selector: labels,
    ports: [{ name: 'text', port: 'whole', protocol: 'text', appProtocol: 'text' }],
  },
  Pod: POD,
  ReplicationController: TEMPLATED,
  Deployment: TEMPLATED,
  StatefulSet: TEMPLATED,
  DaemonSet: TEMPLATED,
  ReplicaSet: TEMPLATED,
  Job: TEMPLATED,
  CronJob: { jobTemplate: { metadata: { labels, annotations: labels }, spec: TEMPLATED } },
  Rollout: TEMPLATED,
};

const METADATA: Fields = { name: 'text', namespace: 'text', labels, annotations: labels };

/** Returns the shape of a kind's whole object: what every object has, its `spec`, and for ConfigMaps the data. */
export function shapeOf(kind: Kind): Fields {
  return SHAPES[kind];
}

const ALL_KINDS = [...Object.keys(SPECS), 'Namespace', 'ConfigMap'] as Kind[]; // SPECS is keyed by Kind.

const SHAPES = Object.fromEntries(
  ALL_KINDS.map((kind): [Kind, Fields] => {
    const spec = SPECS[kind];
    const rest: Fields = kind === 'ConfigMap' ? { data: labels } : spec === undefined ? {} : { spec };
    return [kind, { metadata: METADATA, ...rest }];
  }),
) as Record<Kind, Fields>; // A test holds that every Kind is there.
