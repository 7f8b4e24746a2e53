import t from 'tap';
import { layer4Routes } from '../../src/mesh/egress-layer4.ts';
import { type MeshViewer, type Route, routesSeenBy, routesTo, type Viewer } from '../../src/mesh/routes.ts';
import { BASELINE } from '../baseline-fixture.ts';
import { viewOf } from '../rules/example-runner.ts';

const ML = 'ml-service.llmoptimizer.svc.cluster.local';
const SERVICE = `---
apiVersion: v1
kind: Service
metadata: { name: ml-service, namespace: llmoptimizer }
spec: { ports: [{ name: http, port: 80 }, { name: tcp, port: 9090 }] }
`;
const ENTRY = `---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: outside, namespace: llmoptimizer }
spec: { hosts: [Outside.example.com, "*.example.com"], ports: [{ number: 80, name: http, protocol: HTTP }] }
`;
const ANY: MeshViewer = { kind: 'mesh', namespace: 'shop', labels: 'none' };
const AT_GATEWAY: Viewer = { kind: 'gateway', gateway: 'ingress/main' };
const ON_SERVICE = '{ group: "", kind: Service, name: ml-service }';
const TO = '{ name: ml-service, port: 80 }';

function route(rule: string, parent = ON_SERVICE, name = 'r', rest = ''): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: llmoptimizer, creationTimestamp: "2026-01-01T00:00:00Z" }
spec: { parentRefs: [${parent}], rules: [{ ${rule} }]${rest} }
`;
}

function seen(yaml: string, viewer: Viewer = ANY, host = ML): readonly Route[] {
  return routesSeenBy(viewOf(SERVICE + yaml), host, viewer);
}

const kinds = (routes: readonly Route[]): string => routes.map(({ kind }) => kind).join();
const hosts = (routes: readonly Route[]): readonly string[] =>
  routes.flatMap(({ targets }) => targets.map(({ host, sharePercent }) => `${host} ${sharePercent}`));

t.test('what an HTTPRoute hangs on', (t) => {
  t.equal(kinds(seen(route(`backendRefs: [${TO}]`))), 'HTTPRoute');
  t.equal(kinds(seen(route(`backendRefs: [${TO}]`, '{ kind: Service, name: ml-service }'))), 'default', 'no group');
  const onEntry = route(`backendRefs: [${TO}]`, '{ group: networking.istio.io, kind: ServiceEntry, name: outside }');
  t.same(hosts(seen(ENTRY + onEntry, ANY, 'outside.example.com')), [`${ML} 100`], 'a ServiceEntry');
  t.equal(kinds(seen(ENTRY + onEntry, ANY, '*.example.com')), 'default', 'but not its wildcards');
  t.same(
    hosts(routesTo(viewOf(SERVICE + ENTRY + onEntry), BASELINE, ML)),
    [`${ML} 100`, `${ML} 100`],
    'found by its target',
  );
  t.end();
});

t.test('what drops a whole HTTPRoute', (t) => {
  const dropped = (rule: string): boolean => kinds(seen(route(rule))) === 'default';
  const set = (value: string): string =>
    `filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: a, value: "${value}" }] } }], backendRefs: [${TO}]`;
  t.ok(dropped(`filters: [{ type: ExtensionRef }], backendRefs: [${TO}]`), 'a filter that istiod does not know');
  t.ok(dropped('backendRefs: [{ name: ml-service, port: 80, filters: [{ type: RequestMirror }] }]'));
  t.ok(dropped('backendRefs: [{ name: ml-service }]'), 'no port');
  t.ok(dropped('backendRefs: [{ name: ml.shop, port: 80 }]'), 'a dot');
  t.ok(dropped('backendRefs: [{ group: networking.istio.io, kind: Hostname, name: a.b, port: 80, namespace: shop }]'));
  t.ok(dropped(set('\\x01')) && dropped(set('\\x7f')), 'control characters');
  t.notOk(dropped(set('\\t ä')), 'a tab is none');
  t.notOk(dropped(`backendRefs: [{ name: gone, weight: 0 }, ${TO}]`), 'what gets nothing is not looked at');
  t.notOk(dropped(`backendRefs: [{ group: a.b, kind: C, name: d }, ${TO}]`), 'an unknown kind');
  t.end();
});

t.test('where an HTTPRoute sends to', (t) => {
  const unknown = `backendRefs: [{ group: a.b, kind: C, name: d, weight: 3 }, ${TO}]`;
  t.same(hosts(seen(route(unknown))), [`${ML} 25`], 'what is unknown keeps its share');
  const several = 'backendRefs: [{ group: multicluster.x-k8s.io, kind: ServiceImport, name: ml-service, port: 80 }]';
  t.same(hosts(seen(route(several))), [`${ML} 100`], 'a Service of several clusters');
  t.equal(routesTo(viewOf(SERVICE + route(several)), BASELINE, ML)[0]?.kind, 'HTTPRoute', 'which is found by its host');
  const mirror = (share: string): number =>
    seen(
      route(`filters: [{ type: RequestMirror, requestMirror: { backendRef: ${TO}${share} } }], backendRefs: [${TO}]`),
    )[0]?.mirrors.length ?? -1;
  t.same(['', ', percent: 0', ', percent: 1', ', fraction: { numerator: 0 }'].map(mirror), [1, 0, 1, 0]);
  t.end();
});

t.test('HTTPRoutes at a Gateway of the Gateway API', (t) => {
  const main = '{ name: main, namespace: ingress, port: 80 }';
  const timed = (seconds: number, name: string, rest = ''): string =>
    route(
      `timeouts: { request: ${seconds}s }, matches: [{ path: { value: /${name[0]} } }], backendRefs: [${TO}]`,
      main,
      name,
      rest,
    );
  const ms = (yaml: string, host: string, viewer = AT_GATEWAY): readonly unknown[] =>
    seen(yaml, viewer, host).map(({ timeoutMs }) => timeoutMs);
  const both = timed(1, 'a') + timed(2, 'a-b');
  t.same(ms(both, '*'), [2000, 1000], 'of one age by the name of what istiod makes of them');
  t.same(ms(timed(1, 'a', ', hostnames: [Www.Example.com]'), 'www.example.com'), [1000]);
  const gateway = `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: main, namespace: ingress }
spec: { gatewayClassName: istio, listeners: [{ name: a, port: 80, protocol: HTTP }, { name: b, port: 81, protocol: HTTP }] }
`;
  t.same(ms(gateway + both, '*', { ...AT_GATEWAY, port: 81 }), [], 'not at another listener');
  t.same(ms(both, '*', { ...AT_GATEWAY, port: 81 }), [2000, 1000], 'which is not known without the Gateway');
  const foreign =
    'backendRefs: [{ group: networking.istio.io, kind: Hostname, name: a.b, port: 80, namespace: shop }, ';
  t.same(hosts(seen(route(`${foreign}${TO}]`, main), AT_GATEWAY, '*')), ['a.b 50', `${ML} 50`], 'not dropped here');
  t.end();
});

t.test('`tcp` and `tls` routes', (t) => {
  const virtualService = (rest: string): string => `---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: v, namespace: llmoptimizer }
spec: { hosts: [ml-service], ${rest} }
`;
  const tls = virtualService(`tls: [{ match: [{ sniHosts: [${ML}] }], route: [{ destination: { host: other } }] }]`);
  const asked = (number: number, isTls: boolean): unknown => {
    const { routes, isComplete } = layer4Routes(viewOf(SERVICE + tls), ANY, { host: ML, number, isTls });
    return [routes.map(({ sniHosts }) => sniHosts), isComplete];
  };
  t.same(asked(443, true), [[[ML]], true], 'a short host is one of its own namespace');
  t.same(asked(9090, false), [[], false], 'and `tls` is for TLS');
  const http = virtualService('http: [{ route: [{ destination: { host: ml-service } }] }]');
  t.equal(kinds(seen(http, { ...ANY, port: 80 })), 'VirtualService');
  t.equal(kinds(seen(http, { ...ANY, port: 9090 })), '', '`http` routes say nothing where requests are bytes');
  t.end();
});
