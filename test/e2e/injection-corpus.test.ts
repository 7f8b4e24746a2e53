import t from 'tap';
import { istioModuleFolder } from '../../src/edge/cluster/istio-module.ts';
import { kubectl } from '../../src/edge/cluster/kubectl.ts';
import { injection } from '../../src/mesh/injection.ts';
import { findContainer, podTemplateOf, PROXY_CONTAINER, STATUS_ANNOTATION } from '../../src/mesh/pod-template.ts';
import { View } from '../../src/mesh/view.ts';
import { type JsonObject, recordOrEmpty, valueAt } from '../../src/model/json.ts';
import { isKubeObject, type KubeObject, nameOf, refOf } from '../../src/model/kube-object.ts';
import { parseQuantity } from '../../src/model/quantity.ts';
import { RULES } from '../../src/rules/index.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';
import { injectorCases } from '../mesh/injection-corpus.ts';
import { apiOf } from './api.ts';
import { makeNamespace, testCluster } from './cluster.ts';

const NAMESPACE = 'corpus-test';

t.setTimeout(600_000);

t.test('our model gives the real injector’s answers to its own test data', { timeout: 600_000 }, async (t) => {
  const cluster = await testCluster(t, { istiod: true });
  if (cluster === undefined) return;
  const { kubeconfig } = cluster;
  const api = apiOf(kubeconfig);
  t.teardown(() => api.close());
  const get = async (path: string): Promise<KubeObject> => {
    const { body } = await api.call('GET', path);
    if (!isKubeObject(body)) throw new Error(`${path}: ${JSON.stringify(body)}`);
    return body;
  };

  await makeNamespace(cluster, NAMESPACE, { 'istio-injection': 'enabled' });
  t.teardown(async () => void (await kubectl(kubeconfig, ['delete', 'namespace', NAMESPACE, '--wait=false'])));

  const known = await Promise.all([
    get('/api/v1/namespaces/corpus-test'),
    get('/api/v1/namespaces/istio-system/configmaps/istio-sidecar-injector'),
    get('/api/v1/namespaces/istio-system/configmaps/istio'),
  ]);
  const baseline = { ...BASELINE, mesh: { ...BASELINE.mesh, proxyImages: ['docker.io/istio/proxyv2'] } };
  const view = View.of(known, baseline.mesh);
  const rules = RULES.filter(({ code }) => ['MW105', 'MW106', 'MW107'].includes(code));
  const codesOf = (object: KubeObject): readonly string[] => [
    ...new Set(
      rules.flatMap((rule) =>
        rule.subject === 'object' ? rule.check(object, { view, baseline, now: NOW }).map(({ code }) => code) : [],
      ),
    ),
  ];
  const leftOut = new Map<string, number>();
  const leave = (reason: string): void => void leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
  let compared = 0;
  const inputs = new Map(
    injectorCases(await istioModuleFolder()).cases.flatMap(({ pairs }) =>
      pairs.map(({ before }): [string, KubeObject] => [JSON.stringify(before), before]),
    ),
  );
  for (const before of inputs.values()) {
    const template = podTemplateOf(before);
    if (template === undefined) {
      leave(`${before.kind} is no workload that Meshwarden knows`);
      continue;
    }
    const { serviceAccountName: _, ...spec } = template.spec;
    const name = nameOf(before).toLowerCase() || 'pod';
    const object: KubeObject = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...template.metadata, name, namespace: NAMESPACE, ownerReferences: [] },
      spec: { ...spec, restartPolicy: 'Always' },
    };
    const { status, body } = await api.call('POST', `/api/v1/namespaces/${NAMESPACE}/pods?dryRun=All`, object);
    if (status !== 201 || !isKubeObject(body)) {
      leave(`the API server or istiod refuses it: ${String(valueAt(body, ['message'])).slice(0, 90)}`);
      continue;
    }
    const seen = podTemplateOf(object);
    const made = podTemplateOf(body);
    if (seen === undefined || made === undefined) throw new TypeError('a pod has a template');
    const answer = injection(view, { namespace: NAMESPACE, pod: seen, object: refOf(object) });
    const proxy = findContainer(made.spec, PROXY_CONTAINER);
    t.equal(answer.injected, Object.hasOwn(made.annotations, STATUS_ANNOTATION), `${name}: injected or not`);
    compared += 1;
    if (answer.resources !== undefined) {
      const texts = (side: 'requests' | 'limits'): JsonObject =>
        Object.fromEntries(Object.entries(answer.resources?.[side] ?? {}).map(([key, { text }]) => [key, text]));
      const ours = amounts({ requests: texts('requests'), limits: texts('limits') });
      t.strictSame(ours, amounts(proxy?.container.resources), `${name}: the proxy’s resources`);
    }
    const brought = codesOf(object);
    if (brought.length === 0) t.strictSame(codesOf(body), [], `${name}: nothing of it is an override`);
    else t.not(codesOf(body).length, 0, `${name}: what was brought is still seen`);
  }
  t.ok(compared > 70);
  t.comment(`${compared} pods of the injector’s test data went through the real injector`);
  for (const [reason, count] of leftOut) t.comment(`${count} left out: ${reason}`);
});

/** Writes resources so that equal amounts are equal, with the requests that the API server fills in from limits. */
function amounts(resources: unknown): JsonObject {
  const { requests, limits } = recordOrEmpty(resources);
  const side = (value: unknown): [string, unknown][] =>
    Object.entries(recordOrEmpty(value)).map(([key, amount]) => [key, parseQuantity(String(amount))]);
  const sorted = (entries: readonly [string, unknown][]): JsonObject =>
    Object.fromEntries([...new Map(entries)].sort(([left], [right]) => (left < right ? -1 : 1)));
  return { requests: sorted([...side(limits), ...side(requests)]), limits: sorted(side(limits)) };
}
