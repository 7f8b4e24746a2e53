import t from 'tap';
import { EdgeError } from '../../../src/edge/errors.ts';
import type { KubeObject } from '../../../src/model/kube-object.ts';
import { RULES } from '../../../src/rules/index.ts';
import { run } from './scenario.ts';

const route = (name: string, attempts: number): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name, namespace: 'llmoptimizer' },
  spec: { http: [{ name: 'all', retries: { attempts } }] },
});
const holding = (...objects: readonly KubeObject[]) => ({ doors: { readMesh: async () => objects } });

t.test('audit judges what is there, whoever came first', async (t) => {
  const clean = await run(t, 'audit', holding(route('one', 1)));
  t.equal(clean.code, 0);
  t.match(clean.err, /1 objects of \d+ kinds/);
  const found = await run(t, 'audit', holding(route('one', 1), route('ten', 10)));
  t.equal(found.code, 1);
  t.match(found.out, /MW498.*is 10; must be less than or equal to 1/);
  t.notMatch(found.out, 'VirtualService llmoptimizer/one');
  t.equal((await run(t, 'audit --fail-on never', holding(route('ten', 10)))).code, 0);
  const json: unknown = JSON.parse((await run(t, 'audit -o json', holding(route('ten', 10)))).out);
  t.match(json, { findings: [{ code: 'MW498', severity: 'error' }], summary: { objects: 1, errors: 1 } });
});

t.test('what a namespace lacks is said of the namespace, and not of what else stands in it', async (t) => {
  const shared = { metadata: { name: 'a', namespace: 'istio-system' }, apiVersion: 'v1', kind: 'ConfigMap' };
  const namespace = { metadata: { name: 'istio-system' }, apiVersion: 'v1', kind: 'Namespace' };
  for (const objects of [
    [shared, namespace],
    [namespace, shared],
  ]) {
    const { out } = await run(t, 'audit', { ...holding(...objects), rules: RULES });
    t.match(out, /^error: Namespace istio-system: \[MW702\] no mesh configuration is in namespace 'istio-system'/m);
    t.notMatch(out, 'ConfigMap istio-system/a');
  }
});

t.test('a cluster that cannot be read is one clear sentence, and no clean report', async (t) => {
  const readMesh = async (): Promise<never> => {
    throw new EdgeError('LIST_REFUSED', { kind: 'Telemetry', server: 'https://127.0.0.1:1', why: 'no answer' });
  };
  const { code, out, err } = await run(t, 'audit', { doors: { readMesh } });
  t.equal(code, 2);
  t.equal(out, '');
  t.match(err, /^meshwarden: cannot list every Telemetry of https:\/\/127\.0\.0\.1:1: no answer; .*\n$/);
});

t.test('what a pod has from its template is said once, at the template', async (t) => {
  const pod = { labels: { app: 'shop', version: 'v1' }, annotations: { 'sidecar.istio.io/proxyCPULimit': '4' } };
  const spec = { containers: [{ name: 'app', image: 'registry.example/app:1' }] };
  const owned = (kind: string, name: string, uid: string, owner?: string): object => ({
    name,
    uid,
    namespace: 'llmoptimizer',
    ...(owner === undefined ? {} : { ownerReferences: [{ kind, uid: owner, controller: true }] }),
  });
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: owned('', 'shop', 'd'),
    spec: { template: { metadata: pod, spec } },
  };
  const replicas = { ...deployment, kind: 'ReplicaSet', metadata: owned('Deployment', 'shop-1', 'r', 'd') };
  const copy = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...owned('ReplicaSet', 'shop-1-a', 'p', 'r'), ...pod },
    spec,
  };
  const odd = {
    ...copy,
    metadata: { ...owned('ReplicaSet', 'odd', 'o', 'r'), ...pod, labels: {} },
    spec: { ...spec, hostNetwork: true },
  };
  const { out } = await run(t, 'audit -o json', { rules: RULES, ...holding(deployment, replicas, copy, odd) });
  const findings: readonly { readonly object: { readonly kind: string; readonly name: string } }[] =
    JSON.parse(out).findings;
  const names = new Set(findings.map(({ object }) => `${object.kind} ${object.name}`));
  t.ok(names.has('Deployment shop'));
  t.notOk(names.has('ReplicaSet shop-1') || names.has('Pod shop-1-a'), 'not again at its copies');
  t.ok(names.has('Pod odd'), 'a pod that differs from what it claims as its owner is judged');
});
