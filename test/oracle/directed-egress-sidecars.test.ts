import t from 'tap';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { testOracle } from './client.ts';
import { type Directed, meshSettings, showAll } from './directed.ts';
import {
  BY_GATEWAY,
  CLOSED,
  door,
  entry,
  GATEWAY,
  HTTP,
  OUTSIDE,
  scope,
  STRAIGHT,
  TLS,
  WAYS,
} from './directed-egress.ts';
import { EGRESS_GATEWAY } from './egress-words.ts';

const WILD = '*.example.com';

/** A listener of a Sidecar for a port, before the one for all ports. */
const listening = (listener: JsonObject, policy: JsonObject = {}): KubeObject =>
  scope({ egress: [{ hosts: ['*/*'], ...listener }, { hosts: ['*/*'] }], outboundTrafficPolicy: policy });

const SCOPES: readonly Directed[] = [
  {
    title: 'a Sidecar that hides the host closes it',
    mesh: [
      ...GATEWAY,
      entry([HTTP]),
      door('http'),
      scope({ egress: [{ hosts: ['shop/*'] }], outboundTrafficPolicy: {} }),
    ],
    ask: WAYS,
    says: ['else: blocked'],
  },
  {
    title: 'one that hides the way alone opens it',
    mesh: [
      ...GATEWAY,
      entry([HTTP], {}, { ns: 'client' }),
      door('http'),
      scope({ egress: [{ hosts: ['./*'] }], outboundTrafficPolicy: {} }),
    ],
    ask: WAYS,
    says: [`80 HTTP ${OUTSIDE}: ${STRAIGHT}`, 'else: blocked'],
  },
  {
    title: 'a Sidecar opens what is not known, though the mesh closes it',
    mesh: [
      ...GATEWAY,
      door('http'),
      meshSettings('outboundTrafficPolicy: {mode: REGISTRY_ONLY}'),
      scope({ outboundTrafficPolicy: { mode: 'ALLOW_ANY' } }),
    ],
    ask: WAYS,
    says: [`80 HTTP ${OUTSIDE}: ${BY_GATEWAY}`, 'else: direct'],
  },
  {
    title: 'a Sidecar may send what is not known to the gateway',
    mesh: [
      ...GATEWAY,
      entry([HTTP]),
      scope({
        outboundTrafficPolicy: {
          mode: 'ALLOW_ANY',
          egressProxy: { host: EGRESS_GATEWAY, subset: 'external', port: { number: 443 } },
        },
      }),
    ],
    ask: WAYS,
    says: [`80 HTTP ${OUTSIDE}: ${STRAIGHT}`, `else: ${BY_GATEWAY}`],
  },
  {
    title: 'an HTTP route is none at a Sidecar’s listener for TCP, a route for connections is',
    mesh: [
      ...GATEWAY,
      entry([HTTP]),
      door('http'),
      listening({ port: { number: 80, protocol: 'TCP', name: 'tcp' }, hosts: [`*/${OUTSIDE}`] }),
    ],
    ask: WAYS,
    says: [`80 TCP ${OUTSIDE}: ${STRAIGHT}`, 'else: blocked'],
  },
  {
    title: 'a listener of its own that is not captured to leaves the captured port as it was',
    mesh: [
      ...GATEWAY,
      entry([TLS]),
      door('tls'),
      listening({ port: { number: 443, protocol: 'TLS', name: 'tls' }, captureMode: 'NONE', hosts: [`*/${OUTSIDE}`] }),
    ],
    ask: WAYS,
    says: [`443 TLS ${OUTSIDE}: ${BY_GATEWAY}`, 'else: blocked'],
  },
  {
    title: 'a listener that knows nothing on its port leaves it to the one for all ports',
    mesh: [
      ...GATEWAY,
      entry([TLS]),
      listening({ port: { number: 443, protocol: 'TLS', name: 'tls' }, hosts: ['other/*'] }),
    ],
    ask: WAYS,
    says: [`443 TLS ${OUTSIDE}: ${STRAIGHT}`, 'else: blocked'],
  },
  {
    title: 'no route that asks for a port is there at a proxy for HTTP',
    mesh: [
      ...GATEWAY,
      entry([HTTP]),
      door('http', { port: 80 }),
      listening({ port: { number: 8888, protocol: 'HTTP_PROXY', name: 'proxy' } }),
    ],
    ask: WAYS,
    says: [`80 HTTP ${OUTSIDE}: ${BY_GATEWAY}`, `8888 HTTP ${OUTSIDE}: ${STRAIGHT}`, 'else: blocked'],
  },
  {
    title: 'nor at the mesh’s own, where the name of a VirtualService within a wildcard is the wildcard’s',
    mesh: [
      ...GATEWAY,
      entry([HTTP], { hosts: [WILD], resolution: 'NONE' }),
      door('http'),
      meshSettings('proxyHttpPort: 15007'),
      CLOSED,
    ],
    ask: { ask: 'egress', host: WILD },
    says: [
      `15007 HTTP ${WILD}: direct ${WILD}/`,
      `80 HTTP ${WILD}: direct ${WILD}/`,
      `80 HTTP ${OUTSIDE}: ${BY_GATEWAY}`,
      'else: blocked',
    ],
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) await showAll(t, oracle, SCOPES);
