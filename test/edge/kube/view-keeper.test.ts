import type { ServerResponse } from 'node:http';
import t, { type Test } from 'tap';
import { until } from '../../../src/edge/cluster/component.ts';
import { mayExempt } from '../../../src/edge/kube/access-review.ts';
import { ApiError, apiClient, userClient } from '../../../src/edge/kube/api-client.ts';
import { keepView, type ViewKeeper } from '../../../src/edge/kube/view-keeper.ts';
import type { Kind } from '../../../src/model/kind.ts';
import { annotationsOf, nameOf, namespaceOf } from '../../../src/model/kube-object.ts';
import { isRecord } from '../../../src/model/json.ts';
import { BASELINE } from '../../baseline-fixture.ts';
import { event, faultyServer, type FaultyServer, send, sendList } from './faulty-server.ts';

interface Kept extends ViewKeeper {
  readonly names: () => readonly string[];
  readonly log: string[];
}

function keep(
  t: Test,
  { client }: FaultyServer,
  options: { readonly kinds?: readonly Kind[]; readonly staleMs?: number; readonly unserved?: number } = {},
): Kept {
  const { kinds = ['Service'], staleMs, unserved = 5 } = options;
  const log: string[] = [];
  const keeper = keepView(client, {
    kinds,
    settings: BASELINE.mesh,
    log: {
      warn: (facts, message) => log.push(`${message} ${JSON.stringify(facts)}`),
      info: (facts, message) => log.push(`${message} ${JSON.stringify(facts)}`),
    },
    delays: { first: 2, longest: 16, unserved },
    ...(staleMs === undefined ? {} : { staleMs }),
  });
  t.teardown(() => keeper.stop());
  const [kind = 'Service'] = kinds;
  return { ...keeper, log, names: () => keeper.view().list(kind).map(nameOf) };
}

const soon = (what: string, ask: () => boolean): Promise<void> => until(what, ask, { seconds: 10 });
const isWatch = (url: string | undefined): boolean => url?.includes('watch=1') ?? false;

t.test('what is listed page by page and watched is the view; what rules do not read is left out', async (t) => {
  const server = await faultyServer(t);
  const watches: ServerResponse[] = [];
  server.answer = ({ url = '' }, response) => {
    if (isWatch(url)) return void watches.push(response.writeHead(200));
    if (url.includes('continue=')) return sendList(response, ['b'], { resourceVersion: '10' });
    const status = { loadBalancer: {} };
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': '{}', kept: 'yes' };
    const metadata = { name: 'a', namespace: 'shop', managedFields: [{}], annotations };
    const items = [{ metadata, spec: {}, status }];
    return send(response, 200, { kind: 'ServiceList', apiVersion: 'v1', metadata: { continue: 'x y' }, items });
  };
  const keeper = keep(t, server);
  await soon('the watch', () => watches.length === 1);
  t.same(keeper.names(), ['a', 'b']);
  t.equal(keeper.isSynced(), true);
  t.match(server.requests[1], 'continue=x%20y');
  t.match(server.requests[2], /^GET \/api\/v1\/services\?watch=1&allowWatchBookmarks=true&.*resourceVersion=10$/);
  const [a] = keeper.view().list('Service');
  t.same(Object.keys(a ?? {}).toSorted(), ['apiVersion', 'kind', 'metadata', 'spec'], 'no status');
  t.same(a === undefined ? {} : annotationsOf(a), { kept: 'yes' });
  t.notOk(isRecord(a?.metadata) && 'managedFields' in a.metadata);

  const [watch] = watches;
  if (watch === undefined) throw new Error('there is one');
  const before = keeper.view();
  event(watch, 'ADDED', 'c', '11');
  event(watch, 'DELETED', 'a', '12');
  event(watch, 'MODIFIED', 'b', '13');
  await soon('the events', () => keeper.names().join() === 'b,c');
  t.same(before.list('Service').map(nameOf), ['a', 'b'], 'a view that somebody holds never changes');
  t.equal(keeper.view(), keeper.view(), 'and stays the same one until something does');
  t.match(keeper.states(), [{ kind: 'Service', isSynced: true, lagSeconds: 0, objects: 2 }]);
});

t.test(
  'events of what rules do not read leave the view as it is: statuses, versions, elections, lists anew',
  async (t) => {
    const server = await faultyServer(t);
    const watches: ServerResponse[] = [];
    let port = 80;
    let version = 0;
    const service = (change: object = {}, annotations: object = { kept: 'yes' }): object => {
      version += 1;
      const leader = `{"holderIdentity":"istiod-${version}"}`;
      const notes = { ...annotations, 'control-plane.alpha.kubernetes.io/leader': leader };
      const metadata = {
        name: 'a',
        namespace: 'shop',
        resourceVersion: `${version}`,
        generation: version,
        annotations: notes,
      };
      return { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port }] }, ...change };
    };
    server.answer = ({ url = '' }, response) => {
      if (isWatch(url)) return void watches.push(response.writeHead(200));
      return send(response, 200, { kind: 'ServiceList', apiVersion: 'v1', metadata: {}, items: [service()] });
    };
    const keeper = keep(t, server);
    await soon('the watch', () => watches.length === 1);
    const said = (object: object): void =>
      void watches.at(-1)?.write(`${JSON.stringify({ type: 'MODIFIED', object })}\n`);
    // A second object tells when all events before it have come.
    let marks = 0;
    const mark = async (): Promise<void> => {
      marks += 1;
      const name = `mark-${marks}`;
      said({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop' }, spec: {} });
      await soon(name, () => keeper.names().includes(name));
    };
    await mark();
    const kept = keeper.view().get('Service', 'shop', 'a');
    t.ok(kept);
    said(service({ status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } } }));
    said(service());
    await mark();
    t.equal(keeper.view().get('Service', 'shop', 'a'), kept, 'a status, a version and an election');
    const before = keeper.view();
    watches
      .at(-1)
      ?.end(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old' } })}\n`);
    await soon('the second watch', () => watches.length === 2);
    await soon('the list', () => keeper.names().length === 1);
    t.not(keeper.view(), before, 'the marks are gone');
    t.equal(keeper.view().get('Service', 'shop', 'a'), kept, 'a list that says the same');
    said(service({}, { kept: 'no' }));
    await soon('an annotation', () => keeper.view().get('Service', 'shop', 'a') !== kept);
    port = 81;
    const known = keeper.view().get('Service', 'shop', 'a');
    said(service());
    await soon('a port', () => keeper.view().get('Service', 'shop', 'a') !== known);
    const depth = 20_000;
    const deep = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    for (let round = 0; round < 2; round += 1) {
      const last = keeper.view();
      const object = JSON.stringify(service()).replace('"spec":{', `"deep":${deep},"spec":{`);
      watches.at(-1)?.write(`{"type":"MODIFIED","object":${object}}\n`);
      await soon('what is too deep to be compared', () => keeper.view() !== last);
    }
    t.equal(watches.length, 2, 'and the watch goes on');
  },
);

t.test('a watch that breaks is taken up where it was; one that is too old begins with a list', async (t) => {
  const server = await faultyServer(t);
  let lists = 0;
  let watches = 0;
  server.answer = ({ url }, response) => {
    if (!isWatch(url)) {
      lists += 1;
      return sendList(response, lists === 1 ? ['a'] : ['b'], { resourceVersion: String(lists * 10) });
    }
    watches += 1;
    response.writeHead(200);
    if (watches === 1) {
      event(response, 'BOOKMARK', '', '17');
      return void setImmediate(() => response.destroy());
    }
    if (watches === 2) return void response.end();
    if (watches === 3) {
      const gone = { type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old resource version' } };
      return void response.end(`${JSON.stringify(gone)}\n`);
    }
    return event(response, 'ADDED', 'c', '21');
  };
  const keeper = keep(t, server);
  await soon('all four watches', () => keeper.names().join() === 'b,c');
  const from = server.requests.filter(isWatch).map((line) => /resourceVersion=(\d+)/.exec(line)?.[1]);
  t.same(from, ['10', '17', '17', '20'], 'a bookmark moves the mark; 410 lists anew');
  t.equal(lists, 2);
});

t.test('faults are waited out, ever longer, and what was known counts meanwhile', async (t) => {
  const server = await faultyServer(t);
  let isDown = false;
  let watch: ServerResponse | undefined;
  server.answer = ({ url }, response) => {
    if (isDown) return send(response, 500, { kind: 'Status', message: 'etcd is away' });
    if (!isWatch(url)) return sendList(response, ['a']);
    watch = response.writeHead(200);
    return watch.flushHeaders();
  };
  const keeper = keep(t, server, { staleMs: 1 });
  await soon('the watch', () => watch !== undefined && keeper.isSynced());
  t.same(keeper.stale(), []);
  isDown = true;
  watch?.destroy();
  await soon('several tries', () => keeper.log.filter((line) => line.includes('etcd is away')).length >= 4);
  t.same(keeper.names(), ['a'], 'an absent server is no empty mesh');
  t.equal(keeper.isSynced(), true);
  t.same(keeper.stale(), ['Service'], 'and what is known is said to be old');
  t.ok((keeper.states()[0]?.lagSeconds ?? 0) > 0);
  isDown = false;
  await soon('the server to be back', () => keeper.stale().length === 0);
  t.equal(keeper.states()[0]?.lagSeconds, 0);
});

t.test('a refused list keeps the view from being ready, and says why', async (t) => {
  const server = await faultyServer(t);
  server.answer = (_request, response) => send(response, 403, { kind: 'Status', message: 'services is forbidden' });
  const keeper = keep(t, server);
  await soon('two tries', () => keeper.log.length >= 2);
  t.equal(keeper.isSynced(), false);
  t.match(keeper.log[0], 'watch lost; trying again {"kind":"Service","error":"services is forbidden"}');
});

t.test('a kind is watched in the version that is served, and asked for again while none is', async (t) => {
  const server = await faultyServer(t);
  let isServed = false;
  server.answer = ({ url = '' }, response) => {
    if (!isServed || !url.startsWith('/apis/networking.istio.io/v1beta1/')) {
      return send(response, 404, { kind: 'Status', message: 'not found' });
    }
    if (isWatch(url)) return response.writeHead(200).flushHeaders();
    const items = [{ apiVersion: 'networking.istio.io/v1beta1', kind: 'Sidecar', metadata: { name: 'a' }, spec: {} }];
    const apiVersion = 'networking.istio.io/v1beta1';
    return send(response, 200, { apiVersion, kind: 'SidecarList', metadata: { resourceVersion: '1' }, items });
  };
  const keeper = keep(t, server, { kinds: ['Sidecar'] });
  await soon('the kind to be given up', () => keeper.isSynced());
  t.same(keeper.names(), []);
  t.same(
    server.requests.slice(0, 3).map((line) => line.split('/')[3]),
    ['v1', 'v1beta1', 'v1alpha3'],
  );
  isServed = true;
  await soon('the kind to be found', () => keeper.names().join() === 'a');
  await soon('its watch', () => server.requests.some((line) => isWatch(line) && line.includes('v1beta1')));
  isServed = false;
});

t.test('a server that ends each watch at once is not asked in a circle', async (t) => {
  const server = await faultyServer(t);
  server.answer = ({ url }, response) =>
    isWatch(url) ? void response.writeHead(200).end() : sendList(response, ['a']);
  const started = performance.now();
  keep(t, server);
  await soon('some watches', () => server.requests.length > 10);
  t.ok(performance.now() - started >= 9 * 2, 'each waits for the first delay');
});

t.test(
  'of ConfigMaps only the root namespace is read; another baseline reads another, and settles the view',
  async (t) => {
    const server = await faultyServer(t);
    server.answer = ({ url = '' }, response) => {
      if (isWatch(url)) return response.writeHead(200).flushHeaders();
      const namespace = url.split('/')[4] ?? '';
      const items = [{ metadata: { name: 'istio', namespace }, data: {} }];
      return send(response, 200, { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '1' }, items });
    };
    const keeper = keep(t, server, { kinds: ['ConfigMap'] });
    const namespaces = (): readonly string[] => keeper.view().list('ConfigMap').map(namespaceOf);
    await soon('the first', () => namespaces().join() === 'istio-system');
    const view = keeper.view();
    keeper.settle({ ...BASELINE.mesh });
    t.equal(keeper.view(), view, 'equal settings change nothing');
    keeper.settle({ ...BASELINE.mesh, rootNamespace: 'mesh-root' });
    t.equal(keeper.view().settings.rootNamespace, 'mesh-root');
    await soon('the second', () => namespaces().join() === 'mesh-root');
  },
);

t.test('calls share their connections', async (t) => {
  const server = await faultyServer(t);
  server.answer = (_request, response) => send(response, 201, { status: { allowed: true } });
  for (let call = 0; call < 20; call += 1) await server.client.post('/apis/x', {});
  t.ok(server.connections() <= 2, 'two at most for twenty calls');
});

t.test('whether a person may except a rule is asked in full, and only a clear yes is one', async (t) => {
  const server = await faultyServer(t);
  const asked: unknown[] = [];
  let status: unknown = { allowed: true };
  server.answer = (request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    request.on('end', () => {
      asked.push(JSON.parse(text));
      send(response, 201, { status });
    });
  };
  const ask = (): Promise<boolean> =>
    mayExempt(
      server.client,
      { username: 'ann', groups: ['shop'], uid: '7', extra: { scopes: ['a'] } },
      { rule: 'bounded-retries', namespace: 'shop' },
    );
  t.equal(await ask(), true);
  t.match(asked[0], {
    kind: 'SubjectAccessReview',
    spec: {
      user: 'ann',
      groups: ['shop'],
      uid: '7',
      extra: { scopes: ['a'] },
      resourceAttributes: {
        verb: 'exempt',
        group: 'meshwarden.io',
        resource: 'rules',
        name: 'bounded-retries',
        namespace: 'shop',
      },
    },
  });
  for (const answer of [{ allowed: false }, {}, { allowed: 'true' }, undefined]) {
    status = answer;
    t.equal(await ask(), false, JSON.stringify(answer) ?? 'nothing');
  }
  server.answer = (_request, response) => send(response, 403, { kind: 'Status', message: 'no' });
  await t.rejects(ask(), new ApiError(403, 'no'));
  await server.close();
  await t.rejects(ask(), { name: 'ApiError', code: 0, message: /^no answer from http:\/\/127\.0\.0\.1:\d+: / });
});

t.test('a kubeconfig that cannot be used is said in words', (t) => {
  t.throws(() => apiClient('/nonexistent/kubeconfig'), {
    code: 'KUBECONFIG_UNREADABLE',
    message: /^cannot read the kubeconfig '\/nonexistent\/kubeconfig': ENOENT.*; name another with --kubeconfig$/,
  });
  const folder = t.testdir({ empty: 'apiVersion: v1\nkind: Config\n' });
  t.throws(() => apiClient(`${folder}/empty`), {
    code: 'KUBECONFIG_NO_CLUSTER',
    message: /^the kubeconfig '.*\/empty' has no current context with a cluster; set one with /,
  });
  t.intercept(process, 'env', { value: { ...process.env, KUBECONFIG: '', HOME: folder } });
  t.throws(() => apiClient(undefined), { code: 'NOT_IN_POD' }, 'outside of a pod nobody waits for its API server');
  t.throws(() => userClient({}), { code: 'KUBECONFIG_NONE' }, 'where nothing is configured, no address is guessed');
  t.end();
});
