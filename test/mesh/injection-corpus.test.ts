import t from 'tap';
import { istioModuleFolder } from '../../src/edge/cluster/istio-module.ts';
import { injection } from '../../src/mesh/injection.ts';
import { findContainer, PROXY_CONTAINER, podTemplateOf } from '../../src/mesh/pod-template.ts';
import type { ProxyResources } from '../../src/mesh/proxy-resources.ts';
import { View } from '../../src/mesh/view.ts';
import { type JsonObject, recordOrEmpty, valueAt } from '../../src/model/json.ts';
import { type KubeObject, namespaceOf, refOf } from '../../src/model/kube-object.ts';
import { parseQuantity } from '../../src/model/quantity.ts';
import { BASELINE } from '../baseline-fixture.ts';
import { type InjectorCase, injectorCases } from './injection-corpus.ts';

const STATUS = 'sidecar.istio.io/status';

/** Where a namespace asks for injection: the injector's own test calls it for every pod, whatever its namespace says. */
function viewFor(namespace: string, settings: readonly KubeObject[]): View {
  const object = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels: { 'istio-injection': 'enabled' } },
  };
  return View.of([object, ...settings], BASELINE.mesh);
}

/** Writes resources so that equal amounts are equal, whatever their spelling. */
function amounts(resources: unknown): JsonObject {
  const { requests, limits } = recordOrEmpty(resources);
  const side = (value: unknown): JsonObject =>
    Object.fromEntries(
      Object.entries(recordOrEmpty(value))
        .map(([key, amount]): [string, unknown] => [key, parseQuantity(String(amount)) ?? amount])
        .sort(([left], [right]) => (left < right ? -1 : 1)),
    );
  return { requests: side(requests), limits: side(limits) };
}

function amountsOf({ requests, limits }: ProxyResources): JsonObject {
  const texts = (side: ProxyResources['requests']): JsonObject =>
    Object.fromEntries(Object.entries(side).map(([key, { text }]) => [key, text]));
  return amounts({ requests: texts(requests), limits: texts(limits) });
}

interface Answer {
  readonly injected: boolean;
  readonly resources: JsonObject | undefined;
}

/** Compares one object; returns why it was left out, where it was. */
function compare(before: KubeObject, after: KubeObject, { settings, nativeByDefault }: InjectorCase) {
  const [pod, made] = [podTemplateOf(before), podTemplateOf(after)];
  if (pod === undefined || made === undefined) return `${before.kind} is no workload that Meshwarden knows`;
  const namespace = namespaceOf(before) || 'default';
  const view = viewFor(namespace, settings);
  const answer = injection(view, { namespace, pod, object: refOf(before), nativeByDefault });
  const ours: Answer = {
    injected: answer.injected,
    resources: answer.resources === undefined ? undefined : amountsOf(answer.resources),
  };
  // With a template for ordinary containers an empty one of that name stands beside the native sidecar.
  const proxy = findContainer(made.spec, PROXY_CONTAINER, ['initContainers', 'containers']);
  // The command line writes what belongs to a CronJob's pods one level above them.
  const above = recordOrEmpty(valueAt(after, ['spec', 'jobTemplate', 'metadata', 'annotations']));
  const isThere = Object.hasOwn(made.annotations, STATUS) || Object.hasOwn(above, STATUS);
  const resources = isThere && proxy !== undefined ? amounts(proxy.container.resources) : undefined;
  const theirs: Answer = { injected: isThere, resources: answer.template === 'other' ? undefined : resources };
  return { ours, theirs, isWhole: answer.template !== 'other' };
}

t.test('the injector’s own test data', async (t) => {
  const module = await istioModuleFolder().catch((error: unknown) => {
    if (process.env.CI) throw error;
    console.error(`THE MODULE OF ISTIO CANNOT BE HAD: ${String(error)}`);
    return undefined;
  });
  if (module === undefined) {
    t.pass('needs the Go module of Istio', { skip: 'no module' });
    return;
  }
  const { cases, refused } = injectorCases(module);
  const leftOut = new Map<string, number>();
  let [compared, halves] = [0, 0];
  for (const one of cases) {
    for (const [at, { before, after }] of one.pairs.entries()) {
      const result = compare(before, after, one);
      if (typeof result === 'string') {
        leftOut.set(result, (leftOut.get(result) ?? 0) + 1);
        continue;
      }
      compared += 1;
      if (!result.isWhole) halves += 1;
      t.strictSame(result.ours, result.theirs, `${one.name} [${at}]`);
    }
  }
  t.ok(compared > 100, 'the test data was found');
  t.comment(`${compared} pods of ${cases.length} golden files: injected or not, and the proxy’s resources`);
  t.comment(`${halves} of them by a template whose proxy the model does not know: only injected or not`);
  for (const [reason, count] of leftOut) t.comment(`${count} left out: ${reason}`);
  t.comment(`${refused.length} inputs have no golden file, the injector refuses them`);
});
