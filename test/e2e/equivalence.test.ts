import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { kubectl } from '../../src/edge/cluster/kubectl.ts';
import { isRecord, stringOf, valueAt } from '../../src/model/json.ts';
import { KINDS, kindOf } from '../../src/model/kind.ts';
import { isKubeObject, type KubeObject, nameOf, namespaceOf } from '../../src/model/kube-object.ts';
import { objectsOf } from '../rules/example-runner.ts';
import { type Api, apiOf, codesIn, pathOf } from './api.ts';
import { caughtUp, type GovernedCluster, startGovernedCluster } from './governed-cluster.ts';

t.setTimeout(900_000);

/** A right object, and the change that makes it wrong. */
interface Case {
  readonly title: string;
  readonly code: string;
  readonly right: string;
  /** A merge patch from the right object to the wrong one; in lists whole lists. */
  readonly wrong: Readonly<Record<string, unknown>>;
}

const ROUTE = {
  route: [{ destination: { host: 'auth-service.llmoptimizer.svc.cluster.local' } }],
  timeout: '15s',
  retries: { attempts: 0 },
};

const CASES: readonly Case[] = [
  {
    title: 'a PeerAuthentication that lets plaintext in',
    code: 'MW201',
    right: `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: way, namespace: llmoptimizer }
spec: { selector: { matchLabels: { app: way } }, mtls: { mode: STRICT } }`,
    wrong: { spec: { mtls: { mode: 'PERMISSIVE' } } },
  },
  {
    title: 'an AuthorizationPolicy that lets everybody in',
    code: 'MW302',
    right: `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: way, namespace: llmoptimizer }
spec:
  selector: { matchLabels: { app: way } }
  rules: [{ from: [{ source: { principals: [cluster.local/ns/llmoptimizer/sa/api-gateway] } }] }]`,
    wrong: { spec: { rules: [{}] } },
  },
  {
    title: 'a VirtualService without a timeout',
    code: 'MW403',
    right: `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: way, namespace: llmoptimizer }
spec:
  hosts: [way.llmoptimizer.example]
  gateways: [istio-ingress/llmoptimizer-gateway]
  http: [${JSON.stringify(ROUTE)}]`,
    wrong: { spec: { http: [{ route: ROUTE.route, retries: ROUTE.retries }] } },
  },
  {
    title: 'a DestinationRule whose breaker opens too late',
    code: 'MW406',
    right: `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: way, namespace: llmoptimizer }
spec:
  host: way.llmoptimizer.svc.cluster.local
  trafficPolicy:
    connectionPool: { tcp: { maxConnections: 10 }, http: { http2MaxRequests: 10 } }
    outlierDetection: { consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s, maxEjectionPercent: 50, minHealthPercent: 50 }`,
    wrong: { spec: { trafficPolicy: { outlierDetection: { consecutive5xxErrors: 50 } } } },
  },
  {
    title: 'a Gateway for every host',
    code: 'MW501',
    right: `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: way, namespace: istio-ingress }
spec:
  selector: { istio: ingressgateway }
  servers:
    - port: { number: 443, name: https, protocol: HTTPS }
      hosts: [llmoptimizer/way.llmoptimizer.example]
      tls: { mode: SIMPLE, credentialName: way, minProtocolVersion: TLSV1_2 }`,
    wrong: {
      spec: {
        servers: [
          {
            port: { number: 443, name: 'https', protocol: 'HTTPS' },
            hosts: ['*'],
            tls: { mode: 'SIMPLE', credentialName: 'way', minProtocolVersion: 'TLSV1_2' },
          },
        ],
      },
    },
  },
];

/** Lays a merge patch over an object (RFC 7396). */
function merged(value: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record<string, unknown> = { ...(isRecord(value) ? value : {}) };
  for (const [key, inner] of Object.entries(patch)) {
    if (inner === null) delete result[key];
    else result[key] = merged(result[key], inner);
  }
  return result;
}

const FORBIDDEN = 'denied the request: [';

t.test('the same fault gets the same answer on every way in', { timeout: 900_000 }, async (t) => {
  const cluster = await startGovernedCluster({ isInjecting: false });
  if (cluster === undefined) {
    t.pass('needs a control plane', { skip: 'no control plane' });
    return;
  }
  t.teardown(cluster.stop);
  const api = apiOf(cluster.plane.kubeconfig);
  t.teardown(api.close);
  let ways = 0;
  for (const one of CASES) {
    await t.test(one.title, { timeout: 300_000 }, async (t) => {
      ways += await everyWay(t, one, cluster, api);
    });
  }
  t.comment(`${CASES.length} faults on ${ways} ways in all`);

  await t.test('a fault by the deletion of another object', { timeout: 300_000 }, (t) => deletions(t, cluster, api));
  await t.test('subresources', { timeout: 300_000 }, (t) => subresources(t, cluster, api));
});

type Test = Pick<typeof t, 'equal' | 'ok' | 'notOk' | 'same'>;

async function everyWay(t: Test, { code, right, wrong }: Case, cluster: GovernedCluster, api: Api): Promise<number> {
  const { kubeconfig } = cluster.plane;
  const good = objectsOf(right)[0];
  if (good === undefined) throw new Error('a case has one object');
  const bad = merged(good, wrong);
  if (!isKubeObject(bad)) throw new Error('a wrong object is an object');
  const kind = kindOf(good);
  const versions = kind === undefined ? [] : KINDS[kind].versions;
  let ways = 0;
  const refusedBy = async (way: string, asked: ReturnType<typeof kubectl>): Promise<void> => {
    const { code: exit, stderr } = await asked;
    ways += 1;
    t.equal(exit, 1, `${way} fails`);
    t.ok(stderr.includes(FORBIDDEN) && stderr.includes(`[${code}]`), `${way} is refused by ${code}: ${stderr.trim()}`);
  };
  const give = (args: readonly string[], object: unknown): ReturnType<typeof kubectl> =>
    kubectl(kubeconfig, [...args, '-f', '-'], { stdin: JSON.stringify(object) });
  const inVersion = (version: string): KubeObject => ({
    ...bad,
    apiVersion: `${good.apiVersion.split('/')[0] ?? ''}/${version}`,
  });

  for (const version of versions) {
    await refusedBy(`create at ${version}`, give(['create'], inVersion(version)));
    await refusedBy(`apply at ${version}`, give(['apply'], inVersion(version)));
    await refusedBy(`server-side apply at ${version}`, give(['apply', '--server-side'], inVersion(version)));
    await refusedBy(`dry run at ${version}`, give(['apply', '--dry-run=server'], inVersion(version)));
  }
  const generated = { ...bad, metadata: { generateName: 'way-', namespace: namespaceOf(good) } };
  await refusedBy('create with generateName', give(['create'], generated));

  t.equal((await give(['apply'], good)).code, 0, `the right one is taken: ${(await give(['apply'], good)).stderr}`);
  await caughtUp(cluster.server);
  for (const version of versions) {
    await refusedBy(`apply over it at ${version}`, give(['apply'], inVersion(version)));
    await refusedBy(
      `server-side apply over it at ${version}`,
      give(['apply', '--server-side', '--force-conflicts'], inVersion(version)),
    );
    await refusedBy(`replace at ${version}`, give(['replace'], inVersion(version)));
    await refusedBy(`diff at ${version}`, diffAsFailure(give(['diff'], inVersion(version))));
    for (const [type, body] of [
      ['merge-patch', wrong],
      ['json-patch', [{ op: 'replace', path: '/spec', value: bad.spec }]],
    ] as const) {
      const path = pathOf(good, { version });
      const answer = await api.call('PATCH', path, body, `application/${type}+json`);
      ways += 1;
      t.equal(answer.status, 403, `${type} at ${version} is refused`);
      t.same(codesIn(answer).refused, [code], `${type} at ${version}`);
    }
  }
  const resource = kind === undefined ? '' : `${KINDS[kind].resource}.${KINDS[kind].group}`;
  const name = ['-n', namespaceOf(good), nameOf(good)];
  await refusedBy(
    'kubectl patch',
    kubectl(kubeconfig, ['patch', resource, ...name, '--type=merge', '-p', JSON.stringify(wrong)]),
  );
  await refusedBy('kubectl edit', edit(cluster, [resource, ...name], bad));

  const { body } = await api.call('GET', pathOf(good));
  const status = isRecord(body) ? { ...body, spec: bad.spec, status: { observedGeneration: 1 } } : {};
  const smuggled = await api.call('PUT', `${pathOf(good)}/status`, status);
  t.ok(smuggled.status < 500, 'a status update is answered');
  const after = await api.call('GET', pathOf(good));
  t.same(valueAt(after.body, ['spec']), good.spec, 'and smuggles no spec');

  const finalizer = { metadata: { finalizers: ['example.com/hold'] } };
  await api.call('PATCH', pathOf(good), finalizer, 'application/merge-patch+json');
  await api.call('DELETE', pathOf(good));
  const dying = await api.call('PATCH', pathOf(good), wrong, 'application/merge-patch+json');
  ways += 1;
  t.same(codesIn(dying).refused, [code], 'an edit under a deletion timestamp is judged');
  const freed = await api.call(
    'PATCH',
    pathOf(good),
    { metadata: { finalizers: null } },
    'application/merge-patch+json',
  );
  t.ok(freed.status < 300, 'and only losing the finalizers is not');
  await caughtUp(cluster.server);
  return ways;
}

/** `kubectl diff` ends with 2 where a webhook refuses; the other ways end with 1. */
async function diffAsFailure(asked: ReturnType<typeof kubectl>): ReturnType<typeof kubectl> {
  const answer = await asked;
  return { ...answer, code: answer.code > 1 ? 1 : -1 };
}

/** Edits as a person would, with an editor that writes the wrong object. */
async function edit(cluster: GovernedCluster, what: readonly string[], bad: KubeObject): ReturnType<typeof kubectl> {
  const file = join(cluster.folder, 'edited.json');
  const editor = join(cluster.folder, 'editor.sh');
  const { body } = await oneCall(cluster, pathOf(bad));
  writeFileSync(file, JSON.stringify(isRecord(body) ? { ...body, spec: bad.spec } : bad));
  writeFileSync(editor, `#!/bin/sh\ncp '${file}' "$1"\n`, { mode: 0o755 });
  const before = process.env.KUBE_EDITOR;
  process.env.KUBE_EDITOR = editor;
  const answer = await kubectl(cluster.plane.kubeconfig, ['edit', ...what, '-o', 'json']);
  if (before === undefined) delete process.env.KUBE_EDITOR;
  else process.env.KUBE_EDITOR = before;
  return answer;
}

async function oneCall({ plane }: GovernedCluster, path: string): ReturnType<Api['call']> {
  const api = apiOf(plane.kubeconfig);
  try {
    return await api.call('GET', path);
  } finally {
    api.close();
  }
}

/** The mesh-wide policies are what others rest on. */
async function deletions(t: Test, { plane }: GovernedCluster, api: Api): Promise<void> {
  const policies = '/apis/security.istio.io/v1/namespaces/istio-system';
  for (const [resource, name, code] of [
    ['peerauthentications', 'default', 'MW201'],
    ['authorizationpolicies', 'mesh-default-deny', 'MW301'],
  ] as const) {
    const { stderr } = await kubectl(plane.kubeconfig, [
      'delete',
      resource,
      name,
      '-n',
      'istio-system',
      '--wait=false',
    ]);
    t.ok(stderr.includes(`[${code}]`), `kubectl delete of ${resource}: ${stderr}`);
    for (const version of ['v1', 'v1beta1']) {
      const path = `${policies.replace('/v1/', `/${version}/`)}/${resource}`;
      t.same(codesIn(await api.call('DELETE', `${path}/${name}`)).refused, [code], `DELETE at ${version}`);
      t.same(codesIn(await api.call('DELETE', path)).refused, [code], `DELETE of the collection at ${version}`);
      const other = { metadata: { labels: { 'istio.io/rev': 'another' } } };
      const moved = await api.call('PATCH', `${path}/${name}`, other, 'application/merge-patch+json');
      t.same(codesIn(moved).refused, [code], `another revision at ${version} is the same as gone`);
    }
    t.equal((await api.call('GET', `${policies}/${resource}/${name}`)).status, 200, 'it is still there');
  }
}

const POD = `
apiVersion: v1
kind: Pod
metadata: { name: way, namespace: llmoptimizer, labels: { app: way, version: v1 } }
spec:
  terminationGracePeriodSeconds: 0
  containers: [{ name: app, image: registry.example/app:1 }]`;

async function subresources(t: Test, cluster: GovernedCluster, api: Api): Promise<void> {
  const pod = objectsOf(POD)[0];
  if (pod === undefined) throw new Error('there is a pod');
  const path = pathOf(pod);
  const made = await api.call('POST', pathOf(pod, { collection: true }), pod);
  t.equal(made.status, 201, `a pod that keeps the rules: ${stringOf(valueAt(made.body, ['message'])) ?? ''}`);
  const ephemeral = {
    spec: {
      ephemeralContainers: [{ name: 'debug', image: 'registry.example/debug:1', securityContext: { runAsUser: 1337 } }],
    },
  };
  const entered = await api.call(
    'PATCH',
    `${path}/ephemeralcontainers`,
    ephemeral,
    'application/strategic-merge-patch+json',
  );
  t.same(codesIn(entered).refused, ['MW105'], 'an ephemeral container as the proxy’s user is refused');
  const plain = {
    spec: { ephemeralContainers: [{ name: 'debug', image: 'registry.example/debug:1' }] },
  };
  const allowed = await api.call(
    'PATCH',
    `${path}/ephemeralcontainers`,
    plain,
    'application/strategic-merge-patch+json',
  );
  t.equal(allowed.status, 200, 'a plain one is not');
  const resized = await api.call(
    'PATCH',
    `${path}/resize`,
    { spec: { containers: [{ name: 'app', resources: {} }] } },
    'application/strategic-merge-patch+json',
  );
  t.ok(resized.status < 500, 'a resize of the app is answered');
  t.same(codesIn(resized).refused, [], 'and not refused by a rule');
  const bound = await api.call('POST', `${path}/binding`, {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'way', namespace: 'llmoptimizer' },
    target: { kind: 'Node', name: 'node-1' },
  });
  t.ok(bound.status < 300, 'a binding passes');
  const status = await api.call(
    'PATCH',
    `${path}/status`,
    { status: { phase: 'Running' } },
    'application/merge-patch+json',
  );
  t.equal(status.status, 200, 'a status passes');
  const entering = await api.call('POST', `${path}/exec?command=id&container=app&stdout=true`);
  t.notOk(String(valueAt(entering.body, ['message'])).includes('meshwarden'), 'exec is not Meshwarden’s to decide');

  const deployment = '/apis/apps/v1/namespaces/llmoptimizer/deployments/content-service-stable';
  const scaled = await api.call(
    'PATCH',
    `${deployment}/scale`,
    { spec: { replicas: 2 } },
    'application/merge-patch+json',
  );
  t.equal(scaled.status, 200, 'a scale passes');
  await api.call('DELETE', `${path}?gracePeriodSeconds=0`);
  await caughtUp(cluster.server);
}
