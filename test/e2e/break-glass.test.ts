import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { until } from '../../src/edge/cluster/component.ts';
import { installIstioCrds } from '../../src/edge/cluster/istio-module.ts';
import { mustKubectl } from '../../src/edge/cluster/kubectl.ts';
import { listOf, stringOf, valueAt } from '../../src/model/json.ts';
import { type ClientConfig, webhookConfigurations } from '../../src/report/webhook-configurations.ts';
import { RULES } from '../../src/rules/index.ts';
import { makeNamespace, startTestControlPlane } from './cluster.ts';
import { apply, as, letPeopleWork } from './exception-people.ts';
import { ready, serveProcess } from './serve-process.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const LIMIT = { timeout: 240_000 };
const APPLY = ['apply', '-f', '-'];
const KEY = 'meshwarden.io/break-glass';
const NEXT: { text: number } = { text: 0 };

/** A text that nobody has used yet, to end in so many minutes. */
function glass(minutes = 60): string {
  NEXT.text += 1;
  const end = new Date(Date.now() + minutes * 60_000).toISOString().replace(/\.\d+Z$/, 'Z');
  return `until ${end} -- INC-${NEXT.text}, the service is wrong`;
}

const meshPolicy = (mode: string, annotations: Readonly<Record<string, string>> = {}, labels = {}): unknown => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name: 'default', namespace: 'istio-system', annotations, labels },
  spec: { mtls: { mode } },
});

function agent(onObject: string, onTemplate: string): unknown {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'agent', namespace: 'shop', annotations: { [KEY]: onObject } },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'agent' } },
      template: {
        metadata: { labels: { app: 'agent' }, annotations: { [KEY]: onTemplate } },
        spec: { hostNetwork: true, containers: [{ name: 'agent', image: 'registry.example/agent:1' }] },
      },
    },
  };
}

t.setTimeout(600_000);

t.test('break-glass, with the shipped policies on a real API server', { timeout: 600_000 }, async (t) => {
  const plane = await startTestControlPlane();
  if (plane === undefined) {
    t.pass('needs a control plane', { skip: 'no control plane' });
    return;
  }
  t.teardown(() => plane.stop());
  await installIstioCrds(plane.kubeconfig, undefined);
  await makeNamespace(plane, 'istio-system');
  await makeNamespace(plane, 'shop', { 'istio-injection': 'enabled' });
  await letPeopleWork(plane);
  await mustKubectl(plane.kubeconfig, ['apply', '-f', join(ROOT, 'deploy/base/guard.yaml')]);
  const shipped = readFileSync(join(ROOT, 'deploy/base/break-glass.yaml'), 'utf8');
  // Nobody is in the shipped group; a cluster's own people are put into it, here by the name of theirs.
  await mustKubectl(plane.kubeconfig, APPLY, { stdin: shipped.replaceAll('"meshwarden:break-glass"', 'security') });
  const server = await serveProcess(plane.kubeconfig, ['--register', 'https://127.0.0.1:{port}']);
  t.teardown(() => server.end('SIGKILL'));
  await ready(server);
  await asShipped(plane.kubeconfig);
  const developer = (args: readonly string[], object?: unknown) => as(plane, 'developer', args, object);
  const security = (args: readonly string[], object?: unknown) => as(plane, 'security', args, object);
  const strict = meshPolicy('STRICT');
  await until(
    'the policies to be in force',
    async () => !(await developer(APPLY, meshPolicy('STRICT', { [KEY]: 'x' }))).isTaken,
    {
      seconds: 30,
    },
  );
  t.match(await developer(APPLY, strict), { isTaken: true }, 'what is right is taken');

  await t.test('Meshwarden is there', LIMIT, async (t) => {
    t.match(await security(APPLY, meshPolicy('PERMISSIVE')), { isTaken: false, codes: ['MW201'] }, 'no annotation');
    const stranger = await developer(APPLY, meshPolicy('PERMISSIVE', { [KEY]: glass() }));
    t.equal(stranger.isTaken, false, 'not of the group');
    t.match(stranger.stderr, /MW201|may be set only by those who may 'use' breakglass\.meshwarden\.io/);
    const used = glass();
    const passed = await security(APPLY, meshPolicy('PERMISSIVE', { [KEY]: used }));
    t.match(passed, { isTaken: true, codes: [] }, 'one of the group');
    t.match(passed.stderr, /^Warning: .*glass broken by 'security': this change is not judged by Meshwarden \(until /m);
    const again = await security(APPLY, meshPolicy('DISABLE', { [KEY]: used }));
    t.match(again, { isTaken: false, codes: ['MW201', 'MW906'] }, 'one text lets one change pass');
    const after = await developer(APPLY, meshPolicy('PERMISSIVE', { [KEY]: used }, { team: 'mesh' }));
    t.match(after, { isTaken: true, codes: ['MW201', 'MW906'] }, 'what is left is said at every change');
    t.match(await developer(APPLY, strict), { isTaken: true, codes: [] }, 'mended and swept up by anybody');
  });

  await t.test('the text must be readable, to end within four hours, and not past', LIMIT, async (t) => {
    const tries: readonly (readonly [string, RegExp])[] = [
      ['please', /must be 'until <YYYY-MM-DDThh:mm:ssZ> -- <reason>'/],
      ['until tomorrow -- INC-1', /must be 'until /],
      [`${glass().split(' -- ')[0]} -- `, /must be 'until /],
      [glass(-1), /is past its end/],
      [glass(250), /must end within four hours/],
      ['until 2026-02-30T00:00:00Z -- INC-1', /denied|forbidden/i],
      // Otherwise the warning would not say who and why.
      [`${glass()}\nand more`, /must be 'until .* on one line/],
      [`${glass()} \u001B[2K and more`, /must be 'until .* on one line/],
      [`${glass()} ${'and more '.repeat(40)}`, /of at most 300 characters/],
    ];
    for (const [text, why] of tries) {
      const attempt = await security(APPLY, meshPolicy('PERMISSIVE', { [KEY]: text }));
      t.equal(attempt.isTaken, false, text);
      t.match(attempt.stderr, why);
    }
    const both = { [KEY]: glass(), 'meshwarden.io/exempt': 'strict-mtls until 2027-01-31 -- x' };
    const two = await security(APPLY, meshPolicy('PERMISSIVE', both));
    t.equal(two.isTaken, false, 'no exception comes with it');
    t.match(two.stderr, "must leave 'meshwarden.io/exempt' as it is");
  });

  await t.test('it is swept up when the fault has gone, and nothing is in the way of a deletion', LIMIT, async (t) => {
    t.match(await security(APPLY, meshPolicy('PERMISSIVE', { [KEY]: glass() })), { isTaken: true });
    const swept = await security(APPLY, meshPolicy('PERMISSIVE'));
    t.match(swept, { isTaken: false, codes: ['MW201'] }, 'not with the fault left');
    t.match(await developer(APPLY, strict), { isTaken: true, codes: [] });
    const brief = glass(0.15);
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'brief', namespace: 'shop', annotations: { [KEY]: brief } },
      spec: { hostNetwork: true, containers: [{ name: 'agent', image: 'registry.example/agent:1' }] },
    };
    t.match(await security(APPLY, pod), { isTaken: true });
    await new Promise((done) => setTimeout(done, 20_000));
    const remove = ['delete', 'pod', 'brief', '-n', 'shop', '--now'];
    t.match(await security(remove), { isTaken: true }, 'a pod that carries a text of long ago goes');
  });

  await t.test('neither annotation gets in by a side door', LIMIT, async (t) => {
    await apply(plane, {
      ...(agent('', '') as object),
      metadata: { name: 'plain', namespace: 'shop' },
      spec: plainSpec(),
    });
    for (const key of [KEY, 'meshwarden.io/exempt']) {
      const patch = JSON.stringify({ metadata: { annotations: { [key]: glass() } } });
      const args = ['patch', 'deployment', 'plain', '-n', 'shop', '--subresource=status', '--type=merge', '-p', patch];
      const attempt = await as(plane, 'admin', args);
      t.equal(attempt.isTaken, false, key);
      t.match(attempt.stderr, 'may not be set by way of deployments/status');
    }
  });

  t.equal(await server.end('SIGKILL'), null, 'the service is gone, its webhooks are not');

  await t.test('Meshwarden is away', LIMIT, async (t) => {
    t.match(
      (await developer(APPLY, meshPolicy('PERMISSIVE'))).stderr,
      'failed calling webhook',
      'nothing passes unjudged',
    );
    t.match((await security(APPLY, meshPolicy('PERMISSIVE'))).stderr, 'failed calling webhook', 'by nobody');
    const stranger = await developer(APPLY, meshPolicy('PERMISSIVE', { [KEY]: glass() }));
    t.equal(stranger.isTaken, false);
    const late = await security(APPLY, meshPolicy('PERMISSIVE', { [KEY]: glass(-1) }));
    t.match(late.stderr, 'is past its end', 'the end holds');
    const passed = await security(APPLY, meshPolicy('PERMISSIVE', { [KEY]: glass() }));
    t.equal(passed.isTaken, true, passed.stderr);
    t.match(passed.stderr, "glass broken by 'security'", 'and it is as loud');
    const remove = ['delete', 'peerauthentication', 'default', '-n', 'istio-system'];
    t.match((await developer(remove)).stderr, 'failed calling webhook', 'a deletion, by anybody');
    const removed = await security(remove);
    t.match(removed, { isTaken: true }, 'by the group, of what it has marked');
    t.match(removed.stderr, "glass broken by 'security'");
  });

  await t.test('a Deployment, with pods, while Meshwarden is away', LIMIT, async (t) => {
    const text = glass();
    t.equal((await developer(APPLY, agent(text, text))).isTaken, false);
    const odd = await security(APPLY, agent(text, glass()));
    t.match(odd.stderr, "of a template must be set together with the object's own, and be the same");
    const passed = await security(APPLY, agent(text, text));
    t.equal(passed.isTaken, true, passed.stderr);
    const pods = async (): Promise<readonly unknown[]> =>
      listOf(
        valueAt(
          JSON.parse(
            await mustKubectl(plane.kubeconfig, ['get', 'pods', '-n', 'shop', '-l', 'app=agent', '-o', 'json']),
          ),
          ['items'],
        ),
      );
    await until('the pod', async () => (await pods()).length === 1, { seconds: 60 });
    t.equal(stringOf(valueAt((await pods())[0], ['metadata', 'annotations', KEY])), text);
    // Where all controllers share one account it is as good; anybody else copies nothing.
    const account = '--user=system:kube-controller-manager';
    await mustKubectl(plane.kubeconfig, ['create', 'clusterrolebinding', 'shared', '--clusterrole=people', account]);
    const copy = (name: string): unknown => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'shop', annotations: { [KEY]: text } },
      spec: { hostNetwork: true, containers: [{ name: 'agent', image: 'registry.example/agent:1' }] },
    });
    const shared = await as(plane, 'admin', [...APPLY, '--as=system:kube-controller-manager'], copy('shared'));
    t.equal(shared.isTaken, true, shared.stderr);
    t.equal((await developer(APPLY, copy('copied'))).isTaken, false);
  });
});

function plainSpec(): unknown {
  const labels = { app: 'plain', version: 'v1' };
  const containers = [{ name: 'plain', image: 'registry.example/plain:1' }];
  return {
    replicas: 0,
    selector: { matchLabels: { app: 'plain' } },
    template: { metadata: { labels }, spec: { containers } },
  };
}

/** Registers the webhooks as deploy/base does, at the address at which this test's server registered itself. */
async function asShipped(kubeconfig: string): Promise<void> {
  const name = 'validatingwebhookconfiguration/meshwarden-validate';
  const live: unknown = JSON.parse(await mustKubectl(kubeconfig, ['get', name, '-o', 'json']));
  const { url, caBundle } = valueAt(live, ['webhooks', 0, 'clientConfig']) as { url: string; caBundle: string };
  const clientConfig: ClientConfig = (path) => ({ url: `${new URL(url).origin}${path}`, caBundle });
  for (const configuration of webhookConfigurations(RULES, clientConfig, { guarded: true })) {
    const force = ['--server-side', '--force-conflicts', '--field-manager=meshwarden'];
    await mustKubectl(kubeconfig, ['apply', ...force, '-f', '-'], { stdin: JSON.stringify(configuration) });
  }
}
