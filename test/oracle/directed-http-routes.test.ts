import t from 'tap';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { testOracle } from './client.ts';
import {
  type Directed,
  httpRoute,
  meshSettings,
  ROUTES,
  SERVER,
  service,
  serviceEntry,
  showAll,
  toMl,
  TWO_RETRIES,
  virtualService,
} from './directed.ts';
import { HOST } from './meshes-words.ts';
import type { Question } from './questions.ts';

const ml = service();
const web = service('web');
const WEB = 'web.shop.svc.cluster.local';
const DEFAULT = [{ timeoutMs: 0, retries: TWO_RETRIES, destinations: { [`${HOST}||80`]: 100 } }];

const onMl = { group: '', kind: 'Service', name: 'ml', namespace: 'shop' };
const onApi = { group: 'networking.istio.io', kind: 'ServiceEntry', name: 'a', namespace: 'other' };
const api = serviceEntry(
  { hosts: ['api.example.com'], ports: [{ number: 80, name: 'http', protocol: 'HTTP' }], resolution: 'DNS' },
  { ns: 'other' },
);
const API: Question = { ask: 'route', name: 'api.example.com', port: 80 };
const toService = (rest: JsonObject = {}): JsonObject => ({ name: 'ml', namespace: 'shop', port: 80, ...rest });
const rule = (rest: JsonObject = {}): JsonObject => ({ backendRefs: [toService()], ...rest });
const timed = (seconds: number, rest: JsonObject = {}): JsonObject =>
  rule({ timeouts: { request: `${seconds}s` }, ...rest });
const route = (
  rules: readonly JsonObject[],
  head: JsonObject = {},
  parents: readonly JsonObject[] = [onMl],
): KubeObject => httpRoute({ parentRefs: parents, rules }, head);
const prefix = (value: string): JsonObject => ({ path: { type: 'PathPrefix', value } });

const OWNERS: readonly Directed[] = [
  {
    title: 'a route in the service’s namespace is for callers from everywhere',
    mesh: [ml, route([timed(1)])],
    ask: ROUTES,
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'a route in another namespace is for the callers there',
    mesh: [ml, route([timed(1)], { ns: 'client' })],
    ask: ROUTES,
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'a route in another namespace is for nobody else',
    mesh: [ml, route([timed(1)], { ns: 'client' })],
    from: SERVER,
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'routes of one namespace for one service are one list, the most specific first, whatever their age',
    mesh: [
      ml,
      route([timed(1, { matches: [prefix('/a')] })], { name: 'a', day: 1 }),
      route([timed(2, { matches: [prefix('/a/b')] }), timed(3)], { name: 'b', day: 2 }),
    ],
    ask: ROUTES,
    says: [{ timeoutMs: 2000 }, { timeoutMs: 1000 }, { timeoutMs: 3000 }],
  },
  {
    title: 'equally specific ones stand by age, and then by name before a tilde',
    mesh: [
      ml,
      route([timed(1, { matches: [prefix('/a')] })], { name: 'a', day: 2 }),
      route([timed(2, { matches: [prefix('/b')] })], { name: 'a-b', day: 2 }),
      route([timed(3, { matches: [prefix('/c')] })], { name: 'c', day: 1 }),
    ],
    ask: ROUTES,
    says: [{ timeoutMs: 3000 }, { timeoutMs: 2000 }, { timeoutMs: 1000 }],
  },
  {
    title: 'a parent’s port is the only one that it is for',
    mesh: [ml, route([timed(1)], {}, [{ ...onMl, port: 9090 }])],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'a sectionName of a service is not looked at',
    mesh: [ml, route([timed(1)], {}, [{ ...onMl, sectionName: 'nothing' }])],
    ask: ROUTES,
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'hostnames mean nothing on a service',
    mesh: [ml, httpRoute({ parentRefs: [onMl], hostnames: ['other.example.com'], rules: [timed(1)] })],
    ask: ROUTES,
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'a parent Service without the empty group is none',
    mesh: [ml, route([timed(1)], {}, [{ kind: 'Service', name: 'ml', namespace: 'shop' }])],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'one route may hang on several services',
    mesh: [ml, web, route([timed(1)], {}, [{ ...onMl, name: 'web' }, onMl])],
    ask: { ask: 'route', name: WEB, port: 80, service: WEB },
    says: [{ timeoutMs: 1000, destinations: { [`${HOST}||80`]: 100 } }],
  },
  {
    title: 'a route on a ServiceEntry takes the requests for its hosts',
    mesh: [ml, api, route([timed(1)], { ns: 'other' }, [onApi])],
    ask: API,
    says: [{ timeoutMs: 1000, destinations: { [`${HOST}||80`]: 100 } }],
  },
  {
    title: 'a route on a ServiceEntry of another namespace is for the callers in its own',
    mesh: [ml, api, route([timed(1)], {}, [onApi])],
    ask: API,
    says: [{ timeoutMs: 0, destinations: { 'api.example.com||80': 100 } }],
  },
  {
    title: 'the mesh’s default for VirtualServices says for whom it is',
    mesh: [ml, meshSettings('defaultVirtualServiceExportTo: ["."]'), route([timed(1)])],
    ask: ROUTES,
    says: DEFAULT,
  },
];

const BACKENDS: readonly Directed[] = [
  {
    title: 'a backend in another namespace needs no ReferenceGrant inside of the mesh',
    mesh: [ml, route([timed(1)], { ns: 'client' })],
    ask: ROUTES,
    says: [{ destinations: { [`${HOST}||80`]: 100 } }],
  },
  {
    title: 'a backend of a kind that istiod does not know keeps its share, and gets nothing',
    mesh: [
      ml,
      route([rule({ backendRefs: [toService({ weight: 1 }), { group: 'a.b', kind: 'C', name: 'd', weight: 3 }] })]),
    ],
    ask: ROUTES,
    says: [{ destinations: { [`${HOST}||80`]: 25 } }],
  },
  {
    title: 'a Service of several clusters is the Service of that name',
    mesh: [
      ml,
      route([timed(1, { backendRefs: [toService({ group: 'multicluster.x-k8s.io', kind: 'ServiceImport' })] })]),
    ],
    ask: ROUTES,
    says: [{ timeoutMs: 1000, destinations: { [`${HOST}||80`]: 100 } }],
  },
  {
    title: 'a weight of 0 leaves a backend out, and all of them leave an answer of its own',
    mesh: [ml, route([timed(1, { backendRefs: [toService({ weight: 0 })] })])],
    ask: ROUTES,
    says: [{ destinations: {}, timeoutMs: 0, retries: 'none' }],
  },
  {
    title: 'a redirect goes before its backends',
    mesh: [ml, route([timed(1, { filters: [{ type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }] })])],
    ask: ROUTES,
    says: [{ destinations: {}, timeoutMs: 0 }],
  },
  {
    title: 'a mirror without a share gets all requests, one of 0 percent none',
    mesh: [
      ml,
      web,
      route([
        rule({
          filters: [
            { type: 'RequestMirror', requestMirror: { backendRef: { name: 'web', port: 80 } } },
            { type: 'RequestMirror', requestMirror: { backendRef: { name: 'ml', port: 80 }, percent: 0 } },
          ],
        }),
      ]),
    ],
    ask: ROUTES,
    says: [{ mirrors: [WEB] }],
  },
];

const older = virtualService({ hosts: ['*.shop.svc.cluster.local'], http: [toMl({ timeout: '9s' })] }, { day: 1 });
const dropped = (title: string, one: JsonObject): Directed => ({
  title: `${title} drops the whole route, and what it stood before is in force`,
  mesh: [ml, older, route([timed(1, { matches: [prefix('/a')] }), one], { day: 2 })],
  ask: ROUTES,
  says: [{ timeoutMs: 9000 }],
});

const DROPPED: readonly Directed[] = [
  dropped(
    'a filter that istiod does not know',
    rule({ filters: [{ type: 'ExtensionRef', extensionRef: { group: 'a', kind: 'B', name: 'c' } }] }),
  ),
  dropped(
    'a filter of a backend that is not about headers',
    rule({
      backendRefs: [
        toService({ filters: [{ type: 'RequestMirror', requestMirror: { backendRef: { name: 'ml', port: 80 } } }] }),
      ],
    }),
  ),
  dropped(
    'a header value with a control character',
    rule({
      filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'a', value: 'b\u0001' }] } }],
    }),
  ),
  dropped('a Service with a dot in its name', rule({ backendRefs: [toService({ name: 'ml.shop' })] })),
  dropped(
    'a Hostname with a namespace',
    rule({ backendRefs: [toService({ group: 'networking.istio.io', kind: 'Hostname', name: 'a.example.com' })] }),
  ),
  dropped(
    'a Hostname without a port',
    rule({ backendRefs: [{ group: 'networking.istio.io', kind: 'Hostname', name: 'a.example.com' }] }),
  ),
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  const inFull = (cases: readonly Directed[]): readonly Directed[] => cases.map((one) => ({ ...one, full: true }));
  await t.test('whose an HTTPRoute is', (t) => showAll(t, oracle, inFull(OWNERS)));
  await t.test('where an HTTPRoute sends to', (t) => showAll(t, oracle, inFull(BACKENDS)));
  await t.test('what drops an HTTPRoute', (t) => showAll(t, oracle, inFull(DROPPED)));
}
