import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { until } from '../../src/edge/cluster/component.ts';
import { installGatewayApiCrds, installIstioCrds } from '../../src/edge/cluster/istio-module.ts';
import { kubectl, type KubectlAnswer, mustKubectl } from '../../src/edge/cluster/kubectl.ts';
import { provideControlPlane } from '../../src/edge/cluster/provide-control-plane.ts';
import { ISTIO_MODULE_VERSION, KUBERNETES_VERSION } from '../../src/edge/cluster/versions.ts';
import { listOf, valueAt } from '../../src/model/json.ts';
import { makeNamespace, progress, startTestControlPlane, testCluster } from './cluster.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const LIMIT = { timeout: 600_000 };

t.setTimeout(600_000);

t.test('the pinned versions stand once in code and once in each go.mod', (t) => {
  const cluster = readFileSync(resolve(ROOT, 'test/cluster/go.mod'), 'utf8');
  t.match(cluster, `k8s.io/kubernetes ${KUBERNETES_VERSION}`);
  t.match(readFileSync(resolve(ROOT, 'test/oracle/go.mod'), 'utf8'), `istio.io/istio ${ISTIO_MODULE_VERSION}`);
  t.end();
});

t.test('where no control plane can be had', async (t) => {
  const nothing = mkdtempSync(join(tmpdir(), 'meshwarden-'));
  t.teardown(() => rmSync(nothing, { recursive: true }));
  const script = `
    import t from 'tap';
    import { testCluster } from ${JSON.stringify(join(import.meta.dirname, 'cluster.ts'))};
    t.test('a test', async (t) => void (await testCluster(t, { istiod: false })));`;
  const run = (more: NodeJS.ProcessEnv): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { PATH: nothing, HOME: nothing, ...more },
    });
  const skipped = run({});
  t.match(skipped.stderr, /^NO CONTROL PLANE: THE END-TO-END TESTS ARE SKIPPED\. .*Go is not on PATH; give /m);
  t.match(skipped.stdout, /ok 1 - needs a control plane # SKIP no control plane/, 'a test is counted as skipped');
  t.equal(skipped.status, 0);
  const failed = run({ CI: 'true' });
  t.match(failed.stdout, /not ok 1 - no local control plane can be had/, 'and with CI set it has failed');
  t.not(failed.status, 0);
});

t.test('a control plane of its own', LIMIT, async (t) => {
  const plane = await startTestControlPlane();
  if (plane === undefined) {
    t.pass('needs a control plane', { skip: 'no control plane' });
    return;
  }
  t.teardown(plane.stop);
  const { kubeconfig } = plane;
  const server = JSON.parse(await mustKubectl(kubeconfig, ['version', '-o', 'json']));
  t.equal(valueAt(server, ['serverVersion', 'gitVersion']), KUBERNETES_VERSION, 'is the pinned Kubernetes');
  const forbidden = await kubectl(plane.kubeconfigOf('developer'), ['get', 'pods', '-n', 'default']);
  t.match(forbidden.stderr, /User "developer" cannot list resource "pods"/, 'knows its users, who may do nothing yet');
  t.ok(existsSync(join(plane.folder, 'kubectl-cache', 'discovery')), 'kubectl keeps its discovery in the folder');

  await installIstioCrds(kubeconfig, undefined);
  await t.resolves(installIstioCrds(kubeconfig, undefined), 'Istio’s CRDs may be installed twice');
  await installGatewayApiCrds(kubeconfig);
  const kinds = await mustKubectl(kubeconfig, ['api-resources', '-o', 'name']);
  for (const kind of ['virtualservices.networking.istio.io', 'httproutes.gateway.networking.k8s.io']) {
    t.match(kinds, kind, `${kind} is served`);
  }
  await mustKubectl(kubeconfig, ['create', 'deployment', 'web', '--image=web']);
  const pods = ['get', 'pods', '-l', 'app=web', '-o', 'name'];
  await until('its pod', async () => (await mustKubectl(kubeconfig, pods)) !== '', { seconds: 30 });

  await t.test('guards with admission policies', async (t) => {
    await mustKubectl(kubeconfig, ['apply', '-f', '-'], { stdin: NO_SECRETS });
    const attempt = ['create', 'secret', 'generic', 'blocked', '--dry-run=server'];
    await until('the policy', async () => (await kubectl(kubeconfig, attempt)).code !== 0, { seconds: 30 });
    t.match((await kubectl(kubeconfig, attempt)).stderr, /ValidatingAdmissionPolicy 'no-secrets'.* no secrets here/);
  });

  await t.test('as a cluster that a person gives', async (t) => {
    const given = await provideControlPlane({ kubeconfig, environment: {}, progress });
    t.equal(given.kubeconfig, kubeconfig);
    t.equal(given.local, undefined);
    await given.stop();
    t.notOk(existsSync(given.folder));
    t.equal((await kubectl(kubeconfig, ['get', 'namespaces'])).code, 0, 'is not stopped with what was made for it');
  });

  await t.test('goes away and comes back with all that it knew', async (t) => {
    await plane.restartApiserver(async () => {
      const gone = await kubectl(kubeconfig, ['get', 'deployment', 'web']);
      t.match(gone.stderr, /refused/);
    });
    t.equal((await kubectl(kubeconfig, ['get', 'deployment', 'web'])).code, 0);
  });

  const pids = plane.components().map(({ pid }) => pid);
  await plane.stop();
  t.same(pids.filter(isAlive), [], 'leaves no process');
  t.notOk(existsSync(plane.folder), 'and no file');
  const late = provideControlPlane({ kubeconfig, environment: {}, progress });
  await t.rejects(late, /does not answer \(.*\); give one that does/, 'a cluster that does not answer is said');
});

t.test('the real istiod beside it', LIMIT, async (t) => {
  const cluster = await testCluster(t, { istiod: true });
  if (cluster === undefined) return;
  const namespace = 'istiod-itself';
  await makeNamespace(cluster, namespace, { 'istio-injection': 'enabled' });
  t.teardown(async () => void (await kubectl(cluster.kubeconfig, ['delete', 'namespace', namespace, '--wait=false'])));
  const pod = (annotations: Readonly<Record<string, string>>): Promise<KubectlAnswer> => {
    const flags = Object.entries(annotations).map(([key, value]) => `--annotations=sidecar.istio.io/${key}=${value}`);
    const run = ['run', 'probe', '-n', namespace, '--image=probe', '--dry-run=server', '-o', 'json'];
    return kubectl(cluster.kubeconfig, [...run, ...flags]);
  };
  // The API server learns of a namespace's labels by a watch, a moment later.
  const called = async (): Promise<boolean> => containerOf(await pod({}), 'istio-proxy') !== undefined;
  await until('the injector to be called', called, { seconds: 30 });

  for (const [annotations, requests, limits] of INJECTED) {
    const answer = await pod(annotations);
    const title = `${Object.keys(annotations).join(', ') || 'no annotation'}: ${JSON.stringify({ requests, limits })}`;
    const expected = { ...(requests && { requests }), ...(limits && { limits }) };
    t.strictSame(valueAt(containerOf(answer, 'istio-proxy'), ['resources']), expected, title);
    t.strictSame(valueAt(containerOf(answer, 'istio-init'), ['resources']), expected, 'istio-init has the same');
  }
  t.match((await pod({ proxyCPU: 'abc' })).stderr, /denied the request|failed calling/, 'refuses no amount');

  const invalid = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'bad', namespace },
    spec: { hosts: ['*'], http: [{ route: [{ destination: { host: 'a' } }] }] },
  };
  const refused = await kubectl(cluster.kubeconfig, ['apply', '-f', '-'], { stdin: JSON.stringify(invalid) });
  t.match(refused.stderr, /admission webhook "validation.istio.io" denied the request/, 'and istiod validates');
});

const CPU = { proxyCPU: '100m' };
const MEMORY = { proxyMemory: '128Mi' };
const LIMITS = { proxyCPULimit: '200m', proxyMemoryLimit: '256Mi' };
type Amounts = Readonly<Record<string, string>> | undefined;

/** What Istio 1.31 makes of its annotations: half a set is worse than none. */
const INJECTED: readonly (readonly [
  annotations: Readonly<Record<string, string>>,
  requests: Amounts,
  limits: Amounts,
])[] = [
  [{}, { cpu: '100m', memory: '128Mi' }, { cpu: '2', memory: '1Gi' }],
  [CPU, { cpu: '100m' }, undefined],
  [{ ...CPU, ...MEMORY }, { cpu: '100m', memory: '128Mi' }, undefined],
  [{ ...CPU, ...MEMORY, proxyCPULimit: '200m' }, { cpu: '100m', memory: '128Mi' }, { cpu: '200m' }],
  [{ proxyCPULimit: '200m' }, { cpu: '200m' }, { cpu: '200m' }],
  [
    { ...CPU, ...MEMORY, ...LIMITS },
    { cpu: '100m', memory: '128Mi' },
    { cpu: '200m', memory: '256Mi' },
  ],
];

const NO_SECRETS = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: no-secrets }
spec:
  matchConstraints:
    resourceRules: [{ apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [secrets] }]
  validations: [{ expression: "false", message: no secrets here }]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: no-secrets }
spec: { policyName: no-secrets, validationActions: [Deny] }
`;

function containerOf({ stdout }: KubectlAnswer, name: string): unknown {
  if (stdout === '') return undefined;
  const spec = valueAt(JSON.parse(stdout), ['spec']);
  const all = [...listOf(valueAt(spec, ['initContainers'])), ...listOf(valueAt(spec, ['containers']))];
  return all.find((container) => valueAt(container, ['name']) === name);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
