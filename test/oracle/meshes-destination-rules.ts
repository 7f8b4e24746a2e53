import * as fc from 'fast-check';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { duration, exportTo, HOST, maybe, objectOf, rarely, written } from './meshes-words.ts';

const count = fc.constantFrom(0, 1, 5, 100);

const pool = fc
  .record({
    tcp: maybe(fc.record({ maxConnections: maybe(count), connectTimeout: rarely(duration) }).map(written)),
    http: maybe(
      fc
        .record({
          http1MaxPendingRequests: rarely(count),
          http2MaxRequests: maybe(count),
          maxRetries: rarely(count),
          maxRequestsPerConnection: rarely(count),
          idleTimeout: rarely(duration),
        })
        .map(written),
    ),
  })
  .map(({ tcp, http }) =>
    written(tcp === undefined && http === undefined ? { tcp: { maxConnections: 1 } } : { tcp, http }),
  );

const breaker = fc
  .record({
    consecutive5xxErrors: maybe(count),
    consecutiveErrors: rarely(fc.constantFrom(3), 8),
    consecutiveGatewayErrors: rarely(count),
    interval: rarely(duration),
    baseEjectionTime: rarely(duration),
    maxEjectionPercent: maybe(fc.constantFrom(0, 50, 100)),
    minHealthPercent: rarely(fc.constantFrom(0, 50)),
  })
  .map(written);

const balancer = fc.constantFrom<Readonly<Record<string, unknown>>>(
  { simple: 'ROUND_ROBIN' },
  { simple: 'RANDOM' },
  { simple: 'LEAST_REQUEST' },
  { simple: 'PASSTHROUGH' },
  {},
  { consistentHash: { httpHeaderName: 'x-session-id' } },
  { consistentHash: { useSourceIp: true, maglev: { tableSize: 65537 } } },
  { consistentHash: { httpCookie: { name: 'session', ttl: '0s' } } },
);

const tls = fc.constantFrom<Readonly<Record<string, unknown>>>(
  {},
  { mode: 'ISTIO_MUTUAL' },
  { mode: 'DISABLE' },
  { mode: 'SIMPLE' },
  { mode: 'SIMPLE', credentialName: 'secret' },
  { mode: 'MUTUAL', clientCertificate: '/a', privateKey: '/b' },
  { sni: 'x' },
);

const blocks = {
  connectionPool: maybe(pool),
  outlierDetection: maybe(breaker),
  loadBalancer: rarely(balancer, 3),
  tls: rarely(tls, 5),
};

/** An empty policy is refused. */
function withSomething(policy: Readonly<Record<string, unknown>>): JsonObject {
  const { port, ...rest } = written(policy);
  const isEmpty = Object.keys(rest).length === 0;
  return { ...(port === undefined ? {} : { port }), ...(isEmpty ? { outlierDetection: {} } : rest) };
}

const portSettings = fc
  .record({ port: fc.constantFrom({ number: 80 }, { number: 8080 }, { number: 9090 }), ...blocks })
  .map(withSomething);

const policy = fc
  .record({ ...blocks, portLevelSettings: rarely(fc.array(portSettings, { minLength: 1, maxLength: 2 }), 3) })
  .map(withSomething);

const subsets = fc.uniqueArray(
  fc
    .record({ name: fc.constantFrom('v1', 'v2', 'v3'), trafficPolicy: rarely(policy, 3) })
    .map(({ name, trafficPolicy }) => written({ name, labels: { version: name }, trafficPolicy })),
  { maxLength: 2, selector: ({ name }) => name },
);

const spec = fc
  .record({
    host: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(HOST, HOST, 'ml') },
      {
        weight: 3,
        arbitrary: fc.constantFrom(
          '*.shop.svc.cluster.local',
          '*.svc.cluster.local',
          '*.local',
          '*ml.shop.svc.cluster.local',
          'ML',
          'ml.shop',
          'ml.shop.svc',
          'api.example.com',
          '*.example.com',
          'web.shop.svc.cluster.local',
        ),
      },
    ),
    exportTo,
    trafficPolicy: maybe(policy),
    subsets: maybe(subsets),
    workloadSelector: rarely(fc.constantFrom({ app: 'caller' }, { app: 'ml' }, { app: 'nobody' }, {}), 5).map(
      (matchLabels) => (matchLabels === undefined ? undefined : { matchLabels }),
    ),
  })
  .map(written);

/** Several rules for one host, in several namespaces and ages. */
export const destinationRules: fc.Arbitrary<readonly KubeObject[]> = fc.array(
  objectOf({
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    namespaces: ['shop', 'shop', 'client', 'istio-system', 'other'],
    spec,
  }),
  { maxLength: 4 },
);
