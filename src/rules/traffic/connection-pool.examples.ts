import type { FailExample, PassExample } from '../rule.ts';
import { destinationRule, service, SHOP } from './destination-rule-yaml.ts';

const pool = (connections: number | string, requests: number | string): string =>
  `connectionPool: { tcp: { maxConnections: ${connections} }, http: { http2MaxRequests: ${requests} } }`;
const top = (policy: string): string => `trafficPolicy: { ${policy} }`;
const OWNER = destinationRule(top(pool(20, 20)), { day: '01' });
const POSTGRES = { name: 'postgres', namespace: 'llmoptimizer-data', host: 'postgres' };
const CART = { name: 'cart', namespace: 'shop', host: 'cart' };
const AT_SHOP = { name: 'mine', namespace: 'shop', host: 'ml-service.llmoptimizer.svc.cluster.local' };

const pass: readonly PassExample[] = [
  { title: 'the documented numbers', yaml: OWNER },
  { title: 'smaller ones, at v1alpha3', yaml: destinationRule(top(pool(1, 1))).replace('/v1', '/v1alpha3') },
  {
    title: 'a database: connections are all there is to bound',
    context: service('postgres', 'llmoptimizer-data', 'ports: [{ name: tcp-postgres, port: 5432 }]'),
    yaml: destinationRule(top('connectionPool: { tcp: { maxConnections: 100 } }'), POSTGRES),
  },
  {
    title: 'a host that nobody knows yet',
    yaml: destinationRule(top('connectionPool: { tcp: { maxConnections: 100 } }'), POSTGRES),
  },
  {
    title: 'a service that the baseline does not list, at its default',
    context: SHOP + service('cart', 'shop'),
    yaml: destinationRule(top(pool(100, 100)), CART),
  },
  {
    title: 'a rule of subsets alone is merged with an older one that has the pool',
    context: OWNER,
    yaml: destinationRule('subsets: [{ name: v1 }]', { name: 'subsets' }),
  },
  {
    title: 'the mesh’s default policy has the pool',
    context: `---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data:
  mesh: |
    defaultTrafficPolicy: { connectionPool: { tcp: { maxConnections: 20 }, http: { http2MaxRequests: 20 } } }
`,
    yaml: destinationRule(top('tls: { mode: ISTIO_MUTUAL }')),
  },
];

const fail: readonly FailExample[] = [
  {
    title: 'one connection and one request too many',
    yaml: destinationRule(top(pool(21, 21))),
    finds: [
      'tooGreat at spec.trafficPolicy.connectionPool.tcp.maxConnections',
      'tooGreat at spec.trafficPolicy.connectionPool.http.http2MaxRequests',
    ],
  },
  {
    title: '0, which is no bound, at v1beta1',
    yaml: destinationRule(top(pool(0, 20))).replace('/v1', '/v1beta1'),
    finds: ['unbounded at spec.trafficPolicy.connectionPool.tcp.maxConnections'],
  },
  {
    title: 'a number in quotes',
    yaml: destinationRule(top(pool('"20"', 20))),
    finds: ['tooGreat at spec.trafficPolicy.connectionPool.tcp.maxConnections'],
  },
  {
    title: 'no pool',
    yaml: destinationRule(top('tls: { mode: ISTIO_MUTUAL }')),
    finds: ['noPool at spec.trafficPolicy.connectionPool'],
  },
  {
    title: 'connections alone: HTTP/2 puts all requests on one of them',
    yaml: destinationRule(top('connectionPool: { tcp: { maxConnections: 20 } }')),
    finds: ['unset at spec.trafficPolicy.connectionPool.http.http2MaxRequests'],
  },
  {
    title: 'one more than the default of other services',
    context: SHOP + service('cart', 'shop', 'ports: [{ name: web, port: 8080 }]'),
    yaml: destinationRule(top(pool(100, 101)), CART),
    finds: ['tooGreat at spec.trafficPolicy.connectionPool.http.http2MaxRequests'],
  },
  {
    title: 'a port’s settings without a pool, and the second subset with a greater one',
    yaml: destinationRule(
      `trafficPolicy: { ${pool(20, 20)}, portLevelSettings: [{ port: { number: 8080 } }] }, subsets: [{ name: v1 }, { name: v2, trafficPolicy: { ${pool(40, 20)} } }]`,
    ),
    finds: [
      'noPool at spec.trafficPolicy.portLevelSettings[0].connectionPool',
      'tooGreat at spec.subsets[1].trafficPolicy.connectionPool.tcp.maxConnections',
    ],
  },
  {
    title: 'a client’s own rule takes the place of the owner’s',
    context: OWNER + SHOP,
    yaml: destinationRule(top('loadBalancer: { simple: ROUND_ROBIN }'), AT_SHOP),
    finds: ['noPool at spec.trafficPolicy.connectionPool'],
  },
  {
    title: 'a rule for nobody takes the owner’s from all of its namespace',
    context: OWNER + SHOP,
    yaml: destinationRule(`${top(pool(20, 20))}, workloadSelector: { matchLabels: { app: nobody } }`, AT_SHOP),
    finds: ['foreign at spec.workloadSelector'],
  },
  {
    title: 'the owner’s rule is exported to another namespace only',
    before: OWNER,
    yaml: destinationRule(`${top(pool(20, 20))}, exportTo: [istio-ingress]`, { day: '01' }),
    finds: ['hidden at spec.exportTo'],
  },
  { title: 'the only rule of a service is deleted', yaml: OWNER, deletes: true, finds: ['missing'] },
  {
    title: 'the only rule of a service moves to another revision',
    before: OWNER,
    yaml: OWNER.replace('name: ml-service', 'name: ml-service, labels: { istio.io/rev: canary }'),
    finds: ['missing'],
  },
  {
    title: 'a service comes and nothing says how to call it',
    context: SHOP,
    yaml: service('cart', 'shop'),
    finds: ['missing'],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
