import t from 'tap';
import { egressClients } from '../../src/mesh/egress-clients.ts';
import { leaksTo } from '../../src/mesh/egress-leaks.ts';
import { registeredPorts } from '../../src/mesh/egress-ports.ts';
import { egress, isExternalHost } from '../../src/mesh/egress.ts';
import { sidecarFor } from '../../src/mesh/outbound.ts';
import type { MeshViewer } from '../../src/mesh/routes.ts';
import { View } from '../../src/mesh/view.ts';
import type { JsonObject } from '../../src/model/json.ts';
import {
  EGRESS_GATEWAY,
  EGRESS_SERVICE,
  httpWay,
  serviceEntry,
  sidecar,
  TLS_PORT,
  tlsWay,
  virtualService,
} from '../../src/rules/gateways/egress-yaml.ts';
import { BASELINE } from '../baseline-fixture.ts';
import { viewOf } from '../rules/example-runner.ts';

const HOST = 'api.openai.com';
const CLOSED = sidecar('outboundTrafficPolicy: { mode: REGISTRY_ONLY }');
const WILD = '"*.googleapis.com"';

function client(view: View, namespace = 'llmoptimizer', labels: JsonObject = {}): MeshViewer {
  const one = sidecarFor(view, namespace, labels);
  return { kind: 'mesh', namespace, labels, ...(one === undefined ? {} : { sidecar: one }) };
}

/** Writes the ways as `port protocol exit`, the unregistered one without a port. */
function ways(yaml: string, host = HOST, namespace = 'llmoptimizer', labels: JsonObject = {}): readonly string[] {
  const view = viewOf(yaml);
  return egress(view, BASELINE, host, client(view, namespace, labels)).map(({ port, protocol, exit, names }) =>
    [port, protocol, exit, names.join() === host ? '' : names.join()]
      .filter((part) => part !== undefined && part !== '')
      .join(' '),
  );
}

const HTTP_WAY = virtualService(HOST, httpWay(HOST));

t.test('a ServiceEntry alone goes straight out, each port by itself', (t) => {
  t.same(ways(serviceEntry(HOST)), ['80 HTTP direct', 'direct']);
  t.same(ways(serviceEntry(HOST) + CLOSED), ['80 HTTP direct', 'blocked']);
  const three = serviceEntry(
    HOST,
    `{ number: 80, name: http, protocol: HTTP }, ${TLS_PORT}, { number: 9000, name: tcp, protocol: TCP }`,
  );
  t.same(ways(three + CLOSED), ['80 HTTP direct', '443 TLS direct', '9000 TCP direct', 'blocked']);
  t.same(ways(three + HTTP_WAY + CLOSED), ['80 HTTP gateway', '443 TLS direct', '9000 TCP direct', 'blocked']);
  t.same(ways(CLOSED), ['blocked'], 'a host that nobody registered');
  t.same(ways(''), ['direct'], 'and where everything may go out');
  t.end();
});

t.test('the way through the gateway, by protocol', (t) => {
  t.same(ways(serviceEntry(HOST) + HTTP_WAY + CLOSED), ['80 HTTP gateway', 'blocked']);
  const wild = serviceEntry(WILD, TLS_PORT, { rest: 'resolution: NONE' });
  const host = '*.googleapis.com';
  t.same(ways(wild + virtualService(WILD, tlsWay(host)) + CLOSED, host), ['443 TLS gateway', 'blocked']);
  t.same(
    ways(wild + virtualService(WILD, httpWay(host)) + CLOSED, host),
    ['443 TLS direct', '80 HTTP gateway', 'blocked'],
    'an HTTP route is none for TLS, and is there on port 80 whoever is registered',
  );
  t.same(
    ways(wild + virtualService(WILD, tlsWay(host, '["storage.googleapis.com"]')) + CLOSED, host),
    ['443 TLS gateway storage.googleapis.com', 'blocked'],
    'a server name that no route is for meets the outbound policy',
  );
  const tcp = serviceEntry(HOST, '{ number: 9000, name: tcp, protocol: TCP }');
  const to = (rest: string, where: string): string =>
    `{ ${rest}route: [{ destination: { host: ${where}, port: { number: 9000 } } }] }`;
  const both = virtualService(
    HOST,
    `tcp: [${to('match: [{ port: 9001 }], ', HOST)}, ${to('match: [{ port: 9000 }], ', EGRESS_SERVICE)}]`,
  );
  t.same(ways(tcp + both + CLOSED), ['9000 TCP gateway', 'blocked']);
  const subnets = virtualService(
    HOST,
    `tcp: [${to('match: [{ destinationSubnets: [10.0.0.0/8] }], ', EGRESS_SERVICE)}]`,
  );
  t.same(
    ways(tcp + subnets + CLOSED),
    ['9000 TCP gateway', '9000 TCP direct', 'blocked'],
    'other addresses go straight out',
  );
  t.end();
});

t.test('who does not see the way', (t) => {
  const entry = serviceEntry(HOST) + CLOSED;
  const rows: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'exported to another namespace',
      virtualService(HOST, httpWay(HOST), { rest: ', exportTo: [shop]' }),
      ['80 HTTP direct', 'blocked'],
    ],
    [
      'bound to the gateway only',
      virtualService(HOST, httpWay(HOST), { gateways: '[istio-egress/egress-gateway]' }),
      ['80 HTTP direct', 'blocked'],
    ],
    [
      'of another revision',
      virtualService(HOST, httpWay(HOST), { labels: '{ istio.io/rev: x }' }),
      ['80 HTTP direct', 'blocked'],
    ],
    [
      'for pods of another namespace',
      virtualService(HOST, httpWay(HOST, 'sourceNamespace: shop')),
      ['80 HTTP direct', 'blocked'],
    ],
    ['in another case', virtualService('API.OpenAI.com', httpWay(HOST)), ['80 HTTP gateway', 'blocked']],
    ['for a wildcard that covers it', virtualService('"*.openai.com"', httpWay(HOST)), ['80 HTTP gateway', 'blocked']],
  ];
  for (const [title, way, wanted] of rows) t.same(ways(entry + way), wanted, title);
  const labelled = entry + virtualService(HOST, httpWay(HOST, 'sourceLabels: { app: ml-service }'));
  t.same(ways(labelled, HOST, 'llmoptimizer', { app: 'ml-service' }), ['80 HTTP gateway', 'blocked']);
  t.same(ways(labelled), ['80 HTTP direct', 'blocked']);
  const narrow = sidecar('outboundTrafficPolicy: {}, egress: [{ hosts: ["./*"] }]');
  t.same(ways(serviceEntry(HOST) + HTTP_WAY + narrow), ['blocked'], 'a Sidecar that hides the host hides its door');
  const inside = serviceEntry(HOST, undefined, { namespace: 'llmoptimizer' });
  t.same(ways(inside + HTTP_WAY + narrow), ['80 HTTP direct', 'blocked'], 'and one that hides the way alone opens it');
  t.end();
});

t.test('the case of a TLS host, and of the ServiceEntry', (t) => {
  const upper = serviceEntry('API.openai.com', `{ number: 80, name: http, protocol: HTTP }, ${TLS_PORT}`);
  const both = virtualService(HOST, `${httpWay(HOST)}, ${tlsWay(HOST)}`);
  t.same(ways(upper + both + CLOSED), ['80 HTTP gateway', '443 TLS direct', 'blocked']);
  t.end();
});

t.test('what sets TLS and TCP routes apart from HTTP ones', (t) => {
  const wild = serviceEntry(HOST, TLS_PORT) + CLOSED;
  t.same(
    ways(wild + virtualService('API.OpenAI.com', tlsWay(HOST))),
    ['443 TLS direct', 'blocked'],
    'the case of their host',
  );
  const sourced = `tls: [{ match: [{ gateways: [mesh], sourceLabels: { app: a }, sniHosts: [${HOST}] }], route: [{ destination: { host: ${EGRESS_SERVICE} } }] }]`;
  t.same(
    ways(wild + virtualService(HOST, sourced)),
    ['443 TLS direct', 'blocked'],
    'the source, also beside a gateway',
  );
  t.same(ways(wild + virtualService(HOST, sourced), HOST, 'llmoptimizer', { app: 'a' }), [
    '443 TLS gateway',
    'blocked',
  ]);
  t.same(
    ways(wild + virtualService('"*i.openai.com"', tlsWay(HOST))),
    ['443 TLS gateway', 'blocked'],
    'a part of a label',
  );
  t.same(
    ways(wild + virtualService('v.api.openai.com', tlsWay(HOST))),
    ['443 TLS direct', 'blocked'],
    'a name below it',
  );
  t.end();
});

t.test('two VirtualServices', (t) => {
  const entry = serviceEntry(HOST) + CLOSED;
  const own = virtualService(HOST, `http: [{ route: [{ destination: { host: ${HOST} } }] }]`, {
    namespace: 'llmoptimizer',
    rest: ', exportTo: ["."]',
  });
  t.same(ways(entry + HTTP_WAY + own), ['80 HTTP direct', 'blocked'], 'a private one of the client comes first');
  t.same(ways(entry + HTTP_WAY + own, HOST, 'shop'), ['80 HTTP gateway', 'direct'], 'and not for others');
  const wild = serviceEntry(WILD, TLS_PORT, { rest: 'resolution: NONE' }) + CLOSED;
  const aside = virtualService(
    'storage.googleapis.com',
    'tls: [{ match: [{ sniHosts: [storage.googleapis.com] }], route: [{ destination: { host: "*.googleapis.com" } }] }]',
    { name: 'aside', gateways: '[mesh]' },
  );
  t.same(
    ways(wild + virtualService(WILD, tlsWay('*.googleapis.com')) + aside, '*.googleapis.com'),
    ['443 TLS direct storage.googleapis.com', '443 TLS gateway', 'blocked'],
    'TLS routes of all of them stand beside one another',
  );
  t.end();
});

t.test('port 80 of a host that nobody registered, and other exits', (t) => {
  t.same(ways(HTTP_WAY + CLOSED), ['80 HTTP gateway', 'blocked']);
  const back = virtualService(
    HOST,
    'http: [{ route: [{ destination: { host: auth-service.llmoptimizer.svc.cluster.local } }] }]',
  );
  t.same(ways(serviceEntry(HOST) + back + CLOSED), ['80 HTTP inside', 'blocked']);
  const nowhere = virtualService(HOST, 'http: [{ route: [{ destination: { host: nobody.example } }] }]');
  t.same(ways(serviceEntry(HOST) + nowhere + CLOSED), ['80 HTTP blocked', 'blocked']);
  const bare = virtualService('openai.com', 'http: [{ route: [{ destination: { host: openai.com } }] }]');
  t.same(
    ways(serviceEntry('openai.com') + bare + CLOSED, 'openai.com'),
    ['80 HTTP direct', 'blocked'],
    'no Service of namespace com',
  );
  const short = virtualService(
    HOST,
    'http: [{ route: [{ destination: { host: istio-egressgateway.istio-egress } }] }]',
  );
  t.same(ways(serviceEntry(HOST) + short + CLOSED), ['80 HTTP blocked', 'blocked'], 'a short spelling is no cluster');
  const mirrored = virtualService(
    HOST,
    `http: [{ route: [{ destination: { host: ${EGRESS_SERVICE} } }], mirror: { host: ${HOST} } }]`,
  );
  t.same(ways(serviceEntry(HOST) + mirrored + CLOSED), ['80 HTTP direct', 'blocked'], 'a mirror goes out as well');
  const proxied = sidecar(
    `outboundTrafficPolicy: { mode: ALLOW_ANY, egressProxy: { host: ${EGRESS_SERVICE}, port: { number: 443 } } }`,
  );
  t.same(ways(proxied), ['gateway'], 'what is unknown may be sent to the gateway');
  t.end();
});

t.test('protocols, visibility and odd types of a ServiceEntry', (t) => {
  const portsOf = (yaml: string): readonly string[] => {
    const view = viewOf(yaml);
    return registeredPorts(view, HOST, client(view)).map(({ number, isTls, mayBeHttp, isOther }) =>
      [number, isTls ? 'tls' : '', mayBeHttp ? 'http' : '', isOther ? 'other' : '']
        .filter((one) => one !== '')
        .join(' '),
    );
  };
  const port = (number: number, protocol: string): string =>
    `{ number: ${number}, name: p${number}, protocol: ${protocol} }`;
  t.same(
    portsOf(
      serviceEntry(
        HOST,
        [port(1, 'http2'), port(2, 'https'), port(3, 'UDP'), port(4, 'mongo'), port(5, 'what')].join(),
      ),
    ),
    ['1 http', '2 tls other', '4 other', '5 http other'],
  );
  t.same(portsOf(serviceEntry(HOST, undefined, { rest: 'exportTo: ["."]' })), []);
  t.same(portsOf(serviceEntry(HOST, undefined, { rest: 'exportTo: ["~"]' })), []);
  t.same(portsOf(serviceEntry(HOST, undefined, { rest: 'exportTo: [shop]' })), []);
  t.same(portsOf(serviceEntry(HOST, undefined, { rest: 'exportTo: [llmoptimizer]' })), ['80 http']);
  t.same(portsOf(serviceEntry(HOST, '7, { number: "80" }')), [], 'what is no port is left out');
  const view = viewOf(
    serviceEntry(HOST) +
      serviceEntry('vm.example', undefined, { name: 'vm', rest: 'workloadSelector: { labels: { app: vm } }' }),
  );
  t.ok(isExternalHost(view, HOST));
  t.notOk(isExternalHost(view, 'vm.example'), 'workloads of the mesh');
  t.notOk(isExternalHost(view, 'api.anthropic.com'), 'not registered');
  t.end();
});

t.test('a Sidecar’s own listeners say what a port is', (t) => {
  const mesh = serviceEntry(HOST) + HTTP_WAY;
  const listening = (port: string, more = ''): string =>
    mesh +
    sidecar(`outboundTrafficPolicy: {}, egress: [{ port: { ${port} }, ${more}hosts: ["*/*"] }, { hosts: ["*/*"] }]`);
  t.same(ways(listening('number: 80, protocol: HTTP')), ['80 HTTP gateway', 'blocked']);
  t.same(ways(listening('number: 80, protocol: TCP')), ['80 TCP direct', 'blocked'], 'an HTTP route is none for TCP');
  t.same(ways(listening('number: 80, protocol: TLS')), ['80 TLS direct', 'blocked']);
  t.same(
    ways(listening('number: 81, protocol: TCP')),
    ['80 HTTP gateway', 'blocked'],
    'a port that the host does not have',
  );
  const other =
    serviceEntry(HOST, TLS_PORT) +
    sidecar(
      'outboundTrafficPolicy: {}, egress: [{ port: { number: 443, protocol: TCP }, hosts: ["shop/*"] }, { hosts: ["*/*"] }]',
    );
  t.same(
    ways(other),
    ['443 TLS direct', 'blocked'],
    'a listener that knows no service there leaves the port to the one for all',
  );
  const proxy = 'number: 8888, protocol: HTTP_PROXY';
  t.same(
    ways(listening(proxy)),
    ['80 HTTP gateway', '8888 HTTP direct', 'blocked'],
    'a route for port 80 is none there',
  );
  t.same(ways(listening('number: 0, protocol: HTTP', 'bind: "unix:///x", ')), [
    '80 HTTP gateway',
    '0 HTTP direct',
    'blocked',
  ]);
  const anyPort = serviceEntry(HOST) + virtualService(HOST, httpWay(HOST, 'gateways: [mesh]'));
  t.same(ways(anyPort + sidecar(`outboundTrafficPolicy: {}, egress: [{ port: { ${proxy} }, hosts: ["*/*"] }]`)), [
    '8888 HTTP gateway',
    'blocked',
  ]);
  const config = `---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: istio, namespace: istio-system }\ndata: { mesh: '{ proxyHttpPort: 15007 }' }\n`;
  t.same(ways(mesh + config + CLOSED), ['80 HTTP gateway', '15007 HTTP direct', 'blocked'], 'the mesh’s proxy port');
  t.end();
});

t.test('one client of each sort', (t) => {
  const shop = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { istio-injection: enabled } }\n';
  const of = (yaml: string): readonly string[] =>
    egressClients(viewOf(yaml + shop), BASELINE, HOST).map(
      ({ namespace, labels }) => `${namespace} ${typeof labels === 'string' ? labels : 'labelled'}`,
    );
  t.same(of(`${serviceEntry(HOST)}---\n`), ['llmoptimizer none'], 'all are alike');
  t.same(of(`${serviceEntry(HOST)}${virtualService(HOST, httpWay(HOST), { rest: ', exportTo: [shop]' })}---\n`), [
    'shop none',
    'llmoptimizer none',
  ]);
  t.same(of(`${serviceEntry(HOST, undefined, { rest: 'exportTo: [shop]' })}---\n`), ['shop none', 'llmoptimizer none']);
  t.same(of(`${serviceEntry(HOST)}${virtualService(HOST, httpWay(HOST, 'sourceLabels: { a: b }'))}---\n`), [
    'llmoptimizer none',
    'llmoptimizer some',
  ]);
  t.same(of(`${serviceEntry(HOST)}${sidecar('egress: [{ hosts: ["./*"] }]')}---\n`), [
    'llmoptimizer-data none',
    'llmoptimizer none',
  ]);
  t.end();
});

t.test('a listener that an alias puts into two Sidecars is each one’s own', (t) => {
  const entry = viewOf(serviceEntry(HOST)).list('ServiceEntry');
  const hosts = [{ port: { number: 0, protocol: 'HTTP_PROXY', name: 'proxy' }, hosts: ['*/*'] }];
  const sidecars = ['llmoptimizer', 'llmoptimizer-data'].map((namespace) => ({
    apiVersion: 'networking.istio.io/v1',
    kind: 'Sidecar',
    metadata: { name: 'default', namespace },
    spec: { egress: hosts },
  }));
  const view = View.of([...entry, ...sidecars], BASELINE.mesh);
  for (const { metadata } of sidecars) {
    const [port] = registeredPorts(view, HOST, client(view, metadata.namespace)).filter(({ isFree }) => isFree);
    t.same(port?.viewer.sidecar?.metadata, metadata);
  }
  t.end();
});

t.test('routes that end outside, whatever they are named for', (t) => {
  const from = (yaml: string): readonly string[] =>
    leaksTo(viewOf(yaml + serviceEntry(HOST)), BASELINE, HOST).map((leak) => leak.from);
  const toHost = `route: [{ destination: { host: ${HOST} } }]`;
  const named = (routes: string, gateways: string): string =>
    virtualService('auth-service.llmoptimizer.svc.cluster.local', routes, {
      name: 'a',
      namespace: 'llmoptimizer',
      gateways,
    });
  t.same(from(HTTP_WAY + EGRESS_GATEWAY), [], 'at the egress gateway it is right');
  t.same(from(named(`http: [{ ${toHost} }]`, '[mesh]')), ["pods of namespaces such as 'llmoptimizer'"]);
  t.same(from(named(`http: [{ ${toHost} }]`, '[nobody/there]')), [], 'a Gateway that is not there');
  const front = EGRESS_GATEWAY.replace('istio: egressgateway', 'app: front');
  t.same(from(named(`http: [{ ${toHost} }]`, '[istio-egress/egress-gateway]') + front), [
    "gateway 'istio-egress/egress-gateway'",
  ]);
  const service = (ports: string): string =>
    `---\napiVersion: v1\nkind: Service\nmetadata: { name: auth-service, namespace: llmoptimizer }\nspec: { ports: [${ports}] }\n`;
  const tcp = named(`tcp: [{ match: [{ port: 5432 }], ${toHost} }]`, '[mesh]');
  t.same(from(tcp + service('{ port: 5432 }')), ['pods of the mesh']);
  t.same(from(tcp + service('{ port: 80 }')), [], 'no port that it is for');
  t.end();
});
