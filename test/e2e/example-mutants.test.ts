import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { installGatewayApiCrds, installIstioCrds } from '../../src/edge/cluster/istio-module.ts';
import { isRecord, stringOf, valueAt } from '../../src/model/json.ts';
import { KINDS, kindOf } from '../../src/model/kind.ts';
import { formatRef, type KubeObject, nameOf, namespaceOf, refOf } from '../../src/model/kube-object.ts';
import { RULES } from '../../src/rules/index.ts';
import type { PassExample } from '../../src/rules/rule.ts';
import { ALL_BREAKS, explainedSurvivor } from '../mutants/all-breaks.ts';
import { type Mutant, mutantsOf } from '../mutants/mutants.ts';
import { objectsOf } from '../rules/example-runner.ts';
import { type Api, apiOf, pathOf } from './api.ts';
import { startTestControlPlane } from './cluster.ts';
import { caughtUp } from './governed-cluster.ts';
import { escape, MENDED, NOT_OURS, sendDryRun } from './mutant-answers.ts';
import { ready, serveProcess } from './serve-process.ts';

const ROOT = resolve(import.meta.dirname, '../..');

t.setTimeout(1_200_000);

/** A passing example with the mutants of its own rule. */
interface Trial {
  readonly example: PassExample;
  readonly objects: readonly KubeObject[];
  readonly mutants: readonly Mutant[];
}

function trials(): readonly Trial[] {
  return RULES.flatMap((rule) => {
    const breaks = ALL_BREAKS.breaks.filter(({ code }) => code === rule.code);
    return rule.examples.pass.flatMap((example): readonly Trial[] => {
      if (example.deletes === true) return [];
      const judged = objectsOf(example.yaml).map(placeable);
      const mutants = mutantsOf(judged, { breaks, losses: [], arrivals: [] });
      const objects = [...objectsOf(example.context ?? '').map(placeable), ...judged];
      return mutants.length === 0 ? [] : [{ example, objects, mutants }];
    });
  });
}

/** Gives a workload the selector that the API server demands and no rule reads. */
function placeable(object: KubeObject): KubeObject {
  const app = valueAt(object, ['spec', 'template', 'metadata', 'labels', 'app']);
  if (!object.apiVersion.startsWith('apps/') || typeof app !== 'string' || !isRecord(object.spec)) return object;
  return 'selector' in object.spec
    ? object
    : { ...object, spec: { ...object.spec, selector: { matchLabels: { app } } } };
}

/** The shipped baseline with the few numbers more that the rules' examples are written for. */
function baselineOfExamples(): string {
  const extension = `extensions:
  - kind: EnvoyFilter
    namespace: istio-ingress
    name: listed
    sha256: "8cb056dc7601b4b2548d9b7409f45300f1d1b72f5b6874cc79b1ffca768b2233"
`;
  return readFileSync(join(ROOT, 'policies/baseline.yaml'), 'utf8')
    .replace('ingressHosts: []', 'ingressHosts: ["*.llmoptimizer.example"]')
    .replace('faultNamespaces: []', 'faultNamespaces: [chaos]')
    .replace(
      '    pool: 100\n    # Ours: the declared call graph.',
      '    pool: 100\n    routedFrom: [edge]\n    # Ours: the declared call graph.',
    )
    .replace('extensions:\n', extension);
}

t.test('every mutant of every passing example, on a real API server', { timeout: 1_200_000 }, async (t) => {
  const plane = await startTestControlPlane();
  if (plane === undefined) {
    t.pass('needs a control plane', { skip: 'no control plane' });
    return;
  }
  t.teardown(() => plane.stop());
  await installIstioCrds(plane.kubeconfig, undefined);
  await installGatewayApiCrds(plane.kubeconfig);
  // What an example starts from is put there past the webhooks; its mutants come through them.
  const beside = apiOf(await plane.startUnguarded());
  const api = apiOf(plane.kubeconfig);
  t.teardown(() => {
    beside.close();
    api.close();
  });
  const baseline = join(plane.folder, 'baseline.yaml');
  writeFileSync(baseline, baselineOfExamples());
  const server = await serveProcess(plane.kubeconfig, [
    '--baseline',
    baseline,
    '--register',
    'https://127.0.0.1:{port}',
  ]);
  t.teardown(() => server.end('SIGKILL'));
  await ready(server);

  const counts = { mutants: 0, found: 0, mended: 0, byApiServer: 0, explained: 0, aged: 0, unplaced: 0 };
  const escaped: string[] = [];
  for (const { example, objects, mutants } of trials()) {
    // Who is older is the example's point, and the API server says how old an object is.
    if (/creationTimestamp/.test(JSON.stringify(objects))) {
      counts.aged += mutants.length;
      continue;
    }
    const placed = await placeAll(objects, beside);
    if (placed === undefined) counts.unplaced += mutants.length;
    else {
      await caughtUp(server);
      for (const mutant of mutants) {
        counts.mutants += 1;
        const title = `${mutant.title} in '${example.title}'`;
        const how = escape(mutant, await sendDryRun(mutant, api));
        if (how === undefined) counts.found += 1;
        else if (how === MENDED) counts.mended += 1;
        else if (how === NOT_OURS) counts.byApiServer += 1;
        else if (explainedSurvivor(title, how)) counts.explained += 1;
        else escaped.push(`${title}: ${how}`);
      }
    }
    await removeAll(objects, beside);
    await caughtUp(server);
  }
  t.comment(
    `${counts.mutants} mutants: ${counts.found} found by their rule, ${counts.mended} mended by the mutating webhook, ${counts.byApiServer} refused by the API server itself, ${counts.explained} explained, ${escaped.length} escaped; left out: ${counts.aged} of examples about age, ${counts.unplaced} of examples that the API server does not take`,
  );
  t.same(escaped, []);
  t.ok(counts.found > 100);
});

/** Creates objects, their namespaces first; undefined where the API server refuses one. */
async function placeAll(objects: readonly KubeObject[], api: Api): Promise<true | undefined> {
  for (const namespace of new Set(objects.map(namespaceOf))) {
    if (namespace === '') continue;
    await ensure(plainNamespace(namespace), api);
    await ensure({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } }, api);
  }
  for (const object of objects) {
    const { status, body } = await put(object, api);
    if (status >= 400) {
      t.comment(`${formatRef(refOf(object))}: ${stringOf(isRecord(body) ? body.message : '')?.slice(0, 160) ?? ''}`);
      await removeAll(objects, api);
      return undefined;
    }
  }
  return true;
}

/** An unknown namespace counts as one that asks for injection; those of the platform do so here. */
function plainNamespace(name: string): KubeObject {
  const labels = name.startsWith('llmoptimizer') ? { 'istio-injection': 'enabled' } : {};
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

async function ensure(object: KubeObject, api: Api): Promise<void> {
  const { name, namespace } = { name: nameOf(object), namespace: namespaceOf(object) };
  const path = object.kind === 'Namespace' ? '/api/v1/namespaces' : `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const { status } = await api.call('POST', path, object);
  if (status !== 201 && status !== 409) throw new Error(`cannot make ${object.kind} ${name}: ${status}`);
}

/** Creates or replaces; a namespace stays from example to example, as nothing can empty it at once. */
async function put(object: KubeObject, api: Api): ReturnType<Api['call']> {
  const created = await api.call('POST', pathOf(object, { collection: true }), object);
  if (created.status !== 409) return created;
  const there = await api.call('GET', pathOf(object));
  const resourceVersion =
    isRecord(there.body) && isRecord(there.body.metadata) ? there.body.metadata.resourceVersion : '';
  const metadata = { ...(isRecord(object.metadata) ? object.metadata : {}), resourceVersion };
  return api.call('PUT', pathOf(object), { ...object, metadata });
}

async function removeAll(objects: readonly KubeObject[], api: Api): Promise<void> {
  for (const object of objects) {
    const kind = kindOf(object);
    if (kind === undefined) continue;
    if (kind === 'Namespace') await put(plainNamespace(nameOf(object)), api);
    else if (KINDS[kind].namespaced) await api.call('DELETE', `${pathOf(object)}?gracePeriodSeconds=0`);
  }
}
