import { join, resolve } from 'node:path';
import t from 'tap';
import { until } from '../../src/edge/cluster/component.ts';
import { kubectl, mustKubectl } from '../../src/edge/cluster/kubectl.ts';
import { findContainer } from '../../src/mesh/pod-template.ts';
import {
  isRecord,
  type JsonObject,
  recordOrEmpty,
  recordsOf,
  sameJson,
  stringOf,
  valueAt,
} from '../../src/model/json.ts';
import { makeNamespace, testCluster } from './cluster.ts';
import { ready, serveProcess } from './serve-process.ts';

const BASELINE = join(resolve(import.meta.dirname, '../..'), 'policies/baseline.yaml');
const NAMESPACE = 'injection-test';
const LIMIT = { timeout: 240_000 };
const TEMPLATE = ['spec', 'template'];

/** What the document says, in the spelling in which the API server gives quantities back. */
const DOCUMENTED = { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '200m', memory: '256Mi' } };
const ANNOTATIONS = {
  'sidecar.istio.io/proxyCPU': '100m',
  'sidecar.istio.io/proxyMemory': '128Mi',
  'sidecar.istio.io/proxyCPULimit': '200m',
  'sidecar.istio.io/proxyMemoryLimit': '256Mi',
};
const CPU_LIMIT = 'sidecar.istio.io/proxyCPULimit';

interface Pod {
  readonly labels?: JsonObject;
  readonly annotations?: JsonObject;
  readonly spec?: JsonObject;
}

const podOf = (name: string, { labels, annotations, spec }: Pod): JsonObject => ({
  metadata: { labels: { run: name, ...labels }, ...(annotations === undefined ? {} : { annotations }) },
  spec: { containers: [{ name: 'web', image: 'registry.example/web:1' }], ...spec },
});
const workload = (kind: string, name: string, pod: Pod = {}, rest: JsonObject = {}): JsonObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name, namespace: NAMESPACE },
  spec: { selector: { matchLabels: { run: name } }, template: podOf(name, pod), ...rest },
});
const deployment = (name: string, pod: Pod = {}): JsonObject => workload('Deployment', name, pod, { replicas: 1 });
const barePod = (name: string, pod: Pod = {}): JsonObject => {
  const { metadata, spec } = podOf(name, pod);
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...recordOrEmpty(metadata), name, namespace: NAMESPACE }, spec };
};

const proxyOf = (pod: unknown): ReturnType<typeof findContainer> =>
  findContainer(recordOrEmpty(recordOrEmpty(pod).spec), 'istio-proxy');
const proxyResources = (pod: unknown): unknown => proxyOf(pod)?.container.resources;

t.setTimeout(600_000);

t.test('Meshwarden before the real injector', { timeout: 600_000 }, async (t) => {
  const cluster = await testCluster(t, { istiod: true });
  if (cluster === undefined) return;
  const { kubeconfig } = cluster;
  const kube = (...args: readonly string[]): Promise<string> => mustKubectl(kubeconfig, args);
  const apply = (object: JsonObject, ...more: readonly string[]): ReturnType<typeof kubectl> =>
    kubectl(kubeconfig, ['apply', ...more, '-f', '-'], { stdin: JSON.stringify(object) });
  const mustApply = async (object: JsonObject, ...more: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await apply(object, ...more);
    if (code !== 0) throw new Error(stderr);
    return `${stdout}${stderr}`;
  };
  const get = async (kind: string, name: string): Promise<JsonObject> =>
    recordOrEmpty(JSON.parse(await kube('get', kind, name, '-n', NAMESPACE, '-o', 'json')));
  const list = async (kind: string, run: string): Promise<readonly JsonObject[]> =>
    recordsOf(
      valueAt(JSON.parse(await kube('get', kind, '-n', NAMESPACE, '-l', `run=${run}`, '-o', 'json')), ['items']),
    );
  const podsOf = async (run: string, count = 1): Promise<readonly JsonObject[]> => {
    let pods: readonly JsonObject[] = [];
    const made = async (): Promise<boolean> => {
      pods = await list('pods', run);
      return pods.length === count;
    };
    await until(`${count} pods of ${run}`, made, { seconds: 30 });
    return pods;
  };

  await makeNamespace(cluster, NAMESPACE, { 'istio-injection': 'enabled' });
  t.teardown(async () => void (await kubectl(kubeconfig, ['delete', 'namespace', NAMESPACE, '--wait=false'])));
  // One from before: nobody has completed its template.
  await mustApply(deployment('old'));
  const [before] = await podsOf('old');
  t.strictSame(
    proxyResources(before),
    { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2', memory: '1Gi' } },
    'without Meshwarden a proxy has the chart’s limits',
  );

  const server = await serveProcess(kubeconfig, ['--baseline', BASELINE, '--register', 'https://127.0.0.1:{port}']);
  // Ended in order, it takes its webhook configurations along.
  t.teardown(() => server.end());
  await ready(server);
  const verdicts = (name: string): readonly JsonObject[] =>
    server.log().filter((line) => line.webhook === 'validate' && stringOf(line.name)?.startsWith(name) === true);

  await t.test('a Deployment comes back completed, and its pods have what the document says', LIMIT, async (t) => {
    const said = await mustApply(deployment('web'));
    t.equal(said, 'deployment.apps/web created\n', 'nothing is said about what was right after completion');
    const template = recordOrEmpty(valueAt(await get('deployment', 'web'), TEMPLATE));
    t.strictSame(valueAt(template, ['metadata', 'annotations']), {
      ...ANNOTATIONS,
      'proxy.istio.io/config': 'concurrency: 2',
    });
    t.strictSame(valueAt(template, ['metadata', 'labels']), { run: 'web', app: 'web', version: 'v1' });
    const [pod] = await podsOf('web');
    t.strictSame(proxyResources(pod), DOCUMENTED);
    t.strictSame(valueAt(await get('deployment', 'web'), ['spec', 'selector']), { matchLabels: { run: 'web' } });
    const judged = (): readonly JsonObject[] => verdicts('web');
    await until(
      'the verdicts',
      async () => ['Deployment', 'ReplicaSet', 'Pod'].every((kind) => judged().some((one) => one.kind === kind)),
      { seconds: 10 },
    );
    for (const { kind, decision, codes } of judged())
      t.strictSame([decision, codes], ['allow', ''], `${String(kind)} keeps every rule`);
  });

  await t.test('a bare pod too, as a native sidecar and as an ordinary container', LIMIT, async (t) => {
    await mustApply(barePod('bare'));
    const native = proxyOf(await get('pod', 'bare'));
    t.strictSame([native?.list, native?.container.resources], ['initContainers', DOCUMENTED]);
    await mustApply(barePod('ordinary', { annotations: { 'sidecar.istio.io/nativeSidecar': 'false' } }));
    const ordinary = proxyOf(await get('pod', 'ordinary'));
    t.strictSame([ordinary?.list, ordinary?.container.resources], ['containers', DOCUMENTED]);
    const config = stringOf(recordsOf(ordinary?.container.env).find(({ name }) => name === 'PROXY_CONFIG')?.value);
    t.equal(valueAt(JSON.parse(config ?? '{}'), ['concurrency']), 2, 'the proxy is told of its two threads');
  });

  await t.test('smaller values of a person stay, and a half-set group is completed around them', LIMIT, async (t) => {
    await mustApply(
      deployment('small', { annotations: { [CPU_LIMIT]: '50m', 'proxy.istio.io/config': 'concurrency: 1' } }),
    );
    const annotations = recordOrEmpty(
      valueAt(await get('deployment', 'small'), [...TEMPLATE, 'metadata', 'annotations']),
    );
    t.strictSame(annotations, {
      ...ANNOTATIONS,
      [CPU_LIMIT]: '50m',
      'sidecar.istio.io/proxyCPU': '50m',
      'proxy.istio.io/config': 'concurrency: 1',
    });
    const [pod] = await podsOf('small');
    t.strictSame(proxyResources(pod), {
      requests: { cpu: '50m', memory: '128Mi' },
      limits: { cpu: '50m', memory: '256Mi' },
    });
  });

  await t.test('all workload kinds of Kubernetes are completed', LIMIT, async (t) => {
    const job = (kind: string, spec: JsonObject): JsonObject => ({
      apiVersion: 'batch/v1',
      kind,
      metadata: { name: kind.toLowerCase(), namespace: NAMESPACE },
      spec,
    });
    const template = podOf('job', { spec: { restartPolicy: 'Never' } });
    const objects: readonly (readonly [JsonObject, readonly string[]])[] = [
      [workload('StatefulSet', 'statefulset', {}, { serviceName: 'x' }), TEMPLATE],
      [workload('DaemonSet', 'daemonset'), TEMPLATE],
      [workload('ReplicaSet', 'replicaset'), TEMPLATE],
      [job('Job', { template }), TEMPLATE],
      [
        job('CronJob', { schedule: '0 0 1 1 *', jobTemplate: { spec: { template } } }),
        ['spec', 'jobTemplate', ...TEMPLATE],
      ],
    ];
    for (const [object, path] of objects) {
      const kind = String(object.kind).toLowerCase();
      await mustApply(object);
      t.match(valueAt(await get(kind, kind), [...path, 'metadata', 'annotations']), ANNOTATIONS, kind);
    }
  });

  await t.test('a change of nothing but the number of replicas starts no rollout', LIMIT, async (t) => {
    for (const name of ['web', 'old']) {
      const template = valueAt(await get('deployment', name), TEMPLATE);
      await kube('scale', 'deployment', name, '-n', NAMESPACE, '--replicas=2');
      const pods = await podsOf(name, 2);
      await kube('patch', 'deployment', name, '-n', NAMESPACE, '-p', '{"spec":{"replicas":3}}');
      await podsOf(name, 3);
      t.strictSame(valueAt(await get('deployment', name), TEMPLATE), template, `${name}: the template is as it was`);
      t.equal((await list('replicasets', name)).length, 1, `${name}: there is one ReplicaSet`);
      t.ok(
        pods.some((pod) => sameJson(proxyResources(pod), DOCUMENTED)),
        `${name}: a new pod is completed itself`,
      );
    }
    const late = (await podsOf('old', 3)).filter(
      (pod) => valueAt(pod, ['metadata', 'name']) !== valueAt(before, ['metadata', 'name']),
    );
    for (const pod of late) t.strictSame(proxyResources(pod), DOCUMENTED);
  });

  await t.test('applying the same again changes nothing', LIMIT, async (t) => {
    const generation = async (name: string): Promise<unknown> =>
      valueAt(await get('deployment', name), ['metadata', 'generation']);
    const first = await generation('small');
    const again = deployment('small', {
      annotations: { [CPU_LIMIT]: '50m', 'proxy.istio.io/config': 'concurrency: 1' },
    });
    t.equal(await mustApply(again), 'deployment.apps/small unchanged\n');
    t.equal(await generation('small'), first);
    await mustApply(deployment('server-side'), '--server-side');
    const [made] = await podsOf('server-side');
    const second = await generation('server-side');
    await mustApply(deployment('server-side'), '--server-side');
    t.equal(await generation('server-side'), second, 'nor by server-side apply, which takes away what is left out');
    t.strictSame(proxyResources(made), DOCUMENTED);
    const template = valueAt(await get('deployment', 'server-side'), TEMPLATE);
    t.match(template, { metadata: { annotations: ANNOTATIONS } });
  });

  await t.test('what is wrong is refused, at the workload and at a bare pod', LIMIT, async (t) => {
    const inject = { 'sidecar.istio.io/inject': 'false' };
    const cases: readonly (readonly [JsonObject, string])[] = [
      [deployment('wrong', { annotations: { [CPU_LIMIT]: '201m' } }), 'MW101'],
      [deployment('wrong', { annotations: { 'proxy.istio.io/config': '{"concurrency":"0"}' } }), 'MW102'],
      [deployment('wrong', { labels: inject }), 'MW104'],
      [barePod('wrong', { labels: inject }), 'MW104'],
      [barePod('wrong', { spec: { hostNetwork: true } }), 'MW104'],
    ];
    for (const [object, code] of cases) {
      const { code: exit, stderr } = await apply(object, '--dry-run=server');
      t.equal(exit, 1, code);
      t.match(stderr, `[${code}] `);
    }
    t.notOk(isRecord(await get('deployment', 'wrong').catch(() => undefined)), 'nothing of it is there');
  });

  t.equal(await server.end(), 0);
  const left = await kube('get', 'mutatingwebhookconfigurations,validatingwebhookconfigurations', '-o', 'name');
  t.notMatch(left, /meshwarden/, 'nothing cluster-wide is left behind');
});
