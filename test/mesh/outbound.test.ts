import t from 'tap';
import { outboundPolicy, outboundPolicyOf, sidecarFor } from '../../src/mesh/outbound.ts';
import { formatPath } from '../../src/model/field-path.ts';
import { nameOf } from '../../src/model/kube-object.ts';
import { viewOf } from '../rules/example-runner.ts';

const mesh = (text: string): string => `---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: '${text}' }
`;
const sidecar = (name: string, spec: string, { namespace = 'shop', day = '', labels = '' } = {}): string => `---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: ${name}, namespace: ${namespace}${day === '' ? '' : `, creationTimestamp: "2026-01-${day}T00:00:00Z"`}${labels} }
spec: { ${spec} }
`;
const mode = (word: string): string => `outboundTrafficPolicy: { mode: ${word} }`;
const selecting = (app: string): string => `workloadSelector: { labels: { app: ${app} } }, `;

t.test('the mesh ConfigMap decides where no Sidecar does', (t) => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['', 'ALLOW_ANY', 'istio'],
    [mesh('{}'), 'ALLOW_ANY', 'istio'],
    [mesh('{ outboundTrafficPolicy: null }'), 'ALLOW_ANY', 'istio'],
    [mesh('{ outboundTrafficPolicy: {} }'), 'REGISTRY_ONLY', 'mesh'],
    [mesh('{ outboundTrafficPolicy: { mode: null } }'), 'REGISTRY_ONLY', 'mesh'],
    [mesh('{ outboundTrafficPolicy: { mode: REGISTRY_ONLY } }'), 'REGISTRY_ONLY', 'mesh'],
    [mesh('{ outbound_traffic_policy: { mode: REGISTRY_ONLY } }'), 'REGISTRY_ONLY', 'mesh'],
    [mesh('{ outboundTrafficPolicy: { mode: 0 } }'), 'REGISTRY_ONLY', 'mesh'],
    [mesh('{ outboundTrafficPolicy: { mode: 1 } }'), 'ALLOW_ANY', 'mesh'],
    [mesh('{ outboundTrafficPolicy: { mode: ALLOW_ANY } }'), 'ALLOW_ANY', 'mesh'],
    [mesh('{ outboundTrafficPolicy: { mode: ALLOW_ANY_DYNAMIC_DNS } }'), 'ALLOW_ANY_DYNAMIC_DNS', 'mesh'],
    [mesh('{ outboundTrafficPolicy: { mode: WHATEVER } }'), 'ALLOW_ANY', 'mesh'],
    [mesh('{ outboundTrafficPolicy: '), 'ALLOW_ANY', 'istio'],
    [mesh('{ outboundTrafficPolicy: { mode: ALLOW_ANY }, outbound_traffic_policy: {} }'), 'ALLOW_ANY', 'mesh'],
  ];
  for (const [yaml, wanted, from] of rows) {
    const policy = outboundPolicy(viewOf(yaml), 'shop');
    t.same([policy.mode, policy.from], [wanted, from], yaml);
  }
  t.end();
});

t.test('a Sidecar goes before the mesh, by its block and not by its mode', (t) => {
  const rows: readonly (readonly [string, string])[] = [
    [mode('ALLOW_ANY'), 'ALLOW_ANY'],
    [mode('REGISTRY_ONLY'), 'REGISTRY_ONLY'],
    ['outboundTrafficPolicy: {}', 'REGISTRY_ONLY'],
    ['egress: [{ hosts: ["./*"] }]', 'ALLOW_ANY_DYNAMIC_DNS'],
    ['egress: [{ captureMode: NONE, bind: 127.0.0.1, hosts: ["./*"] }]', 'ALLOW_ANY_DYNAMIC_DNS'],
  ];
  const open = mesh('{ outboundTrafficPolicy: { mode: ALLOW_ANY_DYNAMIC_DNS } }');
  for (const [spec, wanted] of rows) {
    t.equal(outboundPolicy(viewOf(open + sidecar('default', spec)), 'shop').mode, wanted, spec);
  }
  t.end();
});

t.test('selector before namespace before root, the oldest of each', (t) => {
  const all = [
    sidecar('root', mode('ALLOW_ANY'), { namespace: 'istio-system' }),
    sidecar('old', mode('REGISTRY_ONLY'), { day: '01' }),
    sidecar('new', mode('ALLOW_ANY'), { day: '02' }),
    sidecar('some-new', selecting('a') + mode('ALLOW_ANY'), { day: '04' }),
    sidecar('some-old', selecting('a') + mode('REGISTRY_ONLY'), { day: '03' }),
  ].join('');
  const view = viewOf(all);
  const nameFor = (namespace: string, labels?: Readonly<Record<string, string>>): string => {
    const one = sidecarFor(view, namespace, labels);
    return one === undefined ? 'none' : nameOf(one);
  };
  t.equal(nameFor('shop'), 'old');
  t.equal(nameFor('shop', { app: 'a', tier: 'b' }), 'some-old');
  t.equal(nameFor('shop', { app: 'b' }), 'old');
  t.equal(nameFor('other', { app: 'a' }), 'root', 'a selector does not leave its namespace');
  t.equal(outboundPolicy(view, 'other').mode, 'ALLOW_ANY');
  t.equal(outboundPolicy(view, 'shop').mode, 'REGISTRY_ONLY');
  t.end();
});

t.test('corners of the look-up', (t) => {
  const wide = viewOf(
    sidecar('old', mode('REGISTRY_ONLY'), { day: '01' }) +
      sidecar('all', `workloadSelector: {}, ${mode('ALLOW_ANY')}`, { day: '02' }),
  );
  t.equal(outboundPolicy(wide, 'shop').mode, 'ALLOW_ANY', 'an empty selector fits all and comes before an older one');
  const rootOnly = viewOf(
    sidecar('some', selecting('a') + mode('ALLOW_ANY'), { namespace: 'istio-system' }) +
      sidecar('root', mode('REGISTRY_ONLY'), { namespace: 'istio-system' }),
  );
  t.equal(outboundPolicy(rootOnly, 'shop', { app: 'a' }).mode, 'REGISTRY_ONLY', 'the root’s selector stays at home');
  const foreign = viewOf(
    sidecar('old', mode('REGISTRY_ONLY'), { day: '01', labels: ', labels: { istio.io/rev: canary }' }),
  );
  t.equal(outboundPolicy(foreign, 'shop').mode, 'ALLOW_ANY', 'another revision’s is not there');
  const tie = viewOf(
    sidecar('b', mode('ALLOW_ANY'), { day: '01' }) + sidecar('a', mode('REGISTRY_ONLY'), { day: '01' }),
  );
  t.equal(outboundPolicy(tie, 'shop').mode, 'REGISTRY_ONLY', 'of two of one age the first by name');
  t.end();
});

t.test('what is sent elsewhere, and the proof', (t) => {
  const proxied = viewOf(
    sidecar(
      'default',
      'outboundTrafficPolicy: { mode: ALLOW_ANY, egressProxy: { host: Proxy, port: { number: 80 } } }',
    ),
  );
  const policy = outboundPolicy(proxied, 'shop');
  t.same(policy.egressProxy, { host: 'proxy.shop.svc.cluster.local', port: 80 });
  t.equal(formatPath(policy.at?.path ?? []), 'spec.outboundTrafficPolicy.mode');
  t.same(
    policy.because.map(({ says }) => says),
    ['is ALLOW_ANY'],
  );
  const closed = viewOf(sidecar('default', 'outboundTrafficPolicy: { egressProxy: { host: proxy } }'));
  t.equal(outboundPolicy(closed, 'shop').egressProxy, undefined, 'nothing unknown is sent anywhere');
  const silent = outboundPolicyOf(viewOf(mesh('{}')), undefined, 'shop');
  t.equal(formatPath(silent.at?.path ?? []), 'data.mesh.outboundTrafficPolicy.mode');
  const strange = viewOf(sidecar('default', 'outboundTrafficPolicy: 7, workloadSelector: [1], egress: {}'));
  t.equal(outboundPolicy(strange, 'shop').mode, 'ALLOW_ANY', 'what has another type is not there');
  t.end();
});
