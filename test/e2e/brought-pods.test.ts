import { join, resolve } from 'node:path';
import t from 'tap';
import { until } from '../../src/edge/cluster/component.ts';
import { kubectl, mustKubectl } from '../../src/edge/cluster/kubectl.ts';
import { type JsonObject, recordsOf, stringOf, valueAt } from '../../src/model/json.ts';
import { apiOf } from './api.ts';
import { makeNamespace, testCluster } from './cluster.ts';
import { ready, type ServeProcess, serveProcess } from './serve-process.ts';

const BASELINE_FILE = join(resolve(import.meta.dirname, '../..'), 'policies/baseline.yaml');
const NAMESPACE = 'brought-test';
const LIMIT = { timeout: 240_000 };
const MUTATING = '00-meshwarden-mutate';
const STATUS = 'sidecar.istio.io/status';

/** What the mutating webhook would add, so that a pod keeps these rules without it. */
const COMPLETE = {
  'sidecar.istio.io/proxyCPU': '100m',
  'sidecar.istio.io/proxyMemory': '128Mi',
  'sidecar.istio.io/proxyCPULimit': '200m',
  'sidecar.istio.io/proxyMemoryLimit': '256Mi',
  'proxy.istio.io/config': 'concurrency: 2',
};

interface Parts {
  readonly annotations?: JsonObject;
  readonly labels?: JsonObject;
  readonly containers?: readonly JsonObject[];
  readonly spec?: JsonObject;
}

const WEB = { name: 'web', image: 'registry.example/web:1' };
const pod = (name: string, { annotations, labels, containers = [WEB], spec }: Parts = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: NAMESPACE,
    labels: { app: 'web', version: 'v1', ...labels },
    annotations: { ...COMPLETE, ...annotations },
  },
  spec: { containers, ...spec },
});
const PROXY = { name: 'istio-proxy', image: 'auto', command: ['sh', '-c', 'sleep 1d'] };

t.setTimeout(600_000);

t.test('pods that bring a part of the injector’s own, before the real injector', { timeout: 600_000 }, async (t) => {
  const cluster = await testCluster(t, { istiod: true });
  if (cluster === undefined) return;
  const { kubeconfig } = cluster;
  const api = apiOf(kubeconfig);
  t.teardown(() => api.close());
  const apply = (object: JsonObject, ...more: readonly string[]): ReturnType<typeof kubectl> =>
    kubectl(kubeconfig, ['apply', ...more, '-f', '-'], { stdin: JSON.stringify(object) });
  const kube = (...args: readonly string[]): ReturnType<typeof kubectl> =>
    kubectl(kubeconfig, [...args, '-n', NAMESPACE]);

  await makeNamespace(cluster, NAMESPACE, { 'istio-injection': 'enabled' });
  t.teardown(async () => void (await kubectl(kubeconfig, ['delete', 'namespace', NAMESPACE, '--wait=false'])));

  // Made before anybody looks: its template brings a proxy.
  const old = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'old', namespace: NAMESPACE },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'old' } },
      template: { metadata: { labels: { app: 'old', version: 'v1' } }, spec: { containers: [WEB, PROXY] } },
    },
  };
  await mustKubectl(kubeconfig, ['apply', '-f', '-'], { stdin: JSON.stringify(old) });

  const serve = async (): Promise<ServeProcess> => {
    const server = await serveProcess(kubeconfig, [
      '--baseline',
      BASELINE_FILE,
      '--register',
      'https://127.0.0.1:{port}',
    ]);
    t.teardown(() => server.end());
    await ready(server);
    return server;
  };
  const server = await serve();

  await t.test('the mutating webhook refuses them, and says what was brought', LIMIT, async (t) => {
    const cases: readonly (readonly [string, Parts, RegExp])[] = [
      [
        'a proxy of its own',
        { containers: [WEB, PROXY] },
        /\[MW106\] `spec\.containers\[1\]` is a container named 'istio-proxy'/,
      ],
      [
        'the injector’s mark',
        { annotations: { [STATUS]: '{}' } },
        /\[MW106\] `metadata\.annotations\[sidecar\.istio\.io\/status\]` is set/,
      ],
      ['an override', { annotations: { 'proxy.istio.io/overrides': '{}' } }, /\[MW106\]/],
      [
        'a hole in the capture',
        { annotations: { 'traffic.sidecar.istio.io/excludeOutboundPorts': '443' } },
        /\[MW105\]/,
      ],
      ['the proxy’s user', { spec: { securityContext: { runAsUser: 1337 } } }, /\[MW105\]/],
      ['a label', { labels: { 'security.istio.io/tlsMode': 'disabled' } }, /\[MW107\]/],
    ];
    for (const [title, parts, says] of cases) {
      const { code, stderr } = await apply(pod('brought', parts), '--dry-run=server');
      t.equal(code, 1, title);
      t.match(stderr, /workloads\.mutate\.meshwarden\.io/);
      t.match(stderr, says);
    }
    const { code, stderr } = await apply(pod('plain'));
    t.strictSame([code, stderr], [0, ''], 'a pod that brings nothing is taken without a word');
    const gateway = pod('gateway', {
      annotations: { 'inject.istio.io/templates': 'gateway' },
      containers: [
        {
          name: 'istio-proxy',
          image: 'auto',
          resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '200m', memory: '256Mi' } },
        },
      ],
    });
    const made = await apply(gateway);
    t.strictSame([made.code, made.stderr], [0, ''], 'and so is a gateway’s');
  });

  await t.test('what controllers make of an old template is warned about, and comes', LIMIT, async (t) => {
    await mustKubectl(kubeconfig, ['scale', 'deployment', 'old', '-n', NAMESPACE, '--replicas=2']);
    await until(
      'the second pod',
      async () => {
        const { stdout } = await kube('get', 'pods', '-l', 'app=old', '-o', 'json');
        return recordsOf(valueAt(JSON.parse(stdout), ['items'])).length === 2;
      },
      { seconds: 30 },
    );
    const isWarned = (): boolean =>
      server
        .log()
        .some(
          ({ webhook, kind, decision, codes }) =>
            webhook === 'validate' &&
            kind === 'Pod' &&
            decision === 'warn' &&
            stringOf(codes)?.includes('MW106') === true,
        );
    await until('the warning', async () => isWarned(), { seconds: 10 });
    t.pass('a scale-up of what was there before works');
  });

  await t.test('a running pod is not changed into one', LIMIT, async (t) => {
    const cases: readonly (readonly [readonly string[], string])[] = [
      [['set', 'image', 'pod/plain', 'istio-proxy=registry.example/evil:1'], 'MW106'],
      [['annotate', 'pod/plain', '--overwrite', 'proxy.istio.io/config=binaryPath: /bin/sh'], 'MW106'],
      [['label', 'pod/plain', '--overwrite', 'security.istio.io/tlsMode=disabled'], 'MW107'],
      [['annotate', 'pod/plain', 'traffic.sidecar.istio.io/excludeInboundPorts=80'], 'MW105'],
    ];
    for (const [args, code] of cases) {
      const { code: exit, stderr } = await kube(...args);
      t.equal(exit, 1, args.join(' '));
      t.match(stderr, `[${code}]`);
    }
    const path = `/api/v1/namespaces/${NAMESPACE}/pods/plain/ephemeralcontainers`;
    const debug = { name: 'debug', image: 'registry.example/sh:1', securityContext: { runAsUser: 1337 } };
    const patch = { spec: { ephemeralContainers: [debug] } };
    const { status, body } = await api.call('PATCH', path, patch, 'application/strategic-merge-patch+json');
    t.equal(status, 403, 'nor by a container for debugging');
    t.match(valueAt(body, ['message']), '[MW105]');
    const resize = { spec: { initContainers: [{ name: 'istio-proxy', resources: { limits: { cpu: '2' } } }] } };
    const more = JSON.stringify(resize);
    const resized = await kube('patch', 'pod', 'plain', '--subresource', 'resize', '-p', more, '--dry-run=server');
    t.equal(resized.code, 1, 'nor by a resize in place');
    t.match(resized.stderr, '[MW101]');
  });

  await t.test(
    'without the mutating webhook the validating one finds what the injector made of them',
    LIMIT,
    async (t) => {
      await mustKubectl(kubeconfig, ['delete', 'mutatingwebhookconfiguration', MUTATING]);
      const listed = JSON.stringify({ initContainers: ['istio-init', 'istio-proxy'], containers: [] });
      const cases: readonly (readonly [string, Parts, string])[] = [
        ['a proxy of its own', { containers: [WEB, PROXY] }, 'MW106'],
        [
          'with a mark that hides what is overridden',
          { containers: [WEB, PROXY], annotations: { [STATUS]: '{}' } },
          'MW106',
        ],
        [
          'with a mark that says that it is the injector’s',
          { containers: [WEB, PROXY], annotations: { [STATUS]: listed } },
          'MW106',
        ],
        [
          'with another configuration',
          {
            annotations: { [STATUS]: '{}' },
            containers: [
              WEB,
              { name: 'istio-proxy', image: 'auto', env: [{ name: 'CA_ADDR', value: 'evil.example:15012' }] },
            ],
          },
          'MW106',
        ],
        [
          'a capture of its own',
          {
            annotations: { [STATUS]: '{}' },
            spec: { initContainers: [{ name: 'istio-init', image: 'auto', args: ['istio-iptables', '-u', '1000'] }] },
          },
          'MW106',
        ],
        ['a line end in a log level', { annotations: { 'sidecar.istio.io/logLevel': 'info\n    command:' } }, 'MW106'],
        [
          'a proxy that keeps the injector away',
          {
            labels: { 'sidecar.istio.io/inject': 'false' },
            annotations: { [STATUS]: listed },
            containers: [WEB, { name: 'istio-proxy', image: 'docker.io/istio/proxyv2:1.31.0' }],
          },
          'MW104',
        ],
      ];
      for (const [title, parts, code] of cases) {
        const { code: exit, stderr } = await apply(pod('brought', parts), '--dry-run=server');
        t.equal(exit, 1, title);
        t.match(stderr, `[${code}]`);
        t.match(stderr, /workloads\.validate\.meshwarden\.io/);
      }
      const { code, stderr } = await apply(pod('late'));
      t.strictSame([code, stderr], [0, ''], 'a pod that the real injector made alone is right');
    },
  );

  t.equal(await server.end(), 0);
  const left = await mustKubectl(kubeconfig, [
    'get',
    'validatingwebhookconfigurations,mutatingwebhookconfigurations',
    '-o',
    'name',
  ]);
  t.notMatch(left, /meshwarden/, 'nothing cluster-wide is left behind');
});
