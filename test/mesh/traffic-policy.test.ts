import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { judge } from '../../src/engine/judge.ts';
import { rulesNaming } from '../../src/mesh/destination-rules.ts';
import { combinations, type TrafficQuery, trafficPolicy } from '../../src/mesh/traffic-policy.ts';
import { unreached } from '../../src/mesh/unreached.ts';
import { View } from '../../src/mesh/view.ts';
import { formatPath, fromPointer } from '../../src/model/field-path.ts';
import { isRecord, valueAt } from '../../src/model/json.ts';
import { type KubeObject, nameOf } from '../../src/model/kube-object.ts';
import type { PatchOperation } from '../../src/model/patch.ts';
import { gatewayTls } from '../../src/rules/gateways/gateway-tls.ts';
import { meshClientTls } from '../../src/rules/mtls/mesh-client-tls.ts';
import { unreadableObject } from '../../src/rules/ourselves/unreadable-object.ts';
import { circuitBreaker } from '../../src/rules/traffic/circuit-breaker.ts';
import { connectionPool } from '../../src/rules/traffic/connection-pool.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';
import { objectsOf, viewOf } from '../rules/example-runner.ts';

const HOST = 'ml.shop.svc.cluster.local';
const SERVICE = `---
apiVersion: v1
kind: Service
metadata: { name: ml, namespace: shop }
spec: { clusterIP: 10.0.0.1, ports: [{ name: http, port: 80, targetPort: 8080 }] }
`;

interface Written {
  readonly name?: string;
  readonly ns?: string;
  readonly host?: string;
  readonly day?: string;
}

/** A DestinationRule whose pool of connections tells which rule it is. */
function rule(
  connections: number,
  rest = '',
  { name = `r${connections}`, ns = 'shop', host = HOST, day = '01' }: Written = {},
): string {
  const policy =
    connections === 0 ? '' : `, trafficPolicy: { connectionPool: { tcp: { maxConnections: ${connections} } } }`;
  return written(`host: "${host}"${policy}${rest === '' ? '' : `, ${rest}`}`, { name, ns, day });
}

function written(spec: string, { name = 'a', ns = 'shop', day = '01' }: Written = {}): string {
  return `---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ${name}, namespace: ${ns}, creationTimestamp: "2026-01-${day}T00:00:00Z" }
spec: { ${spec} }
`;
}

function asked(yaml: string, query: Partial<TrafficQuery> = {}): ReturnType<typeof trafficPolicy> {
  return trafficPolicy(viewOf(SERVICE + yaml), { host: HOST, port: 80, clientNamespace: 'client', ...query });
}

function connections(yaml: string, query: Partial<TrafficQuery> = {}): unknown {
  const { connectionPool: pool } = asked(yaml, query);
  return (pool.value?.tcp as { readonly maxConnections?: number } | undefined)?.maxConnections;
}

t.test('the client’s namespace comes first, then the service’s, then the root’s', (t) => {
  const root = rule(1, '', { ns: 'istio-system', host: '*.local' });
  const owner = rule(2);
  const mine = rule(3, '', { ns: 'client', host: '*.shop.svc.cluster.local' });
  t.equal(connections(''), undefined);
  t.equal(connections(root), 1);
  t.equal(connections(root + owner), 2, 'the owner’s');
  t.equal(connections(root + owner + mine), 3, 'a wildcard of the client’s beats an exact rule of the owner’s');
  t.equal(connections(rule(4, 'exportTo: ["."]') + root), 1, 'a private rule of the owner’s does not count elsewhere');
  t.equal(connections(rule(4, 'exportTo: [client]') + root), 4, 'one exported by name does');
  t.equal(connections(rule(4, 'exportTo: [else]') + root), 1);
  t.equal(connections(rule(4, 'exportTo: ["."]'), { clientNamespace: 'shop' }), 4);
  t.equal(
    connections(rule(5, 'exportTo: [shop]', { ns: 'client' }) + owner),
    2,
    'a rule that is not for its own namespace',
  );
  t.equal(connections(rule(6, '', { ns: 'else' })), undefined, 'a rule of a third namespace counts nowhere');
  t.end();
});

t.test('of hosts the most specific one counts, in the case that it was written in', (t) => {
  const wide = rule(1, '', { host: '*.local' });
  const narrow = rule(2, '', { host: '*.shop.svc.cluster.local', day: '02' });
  t.equal(connections(wide + narrow), 2);
  t.equal(connections(wide + narrow + rule(3, '', { host: 'ml', day: '03' })), 3, 'a short name');
  t.equal(connections(rule(4, '', { host: 'ML' })), undefined);
  t.equal(connections(rule(5, '', { host: `${HOST}.` })), undefined, 'a trailing dot');
  t.equal(connections(rule(6, '', { host: 'ml.shop' })), undefined, 'half a name');
  t.equal(connections(rule(7, '', { host: '*' })), 7);
  t.end();
});

t.test('proxies of the root namespace obey its private rules first, and its public ones last', (t) => {
  const owner = rule(1);
  const query = { clientNamespace: 'istio-system' };
  t.equal(connections(owner + rule(2, '', { ns: 'istio-system' }), query), 1);
  t.equal(connections(owner + rule(2, 'exportTo: ["."]', { ns: 'istio-system' }), query), 2);
  t.end();
});

t.test('rules of one namespace and host become one: the first policy, all subsets', (t) => {
  const first = rule(0, 'subsets: [{ name: v1 }]', { name: 'first' });
  const second = rule(2, 'subsets: [{ name: v1, trafficPolicy: { tls: {} } }, { name: v2 }]', { day: '02' });
  const third = rule(3, '', { day: '03' });
  t.equal(connections(third + second + first), 2);
  t.equal(asked(first + second, { subset: 'v2' }).hasSubset, true);
  t.equal(asked(first + second, { subset: 'v3' }).hasSubset, false);
  t.equal(asked(first + second, { subset: 'v1' }).tls.value, undefined, 'the first subset of a name counts');
  t.end();
});

t.test('rules with different exportTo stay apart, and the newest of them counts', (t) => {
  const old = rule(1, 'exportTo: ["*"]');
  const young = rule(2, '', { day: '02' });
  t.equal(connections(old + young), 2);
  t.equal(connections(old + rule(2, 'exportTo: ["*"]', { day: '02' })), 1);
  t.equal(
    connections(rule(1, 'exportTo: [client]') + rule(2, 'exportTo: [client, else]', { day: '02' }), {
      clientNamespace: 'else',
    }),
    undefined,
    'a wider one melts into the narrower and reaches nobody new',
  );
  t.end();
});

t.test('a rule with a selector is for the pods that it fits, and ends the look-up for all others', (t) => {
  const owner = rule(1);
  const mine = rule(2, 'workloadSelector: { matchLabels: { app: a } }', { ns: 'client' });
  const fits = { clientLabels: { app: 'a', tier: 'b' } };
  t.equal(connections(owner + mine, fits), 2);
  t.equal(connections(owner + mine, { clientLabels: { app: 'b' } }), undefined);
  t.equal(asked(owner + mine).endedBy.length, 1);
  t.equal(asked(owner + mine).because[0]?.says, 'is for other pods, and the look-up ends with it');
  t.equal(connections(owner + mine + rule(3, '', { ns: 'client', day: '02' })), 3, 'but for one beside it without');
  t.equal(
    connections(owner + mine + rule(3, 'exportTo: ["."]', { ns: 'client', day: '02' })),
    undefined,
    'a private one melts into it',
  );
  t.equal(connections(mine.replace('matchLabels: { app: a }', ''), {}), undefined, 'no labels are known');
  t.equal(
    connections(mine.replace('matchLabels: { app: a }', ''), { clientLabels: {} }),
    2,
    'an empty selector fits all',
  );
  t.equal(connections(rule(4, 'workloadSelector: { matchLabels: { app: a } }'), fits), undefined, 'it is not exported');
  t.end();
});

t.test('a port’s settings replace all four blocks, a subset’s replace one by one', (t) => {
  const spec = `host: ml, trafficPolicy: { tls: { mode: ISTIO_MUTUAL }, outlierDetection: {}, connectionPool: { tcp: { maxConnections: 1 } },
    portLevelSettings: [{ port: { number: 80 }, connectionPool: { tcp: { maxConnections: 2 } } }, { port: { number: 80 }, tls: {} }] },
    subsets: [{ name: v1, trafficPolicy: { connectionPool: { tcp: { maxConnections: 3 } } } },
      { name: v2, trafficPolicy: { tls: {}, portLevelSettings: [{ port: { number: 80 }, loadBalancer: { simple: RANDOM } }] } }]`;
  const at = (query: Partial<TrafficQuery>): string => {
    const { connectionPool: pool, outlierDetection, tls } = asked(written(spec), query);
    return [pool, outlierDetection, tls]
      .map(({ value, path }) => `${value === undefined ? '-' : ''}${formatPath(path)}`)
      .join(' ');
  };
  const top = 'spec.trafficPolicy';
  t.equal(at({ port: 81 }), `${top}.connectionPool ${top}.outlierDetection ${top}.tls`);
  const port = `${top}.portLevelSettings[0]`;
  t.equal(at({}), `${port}.connectionPool -${port}.outlierDetection -${port}.tls`);
  t.equal(at({ port: 8080 }), at({ port: 81 }), 'the target port is no port here');
  const v1 = 'spec.subsets[0].trafficPolicy.connectionPool';
  t.equal(at({ subset: 'v1' }), `${v1} -${port}.outlierDetection -${port}.tls`, 'over the port’s');
  t.equal(at({ subset: 'v1', port: 81 }), `${v1} ${top}.outlierDetection ${top}.tls`, 'over the top’s');
  const v2 = 'spec.subsets[1].trafficPolicy.portLevelSettings[0]';
  t.equal(at({ subset: 'v2' }), `-${v2}.connectionPool -${v2}.outlierDetection -${v2}.tls`);
  t.same(
    combinations(viewOf(SERVICE + written(spec)), HOST).map(({ where }) => where),
    [
      '',
      'port 80',
      'port 80',
      "subset 'v1'",
      "port 80 of subset 'v1'",
      "port 80 of subset 'v1'",
      "subset 'v2'",
      "port 80 of subset 'v2'",
    ],
    'all of which are judged',
  );
  t.end();
});

t.test('the mesh’s default policy fills the pool and the breaker, but not behind a subset’s port', (t) => {
  const mesh = `---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "defaultTrafficPolicy: { connection_pool: { tcp: { max_connections: 9 } } }" }
`;
  t.equal(connections(mesh), 9);
  t.equal(connections(mesh + rule(1)), 1);
  const port = 'portLevelSettings: [{ port: { number: 80 } }]';
  t.equal(connections(mesh + written(`host: ml, trafficPolicy: { ${port} }`)), 9);
  const subset = `host: ml, subsets: [{ name: v1, trafficPolicy: { ${port} } }, { name: v2 }]`;
  t.equal(connections(mesh + written(subset), { subset: 'v1' }), undefined);
  t.equal(connections(mesh + written(subset), { subset: 'v2' }), 9);
  t.equal(
    connections(`${mesh.replace('defaultTrafficPolicy', "defaultDestinationRuleExportTo: ['.']\\nx")}${rule(1)}`),
    undefined,
    'rules may be private by default',
  );
  t.end();
});

t.test('what a client sends follows from the block, the load balancer, the service and the mesh', (t) => {
  const transport = (spec: string, query: Partial<TrafficQuery> = {}, mesh = ''): string =>
    asked(mesh + (spec === '' ? '' : written(`host: ml, ${spec}`)), query).transport;
  const top = (policy: string): string => `trafficPolicy: { ${policy} }`;
  t.equal(transport(''), 'AUTO');
  t.equal(transport(top('tls: {}')), 'PLAINTEXT');
  t.equal(transport(top('tls: { mode: ISTIO_MUTUAL }')), 'ISTIO_MUTUAL');
  t.equal(transport(top('tls: { mode: SIMPLE }')), 'TLS');
  t.equal(transport(top('tls: { mode: SIMPLE, credentialName: a }')), 'PLAINTEXT');
  t.equal(transport(top('tls: { mode: SIMPLE, credentialName: a }'), { isGateway: true }), 'TLS');
  t.equal(transport(top('loadBalancer: { simple: PASSTHROUGH }')), 'AUTO_IF_ALL');
  t.equal(
    transport(top('portLevelSettings: [{ port: { number: 80 }, loadBalancer: { simple: PASSTHROUGH } }]')),
    'ISTIO_MUTUAL',
  );
  const headless = viewOf(SERVICE.replace('10.0.0.1', 'None'));
  t.equal(trafficPolicy(headless, { host: HOST, port: 80, clientNamespace: 'client' }).transport, 'AUTO_IF_ALL');
  const off = `---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "enableAutoMtls: false" }
`;
  t.equal(transport('', {}, off), 'PLAINTEXT');
  const takeover = `---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: a, namespace: client }
spec: { hosts: [${HOST}], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: STATIC }
`;
  t.equal(transport('', {}, takeover), 'PLAINTEXT', 'an entry of the client’s namespace takes the name over');
  t.equal(transport('', { clientNamespace: 'third' }, takeover), 'AUTO', 'and for nobody else');
  t.end();
});

t.test('who is left without a rule is told once, with the rule that is to blame', (t) => {
  const host = 'ml-service.llmoptimizer.svc.cluster.local';
  const told = (yaml: string): unknown =>
    unreached(host, viewOf(yaml), BASELINE).map(({ reason, object, namespaces }) => [
      reason,
      object && nameOf(object),
      ...namespaces,
    ]);
  const owner = { ns: 'llmoptimizer', host };
  t.same(told(''), [['missing', undefined, 'llmoptimizer']]);
  t.same(told(rule(1, '', owner)), []);
  t.same(told(rule(1, 'exportTo: ["."]', owner)), [['hidden', 'r1', 'llmoptimizer-data']]);
  const foreign = rule(2, 'workloadSelector: { matchLabels: { app: a } }', { ns: 'istio-ingress', host });
  t.same(told(rule(1, '', owner) + foreign), [['foreign', 'r2', 'istio-ingress']]);
  t.same(told(rule(1, '', { ns: 'istio-system', host: '*' })), []);
  t.end();
});

t.test('a wildcard names the hosts that end as it does, and other wildcards', (t) => {
  const view = viewOf(rule(1, '', { host: '*.googleapis.com' }) + rule(2, '', { host: '*.com', name: 'b' }));
  t.same(rulesNaming(view, '*.googleapis.com').map(nameOf), ['b', 'r1'].toSorted());
  t.same(rulesNaming(view, 'maps.googleapis.com').map(nameOf), ['b', 'r1'].toSorted());
  t.same(rulesNaming(view, 'example.org'), []);
  t.end();
});

const ROOT = resolve(import.meta.dirname, '../..');
const SHIPPED = [
  'policies/istio/gateways/main-gateway.yaml',
  'policies/istio/security/mtls-policies.yaml',
  'policies/istio/traffic-management/destination-rules.yaml',
  'policies/istio/traffic-management/retry-timeout-policies.yaml',
  'policies/istio/traffic-management/virtual-services.yaml',
];

t.test('the shipped objects keep the rules on traffic policies and gateways, with and without their services', (t) => {
  const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
  const changes = SHIPPED.flatMap((file) => objectsOf(read(file))).map((after) => ({
    operation: 'CREATE' as const,
    after,
  }));
  t.ok(changes.length > 40, 'the whole tree');
  const rules = [unreadableObject, meshClientTls, circuitBreaker, connectionPool, gatewayTls];
  for (const context of ['', read('test/policies/platform.yaml')]) {
    const view = View.of(objectsOf(context), BASELINE.mesh);
    const { findings } = judge(changes, { view, baseline: BASELINE, rules, now: NOW, complete: true });
    t.same(
      findings.map(({ code, message, object }) => `${code} ${object.name}: ${message}`),
      [],
    );
  }
  t.end();
});

t.test('a fix mends what it is offered for, and a second run finds nothing to mend', (t) => {
  const bad = written('host: ml-service, trafficPolicy: { tls: {}, connectionPool: { tcp: { maxConnections: 0 } } }', {
    ns: 'llmoptimizer',
  });
  const [before] = objectsOf(bad);
  if (before === undefined) throw new Error('no object');
  const rules = [meshClientTls, circuitBreaker, connectionPool];
  const run = (object: typeof before): ReturnType<typeof judge>['findings'] =>
    judge([{ operation: 'CREATE', after: object }], { view: viewOf(''), baseline: BASELINE, rules, now: NOW }).findings;
  let mended = before;
  for (let round = 0; round < 4; round++) {
    const [finding] = run(mended);
    if (finding === undefined) break;
    mended = patched(mended, finding.fix ?? []);
  }
  t.same(
    run(mended).map(({ message }) => message),
    [],
  );
  t.same(mended.spec, {
    host: 'ml-service',
    trafficPolicy: {
      tls: { mode: 'ISTIO_MUTUAL' },
      connectionPool: { tcp: { maxConnections: 20 }, http: { http2MaxRequests: 20 } },
      outlierDetection: {
        consecutive5xxErrors: 5,
        interval: '10s',
        baseEjectionTime: '30s',
        maxEjectionPercent: 50,
        minHealthPercent: 50,
      },
    },
  });
  t.end();
});

/** Applies operations on maps, which is all that these fixes need. */
function patched(object: KubeObject, operations: readonly PatchOperation[]): KubeObject {
  const copy = structuredClone(object);
  for (const operation of operations) {
    const steps = fromPointer(operation.path);
    const parent: unknown = valueAt(copy, steps.slice(0, -1));
    const key = steps.at(-1);
    if (!isRecord(parent) || key === undefined) throw new Error(`nothing at ${operation.path}`);
    if (operation.op === 'remove') Reflect.deleteProperty(parent, key);
    else Reflect.set(parent, key, operation.value);
  }
  return copy;
}
