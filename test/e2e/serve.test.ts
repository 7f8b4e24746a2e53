import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connect } from 'node:tls';
import t from 'tap';
import { until } from '../../src/edge/cluster/component.ts';
import { makeAuthority, makeServing } from '../../src/edge/certs/self-signed.ts';
import { installIstioCrds } from '../../src/edge/cluster/istio-module.ts';
import { kubectl, mustKubectl } from '../../src/edge/cluster/kubectl.ts';
import { listOf, stringOf, valueAt } from '../../src/model/json.ts';
import { startTestControlPlane } from './cluster.ts';
import { ready, serveProcess } from './serve-process.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const LIMIT = { timeout: 240_000 };

t.setTimeout(600_000);

t.test('meshwarden serve, on a real API server', { timeout: 600_000 }, async (t) => {
  const plane = await startTestControlPlane();
  if (plane === undefined) {
    t.pass('needs a control plane', { skip: 'no control plane' });
    return;
  }
  t.teardown(() => plane.stop());
  const folder = mkdtempSync(join(tmpdir(), 'meshwarden-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  await installIstioCrds(plane.kubeconfig, undefined);
  const kube = (args: readonly string[], object?: unknown): ReturnType<typeof kubectl> =>
    kubectl(plane.kubeconfig, args, object === undefined ? {} : { stdin: JSON.stringify(object) });
  const apply = (object: unknown, ...more: readonly string[]): ReturnType<typeof kubectl> =>
    kube(['apply', ...more, '-f', '-'], object);
  const strict = (mode: string, version = 'v1'): unknown => ({
    apiVersion: `security.istio.io/${version}`,
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace: 'istio-system' },
    spec: { mtls: { mode } },
  });

  await t.test('beside the cluster: registers itself, judges, and leaves nothing behind', LIMIT, async (t) => {
    const file = join(folder, 'baseline.yaml');
    const shipped = readFileSync(join(ROOT, 'policies/baseline.yaml'), 'utf8');
    writeFileSync(file, shipped);
    const server = await serveProcess(plane.kubeconfig, ['--baseline', file, '--register', 'https://127.0.0.1:{port}']);
    t.teardown(() => server.end('SIGKILL'));
    await ready(server);
    await mustKubectl(plane.kubeconfig, ['create', 'namespace', 'istio-system']);
    const labels = { 'istio-injection': 'enabled' };
    const mesh = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'llmoptimizer', labels } };
    t.equal((await apply(mesh)).code, 0, 'a namespace may come before its policies');

    const denied = await apply(strict('PERMISSIVE'));
    t.equal(denied.code, 1);
    t.match(denied.stderr, /^Error from server \(Forbidden\): .*denied the request: \[MW201\] /m);
    t.equal((await apply(strict('PERMISSIVE'), '--dry-run=server')).code, 1, 'a dry run gets the same verdict');
    t.equal((await apply(strict('STRICT'))).code, 0, 'what is right is taken');
    const old = await apply(strict('PERMISSIVE', 'v1beta1'));
    t.match(old.stderr, '[MW201]', 'another version is no way around');
    const gone = await kube(['delete', 'peerauthentication', 'default', '-n', 'istio-system']);
    t.match(gone.stderr, '[MW201]', 'nor is a deletion');
    await until(
      'the watch to tell of the policy',
      async () => (await server.metrics()).includes('meshwarden_view_objects{kind="PeerAuthentication"} 1\n'),
      { seconds: 10 },
    );

    await t.test('the API server going away for a while', LIMIT, async (t) => {
      await plane.restartApiserver(async () => {
        await until(
          'a watch to be lost',
          async () => /meshwarden_view_lag_seconds\{kind="Service"\} (?!0\n)/.test(await server.metrics()),
          { seconds: 20 },
        );
        t.match(await server.readiness(), '[+] view: ok', 'what is known counts meanwhile');
        t.equal(server.exitCode(), undefined);
      });
      await until(
        'the watches to be back',
        async () => !/meshwarden_view_lag_seconds\{kind="\w+"\} (?!0\n)/.test(await server.metrics()),
        { seconds: 60 },
      );
      t.match((await apply(strict('PERMISSIVE'))).stderr, '[MW201]', 'and it judges as before');
    });

    await t.test('a baseline that changes under it', LIMIT, async (t) => {
      const write = (text: string): void => {
        writeFileSync(`${file}.next`, text);
        renameSync(`${file}.next`, file);
      };
      const counted = (result: string): Promise<void> =>
        until(
          `a ${result}`,
          async () => (await server.metrics()).includes(`meshwarden_baseline_reloads_total{result="${result}"} 1\n`),
          { seconds: 20 },
        );
      write(`${shipped}\nsurprise: true\n`);
      await counted('failure');
      t.match((await apply(strict('PERMISSIVE'))).stderr, '[MW201]', 'one that cannot be used changes nothing');
      write(`${shipped}\n# one more line\n`);
      await counted('success');
      t.match((await apply(strict('PERMISSIVE'))).stderr, '[MW201]');
    });

    t.equal(await server.end(), 0, 'a signal ends it in order');
    const reviews = server.log().filter(({ msg }) => msg === 'review judged');
    t.equal(new Set(reviews.map(({ uid, webhook }) => `${String(webhook)} ${String(uid)}`)).size, reviews.length);
    t.match(
      reviews.find(({ dryRun }) => dryRun === true),
      { decision: 'deny', codes: 'MW201' },
    );
    const left = await kube(['get', 'mutatingwebhookconfigurations,validatingwebhookconfigurations', '-o', 'name']);
    t.equal(left.stdout, '', 'its configurations are gone');
  });

  await t.test('in the cluster, with the rights of its service account', LIMIT, async (t) => {
    await mustKubectl(plane.kubeconfig, ['apply', '--server-side', '-k', join(ROOT, 'deploy/base')]);
    const token = (
      await mustKubectl(plane.kubeconfig, ['create', 'token', 'meshwarden', '-n', 'meshwarden-system'])
    ).trim();
    const kubeconfig = join(folder, 'service-account.kubeconfig');
    const admin = readFileSync(plane.kubeconfig, 'utf8');
    writeFileSync(kubeconfig, admin.replace(/(["']?token["']?: *)["']?[\w.-]+["']?/, `$1"${token}"`), { mode: 0o600 });
    const inCluster = { POD_NAMESPACE: 'meshwarden-system' };
    const [one, two] = await Promise.all([
      serveProcess(kubeconfig, [], inCluster),
      serveProcess(kubeconfig, [], inCluster),
    ]);
    t.teardown(() => one.end('SIGKILL'));
    t.teardown(() => two.end('SIGKILL'));
    await ready(one);
    await ready(two);

    const bundles = async (): Promise<readonly string[]> => {
      const json = await mustKubectl(plane.kubeconfig, [
        'get',
        'mutatingwebhookconfigurations,validatingwebhookconfigurations',
        '-o',
        'json',
      ]);
      return listOf(valueAt(JSON.parse(json), ['items'])).flatMap((item) =>
        listOf(valueAt(item, ['webhooks'])).map((hook) => stringOf(valueAt(hook, ['clientConfig', 'caBundle'])) ?? ''),
      );
    };
    const secretCa = (): Promise<string> =>
      mustKubectl(plane.kubeconfig, [
        'get',
        'secret',
        'meshwarden-certificates',
        '-n',
        'meshwarden-system',
        '-o',
        'jsonpath={.data.ca\\.crt}',
      ]);
    const ca = await secretCa();
    t.ok(ca.length > 0, 'the authority is kept in the Secret');
    const written = await bundles();
    t.ok(written.length >= 7);
    for (const bundle of written) t.equal(bundle.trim(), ca.trim(), 'and written into every webhook');
    const again = await kube(['apply', '--server-side', '-k', join(ROOT, 'deploy/base')]);
    t.equal(again.code, 0, `an upgrade finds no conflict${again.stderr.trim()}`);
    t.same(await bundles(), written, 'and leaves the bundle alone');
    const managers = await mustKubectl(plane.kubeconfig, [
      'get',
      'validatingwebhookconfiguration',
      'meshwarden-validate',
      '--show-managed-fields',
      '-o',
      'json',
    ]);
    const own = listOf(valueAt(JSON.parse(managers), ['metadata', 'managedFields'])).find(
      (entry) => valueAt(entry, ['manager']) === 'meshwarden-ca',
    );
    t.equal(valueAt(own, ['operation']), 'Apply', 'under a field manager of its own');

    const pair = (server: typeof one): Promise<string> => served(server.port, ca);
    t.equal(await pair(one), await pair(two), 'both replicas serve the same certificate');
    for (const server of [one, two]) {
      t.equal(await server.end(), 0);
      t.same(
        server.log().filter(({ level }) => level === 'error'),
        [],
        'without a fault',
      );
    }
  });

  await t.test(
    'one that the API server does not trust is not ready, and says which webhooks do not',
    LIMIT,
    async (t) => {
      const stranger = await makeAuthority(Date.now());
      const pair = await makeServing(stranger, { dns: ['meshwarden.meshwarden-system.svc'], ip: [] }, Date.now());
      writeFileSync(join(folder, 'tls.crt'), pair.certificate);
      writeFileSync(join(folder, 'tls.key'), pair.key);
      const server = await serveProcess(plane.kubeconfig, ['--cert-mode', 'files', '--cert-dir', folder]);
      t.teardown(() => server.end('SIGKILL'));
      const said =
        /\[-\] certificate: the caBundle of .*istio\.validate\.meshwarden\.io.* does not trust the certificate served/;
      await until('the judgement', async () => said.test(await server.readiness()), { seconds: 20 });
      t.match(await server.readiness(), '[+] view: ok', 'that is all it lacks');
      await server.end('SIGKILL');
      for (const name of ['tls.crt', 'tls.key']) rmSync(join(folder, name));
    },
  );

  await t.test('what keeps it from starting is said in one sentence, with exit code 2', LIMIT, async (t) => {
    const ends = async (args: readonly string[], kubeconfig = plane.kubeconfig): Promise<string> => {
      const server = await serveProcess(kubeconfig, args);
      await until('its end', () => server.exitCode() !== undefined, { seconds: 20 });
      return `${String(server.exitCode())} ${server.stderr()}`;
    };
    t.match(await ends([], '/nonexistent'), /^2 meshwarden: cannot read the kubeconfig '\/nonexistent': .*\n$/);
    t.match(await ends(['--baseline', '/nonexistent']), /^2 meshwarden: the baseline cannot be used:\n.*\n$/);
    t.match(await ends(['--cert-mode', 'files']), /^2 meshwarden: --cert-mode files needs --cert-dir, .*\n$/);
    t.match(
      await ends(['--cert-mode', 'files', '--cert-dir', folder]),
      /^2 meshwarden: cannot read '.*tls\.crt'; .*\n$/,
    );
    t.match(
      await ends(['--register', 'http://x']),
      /^2 meshwarden: cannot register 'http:\/\/x': it must be an https URL/,
    );
    const busy = await serveProcess(plane.kubeconfig, []);
    t.teardown(() => busy.end('SIGKILL'));
    await ready(busy);
    t.match(await ends(['--port', String(busy.port)]), /^2 meshwarden: port \d+ is in use .* with --port\n$/);
    t.equal(await busy.end('SIGINT'), 0);
  });
});

/** Returns the certificate that is served on a port, which the authority must have signed. */
async function served(port: number, ca: string): Promise<string> {
  return new Promise((done, fail) => {
    const options = {
      host: '127.0.0.1',
      port,
      ca: Buffer.from(ca, 'base64'),
      servername: 'meshwarden.meshwarden-system.svc',
    };
    const socket = connect(options, () => {
      done(socket.getPeerX509Certificate()?.toString() ?? '');
      socket.destroy();
    });
    socket.on('error', fail);
  });
}
