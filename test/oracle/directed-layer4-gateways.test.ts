import t from 'tap';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import type { ProxyQuestion } from './answers.ts';
import { testOracle } from './client.ts';
import { describe } from './compare.ts';
import { type Directed, gateway, ROUTES, showAll, toMl } from './directed.ts';
import { DEFAULT, ml, onWeb, routed, TLS, tcp, tls, WEB, web } from './directed-layer4.ts';
import { compare } from './mesh-case.ts';
import { HOST } from './meshes-words.ts';

const BESIDE: readonly Directed[] = [
  {
    title: 'an older VirtualService with `tls` routes alone leaves the host’s requests to a newer one',
    mesh: [
      ml,
      web,
      routed({ tls: [tls({})] }, { day: 1 }),
      routed({ http: [toMl({ timeout: '1s' })] }, { name: 'b', day: 2 }),
    ],
    ask: ROUTES,
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'one with `tls` routes alone leaves requests with the defaults, whatever a wildcard says',
    mesh: [
      ml,
      web,
      routed({ hosts: ['*.shop.svc.cluster.local'], http: [toMl({ timeout: '1s' })] }, { day: 1 }),
      routed({ tls: [tls({})] }, { name: 'b', day: 2 }),
    ],
    ask: ROUTES,
    says: DEFAULT,
  },
  {
    title: 'one with `http` and `tls` routes is for both: its requests',
    mesh: [ml, web, routed({ http: [toMl({ timeout: '1s' })], tls: [tls({})] })],
    ask: ROUTES,
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'one with `http` and `tls` routes is for both: its connections',
    mesh: [ml, web, routed({ http: [toMl({ timeout: '1s' })], tls: [tls({})] })],
    ask: TLS,
    says: [onWeb([HOST])],
  },
];

const INGRESS: ProxyQuestion = { kind: 'gateway', namespace: 'ingress', labels: { istio: 'ingress' } };
const server = (number: number, protocol: string, rest: JsonObject = {}): JsonObject => ({
  port: { number, name: `${protocol.toLowerCase()}-${number}`, protocol },
  hosts: ['*'],
  ...rest,
});
const gw = gateway(
  {
    selector: { istio: 'ingress' },
    servers: [server(443, 'TLS', { tls: { mode: 'PASSTHROUGH' } }), server(9000, 'TCP')],
  },
  { name: 'gw' },
);

/** What passes on bytes at a gateway, by listener. */
const GATEWAYS: readonly { readonly title: string; readonly routes: KubeObject; readonly says: object }[] = [
  {
    title: 'a PASSTHROUGH server passes on by the `tls` routes that are bound to its Gateway',
    routes: routed({ gateways: ['gw'], tls: [tls({})] }),
    says: { '0.0.0.0_443': [{ serverNames: [HOST], destinations: [{ host: WEB, port: 80 }] }] },
  },
  {
    title: 'a TCP server passes on by the first `tcp` route that is bound to its Gateway',
    routes: routed({ gateways: ['gw'], tcp: [tcp({ port: 9001 }, 'ml'), tcp({}), tcp({}, 'ml')] }),
    says: { '0.0.0.0_9000': [{ serverNames: [], destinations: [{ host: WEB, port: 80 }] }] },
  },
  {
    title: 'a gateway does not look at the source’s labels and namespace',
    routes: routed({ gateways: ['gw'], tcp: [tcp({ sourceLabels: { a: 'b' }, sourceNamespace: 'client' })] }),
    says: { '0.0.0.0_9000': [{ destinations: [{ host: WEB }] }] },
  },
  {
    title: 'what a match keeps for the mesh or another port does not leave a gateway',
    routes: routed({ gateways: ['gw', 'mesh'], tls: [tls({ gateways: ['mesh'] })], tcp: [tcp({ port: 9001 })] }),
    says: { '0.0.0.0_443': undefined, '0.0.0.0_9000': undefined },
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  await t.test('`http` routes beside `tls` routes', (t) => showAll(t, oracle, BESIDE));
  for (const { title, routes, says } of GATEWAYS) {
    await t.test(title, async (t) => {
      const request = { objects: [ml, web, gw, routes], proxies: [INGRESS] };
      const { response, differences } = await compare(oracle, request);
      t.same(response.rejected, [], 'istiod takes every object');
      t.match(response.proxies[0]?.layer4, says, 'Istio says so');
      t.same(differences.map(describe), [], 'our model knows who gets bytes');
    });
  }
}
