import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { until } from '../../src/edge/cluster/component.ts';
import type { LocalUser } from '../../src/edge/cluster/control-plane.ts';
import { istioBinary } from '../../src/edge/cluster/istio-module.ts';
import { startIstiod } from '../../src/edge/cluster/istiod.ts';
import { kubectl, mustKubectl } from '../../src/edge/cluster/kubectl.ts';
import { listOf, valueAt } from '../../src/model/json.ts';
import { progress, startTestControlPlane } from './cluster.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SERVICE_ACCOUNT = 'system:serviceaccount:meshwarden-system:meshwarden';

t.setTimeout(600_000);

t.test('what is shipped, on a real API server with the real istiod', { timeout: 600_000 }, async (t) => {
  const plane = await startTestControlPlane();
  if (plane === undefined) {
    t.pass('needs a control plane', { skip: 'no control plane' });
    return;
  }
  t.teardown(() => plane.stop());
  const istioctl = await istioBinary('istioctl', process.env, progress);
  const istiod = await startIstiod(plane, { istiod: await istioBinary('istiod', process.env, progress), istioctl });
  t.teardown(() => istiod.stop());
  const tools = mkdtempSync(join(tmpdir(), 'meshwarden-'));
  t.teardown(() => rmSync(tools, { recursive: true }));
  symlinkSync(istioctl, join(tools, 'istioctl'));
  const env = { PATH: `${tools}:${process.env.PATH}`, KUBECONFIG: plane.kubeconfig, HOME: tools };
  const install = (...args: readonly string[]): Promise<Answer> =>
    run(join(ROOT, 'policies/istio/install.sh'), ['--skip-control-plane', ...args], env);
  const kube = (args: readonly string[], stdin?: string): ReturnType<typeof kubectl> =>
    kubectl(plane.kubeconfig, args, stdin === undefined ? {} : { stdin });

  await t.test('install.sh', { timeout: 120_000 }, async (t) => {
    const asked = await install('--dry-run');
    t.equal(asked.code, 0, `a dry run in an empty cluster passes${asked.code === 0 ? '' : asked.output}`);
    t.match((await kube(['get', 'namespace', 'llmoptimizer'])).stderr, 'not found', 'and changes nothing');
    const first = await install('--no-wait');
    t.equal(first.code, 0, `applies everything in the document’s order${first.code === 0 ? '' : first.output}`);
    t.match(first.output, /llmoptimizer-ingress-cert is not there/, 'says what is still to be done');
    const order = ['[1/6]', '[2/6]', '[3/6]', '[4/6]', '[5/6]', '[6/6]'].map((mark) => first.output.indexOf(mark));
    t.same(
      order,
      order.toSorted((left, right) => left - right),
    );
    const second = await install('--no-wait');
    t.equal(second.code, 0, 'may be run again');
    t.notMatch(second.output, ' created', 'and makes nothing a second time');
    t.equal((await install('--dry-run')).code, 0, 'and the server takes it all in a dry run of its own');
  });

  await t.test(
    'the gateways get Istio’s proxy, with the resources that stand in the Deployment',
    { timeout: 120_000 },
    async (t) => {
      const pods = async (): Promise<readonly unknown[]> =>
        listOf(
          valueAt(JSON.parse((await kube(['get', 'pods', '-n', 'istio-ingress', '-o', 'json'])).stdout), ['items']),
        );
      await until('the ingress gateway’s pod', async () => (await pods()).length > 0, { seconds: 30 });
      const [pod] = await pods();
      t.match(String(valueAt(pod, ['spec', 'containers', 0, 'image'])), /proxyv2/);
      t.same(valueAt(pod, ['spec', 'containers', 0, 'resources']), {
        requests: { cpu: '100m', memory: '128Mi' },
        limits: { cpu: '200m', memory: '256Mi' },
      });
    },
  );

  await t.test('istioctl analyze finds no error in the live cluster', { timeout: 120_000 }, async (t) => {
    const literals = ['--from-literal=cert=a', '--from-literal=key=b'];
    await mustKubectl(plane.kubeconfig, ['apply', '-f', join(ROOT, 'test/policies/platform.yaml')]);
    const name = 'llmoptimizer-ingress-cert';
    await mustKubectl(plane.kubeconfig, ['create', 'secret', 'generic', name, '-n', 'istio-ingress', ...literals]);
    const { output } = await run(istioctl, ['analyze', '-A', '-o', 'json'], env);
    const messages = listOf(JSON.parse(output.slice(output.indexOf('['), output.lastIndexOf(']') + 1)));
    const errors = messages.filter((message) => valueAt(message, ['level']) === 'Error');
    // A certificate that is none is what a test has; IST0161 says so.
    t.same(
      errors.filter((message) => valueAt(message, ['code']) !== 'IST0161'),
      [],
    );
  });

  await t.test('deploy/base', { timeout: 120_000 }, async (t) => {
    const apply = ['apply', '--server-side', '-k', join(ROOT, 'deploy/base')];
    const first = await kube(apply);
    t.equal(first.code, 0, `is taken by the API server${first.code === 0 ? '' : first.stderr}`);
    const again = await kube(apply);
    t.equal(again.code, 0, `and again while the service is away${again.code === 0 ? '' : again.stderr}`);
    t.notMatch(first.stderr, 'would violate PodSecurity', 'the Deployment is what `restricted` demands');
    const pods = ['get', 'pods', '-n', 'meshwarden-system', '-o', 'name'];
    const made = async (): Promise<boolean> => (await kube(pods)).stdout.trim().split('\n').length === 2;
    await until('both pods, which `restricted` must let in', made, { seconds: 30 });
    await kube(['apply', '--server-side', '-f', '-'], GRANTS);

    const may = async (verb: string, what: string, namespace: string): Promise<string> =>
      (await kube(['auth', 'can-i', verb, what, '-n', namespace, '--as', SERVICE_ACCOUNT])).stdout.trim();
    for (const [verb, what, namespace, answer] of RIGHTS) {
      t.equal(await may(verb, what, namespace), answer, `the service may ${verb} ${what} in ${namespace}: ${answer}`);
    }
  });

  await t.test('the guards', { timeout: 120_000 }, async (t) => {
    const as = (user: LocalUser | typeof SERVICE_ACCOUNT, ...args: readonly string[]): ReturnType<typeof kubectl> =>
      kubectl(user === SERVICE_ACCOUNT ? plane.kubeconfig : plane.kubeconfigOf(user), [
        ...args,
        ...(user === SERVICE_ACCOUNT ? ['--as', user] : []),
      ]);
    const patch = (user: LocalUser | typeof SERVICE_ACCOUNT, value: string): ReturnType<typeof kubectl> =>
      as(user, 'patch', 'validatingwebhookconfiguration', 'meshwarden-validate', '--type=json', '-p', value);
    const ignore = '[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"Ignore"}]';
    const remove = ['delete', 'validatingwebhookconfiguration', 'meshwarden-validate', '--dry-run=server'];
    await until('the guards', async () => (await as('developer', ...remove)).code !== 0, { seconds: 30 });

    t.match((await as('developer', ...remove)).stderr, /may be changed only by those who may 'manage'/);
    t.match((await patch('developer', ignore)).stderr, /may be changed only by those/, 'nor weakened');
    t.match((await patch(SERVICE_ACCOUNT, ignore)).stderr, /may be changed only by those/, 'nor by the service itself');
    const bundle = Buffer.from('-----BEGIN CERTIFICATE-----\n').toString('base64');
    const own = `[{"op":"add","path":"/webhooks/0/clientConfig/caBundle","value":"${bundle}"}]`;
    t.notMatch((await patch(SERVICE_ACCOUNT, own)).stderr, /may be changed only by those/, 'which writes its CA');
    t.equal((await as('security', ...remove)).code, 0, 'who may manage them may');

    const label = (...labels: readonly string[]): ReturnType<typeof kubectl> =>
      as('developer', 'label', '--overwrite', 'namespace', 'llmoptimizer', ...labels);
    t.match((await label('istio-injection-')).stderr, /\[MW109\] namespace 'llmoptimizer' must keep/);
    t.match((await label('istio-injection=disabled')).stderr, /MW109/);
    t.match((await label('istio.io/dataplane-mode=ambient')).stderr, /MW109/);

    const status = async (metadata: object): Promise<string> => {
      const value = JSON.stringify({ metadata, status: { conditions: [] } });
      const at = ['-n', 'meshwarden-system', 'service', 'meshwarden', '--subresource=status', '--dry-run=server'];
      const { code, stderr } = await kube(['patch', ...at, '--type=merge', '-p', value]);
      return code === 0 ? 'taken' : stderr;
    };
    t.match(await status({ labels: { app: 'other' } }), /labels may not be changed by way of services\/status/);
    const hidden = { annotations: { 'networking.istio.io/exportTo': '~' } };
    t.match(await status(hidden), /annotations of istio\.io may not be changed by way of services\/status/);
    t.equal(await status({ annotations: { 'example.com/seen': 'yes' } }), 'taken', 'what the mesh does not read');
  });

  await t.test('while the service is away', { timeout: 120_000 }, async (t) => {
    const dryRun = (object: unknown): ReturnType<typeof kubectl> =>
      kube(['create', '--dry-run=server', '-f', '-'], JSON.stringify(object));
    const away = /failed calling webhook "([a-z-]+)\.validate\.meshwarden\.io"/;
    const configMap = (name: string, data: Readonly<Record<string, string>>): unknown => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'istio-system' },
      data,
    });
    t.match((await dryRun(policy('istio-system'))).stderr, away, 'a policy of the root namespace is refused');
    t.match((await dryRun(policy('llmoptimizer', 'v1beta1'))).stderr, away, 'in an older version too');
    t.match((await dryRun(pod('llmoptimizer'))).stderr, away, 'a pod of the mesh is refused');
    t.equal((await dryRun(pod('kube-system'))).code, 0, 'a pod of Kubernetes is not');
    t.equal((await dryRun(pod('meshwarden-system'))).code, 0, 'nor one of the service itself');
    t.match((await dryRun(configMap('istio-canary', { mesh: '{}' }))).stderr, away, 'a mesh configuration is refused');
    t.equal((await dryRun(configMap('istio-leader', {}))).code, 0, 'istiod’s elections are not');
  });
});

interface Answer {
  readonly code: number;
  readonly output: string;
}

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Answer> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { env });
    const output: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text));
    child.on('error', fail);
    child.on('close', (code) => done({ code: code ?? -1, output: output.join('') }));
  });
}

function policy(namespace: string, version = 'v1'): unknown {
  const metadata = { name: 'test', namespace };
  return { apiVersion: `security.istio.io/${version}`, kind: 'AuthorizationPolicy', metadata, spec: {} };
}

function pod(namespace: string): unknown {
  const securityContext = {
    runAsNonRoot: true,
    runAsUser: 1000,
    allowPrivilegeEscalation: false,
    seccompProfile: { type: 'RuntimeDefault' },
    capabilities: { drop: ['ALL'] },
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'test', namespace },
    spec: { containers: [{ name: 'app', image: 'registry.example/app:1', securityContext }] },
  };
}

const RIGHTS = [
  ['list', 'virtualservices.networking.istio.io', 'llmoptimizer', 'yes'],
  ['watch', 'pods', 'llmoptimizer', 'no'],
  ['create', 'pods', 'llmoptimizer', 'no'],
  ['update', 'virtualservices.networking.istio.io', 'llmoptimizer', 'no'],
  ['get', 'configmaps', 'istio-system', 'yes'],
  ['get', 'configmaps', 'llmoptimizer', 'no'],
  ['list', 'secrets', 'llmoptimizer', 'no'],
  ['list', 'secrets', 'meshwarden-system', 'no'],
  ['update', 'secrets/meshwarden-certificates', 'meshwarden-system', 'yes'],
  ['create', 'secrets', 'meshwarden-system', 'no'],
  ['create', 'subjectaccessreviews.authorization.k8s.io', 'default', 'yes'],
  ['patch', 'validatingwebhookconfigurations.admissionregistration.k8s.io/meshwarden-validate', 'default', 'yes'],
  ['patch', 'validatingwebhookconfigurations.admissionregistration.k8s.io/istiod-default-validator', 'default', 'no'],
] as const;

/** The developer may edit webhook configurations and namespaces; security may manage Meshwarden's besides. */
const GRANTS = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: test-edit }
rules:
  - { apiGroups: [admissionregistration.k8s.io], resources: ["*"], verbs: ["*"] }
  - { apiGroups: [""], resources: [namespaces], verbs: ["*"] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: test-edit }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: test-edit }
subjects:
  - { kind: User, name: developer, apiGroup: rbac.authorization.k8s.io }
  - { kind: User, name: security, apiGroup: rbac.authorization.k8s.io }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: test-manage }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: meshwarden-manage }
subjects:
  - { kind: User, name: security, apiGroup: rbac.authorization.k8s.io }
`;
