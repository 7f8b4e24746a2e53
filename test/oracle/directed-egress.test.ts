import t from 'tap';
import { testOracle } from './client.ts';
import { destinationRule, type Directed, showAll } from './directed.ts';
import {
  BY_GATEWAY,
  CLOSED,
  door,
  entry,
  GATEWAY,
  HTTP,
  OUTSIDE,
  STRAIGHT,
  TCP,
  TLS,
  WAYS,
} from './directed-egress.ts';

const WILD = '*.example.com';
const wild = (port: Parameters<typeof entry>[0], rest = {}, head = {}): ReturnType<typeof entry> =>
  entry(port, { hosts: [WILD], resolution: 'NONE', ...rest }, head);

const STRAIGHT_OUT: readonly Directed[] = [
  {
    title: 'a ServiceEntry alone goes straight out, on each of its ports',
    mesh: [...GATEWAY, entry([HTTP, TLS, TCP]), CLOSED],
    ask: WAYS,
    says: [
      `443 TLS ${OUTSIDE}: ${STRAIGHT}`,
      `80 HTTP ${OUTSIDE}: ${STRAIGHT}`,
      `9000 TCP ${OUTSIDE}: ${STRAIGHT}`,
      'else: blocked',
    ],
  },
  {
    title: 'a DestinationRule for the host changes nothing about its way',
    mesh: [
      ...GATEWAY,
      entry([HTTP]),
      CLOSED,
      destinationRule({ host: OUTSIDE, trafficPolicy: { tls: { mode: 'SIMPLE' } } }),
    ],
    ask: WAYS,
    says: [`80 HTTP ${OUTSIDE}: ${STRAIGHT}`, 'else: blocked'],
  },
  {
    title: 'without location and resolution it is outside, at whatever address was asked for',
    mesh: [...GATEWAY, entry([TCP], { resolution: undefined }), CLOSED],
    ask: WAYS,
    says: [`9000 TCP ${OUTSIDE}: ${STRAIGHT}`, 'else: blocked'],
  },
  {
    title: 'its addresses, also a range of them, lead out',
    mesh: [...GATEWAY, entry([TLS], { addresses: ['192.0.2.0/24'], resolution: 'NONE' }), CLOSED],
    ask: WAYS,
    says: [`443 TLS ${OUTSIDE}: ${STRAIGHT}`, 'else: blocked'],
  },
  {
    title: 'its endpoints may be any address',
    mesh: [...GATEWAY, entry([HTTP], { resolution: 'STATIC', endpoints: [{ address: '203.0.113.1' }] }), CLOSED],
    ask: WAYS,
    says: [`80 HTTP ${OUTSIDE}: ${STRAIGHT}`, 'else: blocked'],
  },
  {
    title: 'a wildcard lets out all names below it',
    mesh: [...GATEWAY, wild([HTTP, TLS]), CLOSED],
    ask: { ask: 'egress', host: WILD },
    says: [`443 TLS ${WILD}: direct ${WILD}/`, `80 HTTP ${WILD}: direct ${WILD}/`, 'else: blocked'],
  },
  {
    title: 'so does one whose names the proxy resolves itself',
    mesh: [...GATEWAY, wild([HTTP, TLS], { resolution: 'DYNAMIC_DNS' }), CLOSED],
    ask: { ask: 'egress', host: WILD },
    says: [`443 TLS ${WILD}: direct ${WILD}/`, `80 HTTP ${WILD}: direct ${WILD}/`, 'else: blocked'],
  },
  {
    title: 'one that is exported to nobody lets nothing out',
    mesh: [...GATEWAY, entry([HTTP, TLS], { exportTo: ['~'] }), CLOSED],
    ask: WAYS,
    says: ['else: blocked'],
  },
  {
    title: 'one that is private to another namespace does not either',
    mesh: [...GATEWAY, entry([HTTP, TLS], { exportTo: ['.'] }), CLOSED],
    ask: WAYS,
    says: ['else: blocked'],
  },
  {
    title: 'of ServiceEntries of several namespaces the client’s own is known, whatever their age',
    mesh: [...GATEWAY, entry([TLS], {}, { day: 1 }), entry([HTTP], {}, { ns: 'client', day: 2 }), CLOSED],
    ask: WAYS,
    says: [`80 HTTP ${OUTSIDE}: ${STRAIGHT}`, 'else: blocked'],
  },
];

const BY_THE_GATEWAY: readonly Directed[] = [
  {
    title: 'an HTTP route leads to the gateway, and is none for the TLS port',
    mesh: [...GATEWAY, entry([HTTP, TLS]), door('http'), CLOSED],
    ask: WAYS,
    says: [`443 TLS ${OUTSIDE}: ${STRAIGHT}`, `80 HTTP ${OUTSIDE}: ${BY_GATEWAY}`, 'else: blocked'],
  },
  {
    title: 'a TLS route leads to the gateway by the server name',
    mesh: [...GATEWAY, entry([HTTP, TLS]), door('tls'), CLOSED],
    ask: WAYS,
    says: [`443 TLS ${OUTSIDE}: ${BY_GATEWAY}`, `80 HTTP ${OUTSIDE}: ${STRAIGHT}`, 'else: blocked'],
  },
  {
    title: 'a TCP route leads to the gateway, and one for some addresses leaves the others',
    mesh: [...GATEWAY, entry([TCP]), door('tcp', { destinationSubnets: ['192.0.2.0/24'] }), CLOSED],
    ask: WAYS,
    says: [`9000 TCP ${OUTSIDE}: ${STRAIGHT}`, `9000 TCP ${OUTSIDE}: ${BY_GATEWAY}`, 'else: blocked'],
  },
  {
    title: 'a route for another port leaves the port as it was',
    mesh: [
      ...GATEWAY,
      entry([HTTP, TLS]),
      door('http', { port: 81 }),
      door('tls', { port: 444 }, {}, { name: 'b' }),
      CLOSED,
    ],
    ask: WAYS,
    says: [`443 TLS ${OUTSIDE}: ${STRAIGHT}`, `80 HTTP ${OUTSIDE}: ${STRAIGHT}`, 'else: blocked'],
  },
  {
    title: 'one that is bound to the gateway only leaves the mesh as it was',
    mesh: [...GATEWAY, entry([HTTP]), door('http', {}, { gateways: ['istio-egress/egress-gateway'] }), CLOSED],
    ask: WAYS,
    says: [`80 HTTP ${OUTSIDE}: ${STRAIGHT}`, 'else: blocked'],
  },
  {
    title: 'one that is not exported to the client leaves it as it was',
    mesh: [...GATEWAY, entry([HTTP, TLS]), door('http', {}, { exportTo: ['shop'] }), CLOSED],
    ask: WAYS,
    says: [`443 TLS ${OUTSIDE}: ${STRAIGHT}`, `80 HTTP ${OUTSIDE}: ${STRAIGHT}`, 'else: blocked'],
  },
  {
    title: 'one for other pods leaves the client as it was, by HTTP and by TLS',
    mesh: [
      ...GATEWAY,
      entry([HTTP, TLS]),
      door('http', { gateways: [], sourceLabels: { app: 'other' } }),
      door('tls', { sourceLabels: { app: 'other' } }, {}, { name: 'b' }),
      CLOSED,
    ],
    ask: WAYS,
    says: [`443 TLS ${OUTSIDE}: ${STRAIGHT}`, `80 HTTP ${OUTSIDE}: ${STRAIGHT}`, 'else: blocked'],
  },
  {
    title: 'letters of another case are the same host by HTTP, and another one by TLS',
    mesh: [
      ...GATEWAY,
      entry([HTTP, TLS]),
      door('http', {}, { hosts: ['API.example.com'] }),
      door('tls', {}, { hosts: ['API.example.com'] }, { name: 'b' }),
      CLOSED,
    ],
    ask: WAYS,
    says: [`443 TLS ${OUTSIDE}: ${STRAIGHT}`, `80 HTTP ${OUTSIDE}: ${BY_GATEWAY}`, 'else: blocked'],
  },
  {
    title: 'of two VirtualServices for a wildcard the first counts, also where it has no route for the client',
    mesh: [
      ...GATEWAY,
      wild([HTTP]),
      door('http', { gateways: [], sourceLabels: { app: 'other' } }, { hosts: [WILD] }, { day: 1 }),
      door('http', {}, { hosts: [WILD] }, { name: 'b', day: 2 }),
      CLOSED,
    ],
    ask: { ask: 'egress', host: WILD },
    says: [`80 HTTP ${WILD}: direct ${WILD}/`, 'else: blocked'],
  },
  {
    title: 'on port 80 a route is there for a host that nobody registered',
    mesh: [...GATEWAY, door('http'), CLOSED],
    ask: WAYS,
    says: [`80 HTTP ${OUTSIDE}: ${BY_GATEWAY}`, 'else: blocked'],
  },
  {
    title: 'one for a wildcard is not where the wildcard covers a service that is known',
    mesh: [...GATEWAY, entry([HTTP]), door('http', {}, { hosts: [WILD] }), CLOSED],
    ask: { ask: 'egress', host: WILD },
    says: ['else: blocked'],
  },
  {
    title: 'a host that is known on another port has the route of a wildcard on port 80',
    mesh: [...GATEWAY, entry([{ ...HTTP, number: 8080 }]), door('http', {}, { hosts: [WILD] }), CLOSED],
    ask: WAYS,
    says: [`80 HTTP ${OUTSIDE}: ${BY_GATEWAY}`, `8080 HTTP ${OUTSIDE}: ${BY_GATEWAY}`, 'else: blocked'],
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  await t.test('what leads straight out', (t) => showAll(t, oracle, STRAIGHT_OUT));
  await t.test('what leads to the egress gateway', (t) => showAll(t, oracle, BY_THE_GATEWAY));
}
