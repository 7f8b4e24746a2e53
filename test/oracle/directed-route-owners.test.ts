import t from 'tap';
import { testOracle } from './client.ts';
import { type Directed, ROUTES, service, sidecar, showAll, toMl, TWO_RETRIES, virtualService } from './directed.ts';
import { HOST } from './meshes-words.ts';
import type { Question } from './questions.ts';

const ml = service();
const named = (name: string): Question => ({ ask: 'route', name, port: 80, service: HOST });
/** A VirtualService for the service whose timeout tells which one it is. */
const timed = (seconds: number, rest = {}, head = {}): ReturnType<typeof virtualService> =>
  virtualService({ hosts: [HOST], http: [toMl({ timeout: `${seconds}s` })], ...rest }, head);
const root = (rest = {}, delegate = 'd'): ReturnType<typeof virtualService> =>
  virtualService({ hosts: [HOST], http: [{ delegate: { name: delegate }, ...rest }] });
const delegate = (rest = {}, spec = {}, head = {}): ReturnType<typeof virtualService> =>
  virtualService({ http: [toMl(rest)], ...spec }, { name: 'd', ...head });
const DEFAULT = [{ timeoutMs: 0, retries: TWO_RETRIES, destinations: { [`${HOST}||80`]: 100 } }];

const OWNERS: readonly Directed[] = [
  {
    title: 'the oldest public VirtualService wins, over a newer one of the client’s own namespace',
    mesh: [ml, timed(1, {}, { ns: 'other', day: 1 }), timed(2, {}, { ns: 'client', day: 2 })],
    ask: ROUTES,
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'a private one comes before an older public one',
    mesh: [ml, timed(1, {}, { day: 1 }), timed(2, { exportTo: ['.'] }, { ns: 'client', day: 2 })],
    ask: ROUTES,
    says: [{ timeoutMs: 2000 }],
  },
  {
    title: 'one that is exported to the client by name comes before an older public one',
    mesh: [ml, timed(1, {}, { day: 1 }), timed(2, { exportTo: ['client'] }, { ns: 'other', day: 2 })],
    ask: ROUTES,
    says: [{ timeoutMs: 2000 }],
  },
  {
    title: 'one that is private to another namespace is not there',
    mesh: [ml, timed(1, { exportTo: ['.'] })],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'an exact host comes before an older wildcard',
    mesh: [ml, timed(1, { hosts: ['*.shop.svc.cluster.local'] }, { day: 1 }), timed(2, {}, { name: 'b', day: 2 })],
    ask: ROUTES,
    says: [{ timeoutMs: 2000 }],
  },
  {
    title: 'one of another revision, or of the empty one, is not there',
    mesh: [
      ml,
      timed(1, {}, { labels: { 'istio.io/rev': 'canary' } }),
      timed(2, {}, { name: 'b', labels: { 'istio.io/rev': '' } }),
    ],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'one that is bound to a gateway only leaves the mesh with the defaults',
    mesh: [ml, timed(1, { gateways: ['gw'] })],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'hosts are compared without case',
    mesh: [ml, timed(1, { hosts: ['ML.shop.svc.cluster.local'] })],
    ask: ROUTES,
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'a trailing dot takes the dotted name and leaves the service its defaults',
    mesh: [ml, timed(1, { hosts: [`${HOST}.`] })],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'a trailing dot takes the dotted name',
    mesh: [ml, timed(1, { hosts: [`${HOST}.`] })],
    ask: named(`${HOST}.`),
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'the spelling service.namespace is taken over where no older VirtualService has the full name',
    mesh: [ml, timed(1, { hosts: ['ml.shop'] }, { ns: 'other', day: 1 }), timed(2, {}, { day: 2 })],
    ask: named('ml.shop'),
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'the spelling service.namespace belongs to an older VirtualService with the full name',
    mesh: [ml, timed(1, {}, { day: 1 }), timed(2, { hosts: ['ml.shop'] }, { ns: 'other', day: 2 })],
    ask: named('ml.shop'),
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'a destination in upper case is a cluster that does not exist',
    mesh: [ml, virtualService({ hosts: ['ml'], http: [{ route: [{ destination: { host: 'ML' } }] }] })],
    ask: ROUTES,
    says: [{ destinations: { 'ML.shop.svc.cluster.local||80': 100 } }],
  },
  {
    title: 'a Sidecar that does not import the VirtualService’s namespace leaves the client with the defaults',
    mesh: [
      ml,
      timed(1, {}, { ns: 'other' }),
      sidecar({ egress: [{ hosts: ['shop/*'] }] }, { ns: 'client', name: 'default' }),
    ],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'a Sidecar takes out again what it imports',
    since: 'excludedHosts',
    mesh: [ml, timed(1), sidecar({ egress: [{ hosts: ['*/*', '~shop/*'] }] }, { ns: 'client', name: 'default' })],
    ask: ROUTES,
    says: [],
  },
  {
    title: 'a Sidecar’s host of a namespace ~ imports nothing and takes nothing out',
    until: 'excludedHosts',
    mesh: [ml, timed(1), sidecar({ egress: [{ hosts: ['*/*', '~/*'] }] }, { ns: 'client', name: 'default' })],
    ask: ROUTES,
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'the annotation route-semantics puts a client’s own VirtualService before older ones',
    mesh: [
      ml,
      timed(1, {}, { day: 1 }),
      timed(2, {}, { ns: 'client', day: 2, annotations: { 'internal.istio.io/route-semantics': 'gateway' } }),
    ],
    ask: ROUTES,
    says: [{ timeoutMs: 2000 }],
  },
];

const DELEGATES: readonly Directed[] = [
  {
    title: 'a delegate inherits the timeout and the retries that it leaves out',
    mesh: [ml, root({ timeout: '5s', retries: { attempts: 1 } }), delegate()],
    ask: ROUTES,
    says: [{ timeoutMs: 5000, retries: { attempts: 1 } }],
  },
  {
    title: 'a delegate’s own timeout and retries win',
    mesh: [ml, root({ timeout: '5s', retries: { attempts: 1 } }), delegate({ timeout: '7s', retries: {} })],
    ask: ROUTES,
    says: [{ timeoutMs: 7000, retries: 'none' }],
  },
  {
    title: 'a delegate that is missing makes its rule vanish, and the service has its default route',
    mesh: [ml, root({ timeout: '5s' })],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'a delegate that is not exported to the root’s namespace is as good as missing',
    mesh: [
      ml,
      virtualService({ hosts: [HOST], http: [{ delegate: { name: 'd', namespace: 'other' } }] }),
      delegate({ timeout: '7s' }, { exportTo: ['.'] }, { ns: 'other' }),
    ],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'a delegate of another revision is as good as missing',
    mesh: [ml, root(), delegate({ timeout: '7s' }, {}, { labels: { 'istio.io/rev': 'canary' } })],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'a delegate whose match is in conflict with its root’s is as good as missing',
    mesh: [
      ml,
      root({ match: [{ uri: { prefix: '/a' } }] }),
      delegate({ timeout: '7s', match: [{ uri: { prefix: '/b' } }] }),
    ],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'the matches of root and delegate are merged',
    mesh: [
      ml,
      root({ match: [{ uri: { prefix: '/a' } }] }),
      delegate({ timeout: '7s', match: [{ headers: { x: { exact: 'y' } } }] }),
    ],
    ask: ROUTES,
    says: [{ match: { path: 'prefix:/a', headers: { x: 'exact:y' } }, timeoutMs: 7000 }],
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  await t.test('who routes a host', (t) => showAll(t, oracle, OWNERS));
  await t.test('delegates', (t) => showAll(t, oracle, DELEGATES));
  await t.test('istiod refuses `exportTo: ["~"]` on a VirtualService', async (t) => {
    const { rejected } = await oracle.ask({ objects: [timed(1, { exportTo: ['~'] })], proxies: [] });
    t.match(rejected, [{ kind: 'VirtualService', error: /exportTo ~/ }]);
  });
}
