import t from 'tap';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import type { ProxyQuestion } from './answers.ts';
import { testOracle } from './client.ts';
import { type Directed, httpRoute, meshSettings, service, showAll, TWO_RETRIES } from './directed.ts';
import { GATEWAY_LABELS, kubernetesGateway, referenceGrant } from './meshes-http-routes.ts';
import { HOST } from './meshes-words.ts';
import type { Question } from './questions.ts';

const ml = service();
const there = [ml, ...kubernetesGateway({ hasMore: true })];
const PODS: ProxyQuestion = { kind: 'gateway', namespace: 'ingress', labels: GATEWAY_LABELS };
const at = (name: string, port = 80): Question => ({ ask: 'gateway route', name, configuration: `http.${port}` });

const kgw = { name: 'kgw', namespace: 'ingress' };
const toMl = (rest: JsonObject = {}): JsonObject => ({ backendRefs: [{ name: 'ml', port: 80 }], ...rest });
const timed = (seconds: number, path?: string): JsonObject =>
  toMl({
    timeouts: { request: `${seconds}s` },
    ...(path === undefined ? {} : { matches: [{ path: { type: 'PathPrefix', value: path } }] }),
  });
const route = (spec: JsonObject, head: JsonObject = {}): KubeObject =>
  httpRoute({ parentRefs: [kgw], rules: [toMl()], ...spec }, head);

const LISTENERS: readonly Directed[] = [
  {
    title: 'a route without a timeout and retries has none and two, for all names and at every listener',
    mesh: [...there, route({})],
    ask: at('*', 9090),
    says: [{ timeoutMs: 0, retries: TWO_RETRIES, destinations: { [`${HOST}||80`]: 100 } }],
  },
  {
    title: 'a sectionName is the only listener',
    mesh: [...there, route({ parentRefs: [{ ...kgw, sectionName: 'web' }] })],
    ask: at('*', 9090),
    says: { length: 0 },
  },
  {
    title: 'a port is the only one',
    mesh: [...there, route({ parentRefs: [{ ...kgw, port: 80 }] })],
    ask: at('*', 9090),
    says: { length: 0 },
  },
  {
    title: 'a route for one name is not for others',
    mesh: [...there, route({ hostnames: ['shop.example.com'] })],
    ask: at('*'),
    says: { length: 0 },
  },
  {
    title: 'routes of several namespaces for one name are one list, the most specific first',
    mesh: [
      ...there,
      route({ hostnames: ['shop.example.com'], rules: [timed(1, '/a')] }, { day: 1 }),
      route({ hostnames: ['shop.example.com'], rules: [timed(2, '/a/b'), timed(3)] }, { ns: 'other', day: 2 }),
    ],
    ask: at('shop.example.com'),
    says: [{ timeoutMs: 2000 }, { timeoutMs: 1000 }, { timeoutMs: 3000 }],
  },
  {
    title: 'equally old and specific ones stand by namespace, and then by name',
    mesh: [
      ...there,
      route({ rules: [timed(1, '/a')] }, { name: 'a', ns: 'shop' }),
      route({ rules: [timed(2, '/b')] }, { name: 'b', ns: 'other' }),
    ],
    ask: at('*'),
    says: [{ timeoutMs: 2000 }, { timeoutMs: 1000 }],
  },
  {
    title: 'the mesh’s default for VirtualServices keeps a route from the Gateway of another namespace',
    mesh: [...there, meshSettings('defaultVirtualServiceExportTo: ["."]'), route({})],
    ask: at('*'),
    says: { length: 0 },
  },
];

const abroad: JsonObject = {
  backendRefs: [
    { name: 'ml', namespace: 'shop', port: 80, weight: 1 },
    { name: 'web', port: 80, weight: 1 },
  ],
};
const away = route({ rules: [abroad] }, { ns: 'client' });
const webAway = service('web', {}, { ns: 'client' });
const grant = referenceGrant({
  from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'client' }],
  to: [{ group: '', kind: 'Service' }],
});

const GRANTS: readonly Directed[] = [
  {
    title: 'at a gateway a backend in another namespace gets its share with a ReferenceGrant',
    mesh: [...there, webAway, away, grant],
    from: { ...PODS, grants: [grant] },
    ask: at('*'),
    says: [{ destinations: { [`${HOST}||80`]: 50, 'web.client.svc.cluster.local||80': 50 } }],
  },
  {
    title: 'at a gateway a backend in another namespace gets nothing without one, and its share goes nowhere',
    mesh: [...there, webAway, away],
    ask: at('*'),
    says: [{ destinations: { [`${HOST}||80`]: undefined, 'web.client.svc.cluster.local||80': 50 } }],
  },
  {
    title: 'at a gateway what is wrong with a backend in another namespace does not matter without a grant',
    mesh: [
      ...there,
      route({
        rules: [
          {
            backendRefs: [
              { name: 'ml', port: 80, weight: 3 },
              { group: 'networking.istio.io', kind: 'Hostname', name: 'a.example.com', namespace: 'other', port: 80 },
            ],
          },
        ],
      }),
    ],
    ask: at('*'),
    says: [{ destinations: { [`${HOST}||80`]: 75 } }],
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  const atGateway = (cases: readonly Directed[]): readonly Directed[] =>
    cases.map((one) => ({ from: PODS, ...one, full: true }));
  await t.test('which routes a Gateway of the Gateway API has', (t) => showAll(t, oracle, atGateway(LISTENERS)));
  await t.test('what an HTTPRoute may send to', (t) => showAll(t, oracle, atGateway(GRANTS)));
}
