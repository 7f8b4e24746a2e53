import type { Kind } from '../model/kind.ts';
import type { Fields, Shape } from './shape.ts';

/** Makes a shape of words, of which one must stand there. */
export const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** A list of texts. */
export const texts: Shape = ['text'];

/** A map of texts. */
export const labels: Shape = ['map', 'text'];

/** A selector of workloads. */
export const SELECTOR: Fields = { matchLabels: labels };
const PORT: Fields = { number: 'whole', name: 'text', protocol: 'text', targetPort: 'whole' };

const SERVER_TLS: Fields = {
  httpsRedirect: 'flag',
  mode: words('PASSTHROUGH SIMPLE MUTUAL AUTO_PASSTHROUGH ISTIO_MUTUAL OPTIONAL_MUTUAL'),
  credentialName: 'text',
  minProtocolVersion: words('TLS_AUTO TLSV1_0 TLSV1_1 TLSV1_2 TLSV1_3'),
  maxProtocolVersion: words('TLS_AUTO TLSV1_0 TLSV1_1 TLSV1_2 TLSV1_3'),
};

const POOL: Fields = {
  tcp: {
    maxConnections: 'whole',
    connectTimeout: 'duration',
    idleTimeout: 'duration',
    maxConnectionDuration: 'duration',
  },
  http: {
    http1MaxPendingRequests: 'whole',
    http2MaxRequests: 'whole',
    maxRequestsPerConnection: 'whole',
    maxRetries: 'whole',
    idleTimeout: 'duration',
    useClientProtocol: 'flag',
  },
};

const PORT_POLICY: Fields = {
  connectionPool: POOL,
  outlierDetection: {
    consecutiveErrors: 'whole',
    consecutive5xxErrors: 'whole',
    consecutiveGatewayErrors: 'whole',
    splitExternalLocalOriginErrors: 'flag',
    interval: 'duration',
    baseEjectionTime: 'duration',
    maxEjectionPercent: 'whole',
    minHealthPercent: 'whole',
    outlierDetectionHttpErrorCodes: ['whole'],
  },
  loadBalancer: {
    simple: words('UNSPECIFIED LEAST_CONN RANDOM PASSTHROUGH ROUND_ROBIN LEAST_REQUEST'),
    consistentHash: {
      httpHeaderName: 'text',
      httpCookie: { name: 'text', path: 'text', ttl: 'duration' },
      useSourceIp: 'flag',
      httpQueryParameterName: 'text',
      minimumRingSize: 'whole',
      ringHash: { minimumRingSize: 'whole' },
      maglev: { tableSize: 'whole' },
    },
  },
  tls: {
    mode: words('DISABLE SIMPLE MUTUAL ISTIO_MUTUAL'),
    credentialName: 'text',
    sni: 'text',
    insecureSkipVerify: 'flag',
    subjectAltNames: texts,
  },
};

const POLICY: Fields = { ...PORT_POLICY, portLevelSettings: [{ ...PORT_POLICY, port: { number: 'whole' } }] };

const STRING_MATCH: Fields = { exact: 'text', prefix: 'text', regex: 'text' };
const OPERATIONS: Fields = { set: labels, add: labels, remove: texts };
const HEADERS: Fields = { request: OPERATIONS, response: OPERATIONS };
const DESTINATION: Fields = { host: 'text', subset: 'text', port: { number: 'whole' } };
const L4_MATCH: Fields = { port: 'whole', gateways: texts, sourceNamespace: 'text', sourceLabels: labels };
const L4_TARGETS: Shape = [{ destination: DESTINATION, weight: 'whole' }];

const HTTP_ROUTE: Fields = {
  name: 'text',
  match: [
    {
      name: 'text',
      uri: STRING_MATCH,
      scheme: STRING_MATCH,
      method: STRING_MATCH,
      authority: STRING_MATCH,
      headers: ['map', STRING_MATCH],
      withoutHeaders: ['map', STRING_MATCH],
      queryParams: ['map', STRING_MATCH],
      port: 'whole',
      sourceLabels: labels,
      sourceNamespace: 'text',
      gateways: texts,
      ignoreUriCase: 'flag',
    },
  ],
  route: [{ destination: DESTINATION, weight: 'whole', headers: HEADERS }],
  redirect: { uri: 'text', authority: 'text', port: 'whole', scheme: 'text', redirectCode: 'whole' },
  delegate: { name: 'text', namespace: 'text' },
  timeout: 'duration',
  retries: {
    attempts: 'whole',
    perTryTimeout: 'duration',
    retryOn: 'text',
    retryRemoteLocalities: 'flag',
    retryIgnorePreviousHosts: 'flag',
    backoff: 'duration',
  },
  fault: {
    delay: { fixedDelay: 'duration', percentage: { value: 'number' }, percent: 'whole' },
    abort: { httpStatus: 'whole', grpcStatus: 'text', percentage: { value: 'number' } },
  },
  mirror: DESTINATION,
  mirrors: [{ destination: DESTINATION, percentage: { value: 'number' } }],
  mirrorPercent: 'whole',
  mirror_percent: 'whole',
  mirrorPercentage: { value: 'number' },
  headers: HEADERS,
};

/** A workload outside of Kubernetes. */
export const WORKLOAD_ENTRY: Fields = {
  address: 'text',
  ports: ['map', 'whole'],
  labels,
  network: 'text',
  serviceAccount: 'text',
  weight: 'whole',
};

/** The fields of `spec` that rules read in the kinds that route, balance and let in traffic. */
export const TRAFFIC_SPECS = {
  VirtualService: {
    hosts: texts,
    gateways: texts,
    exportTo: texts,
    http: [HTTP_ROUTE],
    tls: [{ match: [{ ...L4_MATCH, sniHosts: texts }], route: L4_TARGETS }],
    tcp: [{ match: [L4_MATCH], route: L4_TARGETS }],
  },
  DestinationRule: {
    host: 'text',
    exportTo: texts,
    workloadSelector: SELECTOR,
    trafficPolicy: POLICY,
    subsets: [{ name: 'text', labels, trafficPolicy: POLICY }],
  },
  Gateway: {
    selector: labels,
    servers: [{ port: PORT, hosts: texts, tls: SERVER_TLS, bind: 'text', name: 'text', defaultEndpoint: 'text' }],
  },
  ServiceEntry: {
    hosts: texts,
    addresses: texts,
    ports: [PORT],
    location: words('MESH_EXTERNAL MESH_INTERNAL'),
    resolution: words('NONE STATIC DNS DNS_ROUND_ROBIN DYNAMIC_DNS'),
    endpoints: [WORKLOAD_ENTRY],
    workloadSelector: { labels },
    exportTo: texts,
    subjectAltNames: texts,
  },
  Sidecar: {
    workloadSelector: { labels },
    ingress: [
      {
        port: PORT,
        bind: 'text',
        captureMode: words('DEFAULT IPTABLES NONE'),
        defaultEndpoint: 'text',
        tls: SERVER_TLS,
        connectionPool: POOL,
      },
    ],
    egress: [{ port: PORT, bind: 'text', captureMode: words('DEFAULT IPTABLES NONE'), hosts: texts }],
    outboundTrafficPolicy: { mode: words('REGISTRY_ONLY ALLOW_ANY'), egressProxy: DESTINATION },
    inboundConnectionPool: POOL,
  },
} as const satisfies Partial<Record<Kind, Fields>>;
