import t from 'tap';
import type { JsonObject } from '../../src/model/json.ts';
import { testOracle } from './client.ts';
import { destinationRule, type Directed, ROUTES, service, showAll, toMl, virtualService } from './directed.ts';
import { HOST } from './meshes-words.ts';

const ml = service();
const policy = (trafficPolicy: JsonObject, rest: JsonObject = {}): ReturnType<typeof destinationRule> =>
  destinationRule({ host: HOST, trafficPolicy, ...rest });
const subset = (trafficPolicy: JsonObject): JsonObject => ({
  subsets: [{ name: 'v1', labels: { version: 'v1' }, trafficPolicy }],
});
const forPort = (number: number, settings: JsonObject): JsonObject => ({
  portLevelSettings: [{ port: { number }, ...settings }],
});
const hashing = (httpHeaderName: string): JsonObject => ({ loadBalancer: { consistentHash: { httpHeaderName } } });
const HASHES: readonly Directed[] = [
  {
    title: 'consistentHash of the top is the route’s hash, without a VirtualService and with one',
    mesh: [ml, policy(hashing('x-session-id')), virtualService({ hosts: ['ml'], http: [toMl()] })],
    ask: ROUTES,
    says: [{ hash: ['header:x-session-id'] }],
  },
  {
    title: 'settings for a port that leave the hash out leave the route’s in place, though the cluster is no ring',
    mesh: [ml, policy({ ...hashing('x-session-id'), ...forPort(80, { outlierDetection: {} }) })],
    ask: ROUTES,
    says: [{ hash: ['header:x-session-id'] }],
  },
  {
    title: 'a hash in the settings for a port does not count for a destination that does not name the port',
    mesh: [ml, policy(forPort(80, hashing('x-session-id'))), virtualService({ hosts: ['ml'], http: [toMl()] })],
    ask: ROUTES,
    says: [{ hash: { length: 0 } }],
  },
  {
    title: 'a hash in the settings for a port counts for the default route',
    mesh: [ml, policy(forPort(80, hashing('x-session-id')))],
    ask: ROUTES,
    says: [{ hash: ['header:x-session-id'] }],
  },
  {
    title: 'a subset’s hash counts over the top’s',
    mesh: [
      ml,
      policy(hashing('a'), subset(hashing('b'))),
      virtualService({ hosts: ['ml'], http: [{ route: [{ destination: { host: 'ml', subset: 'v1' } }] }] }),
    ],
    ask: ROUTES,
    says: [{ hash: ['header:b'] }],
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) await t.test('what is hashed', (t) => showAll(t, oracle, HASHES));
