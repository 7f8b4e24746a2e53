import t from 'tap';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import type { ProxyQuestion } from './answers.ts';
import { testOracle } from './client.ts';
import {
  CLIENT,
  CLUSTER,
  destinationRule,
  type Directed,
  gateway,
  ROUTES,
  service,
  serviceEntry,
  showAll,
  toMl,
  virtualService,
} from './directed.ts';
import { compare } from './mesh-case.ts';
import { HOST } from './meshes-words.ts';
import type { Question } from './questions.ts';

const ml = service();
const WEB = 'web.shop.svc.cluster.local';
const INGRESS: ProxyQuestion = { kind: 'gateway', namespace: 'ingress', labels: { istio: 'ingress' } };
const atGateway: Question = { ask: 'gateway route', name: 'www.example.com', configuration: 'http.80' };

/** A pod of the service, as the injector labels it. */
const pod = (tlsMode: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'ml-0', namespace: 'shop', labels: { app: 'ml', 'security.istio.io/tlsMode': tlsMode } },
  status: { podIP: '10.1.0.1', phase: 'Running' },
});

const shared = (spec: JsonObject, ns: string): KubeObject =>
  gateway(
    {
      selector: { istio: 'ingress' },
      servers: [{ port: { number: 80, name: 'http', protocol: 'HTTP' }, hosts: ['*'] }],
      ...spec,
    },
    { name: 'gw', ns },
  );

const bound = (name: string): KubeObject =>
  virtualService({ hosts: ['www.example.com'], gateways: [name], http: [toMl({ timeout: '1s' })] });

const CASES: readonly Directed[] = [
  {
    title: 'a Service that its annotation hides is not known to others',
    mesh: [
      service('ml', {}, { annotations: { 'networking.istio.io/exportTo': '.' } }),
      service('web'),
      virtualService({ hosts: [WEB], http: [toMl()] }),
    ],
    ask: ROUTES,
    says: { length: 0 },
  },
  {
    title: 'a headless Service whose pods all have a sidecar has automatic mTLS',
    mesh: [service('ml', { clusterIP: 'None' }), pod('istio')],
    ask: CLUSTER,
    says: { transport: 'ISTIO_MUTUAL' },
  },
  {
    title: 'a pod’s label takes it away',
    mesh: [service('ml', { clusterIP: 'None' }), pod('disabled')],
    ask: CLUSTER,
    says: { transport: 'PLAINTEXT' },
  },
  {
    title: 'a mirror’s percentage has an old name that still counts',
    mesh: [
      ml,
      service('web'),
      virtualService({ hosts: [HOST], http: [toMl({ mirror: { host: 'web' }, mirror_percent: 0 })] }),
    ],
    ask: ROUTES,
    says: [{ mirrors: { length: 0 } }],
  },
  {
    title: 'a Gateway of any namespace is on the pods that its selector fits',
    mesh: [ml, shared({}, 'other'), bound('other/gw')],
    from: INGRESS,
    ask: atGateway,
    says: [{ timeoutMs: 1000 }],
  },
  {
    title: 'the old spelling of a Gateway’s name is that Gateway',
    mesh: [ml, shared({}, 'other'), bound('gw.other')],
    from: INGRESS,
    ask: atGateway,
    says: [{ timeoutMs: 1000 }],
  },
];

const NOBODY = { exportTo: ['~'] };

/** What istiod does not take, so that no view holds it. */
const REFUSED: readonly KubeObject[] = [
  virtualService({ hosts: [HOST], http: [toMl()], ...NOBODY }),
  destinationRule({ host: HOST, trafficPolicy: { tls: { mode: 'DISABLE' } }, ...NOBODY }),
  virtualService({ hosts: ['*'], http: [toMl()] }),
  virtualService({ hosts: [HOST], http: [toMl({ retries: { attempts: 0, perTryTimeout: '1s' } })] }),
  destinationRule({ host: HOST, trafficPolicy: { connectionPool: {} } }),
  serviceEntry({ hosts: ['*'], ports: [{ number: 80, name: 'http', protocol: 'HTTP' }] }),
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  await t.test('ways around', (t) => showAll(t, oracle, CASES));
  await t.test('what istiod refuses by itself', async (t) => {
    for (const object of REFUSED) {
      const { response } = await compare(oracle, { objects: [ml, object], proxies: [CLIENT] });
      t.match(response.rejected, [{ kind: object.kind }], JSON.stringify(object.spec));
    }
  });
}
