import type { FailExample } from '../rule.ts';
import { EGRESS_GATEWAY, EGRESS_SERVICE, httpWay, serviceEntry, sidecar, virtualService } from './egress-yaml.ts';

/** The external host of the examples. */
export const HOST = 'api.openai.com';
/** Its ServiceEntry. */
export const ENTRY = serviceEntry(HOST);
/** Its way through the egress gateway. */
export const WAY = virtualService(HOST, httpWay(HOST));

const AT_PORT = 'unrouted at spec.ports[0].number';

/** A route of another host that ends at the external one. */
export const detour = (routes: string, gateways = '[mesh]'): string =>
  virtualService('auth-service.llmoptimizer.svc.cluster.local', routes, {
    gateways,
    name: 'detour',
    namespace: 'llmoptimizer',
  });
/** A route straight to the host. */
export const TO_HOST = `route: [{ destination: { host: ${HOST}, port: { number: 80 } } }]`;
const TCP_SERVICE = `---
apiVersion: v1
kind: Service
metadata: { name: auth-service, namespace: llmoptimizer }
spec: { ports: [{ name: tcp-db, port: 5432 }, { name: http, port: 80 }] }
`;

const MESH = `---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: '{ proxyHttpPort: 15007 }' }
`;

const INGRESS = `---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: front, namespace: istio-ingress }
spec: { selector: { istio: ingressgateway }, servers: [] }
`;

/** Ways around the one that stands: what other objects do to it, each a finding. */
export const DETOURS: readonly FailExample[] = [
  {
    title: 'a service of the mesh whose requests end at the host',
    context: ENTRY + WAY,
    yaml: detour(`http: [{ ${TO_HOST} }]`),
    finds: ['direct at spec.http[0]'],
  },
  {
    title: 'a service of the mesh whose requests are mirrored to the host, the second of two routes',
    context: ENTRY + WAY,
    yaml: detour(
      `http: [{ match: [{ uri: { exact: / } }], route: [{ destination: { host: auth-service } }] }, { route: [{ destination: { host: auth-service } }], mirrors: [{ destination: { host: ${HOST} } }] }]`,
    ),
    finds: ['direct at spec.http[1]'],
  },
  {
    title: 'a TCP port of a service of the mesh that ends at the host',
    context: ENTRY + WAY + TCP_SERVICE,
    yaml: detour(`tcp: [{ match: [{ port: 5432 }], ${TO_HOST} }]`),
    finds: ['direct at spec.tcp[0]'],
  },
  {
    title: 'a route to the host at an ingress gateway',
    context: ENTRY + WAY + INGRESS,
    yaml: detour(`http: [{ ${TO_HOST} }]`, '[istio-ingress/front]'),
    finds: ['direct at spec.http[0]'],
  },
  {
    title: 'the egress Gateway moves to the ingress gateway’s pods',
    context: ENTRY + WAY,
    before: EGRESS_GATEWAY,
    yaml: EGRESS_GATEWAY.replace('istio: egressgateway', 'istio: ingressgateway'),
    finds: ['direct at spec.http[1]'],
  },
  {
    title: 'a Sidecar that knows the host and not its way',
    context: serviceEntry(HOST, undefined, { namespace: 'llmoptimizer' }) + WAY,
    yaml: sidecar('egress: [{ hosts: ["./*"] }]'),
    finds: [AT_PORT],
  },
  {
    title: 'a Sidecar that opens a proxy for HTTP, for which no route of port 80 is',
    context: ENTRY + WAY,
    yaml: sidecar('egress: [{ port: { number: 8888, name: proxy, protocol: HTTP_PROXY }, hosts: ["*/*"] }]'),
    finds: ['direct at spec.egress[0].port'],
  },
  {
    title: 'a Sidecar for one pod that takes the port for TCP, for which no HTTP route is',
    context: ENTRY + WAY,
    yaml: sidecar(
      'workloadSelector: { labels: { app: a } }, egress: [{ hosts: ["./*"], port: { number: 9, name: nine, protocol: TCP } }, { port: { number: 80, name: tcp, protocol: TCP }, hosts: ["*/*"] }]',
      { name: 'one' },
    ),
    finds: ['direct at spec.egress[1].port'],
  },
  {
    title: 'the mesh ConfigMap opens a proxy for HTTP',
    context: ENTRY + WAY,
    yaml: MESH,
    finds: ['direct at data.mesh'],
  },
  {
    title: 'a delegate that ends at the host',
    context:
      ENTRY +
      WAY +
      virtualService(
        'auth-service.llmoptimizer.svc.cluster.local',
        'http: [{ delegate: { name: part, namespace: shop } }]',
        {
          name: 'whole',
          namespace: 'llmoptimizer',
          gateways: '[mesh]',
        },
      ),
    yaml: `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: part, namespace: shop }
spec: { http: [{ ${TO_HOST} }] }
`,
    finds: ['direct at spec.http[0]'],
  },
  {
    title: 'a host of two labels, which is no Service of a namespace',
    context: serviceEntry('openai.com'),
    before: virtualService('openai.com', httpWay('openai.com')),
    yaml: virtualService('openai.com', 'http: [{ route: [{ destination: { host: openai.com } }] }]'),
    finds: ['direct at spec.http[0]'],
  },
  {
    title: 'one path leads straight to the host',
    context: ENTRY,
    before: WAY,
    yaml: virtualService(
      HOST,
      `http: [{ match: [{ uri: { prefix: /v1 } }], ${TO_HOST} }, { route: [{ destination: { host: ${EGRESS_SERVICE} } }] }]`,
    ),
    finds: ['direct at spec.http[0]'],
  },
  {
    title: 'a mesh namespace whose pods do not see the way is new',
    context: ENTRY + virtualService(HOST, httpWay(HOST), { rest: ', exportTo: [llmoptimizer, llmoptimizer-data]' }),
    yaml: 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { istio-injection: enabled } }\n',
    finds: [AT_PORT],
  },
  {
    title: 'a Service of the mesh makes a detour come into force',
    context: ENTRY + WAY + detour(`tcp: [{ match: [{ port: 5432 }], ${TO_HOST} }]`),
    yaml: TCP_SERVICE,
    finds: ['direct at spec.tcp[0]'],
  },
  {
    title: 'an HTTPRoute of a service of the mesh to the host',
    context: ENTRY + WAY + TCP_SERVICE,
    yaml: `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: detour, namespace: llmoptimizer }
spec: { parentRefs: [{ group: "", kind: Service, name: auth-service, port: 80 }], rules: [{ backendRefs: [{ group: networking.istio.io, kind: Hostname, name: ${HOST}, port: 80 }] }] }
`,
    finds: ['direct at spec.rules[0]'],
  },
];
