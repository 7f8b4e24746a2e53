import t from 'tap';
import { until } from '../../src/edge/cluster/component.ts';
import { installIstioCrds } from '../../src/edge/cluster/istio-module.ts';
import { mustKubectl } from '../../src/edge/cluster/kubectl.ts';
import { listOf, recordOrEmpty } from '../../src/model/json.ts';
import { makeNamespace, startTestControlPlane } from './cluster.ts';
import { apply, as, letPeopleWork, letSecurityExempt, letSecurityExemptOneRule } from './exception-people.ts';
import { ready, serveProcess } from './serve-process.ts';

const LIMIT = { timeout: 240_000 };
const APPLY = ['apply', '-f', '-'];
const DAY_MS = 86_400_000;
const dayIn = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
const [YESTERDAY, SOON, LATER] = [dayIn(-1), dayIn(30), dayIn(60)];

const exemption = (rule: string, day: string): string => `${rule} until ${day} -- load test, OPS-311`;
const annotated = (exempt: string | undefined): Record<string, unknown> =>
  exempt === undefined ? {} : { annotations: { 'meshwarden.io/exempt': exempt } };

/** A VirtualService that keeps every rule but the bound of its retries. */
function route(
  exempt: string | undefined,
  { attempts = 5, name = 'cart', namespace = 'shop', labels = {}, isTimed = true } = {},
): unknown {
  const retries = { attempts, perTryTimeout: '5s', retryOn: '5xx,reset' };
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace, labels, ...annotated(exempt) },
    spec: {
      hosts: [name],
      http: [{ ...(isTimed ? { timeout: '60s' } : {}), retries, route: [{ destination: { host: name } }] }],
    },
  };
}

const service = (name: string, namespace: string): unknown => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { selector: { app: name }, ports: [{ name: 'http', port: 80 }] },
});

const template = (exempt: string | undefined): unknown => ({
  metadata: { labels: { app: 'agent', version: 'v1' }, ...annotated(exempt) },
  spec: { hostNetwork: true, containers: [{ name: 'agent', image: 'registry.example/agent:1' }] },
});

/** A Deployment whose pods share their node's network, so that no sidecar comes. */
function agent(onObject: string | undefined, onTemplate: string | undefined, replicas = 0): unknown {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'agent', namespace: 'shop', ...annotated(onObject) },
    spec: { replicas, selector: { matchLabels: { app: 'agent' } }, template: template(onTemplate) },
  };
}

t.setTimeout(600_000);

t.test('exceptions, with three people on a real API server', { timeout: 600_000 }, async (t) => {
  const plane = await startTestControlPlane();
  if (plane === undefined) {
    t.pass('needs a control plane', { skip: 'no control plane' });
    return;
  }
  t.teardown(() => plane.stop());
  await installIstioCrds(plane.kubeconfig, undefined);
  for (const namespace of ['shop', 'other']) {
    await makeNamespace(plane, namespace, { 'istio-injection': 'enabled' });
    for (const name of ['cart', 'old', 'late']) await apply(plane, service(name, namespace));
  }
  await letPeopleWork(plane);
  await letSecurityExempt(plane, 'shop');
  // What was there before anybody was asked: one whose day is past.
  await apply(plane, route(exemption('bounded-retries', YESTERDAY), { name: 'old' }));
  const server = await serveProcess(plane.kubeconfig, ['--register', 'https://127.0.0.1:{port}']);
  t.teardown(() => server.end('SIGKILL'));
  await ready(server);
  const developer = (args: readonly string[], object?: unknown) => as(plane, 'developer', args, object);
  const security = (args: readonly string[], object?: unknown) => as(plane, 'security', args, object);
  const granted = exemption('bounded-retries', SOON);

  await t.test('granted by security, refused to the developer', LIMIT, async (t) => {
    t.match(await developer(APPLY, route(undefined)), { isTaken: false, codes: ['MW401'] }, 'a fault is refused');
    const own = await developer(APPLY, route(granted));
    t.match(own, { isTaken: false, codes: ['MW401', 'MW902'] }, 'so is one’s own exception');
    t.match(own.stderr, "must be set by somebody who may exempt it in namespace 'shop', and 'developer' may not");
    const dry = await developer([...APPLY, '--dry-run=server'], route(granted));
    t.match(dry, { isTaken: false, codes: ['MW401', 'MW902'] }, 'a dry run says the same');
    const given = await security(APPLY, route(granted));
    t.match(given, { isTaken: true, codes: [] });
    t.match(given.stderr, `Warning: 'bounded-retries' is excepted until ${SOON}: load test, OPS-311`);
    t.match(await server.metrics(), /meshwarden_exceptions_applied_total\{rule="bounded-retries"\} [1-9]/);
  });

  await t.test('kept while others work on the object, lost when what it excepts changes', LIMIT, async (t) => {
    const labelled = await developer(APPLY, route(granted, { labels: { team: 'cart' } }));
    t.match(labelled, { isTaken: true, codes: [] }, 'other things may change');
    t.match(labelled.stderr, "'bounded-retries' is excepted until");
    const worse = await developer(APPLY, route(granted, { attempts: 6 }));
    t.match(worse, { isTaken: false, codes: ['MW401', 'MW902'] });
    t.match(worse.stderr, "`spec.http[0].retries.attempts` is excepted from 'bounded-retries' as it was");
    const other = await developer(APPLY, route(granted, { isTimed: false }));
    t.match(other, { isTaken: false, codes: ['MW403'] }, 'another rule is not excepted');
    t.match(
      await developer(APPLY, route(undefined)),
      { isTaken: false, codes: ['MW401'] },
      'taking it away mends nothing',
    );
    t.match(await security(APPLY, route(granted, { attempts: 6 })), { isTaken: true }, 'security may change it');
  });

  await t.test('copied, renamed', LIMIT, async (t) => {
    const there = { namespace: 'other', attempts: 6 };
    t.match(await developer(APPLY, route(granted, there)), { isTaken: false, codes: ['MW401', 'MW902'] });
    const beyond = await security(APPLY, route(granted, there));
    t.match(beyond, { isTaken: false, codes: ['MW401', 'MW902'] }, 'a right in one namespace is none in another');
    t.match(await as(plane, 'admin', APPLY, route(granted, there)), { isTaken: true }, 'who may everywhere, may there');
    const renamed = await developer(APPLY, route(granted, { name: 'late' }));
    t.match(renamed, { isTaken: false, codes: ['MW401', 'MW902'] }, 'nor does it go with another name');
  });

  await t.test('prolonged, widened, shortened', LIMIT, async (t) => {
    const longer = exemption('bounded-retries', LATER);
    t.match(await developer(APPLY, route(longer, { attempts: 6 })), { isTaken: false, codes: ['MW401', 'MW902'] });
    const wider = `${granted}; ${exemption('route-timeout', SOON)}`;
    t.match(await developer(APPLY, route(wider, { attempts: 6 })), { isTaken: false, codes: ['MW902'] });
    t.match(await security(APPLY, route(longer, { attempts: 6 })), { isTaken: true });
    t.match(await developer(APPLY, route(granted, { attempts: 6 })), { isTaken: true }, 'shortening needs no right');
    const far = await security(APPLY, route(exemption('bounded-retries', dayIn(181)), { attempts: 6 }));
    t.match(far, { isTaken: false, codes: ['MW401', 'MW903'] }, 'nobody gets more than the longest life');
  });

  await t.test('expired', LIMIT, async (t) => {
    const touch = ['label', 'virtualservice', 'old', '-n', 'shop', 'team=cart', '--overwrite'];
    const next = await developer(touch);
    t.match(next, { isTaken: false, codes: ['MW401', 'MW903'] }, 'it does not count at the next change');
    t.match(next.stderr, `excepts 'bounded-retries' until ${YESTERDAY}, which is past`);
    t.match(await developer(APPLY, route(undefined, { name: 'old' })), { isTaken: false, codes: ['MW401'] });
    t.match(await developer(APPLY, route(undefined, { name: 'old', attempts: 3 })), { isTaken: true }, 'mended');
  });

  await t.test('needless, unreadable, from a rule without exceptions', LIMIT, async (t) => {
    const kept = await security(APPLY, route(granted, { name: 'late', attempts: 3 }));
    t.match(kept, { isTaken: true, codes: ['MW904'] });
    const misspelt = await security(APPLY, route(exemption('bounded-retrys', SOON), { name: 'late', attempts: 3 }));
    t.match(misspelt, { isTaken: false, codes: ['MW901'] });
    t.match(misspelt.stderr, "did you mean 'bounded-retries'?");
    const fixed = exemption('unreadable-object', SOON);
    t.match(await security(APPLY, route(fixed, { name: 'late', attempts: 3 })), { isTaken: false, codes: ['MW905'] });
  });

  await t.test('moved to a template, whose pods the real controllers make', LIMIT, async (t) => {
    const network = exemption('sidecar-injected', SOON);
    t.match(await developer(APPLY, agent(network, undefined)), { isTaken: false, codes: ['MW104', 'MW902'] });
    t.match(await security(APPLY, agent(network, undefined)), { isTaken: true });
    t.match(await developer(APPLY, agent(undefined, network)), { isTaken: false, codes: ['MW104', 'MW902'] });
    t.match(await developer(APPLY, agent(network, network)), { isTaken: false, codes: ['MW902'] });
    t.match(await security(APPLY, agent(undefined, network)), { isTaken: true });
    t.match(await developer(APPLY, agent(undefined, network, 2)), { isTaken: true }, 'scaled by the developer');
    const pods = (): Promise<string> =>
      mustKubectl(plane.kubeconfig, ['get', 'pods', '-n', 'shop', '-l', 'app=agent', '-o', 'name']);
    await until('two pods', async () => (await pods()).trim().split('\n').length === 2, { seconds: 60 });
    const copy = JSON.parse(
      await mustKubectl(plane.kubeconfig, ['get', (await pods()).split('\n')[0] ?? '', '-n', 'shop', '-o', 'json']),
    );
    const bare = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'agent-mine',
        namespace: 'shop',
        labels: copy.metadata.labels,
        annotations: copy.metadata.annotations,
        ownerReferences: copy.metadata.ownerReferences,
      },
      spec: { hostNetwork: true, containers: [{ name: 'agent', image: 'registry.example/agent:1' }] },
    };
    const mine = await developer(['create', '-f', '-'], bare);
    t.match(mine, { isTaken: false, codes: ['MW104', 'MW902'] }, 'the same pod, owner and all, by the developer');
  });

  await t.test('the right withdrawn, and given for one rule', LIMIT, async (t) => {
    await mustKubectl(plane.kubeconfig, ['delete', 'rolebinding', 'exempt', '-n', 'shop']);
    const longer = route(exemption('bounded-retries', LATER), { attempts: 6 });
    await until('the right to be gone', async () => !(await security([...APPLY, '--dry-run=server'], longer)).isTaken, {
      seconds: 20,
    });
    t.match(await security(APPLY, longer), { isTaken: false, codes: ['MW401', 'MW902'] });
    const touched = await security(APPLY, route(granted, { attempts: 6, labels: { team: 'none' } }));
    t.match(touched, { isTaken: true, codes: [] }, 'what was granted stands until its day');
    await letSecurityExemptOneRule(plane);
    await until('the new right', async () => (await security([...APPLY, '--dry-run=server'], longer)).isTaken, {
      seconds: 20,
    });
    t.match(await security(APPLY, longer), { isTaken: true });
    const two = `${exemption('bounded-retries', LATER)}; ${exemption('route-timeout', SOON)}`;
    t.match(
      await security(APPLY, route(two, { attempts: 6, isTimed: false })),
      { isTaken: false, codes: ['MW403', 'MW902'] },
      'for that rule alone',
    );
  });

  t.equal(await server.end(), 0);
  const log = server.log();
  t.same(
    log.filter(({ level }) => level === 'error'),
    [],
    'without a fault of ours',
  );
  t.ok(
    log.some((line) => listOf(line.exceptions).some((one) => recordOrEmpty(one).rule === 'bounded-retries')),
    'every use stands in the log',
  );
  const pods = log.filter(
    ({ kind, webhook, operation, name }) =>
      kind === 'Pod' && webhook === 'validate' && operation === 'CREATE' && name !== 'agent-mine',
  );
  t.ok(pods.length >= 2, 'the pods of the controllers were judged');
  for (const line of pods) {
    t.match(line, { decision: 'allow', exceptions: [{ rule: 'sidecar-injected', until: SOON }] }, 'and carried it');
  }
});
