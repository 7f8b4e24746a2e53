import t from 'tap';
import { testOracle } from './client.ts';
import { type Directed, ROUTES, SERVER, service, showAll, sidecar, toMl, virtualService } from './directed.ts';
import { DEFAULT, ml, onWeb, own, port, routed, TCP, tcp, TLS, tls, to, WEB, web } from './directed-layer4.ts';
import { HOST } from './meshes-words.ts';

const BYTES: readonly Directed[] = [
  { title: 'connections to a port that is no HTTP go to the service', mesh: [ml], ask: TCP, says: [own(9090)] },
  {
    title: '`http` routes say nothing about a port that is no HTTP',
    mesh: [service('ml', { ports: [port('tcp', 80)] }), routed({ http: [toMl({ timeout: '1s' })] })],
    ask: ROUTES,
    says: { length: 0 },
  },
  {
    title: '`tcp` and `tls` routes say nothing about a port that is HTTP',
    mesh: [ml, web, routed({ tcp: [tcp({})], tls: [tls({})] })],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'a `tcp` route sends bytes to a port that is HTTP',
    mesh: [service('ml', { ports: [port('tcp', 9090)] }), web, routed({ tcp: [tcp({})] })],
    ask: TCP,
    says: [onWeb()],
  },
  {
    title: 'the first `tcp` route that fits is the only one',
    mesh: [ml, web, routed({ tcp: [tcp({ port: 443 }, 'ml'), tcp({}), tcp({}, 'ml')] })],
    ask: TCP,
    says: { length: 1, 0: onWeb() },
  },
  {
    title: 'a `tcp` route for subnets leaves the rest to the service',
    mesh: [ml, web, routed({ tcp: [tcp({ destinationSubnets: ['192.0.2.0/24'] })] })],
    ask: TCP,
    says: [own(9090), onWeb()],
  },
  {
    title: 'weights are shares, and one of 0 is left out',
    mesh: [
      ml,
      web,
      routed({ tcp: [{ route: [to('web', { weight: 3 }), to('ml', { weight: 1 }), to('nobody', { weight: 0 })] }] }),
    ],
    ask: TCP,
    says: [{ destinations: { [`${WEB}||80`]: 75, [`${HOST}||9090`]: 25 } }],
  },
  {
    title: 'a short host of a VirtualService is one of its own namespace',
    mesh: [ml, web, virtualService({ hosts: ['ml'], tcp: [tcp({})] })],
    ask: TCP,
    says: [onWeb()],
  },
  {
    title: 'a host in other letters is another host',
    mesh: [ml, web, virtualService({ hosts: ['ML.shop.svc.cluster.local'], tcp: [tcp({})] })],
    ask: TCP,
    says: [own(9090)],
  },
];

const CLIENTS: readonly Directed[] = [
  {
    title: 'a match without gateways is for all that its VirtualService is bound to',
    mesh: [ml, web, routed({ gateways: ['gw', 'mesh'], tcp: [tcp({})] })],
    ask: TCP,
    says: [onWeb()],
  },
  {
    title: 'a match for a gateway is not for the mesh',
    mesh: [ml, web, routed({ gateways: ['gw', 'mesh'], tcp: [tcp({ gateways: ['gw'] })] })],
    ask: TCP,
    says: [own(9090)],
  },
  {
    title: 'a match looks at the source’s labels also where it names gateways',
    mesh: [ml, web, routed({ tcp: [tcp({ gateways: ['mesh'], sourceLabels: { app: 'other' } })] })],
    ask: TCP,
    says: [own(9090)],
  },
  {
    title: 'a match looks at the source’s namespace',
    mesh: [ml, web, routed({ tls: [tls({ sourceNamespace: 'client' })] })],
    from: SERVER,
    ask: TLS,
    says: [own(443)],
  },
  {
    title: 'a private VirtualService is not there for others',
    mesh: [ml, web, routed({ exportTo: ['.'], tls: [tls({})] })],
    ask: TLS,
    says: [own(443)],
  },
  {
    title: 'one that a Sidecar does not import is not there',
    mesh: [
      ml,
      web,
      routed({ tls: [tls({})] }, { ns: 'other' }),
      sidecar({ egress: [{ hosts: ['shop/*'] }] }, { ns: 'client', name: 'default' }),
    ],
    ask: TLS,
    says: [own(443)],
  },
  {
    title: 'a private one comes before an older public one',
    mesh: [
      ml,
      web,
      routed({ tcp: [tcp({}, 'ml')] }, { day: 1 }),
      routed({ exportTo: ['.'], tcp: [{ route: [to(WEB)] }] }, { ns: 'client', day: 2 }),
    ],
    ask: TCP,
    says: [onWeb()],
  },
];

const NAMES: readonly Directed[] = [
  {
    title: 'a `tls` route leaves nothing for other names',
    mesh: [ml, web, routed({ tls: [tls({})] })],
    ask: TLS,
    says: { length: 1, 0: onWeb([HOST]) },
  },
  {
    title: '`tls` routes of all VirtualServices for a host stand side by side',
    mesh: [
      ml,
      web,
      routed({ tls: [tls({})] }, { day: 1 }),
      routed({ hosts: ['*.shop.svc.cluster.local'], tls: [tls({ sniHosts: [WEB] })] }, { name: 'b', day: 2 }),
    ],
    ask: TLS,
    says: [onWeb([HOST]), onWeb([WEB])],
  },
  {
    title: 'of two for the same names the older one counts',
    mesh: [ml, web, routed({ tls: [tls({}, 'ml')] }, { day: 2 }), routed({ tls: [tls({})] }, { name: 'b', day: 1 })],
    ask: TLS,
    says: { length: 1, 0: onWeb([HOST]) },
  },
  {
    title: 'a `tls` route for another port leaves it to the service',
    mesh: [ml, web, routed({ tls: [tls({ port: 444 })] })],
    ask: TLS,
    says: [own(443)],
  },
  {
    title: 'a `tcp` route is not for a port that is TLS',
    mesh: [ml, web, routed({ tcp: [tcp({})] })],
    ask: TLS,
    says: [own(443)],
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  await t.test('what is no HTTP is bytes', (t) => showAll(t, oracle, BYTES));
  await t.test('whose `tcp` and `tls` routes are', (t) => showAll(t, oracle, CLIENTS));
  await t.test('names in TLS', (t) => showAll(t, oracle, NAMES));
}
