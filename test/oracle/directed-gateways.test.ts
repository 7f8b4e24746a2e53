import t from 'tap';
import type { JsonObject } from '../../src/model/json.ts';
import type { ProxyQuestion } from './answers.ts';
import { testOracle } from './client.ts';
import {
  type Directed,
  gateway,
  httpRoute,
  ROUTES,
  service,
  showAll,
  toMl,
  TWO_RETRIES,
  virtualService,
} from './directed.ts';
import { HOST } from './meshes-words.ts';
import type { Question } from './questions.ts';

const ml = service();
const INGRESS: ProxyQuestion = { kind: 'gateway', namespace: 'ingress', labels: { istio: 'ingress' } };
const atGateway: Question = { ask: 'gateway route', name: 'www.example.com', configuration: 'http.80' };

const http = (spec: JsonObject = {}): ReturnType<typeof gateway> =>
  gateway(
    {
      selector: { istio: 'ingress' },
      servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
      ...spec,
    },
    { name: 'gw' },
  );
const bound = (http: readonly JsonObject[], head = {}, rest = {}): ReturnType<typeof virtualService> =>
  virtualService({ hosts: ['www.example.com'], gateways: ['shop/gw'], http, ...rest }, head);

const GATEWAYS: readonly Directed[] = [
  {
    title: 'a route at a gateway without retries has two, and no timeout',
    mesh: [ml, http(), bound([toMl()])],
    from: INGRESS,
    ask: atGateway,
    says: [{ retries: TWO_RETRIES, timeoutMs: 0, destinations: { [`${HOST}||80`]: 100 } }],
  },
  {
    title: 'the VirtualServices for one host at a gateway are put one after the other, those for everything last',
    mesh: [
      ml,
      http(),
      bound([toMl({ timeout: '1s' })], { day: 1 }),
      bound([toMl({ match: [{ uri: { prefix: '/a' } }], timeout: '2s' })], { name: 'b', day: 2 }),
    ],
    from: INGRESS,
    ask: atGateway,
    says: [{ timeoutMs: 2000 }, { timeoutMs: 1000 }],
  },
  {
    title: 'a Gateway without a selector is every gateway’s',
    mesh: [
      ml,
      gateway({ servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }] }, { name: 'gw' }),
      bound([toMl({ timeout: '1s' })]),
    ],
    from: INGRESS,
    ask: atGateway,
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'a VirtualService that is not exported to the gateway’s namespace is not there',
    mesh: [ml, http(), bound([toMl({ timeout: '1s' })]), bound([toMl()], { name: 'b' }, { exportTo: ['.'] })],
    from: INGRESS,
    ask: atGateway,
    says: { length: 1 },
  },
  {
    title: 'a match that names the mesh is not for a gateway',
    mesh: [
      ml,
      http(),
      bound(
        [toMl({ match: [{ gateways: ['mesh'] }], timeout: '1s' }), toMl({ timeout: '2s' })],
        {},
        { gateways: ['shop/gw', 'mesh'] },
      ),
    ],
    from: INGRESS,
    ask: atGateway,
    says: [{ timeoutMs: 2000 }],
  },
  {
    title: 'a match for another port of the gateway does not end the list',
    mesh: [
      ml,
      http({
        servers: [80, 8443].map((number) => ({
          port: { number, name: `http-${number}`, protocol: 'HTTP' },
          hosts: ['*'],
        })),
      }),
      bound([toMl({ match: [{ port: 8443 }], timeout: '1s' }), toMl({ match: [{ port: 80 }], timeout: '2s' })]),
    ],
    from: INGRESS,
    ask: atGateway,
    says: [{ timeoutMs: 2000 }],
  },
];

const parent: JsonObject = { parentRefs: [{ group: '', kind: 'Service', name: 'ml', namespace: 'shop', port: 80 }] };
const rule = (rest: JsonObject = {}): JsonObject => ({
  backendRefs: [{ name: 'ml', namespace: 'shop', port: 80 }],
  ...rest,
});
const routed = (rest: JsonObject = {}, head = {}): ReturnType<typeof httpRoute> =>
  httpRoute({ ...parent, rules: [rule(rest)] }, { name: 'route', ...head });
const FOUR = ['cancelled', 'connect-failure', 'refused-stream', 'unavailable'];

const ROUTES_OF_GATEWAY_API: readonly Directed[] = [
  {
    title: 'an HTTPRoute without retry has two',
    mesh: [ml, routed()],
    ask: ROUTES,
    says: [{ retries: TWO_RETRIES, timeoutMs: 0 }],
  },
  {
    title: 'an HTTPRoute with `retry: {}` has two',
    mesh: [ml, routed({ retry: {} })],
    ask: ROUTES,
    says: [{ retries: { attempts: 2, retryOn: FOUR } }],
  },
  {
    title: 'an HTTPRoute with no attempts has none',
    mesh: [ml, routed({ retry: { attempts: 0 } })],
    ask: ROUTES,
    says: [{ retries: 'none' }],
  },
  {
    title: 'an HTTPRoute’s codes are retried beside Istio’s conditions',
    mesh: [ml, routed({ retry: { attempts: 3, codes: [503] } })],
    ask: ROUTES,
    says: [{ retries: { attempts: 3, codes: [503] } }],
  },
  {
    title: 'backendRequest alone is the route’s timeout',
    mesh: [ml, routed({ timeouts: { backendRequest: '3s' } })],
    ask: ROUTES,
    says: [{ timeoutMs: 3000, retries: TWO_RETRIES }],
  },
  {
    title: 'backendRequest beside request and retry bounds one try',
    mesh: [ml, routed({ timeouts: { request: '9s', backendRequest: '3s' }, retry: { attempts: 2 } })],
    ask: ROUTES,
    says: [{ timeoutMs: 9000, retries: { attempts: 2, perTryMs: 3000 } }],
  },
  {
    title: 'an HTTPRoute in the client’s namespace comes before an older VirtualService',
    mesh: [
      ml,
      virtualService({ hosts: [HOST], http: [toMl({ timeout: '1s' })] }, { day: 1 }),
      routed({ timeouts: { request: '9s' } }, { ns: 'client', day: 2 }),
    ],
    ask: ROUTES,
    says: [{ timeoutMs: 9000 }],
  },
  {
    title: 'an HTTPRoute in the service’s namespace does not come before an older VirtualService for other clients',
    mesh: [
      ml,
      virtualService({ hosts: [HOST], http: [toMl({ timeout: '1s' })] }, { day: 1 }),
      routed({ timeouts: { request: '9s' } }, { day: 2 }),
    ],
    ask: ROUTES,
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'an HTTPRoute in the service’s namespace comes before a newer VirtualService',
    mesh: [
      ml,
      virtualService({ hosts: [HOST], http: [toMl({ timeout: '1s' })] }, { day: 2 }),
      routed({ timeouts: { request: '9s' } }, { day: 1 }),
    ],
    ask: ROUTES,
    says: [{ timeoutMs: 9000 }],
  },
  {
    title: 'an HTTPRoute’s path and weights are those of a VirtualService, the most specific first',
    mesh: [
      ml,
      httpRoute(
        {
          ...parent,
          rules: [
            rule({ matches: [{ path: { type: 'PathPrefix', value: '/' } }] }),
            rule({ matches: [{ path: { type: 'PathPrefix', value: '/v1' }, method: 'GET' }] }),
          ],
        },
        { name: 'route' },
      ),
    ],
    ask: ROUTES,
    says: [{ match: { path: 'folder:/v1', headers: { ':method': 'exact:GET' } } }, { match: { path: 'prefix:/' } }],
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  await t.test('gateways', (t) => showAll(t, oracle, GATEWAYS));
  const full = ROUTES_OF_GATEWAY_API.map((one) => ({ ...one, full: true }));
  await t.test('routes of the Gateway API', (t) => showAll(t, oracle, full));
}
