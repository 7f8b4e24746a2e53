import t from 'tap';
import type { JsonObject } from '../../src/model/json.ts';
import { testOracle } from './client.ts';
import { CLUSTER, destinationRule, type Directed, meshSettings, service, showAll, subsetCluster } from './directed.ts';
import { HOST } from './meshes-words.ts';

const ml = service();
const ROOT = { kind: 'sidecar', namespace: 'istio-system', labels: { app: 'x' } } as const;

/** A rule for the service whose pool of connections tells which one it is. */
const pooled = (maxConnections: number, rest: JsonObject = {}, head = {}): ReturnType<typeof destinationRule> =>
  destinationRule(
    { host: HOST, trafficPolicy: { connectionPool: { tcp: { maxConnections } } }, ...rest },
    { name: `r${maxConnections}`, ...head },
  );
const policy = (trafficPolicy: JsonObject, rest: JsonObject = {}): ReturnType<typeof destinationRule> =>
  destinationRule({ host: HOST, trafficPolicy, ...rest });
const isPool = (maxConnections: number): JsonObject => ({ pool: { maxConnections } });
const pool = (maxConnections: number): JsonObject => ({ connectionPool: { tcp: { maxConnections } } });

const BREAKERS: readonly Directed[] = [
  {
    title: 'consecutiveErrors is inert: the rest of the breaker is Envoy’s defaults',
    mesh: [ml, policy({ outlierDetection: { consecutiveErrors: 1 } })],
    ask: CLUSTER,
    says: { outlier: { consecutive5xx: 5, intervalMs: 10_000, baseEjectionMs: 30_000, maxEjectionPercent: 10 } },
  },
  {
    title: '`outlierDetection: {}` turns the breaker on',
    mesh: [ml, policy({ outlierDetection: {} })],
    ask: CLUSTER,
    says: { outlier: { consecutive5xx: 5, minHealthPercent: 0 } },
  },
  {
    title: 'consecutive5xxErrors 0 is off, and maxEjectionPercent 0 is 10',
    mesh: [ml, policy({ outlierDetection: { consecutive5xxErrors: 0, maxEjectionPercent: 0 } })],
    ask: CLUSTER,
    says: { outlier: { consecutive5xx: 0, maxEjectionPercent: 10 } },
  },
  {
    title: 'a limit of 0 is none',
    mesh: [ml, policy({ connectionPool: { tcp: { maxConnections: 0 }, http: { http2MaxRequests: 0 } } })],
    ask: CLUSTER,
    says: { pool: { maxConnections: 0, maxRequests: 0 } },
  },
  {
    title: 'the mesh’s default traffic policy fills the blocks that no rule sets',
    since: 'defaultTrafficPolicy',
    mesh: [
      ml,
      policy({ outlierDetection: { consecutive5xxErrors: 2 } }),
      meshSettings(
        'defaultTrafficPolicy: {connectionPool: {tcp: {maxConnections: 9}}, outlierDetection: {consecutive5xxErrors: 7}}',
      ),
    ],
    ask: CLUSTER,
    says: { pool: { maxConnections: 9 }, outlier: { consecutive5xx: 2 } },
  },
  {
    title: 'a release that does not know the mesh’s default traffic policy passes over it',
    until: 'defaultTrafficPolicy',
    mesh: [ml, meshSettings('defaultTrafficPolicy: {connectionPool: {tcp: {maxConnections: 9}}}')],
    ask: CLUSTER,
    says: { pool: { maxConnections: 0 } },
  },
];

const LOOKUP: readonly Directed[] = [
  {
    title: 'a rule in the client’s namespace replaces the owner’s',
    mesh: [ml, pooled(1), destinationRule({ host: HOST, trafficPolicy: { outlierDetection: {} } }, { ns: 'client' })],
    ask: CLUSTER,
    says: { pool: { maxConnections: 0 }, outlier: {} },
  },
  {
    title: 'a wildcard of the client’s namespace beats the owner’s exact rule',
    mesh: [ml, pooled(1), pooled(2, { host: '*.local' }, { ns: 'client' })],
    ask: CLUSTER,
    says: isPool(2),
  },
  {
    title: 'a rule with a foreign workloadSelector in the client’s namespace ends the look-up',
    mesh: [ml, pooled(1), pooled(2, { workloadSelector: { matchLabels: { app: 'nobody' } } }, { ns: 'client' })],
    ask: CLUSTER,
    says: isPool(0),
  },
  {
    title: 'a rule whose workloadSelector fits the client counts',
    mesh: [ml, pooled(1), pooled(2, { workloadSelector: { matchLabels: { app: 'caller' } } }, { ns: 'client' })],
    ask: CLUSTER,
    says: isPool(2),
  },
  {
    title: 'a rule with a workloadSelector in the owner’s namespace is for its own clients only',
    mesh: [ml, pooled(1, { workloadSelector: { matchLabels: { app: 'caller' } } })],
    ask: CLUSTER,
    says: isPool(0),
  },
  {
    title: 'the owner’s private rule is not there for others',
    mesh: [ml, pooled(1, { exportTo: ['.'] })],
    ask: CLUSTER,
    says: isPool(0),
  },
  {
    title: 'a rule of the root namespace counts where neither the client’s nor the owner’s has one',
    mesh: [ml, pooled(1, {}, { ns: 'istio-system' })],
    ask: CLUSTER,
    says: isPool(1),
  },
  {
    title: 'a rule of any other namespace does not',
    mesh: [ml, pooled(1, {}, { ns: 'other' })],
    ask: CLUSTER,
    says: isPool(0),
  },
  {
    title: 'for clients in the root namespace its private rules come first',
    mesh: [ml, pooled(1), pooled(2, { exportTo: ['.'] }, { ns: 'istio-system' })],
    from: ROOT,
    ask: CLUSTER,
    says: isPool(2),
  },
  {
    title: 'for clients in the root namespace its public rules do not come first',
    mesh: [ml, pooled(1), pooled(2, {}, { ns: 'istio-system' })],
    from: ROOT,
    ask: CLUSTER,
    says: isPool(1),
  },
  {
    title: 'a host in other letters makes a rule inert',
    mesh: [ml, pooled(1, { host: 'ML' })],
    ask: CLUSTER,
    says: isPool(0),
  },
  {
    title: 'a host as `service.namespace` is taken literally, and so is inert',
    mesh: [ml, pooled(1, { host: 'ml.shop' })],
    ask: CLUSTER,
    says: isPool(0),
  },
  {
    title: 'of two rules of one namespace the oldest’s policy stays',
    mesh: [ml, pooled(2, {}, { day: 2 }), pooled(1, {}, { day: 1 })],
    ask: CLUSTER,
    says: isPool(1),
  },
  {
    title: 'of two rules of one namespace the subsets are put together',
    mesh: [
      ml,
      pooled(1, {}, { day: 1 }),
      destinationRule({ host: HOST, subsets: [{ name: 'v1', labels: { version: 'v1' } }] }, { name: 'b', day: 2 }),
    ],
    ask: subsetCluster('v1'),
    says: isPool(1),
  },
  {
    title: 'a rule of another revision is not there',
    mesh: [ml, pooled(1, {}, { labels: { 'istio.io/rev': 'canary' } })],
    ask: CLUSTER,
    says: isPool(0),
  },
];

const subset = (trafficPolicy: JsonObject): JsonObject => ({
  subsets: [{ name: 'v1', labels: { version: 'v1' }, trafficPolicy }],
});
const forPort = (number: number, settings: JsonObject): JsonObject => ({
  portLevelSettings: [{ port: { number }, ...settings }],
});

const LAYERS: readonly Directed[] = [
  {
    title: 'settings for the port replace all blocks of the top',
    mesh: [ml, policy({ ...pool(1), outlierDetection: {}, ...forPort(80, { loadBalancer: { simple: 'RANDOM' } }) })],
    ask: CLUSTER,
    says: { pool: { maxConnections: 0 }, outlier: undefined, balancer: 'RANDOM' },
  },
  {
    title: 'settings for the target port never match',
    mesh: [ml, policy({ ...pool(1), ...forPort(8080, pool(2)) })],
    ask: CLUSTER,
    says: isPool(1),
  },
  {
    title: 'a subset’s blocks override the top’s, one by one',
    mesh: [ml, policy({ ...pool(1), outlierDetection: {} }, subset(pool(2)))],
    ask: subsetCluster('v1'),
    says: { pool: { maxConnections: 2 }, outlier: {} },
  },
  {
    title: 'a subset’s blocks beat the top’s settings for the port',
    mesh: [ml, policy(forPort(80, pool(1)), subset(pool(2)))],
    ask: subsetCluster('v1'),
    says: isPool(2),
  },
  {
    title: 'a subset’s settings for the port replace all blocks',
    mesh: [
      ml,
      policy({ ...pool(1), outlierDetection: {} }, subset(forPort(80, { loadBalancer: { simple: 'RANDOM' } }))),
    ],
    ask: subsetCluster('v1'),
    says: { pool: { maxConnections: 0 }, outlier: undefined, balancer: 'RANDOM' },
  },
  {
    title: 'PASSTHROUGH at a subset’s top stays, whatever its settings for the port say',
    mesh: [
      ml,
      policy(
        { outlierDetection: {} },
        subset({ loadBalancer: { simple: 'PASSTHROUGH' }, ...forPort(80, { loadBalancer: { simple: 'RANDOM' } }) }),
      ),
    ],
    ask: subsetCluster('v1'),
    says: { balancer: 'CLUSTER_PROVIDED' },
  },
  {
    title: 'without a load balancer it is LEAST_REQUEST, also at a port whose settings leave the hash out',
    mesh: [
      ml,
      policy({
        loadBalancer: { consistentHash: { httpHeaderName: 'x-session-id' } },
        ...forPort(80, { outlierDetection: {} }),
      }),
    ],
    ask: CLUSTER,
    says: { balancer: 'LEAST_REQUEST' },
  },
  {
    title: 'consistentHash is a ring',
    mesh: [ml, policy({ loadBalancer: { consistentHash: { httpHeaderName: 'x-session-id' } } })],
    ask: CLUSTER,
    says: { balancer: 'RING_HASH' },
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  await t.test('breakers and pools', (t) => showAll(t, oracle, BREAKERS));
  await t.test('which rule applies', (t) => showAll(t, oracle, LOOKUP));
  await t.test('ports and subsets', (t) => showAll(t, oracle, LAYERS));
}
