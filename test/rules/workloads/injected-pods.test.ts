import t from 'tap';
import { istioModuleFolder } from '../../../src/edge/cluster/istio-module.ts';
import { judge } from '../../../src/engine/judge.ts';
import { podTemplateOf, type PodTemplate, STATUS_ANNOTATION } from '../../../src/mesh/pod-template.ts';
import { View } from '../../../src/mesh/view.ts';
import { type KubeObject, nameOf } from '../../../src/model/kube-object.ts';
import type { Rule } from '../../../src/rules/rule.ts';
import { RULES } from '../../../src/rules/index.ts';
import { BASELINE, NOW } from '../../baseline-fixture.ts';
import { injectorCases } from '../../mesh/injection-corpus.ts';

const CODES = ['MW105', 'MW106', 'MW107'];
const RULES_HERE = RULES.filter(({ code }) => CODES.includes(code));
/** The test data has images of its own. */
const IMAGES = ['proxyv2', 'proxyTest', 'proxyInitTest'].map((name) => `registry.istio.io/testing/${name}`);
const BASE = { ...BASELINE, mesh: { ...BASELINE.mesh, proxyImages: IMAGES } };

/** What our rules say of a pod at the validating door. */
function codesOf(
  pod: PodTemplate,
  before: KubeObject,
  settings: readonly KubeObject[],
  rules: readonly Rule[] = RULES_HERE,
): readonly string[] {
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', labels: { 'istio-injection': 'enabled' } },
  };
  const after: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...pod.metadata, name: nameOf(before), namespace: 'shop', uid: '1' },
    spec: pod.spec,
  };
  const view = View.of([namespace, ...settings], BASE.mesh);
  const { findings } = judge([{ operation: 'CREATE', after }], { view, baseline: BASE, rules, now: NOW });
  return [...new Set(findings.map(({ code }) => code))].sort();
}

const module = await istioModuleFolder().catch((error: unknown) => {
  if (process.env.CI) throw error;
  return undefined;
});

t.test('what the injector makes of its own test data is right, and what was brought is still seen in it', (t) => {
  if (module === undefined) {
    t.pass('needs the Go module of Istio', { skip: 'no module' });
    t.end();
    return;
  }
  let [clean, brought] = [0, 0];
  const leftOut: string[] = [];
  for (const one of injectorCases(module).cases) {
    for (const { before, after } of one.pairs) {
      const [was, is] = [podTemplateOf(before), podTemplateOf(after)];
      if (was === undefined || is === undefined) continue;
      // The proxy's user comes from the namespace on that platform, of which the model knows nothing; and the command
      // line writes what belongs to a CronJob's pods one level above them.
      if (one.name.includes('openshift') || before.kind === 'CronJob') {
        leftOut.push(one.name);
        continue;
      }
      const found = codesOf(was, before, one.settings);
      t.strictSame(codesOf(is, before, one.settings), found, `${one.name}: the same rules before and after`);
      if (found.length > 0) brought += 1;
      else if (Object.hasOwn(is.annotations, STATUS_ANNOTATION)) clean += 1;
    }
  }
  t.ok(clean > 70 && brought > 15);
  t.comment(`${clean} injected pods are as the injector writes them, ${brought} bring something`);
  t.comment(`left out: ${leftOut.join(', ')}`);
  t.end();
});

t.test('what the injector refuses in its own test data is refused at the workload, and nothing else is', (t) => {
  if (module === undefined) {
    t.pass('needs the Go module of Istio', { skip: 'no module' });
    t.end();
    return;
  }
  const rules = RULES.filter(({ code }) => code === 'MW108');
  const { cases, refused } = injectorCases(module);
  const judged = (object: KubeObject, settings: readonly KubeObject[]): readonly string[] => {
    const pod = podTemplateOf(object);
    return pod === undefined ? [] : codesOf(pod, object, settings, rules);
  };
  for (const { name, objects } of refused) {
    t.strictSame(
      objects.flatMap((object) => judged(object, [])),
      ['MW108'],
      name,
    );
  }
  for (const { name, pairs, settings } of cases) {
    for (const { before } of pairs) t.strictSame(judged(before, settings), [], name);
  }
  t.ok(refused.length >= 5);
  t.comment(`${refused.length} inputs that the injector refuses, ${cases.length} that it takes`);
  t.end();
});
