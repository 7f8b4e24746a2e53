import t from 'tap';
import { testOracle } from './client.ts';
import {
  type Directed,
  meshSettings,
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
const named = (name: string): Question => ({ ask: 'route', name, port: 80, service: HOST });
const DEFAULT = [{ timeoutMs: 0, retries: TWO_RETRIES, destinations: { [`${HOST}||80`]: 100 } }];

const RETRIES: readonly Directed[] = [
  {
    title: 'a service without a VirtualService has two retries and no timeout',
    mesh: [ml],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'a route without retries has two, and without a timeout has none',
    mesh: [ml, virtualService({ hosts: ['ml'], http: [toMl()] })],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: '`retries: {}` is no retry at all',
    mesh: [ml, virtualService({ hosts: ['ml'], http: [toMl({ retries: {} })] })],
    ask: ROUTES,
    says: [{ retries: 'none' }],
  },
  {
    title: 'attempts count the retries after the first try, and retryOn stays as written',
    mesh: [
      ml,
      virtualService({
        hosts: ['ml'],
        http: [toMl({ retries: { attempts: 3, retryOn: '5xx,reset', perTryTimeout: '2s' } })],
      }),
    ],
    ask: ROUTES,
    says: [{ retries: { attempts: 3, retryOn: ['5xx', 'reset'], perTryMs: 2000 } }],
  },
  {
    title: 'one entry without retries has two beside one that has none',
    mesh: [
      ml,
      virtualService({ hosts: ['ml'], http: [toMl({ match: [{ uri: { prefix: '/a' } }], retries: {} }), toMl()] }),
    ],
    ask: ROUTES,
    says: [{ retries: 'none' }, { retries: TWO_RETRIES }],
  },
  {
    title: '`retryOn: 503` is the status code and the condition for status codes',
    mesh: [ml, virtualService({ hosts: ['ml'], http: [toMl({ retries: { attempts: 1, retryOn: '503' } })] })],
    ask: ROUTES,
    says: [{ retries: { attempts: 1, retryOn: ['retriable-status-codes'], codes: [503] } }],
  },
  {
    title: 'the mesh’s default retry policy counts for routes without retries, and for services without routes',
    mesh: [ml, meshSettings('defaultHttpRetryPolicy: {attempts: 4, retryOn: "5xx"}')],
    ask: ROUTES,
    says: [{ retries: { attempts: 4, retryOn: ['5xx'] } }],
  },
  {
    title: 'the mesh’s default retry policy `{}` is none',
    mesh: [ml, meshSettings('defaultHttpRetryPolicy: {}')],
    ask: ROUTES,
    says: [{ retries: 'none' }],
  },
  {
    title: 'a fault leaves timeout and retries of its route as they are',
    mesh: [
      ml,
      virtualService({
        hosts: ['ml'],
        http: [toMl({ fault: { abort: { httpStatus: 503 } }, timeout: '30s', retries: { attempts: 3 } })],
      }),
    ],
    ask: ROUTES,
    says: [{ hasFault: true, timeoutMs: 30_000, retries: { attempts: 3 } }],
  },
  {
    title: 'a mirrored request takes the route’s timeout; one that is mirrored to zero percent is not there',
    mesh: [
      ml,
      service('web'),
      virtualService({ hosts: ['ml'], http: [toMl({ timeout: '3s', mirror: { host: 'web' } })] }),
      virtualService(
        { hosts: ['web'], http: [toMl({ mirror: { host: 'ml' }, mirrorPercentage: { value: 0 } })] },
        { name: 'b' },
      ),
    ],
    ask: ROUTES,
    says: [{ timeoutMs: 3000, mirrors: ['web.shop.svc.cluster.local'] }],
  },
];

const SHARES: readonly Directed[] = [
  {
    title: 'weights are shares of any sum, weight 0 is left out and equal destinations add up',
    mesh: [
      ml,
      virtualService({
        hosts: ['ml'],
        http: [
          {
            route: [
              { destination: { host: 'ml', subset: 'a' }, weight: 18 },
              { destination: { host: 'ml', subset: 'a' }, weight: 1 },
              { destination: { host: 'ml', subset: 'b' }, weight: 1 },
              { destination: { host: 'ml', subset: 'c' }, weight: 0 },
            ],
          },
        ],
      }),
    ],
    ask: ROUTES,
    says: [{ destinations: { [`${HOST}|a|80`]: 95, [`${HOST}|b|80`]: 5 } }],
  },
  {
    title: 'the weight of a single destination does not matter',
    mesh: [ml, virtualService({ hosts: ['ml'], http: [{ route: [{ destination: { host: 'ml' }, weight: 0 }] }] })],
    ask: ROUTES,
    says: [{ destinations: { [`${HOST}||80`]: 100 } }],
  },
  {
    title: 'a match that lets in everything ends the list',
    mesh: [ml, virtualService({ hosts: ['ml'], http: [toMl({ match: [{ uri: { prefix: '/' } }] }), toMl()] })],
    ask: ROUTES,
    says: { length: 1 },
  },
  {
    title: 'a route for another host leads to the service with its own timeout and retries',
    mesh: [ml, service('web'), virtualService({ hosts: ['web'], http: [toMl({ timeout: '9s' })] })],
    ask: named('web.shop.svc.cluster.local'),
    says: [{ timeoutMs: 9000, destinations: { [`${HOST}||80`]: 100 } }],
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  await t.test('retries and timeouts', (t) => showAll(t, oracle, RETRIES));
  await t.test('shares and destinations', (t) => showAll(t, oracle, SHARES));
}
