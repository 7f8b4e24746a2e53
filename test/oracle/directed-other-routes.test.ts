import t from 'tap';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import type { ProxyQuestion } from './answers.ts';
import { testOracle } from './client.ts';
import { CLIENT, ROUTES, service, toMl, TWO_RETRIES, virtualService } from './directed.ts';
import { istioAnswer } from './istio.ts';
import { HOST } from './meshes-words.ts';
import type { Question } from './questions.ts';

/** What MW704 says of kinds that it refuses and our model leaves out: only Istio is asked. */
interface Said {
  readonly title: string;
  readonly mesh: readonly KubeObject[];
  readonly from: ProxyQuestion;
  readonly ask: Question;
  readonly says: object;
}

const ml = service();
const API = 'gateway.networking.k8s.io/v1';
const object = (apiVersion: string, kind: string, namespace: string, day: number, spec: JsonObject): KubeObject => ({
  apiVersion,
  kind,
  metadata: {
    name: 'other',
    namespace,
    creationTimestamp: `2026-01-0${day}T00:00:00Z`,
    ...(kind === 'Ingress' ? { annotations: { 'kubernetes.io/ingress.class': 'istio' } } : {}),
  },
  spec,
});
const onMl = {
  parentRefs: [{ group: '', kind: 'Service', name: 'ml', namespace: 'shop' }],
  rules: [{ backendRefs: [{ name: 'ml', namespace: 'shop', port: 80 }] }],
};
const older = virtualService({ hosts: [HOST], http: [toMl({ timeout: '1s', retries: {} })] }, { day: 1 });
const bare = [{ timeoutMs: 0, retries: TWO_RETRIES, destinations: { [`${HOST}||80`]: 100 } }];
const ingress = object('networking.k8s.io/v1', 'Ingress', 'shop', 1, {
  rules: [
    {
      host: 'www.example.com',
      http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'ml', port: { number: 80 } } } }] },
    },
  ],
});

const CASES: readonly Said[] = [
  {
    title:
      'a GRPCRoute takes the place of an older VirtualService for the callers in its namespace, without its bounds',
    mesh: [ml, older, object(API, 'GRPCRoute', 'client', 2, onMl)],
    from: CLIENT,
    ask: ROUTES,
    says: bare,
  },
  {
    title: 'a GRPCRoute leads to a Service of several clusters as to the Service of that name',
    mesh: [
      ml,
      older,
      object(API, 'GRPCRoute', 'client', 2, {
        ...onMl,
        rules: [
          {
            name: 'mine',
            backendRefs: [
              { group: 'multicluster.x-k8s.io', kind: 'ServiceImport', name: 'ml', namespace: 'shop', port: 80 },
            ],
          },
        ],
      }),
    ],
    from: CLIENT,
    ask: ROUTES,
    says: bare,
  },
  {
    title: 'an Ingress makes routes without a timeout and with two retries',
    mesh: [ml, ingress],
    from: { kind: 'gateway', namespace: 'istio-system', labels: { istio: 'ingressgateway' } },
    ask: { ask: 'gateway route', name: 'www.example.com', configuration: 'http.80' },
    says: bare,
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  for (const { title, mesh, from, ask, says } of CASES) {
    await t.test(title, async (t) => {
      const { rejected, proxies } = await oracle.ask({ full: true, objects: mesh, proxies: [from] });
      t.same(rejected, [], 'istiod takes every object');
      const [answer] = proxies;
      t.match(answer === undefined ? undefined : istioAnswer(answer, ask), says, 'Istio says so');
    });
  }
}
