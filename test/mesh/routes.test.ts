import t from 'tap';
import { viewersOf } from '../../src/mesh/route-viewers.ts';
import { type MeshViewer, type Route, routesSeenBy, routesTo } from '../../src/mesh/routes.ts';
import { nameOf } from '../../src/model/kube-object.ts';
import { meshConfigMap, sidecar, to, virtualService } from '../../src/rules/traffic/virtual-service-yaml.ts';
import { BASELINE } from '../baseline-fixture.ts';
import { viewOf } from '../rules/example-runner.ts';

const ML = 'ml-service.llmoptimizer.svc.cluster.local';
const service = (name: string, ns: string, ports = '{ name: http, port: 8080 }'): string => `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${ns} }
spec: { ports: [${ports}] }
`;
const MESH = ['shop', 'web'].map(
  (name) => `---
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { istio-injection: enabled } }
`,
);
const SERVICE = service('ml-service', 'llmoptimizer') + MESH.join('');
const retry = (attempts: number): string => `retries: { attempts: ${attempts} }`;
const ANY: MeshViewer = { kind: 'mesh', namespace: 'web', labels: 'none' };

/** The retries of each route of a virtual host, in order; `default` before Istio's own. */
function seen(yaml: string, viewer: Partial<MeshViewer> = {}, virtualHost = ML): readonly string[] {
  const routes = routesSeenBy(viewOf(SERVICE + yaml), virtualHost, { ...ANY, ...viewer });
  return routes.map(({ kind, retries }) => `${kind === 'default' ? 'default ' : ''}${retries.attempts}`);
}

function reaching(yaml: string, host = ML): readonly Route[] {
  return routesTo(viewOf(yaml), BASELINE, host);
}

t.test('what Istio makes of retries', (t) => {
  const one = (block: string, extra = ''): readonly unknown[] => {
    const [route] = reaching(extra + virtualService(to('ml-service', block)));
    const { attempts, from, retryOn, perTryTimeoutMs } = route?.retries ?? {};
    return [attempts, from, retryOn?.join(), perTryTimeoutMs];
  };
  const own = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';
  t.same(one(''), [2, 'istio', own, undefined], 'no block is two (trap 2)');
  t.same(one('retries: {}'), [0, 'route', '', undefined], 'an empty one is none');
  t.same(one('retries: { perTryTimeout: 1s }'), [0, 'route', '', undefined], 'and so is one without attempts');
  t.same(one('retries: { attempts: 3 }'), [3, 'route', own, undefined]);
  t.same(one('retries: { attempts: 3, retryOn: " 5xx,,503", perTryTimeout: 1.5s }'), [3, 'route', '5xx,503', 1500]);
  t.same(one('retries: { attempts: many }'), [Number.POSITIVE_INFINITY, 'route', own, undefined], 'never fine');
  const mesh = meshConfigMap("default_http_retry_policy: { attempts: '5', retry_on: reset, per_try_timeout: 2s }");
  t.same(one('', mesh), [5, 'mesh', 'reset', 2000], 'the mesh’s default');
  t.same(one('retries: {}', mesh), [0, 'route', '', undefined], 'which a block of one’s own replaces whole');
  t.same(one('', meshConfigMap('defaultHttpRetryPolicy: {}')), [0, 'mesh', '', undefined]);
  t.end();
});

t.test('what Istio makes of timeouts', (t) => {
  const ms = (timeout: string): number | undefined => reaching(virtualService(to('ml-service', timeout)))[0]?.timeoutMs;
  t.equal(ms(''), undefined, 'none is none at all');
  t.equal(ms('timeout: 1m30s'), 90_000);
  t.equal(ms('timeout: 0s'), undefined);
  t.equal(ms('timeout: -1s'), undefined);
  t.equal(ms('timeout: soon'), undefined);
  t.equal(ms('timeout: 15s, fault: { abort: { httpStatus: 500 } }'), 15_000, 'a fault leaves it there (§8)');
  t.end();
});

t.test('a service that nothing routes has the default route (B1)', (t) => {
  t.same(seen(''), ['default 2']);
  const [route] = reaching(SERVICE);
  t.equal(route?.kind, 'default');
  t.equal(route?.timeoutMs, undefined);
  t.same(route?.passedOver, []);
  t.same(reaching(''), [], 'a service that is not there has none');
  t.same(reaching(service('ml-service', 'llmoptimizer', '{ name: tcp, port: 1 }')), [], 'nor one that is not HTTP');
  t.end();
});

t.test('who owns a virtual host', (t) => {
  const named = (attempts: number, day: string, rest = '', hosts = ML, namespace = 'other'): string =>
    virtualService(to(ML, retry(attempts)), { name: `r${attempts}`, namespace, hosts, day, rest });
  t.same(seen(named(3, '02') + named(4, '01')), ['4'], 'the oldest');
  t.same(seen(named(3, '02') + named(4, '01', '', '"*.cluster.local"')), ['3'], 'exact before an older wildcard');
  const wilder = named(4, '01', '', '"*.local"') + named(5, '02', '', '"*.llmoptimizer.svc.cluster.local"');
  t.same(seen(wilder), ['5'], 'the longer wildcard');
  t.same(seen(named(3, '01', '', ML.toUpperCase())), ['3'], 'hosts are lower-cased');
  t.same(seen(named(3, '01', '', `${ML}.`)), ['default 2'], 'a trailing dot is another domain');
  t.same(seen(named(3, '01') + named(4, '02', 'exportTo: ["."]', ML, 'web')), ['4'], 'private before public');
  t.same(seen(named(3, '01') + named(4, '02', '', ML, 'web')), ['3'], 'but not a public one of the client’s');
  t.same(seen(named(3, '01') + named(4, '02', 'exportTo: [web]')), ['4'], 'exported by name before public');
  t.same(seen(named(3, '01') + named(4, '02', 'exportTo: [web, "*"]')), ['3'], 'a star makes it public');
  t.same(seen(named(3, '01', 'exportTo: [shop]')), ['default 2'], 'not exported');
  t.same(seen(named(3, '01', 'gateways: [g]')), ['default 2'], 'bound to a gateway only (B11)');
  t.same(seen(named(3, '01').replace('metadata: {', 'metadata: { labels: { istio.io/rev: old },')), ['default 2']);
  t.same(seen(meshConfigMap("defaultVirtualServiceExportTo: ['.']") + named(3, '01')), ['default 2'], 'the mesh’s own');
  t.end();
});

t.test('a VirtualService with no route for the client leaves the host to the next', (t) => {
  const match = (text: string): string =>
    virtualService(`{ match: [{ ${text} }], ${to(ML, retry(3)).slice(2)}`, { day: '01' });
  const next = virtualService(to(ML, retry(4)), { name: 'next', day: '02' });
  t.same(seen(match('gateways: [g]') + next), ['4']);
  t.same(seen(match('gateways: [g]')), ['default 2']);
  t.same(seen(match('gateways: [g, mesh]')), ['3']);
  t.same(seen(match('sourceNamespace: shop')), ['default 2']);
  t.same(seen(match('sourceNamespace: shop'), { namespace: 'shop' }), ['3']);
  t.same(
    seen(match('gateways: [mesh], sourceNamespace: shop')),
    ['3'],
    'who names gateways is not asked for the source',
  );
  t.same(seen(match('sourceLabels: { app: a }')), ['default 2']);
  t.same(seen(match('sourceLabels: { app: a }'), { labels: { app: 'a' } }), ['3']);
  t.same(seen(match('port: 80'), { port: 8080 }), ['default 2']);
  t.same(seen(match('port: 8080'), { port: 8080 }), ['3']);
  const three = `${to(ML, retry(1)).replace('{', '{ match: [{ uri: { prefix: /a } }, { uri: { prefix: / } }],')}, ${to(ML, retry(3))}`;
  t.same(seen(virtualService(three)), ['1'], 'nothing is written after a match for everything');
  t.end();
});

t.test('other spellings of a service (§3.2)', (t) => {
  const alias = (day: string, hosts: string): string =>
    virtualService(to(ML, retry(5)), { name: 'alias', namespace: 'other', hosts, day });
  const owner = virtualService(to(ML, retry(1)), { day: '02' });
  const attempts = (yaml: string): readonly number[] =>
    reaching(SERVICE + yaml)
      .map(({ retries }) => retries.attempts)
      .sort((left, right) => left - right);
  t.same(attempts(owner + alias('01', 'ml-service.llmoptimizer')), [1, 5], 'S.N takes that spelling over');
  t.same(attempts(owner + alias('01', 'ml-service.llmoptimizer.svc')), [1, 5], 'and S.N.svc');
  t.same(attempts(owner + alias('03', 'ml-service.llmoptimizer')), [1], 'but not from an older one for the full name');
  t.same(attempts(alias('03', 'ml-service.llmoptimizer')), [2, 5], 'and always from the default');
  t.end();
});

t.test('routes are found by where they lead, not by what they are named for (B3)', (t) => {
  const elsewhere = virtualService(to(ML, retry(3)), { namespace: 'shop', hosts: 'models.example.com' });
  t.same(reaching(elsewhere)[0]?.virtualHosts, ['models.example.com']);
  const mirrored = virtualService(
    `{ route: [{ destination: { host: cart } }], mirrors: [{ destination: { host: ${ML} } }], timeout: 9s }`,
    { namespace: 'shop', hosts: 'cart' },
  );
  const [mirror] = reaching(mirrored);
  t.equal(mirror?.timeoutMs, 9000, 'a mirror takes the route’s timeout');
  t.same(
    mirror?.targets.map(({ host }) => host),
    ['cart.shop.svc.cluster.local'],
  );
  const shadowed = SERVICE + virtualService(to(ML, retry(1)), { day: '01' });
  t.equal(reaching(shadowed + virtualService(to(ML, retry(9)), { name: 'later', hosts: ML, day: '02' })).length, 1);
  t.end();
});

t.test('shares of a weighted route', (t) => {
  const shares = (...weights: readonly string[]): readonly number[] | undefined =>
    reaching(
      virtualService(`{ route: [${weights.map((one) => `{ destination: { host: ml-service }${one} }`).join(', ')}] }`),
    )[0]?.targets.map(({ sharePercent }) => Math.round(sharePercent));
  t.same(shares(', weight: 19', ', weight: 1'), [95, 5]);
  t.same(shares(', weight: 95', ', weight: 5', ', weight: 0'), [95, 5]);
  t.same(shares(''), [100]);
  t.same(shares(', weight: 0'), [100], 'a single destination’s weight does not count');
  t.end();
});

t.test('delegates (§2.3, B5)', (t) => {
  const root = (entry: string, rest = ''): string =>
    virtualService(`{ delegate: { name: inner, namespace: shop }, ${entry} }`, { rest });
  const inner = (entry: string, rest = '', labels = ''): string =>
    virtualService(entry, { name: 'inner', namespace: 'shop', hosts: '', rest, labels });
  const first = (yaml: string): Route | undefined => reaching(SERVICE + yaml)[0];
  const inherited = first(root('timeout: 9s, retries: { attempts: 1 }') + inner(to(ML)));
  t.same([inherited?.timeoutMs, inherited?.retries.attempts], [9000, 1], 'what the delegate leaves out is the root’s');
  t.equal(nameOf(inherited?.retries.at?.object ?? { apiVersion: '', kind: '' }), 'ml-service');
  const own = first(root('timeout: 9s, retries: { attempts: 1 }') + inner(to(ML, 'timeout: 5s, retries: {}')));
  t.same([own?.timeoutMs, own?.retries.attempts], [5000, 0], 'what it says is its own');
  t.equal(nameOf(own?.timeoutAt?.object ?? { apiVersion: '', kind: '' }), 'inner');
  const unset = first(root('name: a') + inner(to(ML)));
  t.same(unset?.timeoutAt?.path, ['spec', 'http', 0, 'timeout']);
  t.equal(
    nameOf(unset?.timeoutAt?.object ?? { apiVersion: '', kind: '' }),
    'inner',
    'nobody says it: the delegate would',
  );

  const good = to(ML, retry(1));
  const gone: readonly (readonly [string, string])[] = [
    ['missing', root('name: a')],
    ['not exported', root('name: a') + inner(good, 'exportTo: ["."]')],
    ['of another revision', root('name: a') + inner(good, '', 'istio.io/rev: old')],
    ['with hosts of its own', root('name: a') + inner(good).replace('spec: {', 'spec: { hosts: [x.example.com],')],
    [
      'in conflict',
      root('match: [{ uri: { exact: /a } }]') + inner(good.replace('{', '{ match: [{ uri: { exact: /b } }],')),
    ],
    [
      'silent about the source',
      root('match: [{ sourceNamespace: web }]') + inner(good.replace('{', '{ match: [{ uri: { exact: /b } }],')),
    ],
  ];
  for (const [why, yaml] of gone) {
    const routes = routesTo(viewOf(SERVICE + yaml), BASELINE, ML).filter(({ kind }) => kind === 'default');
    t.equal(routes.length, 1, `a delegate that is ${why} leaves the default route`);
    t.same(
      routes[0]?.passedOver.map(({ reason }) => reason),
      ['vanished'],
    );
  }
  t.same(first(root('name: a') + inner(good, 'exportTo: [llmoptimizer]'))?.retries.attempts, 1, 'exported by name');
  const merged = first(
    root('match: [{ uri: { prefix: /a }, headers: { x: { exact: "1" } } }]') +
      inner(good.replace('{', '{ match: [{ uri: { prefix: /a/b } }],')),
  );
  t.match(merged?.matches[0]?.written, { uri: { prefix: '/a/b' }, headers: { x: { exact: '1' } } });
  const kept = virtualService(`{ delegate: { name: none } }, ${to('ml-service', retry(1))}`);
  t.same(seen(kept), ['1'], 'only the entry that hands over vanishes');
  t.end();
});

t.test('at gateways every VirtualService counts', (t) => {
  const bound = (attempts: number, day: string, match = ''): string =>
    virtualService(`{ ${match}${to(ML, retry(attempts)).slice(2)}`, {
      name: `r${attempts}`,
      hosts: 'api.example.com',
      rest: 'gateways: [istio-ingress/g, old.istio-ingress.svc.cluster.local]',
      day,
    });
  const yaml = bound(3, '01') + bound(4, '02', 'match: [{ uri: { prefix: /a } }], ');
  const routes = reaching(yaml);
  t.same(
    routes.map(({ retries }) => retries.attempts).sort((left, right) => left - right),
    [3, 4],
  );
  t.same(
    routes[0]?.viewers.map((viewer) => (viewer.kind === 'gateway' ? viewer.gateway : '')),
    ['istio-ingress/g', 'istio-ingress/old'],
    'the old spelling of a gateway’s name',
  );
  const inOrder = routesSeenBy(viewOf(yaml), 'api.example.com', { kind: 'gateway', gateway: 'istio-ingress/g' });
  t.same(
    inOrder.map(({ retries }) => retries.attempts),
    [4, 3],
    'what lets in everything comes last',
  );
  t.same(seen(yaml), ['default 2'], 'and the mesh has the default');
  t.end();
});

t.test('an entry for one port of a gateway does not hide those behind it', (t) => {
  const http = [1, 2].map((attempts) => to(ML, `match: [{ port: ${8442 + attempts} }], ${retry(attempts)}`)).join(', ');
  const yaml = virtualService(http, { hosts: 'api.example.com', rest: 'gateways: [istio-ingress/g]' });
  const attempts = reaching(yaml).map(({ retries }) => retries.attempts);
  t.same(
    attempts.sort((left, right) => left - right),
    [1, 2],
  );
  t.end();
});

t.test('a Sidecar that hides the VirtualService’s namespace (B49)', (t) => {
  const routed = virtualService(to(ML, retry(1)), { namespace: 'routes', hosts: ML });
  const viewed = (hosts: string): readonly string[] => {
    const view = viewOf(SERVICE + routed + sidecar('web', hosts));
    const [scope] = viewersOf(view, BASELINE, ML).filter(({ namespace }) => namespace === 'web');
    const viewer = scope ?? { ...ANY, sidecar: view.list('Sidecar')[0] ?? { apiVersion: '', kind: '' } };
    return routesSeenBy(view, ML, viewer).map(({ kind, retries }) => `${kind} ${retries.attempts}`);
  };
  t.same(viewed('"*/*"'), ['VirtualService 1']);
  t.same(viewed('"llmoptimizer/*"'), ['default 2']);
  t.same(viewed('"llmoptimizer/*", "routes/*"'), ['VirtualService 1']);
  t.same(viewed(`"llmoptimizer/*", "routes/${ML}"`), ['VirtualService 1']);
  t.same(viewed('"*/*.llmoptimizer.svc.cluster.local"'), ['VirtualService 1']);
  t.same(viewed('"./*"'), [], 'what does not know the service has no route at all');
  t.end();
});

t.test('HTTPRoutes (B12)', (t) => {
  const route = (rule: string, namespace: string, day: string, name = 'r'): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: ${namespace}, creationTimestamp: "2026-01-${day}T00:00:00Z" }
spec: { parentRefs: [{ group: "", kind: Service, name: ml-service, namespace: llmoptimizer }], rules: [{ ${rule}, backendRefs: [{ name: ml-service, namespace: llmoptimizer, port: 8080 }] }] }
`;
  const old = virtualService(to(ML, retry(1)), { day: '01' });
  t.same(seen(old + route('retry: { attempts: 4 }', 'web', '02')), ['4'], 'first for clients in its own namespace');
  t.same(seen(old + route('retry: { attempts: 4 }', 'shop', '02')), ['1'], 'nothing for others');
  t.same(seen(route('retry: { attempts: 4 }', 'shop', '02')), ['default 2']);
  t.same(seen(old + route('retry: { attempts: 4 }', 'llmoptimizer', '02')), ['1'], 'the older wins');
  const newer = virtualService(to(ML, retry(1)), { day: '03' });
  t.same(seen(newer + route('retry: { attempts: 4 }', 'llmoptimizer', '02')), ['4']);
  const both =
    route('name: a', 'web', '02') +
    route('name: b, matches: [{ path: { value: /x } }], retry: { attempts: 0 }', 'web', '03', 's');
  t.same(seen(both), ['0', '2'], 'those of one namespace are one, the most specific first');
  const [fixed] = reaching(
    SERVICE + route('timeouts: { request: 9s, backendRequest: 4s }, retry: {}', 'llmoptimizer', '01'),
  );
  t.same([fixed?.timeoutMs, fixed?.retries.perTryTimeoutMs, fixed?.retries.attempts], [9000, 4000, 2]);
  const [backend] = reaching(SERVICE + route('timeouts: { request: 9s, backendRequest: 4s }', 'llmoptimizer', '01'));
  t.same([backend?.timeoutMs, backend?.retries.perTryTimeoutMs, backend?.retries.from], [4000, undefined, 'istio']);
  t.end();
});

t.test('two routes of one object never have the same name', (t) => {
  const entry = to('ml-service').replace('{', '{ name: a, match: [{ uri: { prefix: /a } }],');
  const names = reaching(virtualService(`${entry}, ${entry}, ${to('ml-service')}`)).map(({ name }) => name);
  t.same(names, ['a', 'a (2)', 'all requests']);
  t.end();
});

t.test('input of any shape is survived', (t) => {
  const shapes = [
    '5',
    '[1, null]',
    '{ a: 1 }',
    'null',
    '[{ route: 5, match: 5, delegate: 5, mirrors: {}, retries: [] }]',
  ];
  for (const http of shapes) {
    t.doesNotThrow(() => reaching(virtualService('').replace('http: []', `http: ${http}`)), http);
  }
  const odd = virtualService(to('ml-service')).replace(
    'hosts: [ml-service]',
    'hosts: [__proto__, 5], gateways: {}, exportTo: 7',
  );
  t.doesNotThrow(() => reaching(odd));
  t.end();
});
