import type { FailExample, PassExample } from '../rule.ts';
import { deployment, LABELS, namespace, workload } from './workload-yaml.ts';

const AT = 'spec.template.metadata.labels';
const none = { labels: 'tier: front' };
const LONG = 'a'.repeat(63);

const pass: readonly PassExample[] = [
  { title: 'both labels', yaml: deployment() },
  { title: 'labels of the greatest length', yaml: deployment({ labels: `app: ${LONG}, version: "1.0_b-2"` }) },
  { title: 'a CronJob', yaml: workload('CronJob') },
  { title: 'a workload outside the mesh', yaml: deployment({ namespace: 'shop', ...none }) },
  {
    title: 'a pod without a proxy, which is another rule’s business',
    yaml: workload('Pod', { spec: 'hostNetwork: true', ...none }),
  },
  { title: 'a workload that goes', yaml: deployment(none), before: deployment(none), deletes: true },
];

const fail: readonly FailExample[] = [
  { title: 'neither', yaml: deployment(none), finds: [`missing at ${AT}.app`, `missing at ${AT}.version`] },
  { title: 'no version', yaml: deployment({ labels: 'app: web' }), finds: [`missing at ${AT}.version`] },
  {
    title: 'null, which is absent',
    yaml: deployment({ labels: 'app: null, version: v1' }),
    finds: [`missing at ${AT}.app`],
  },
  {
    title: 'the recommended labels alone, which no subset and no policy here asks for',
    yaml: deployment({ labels: 'app.kubernetes.io/name: web, app.kubernetes.io/version: "2"' }),
    finds: [`missing at ${AT}.app`, `missing at ${AT}.version`],
  },
  { title: 'an empty one', yaml: deployment({ labels: 'app: "", version: v1' }), finds: [`malformed at ${AT}.app`] },
  {
    title: 'one letter too long, and one that ends wrongly, in a Rollout, whose template nobody checks',
    yaml: workload('Rollout', { labels: `app: ${LONG}a, version: v1.` }),
    finds: [`malformed at ${AT}.app`, `malformed at ${AT}.version`],
  },
  {
    title: 'the labels of the Deployment are not those of its pods',
    yaml: deployment({ metadata: `labels: { ${LABELS} }`, ...none }),
    finds: [`missing at ${AT}.app`, `missing at ${AT}.version`],
  },
  {
    title: 'a selector that asks for pods without a version',
    yaml: deployment({
      labels: 'app: web',
      owner: 'selector: { matchLabels: { app: web }, matchExpressions: [{ key: version, operator: DoesNotExist }] }',
    }),
    finds: [`conflicting at ${AT}.version`],
  },
  {
    title: 'a bare pod, in a namespace that asks for injection',
    context: namespace('shop', 'istio-injection: enabled'),
    yaml: workload('Pod', { namespace: 'shop', ...none }),
    finds: ['missing at metadata.labels.app', 'missing at metadata.labels.version'],
  },
  {
    title: 'a workload without a name of its own',
    yaml: 'apiVersion: v1\nkind: Pod\nmetadata: { namespace: llmoptimizer, labels: { version: v1 } }\nspec: {}\n',
    finds: ['unset at metadata.labels.app'],
  },
  {
    title: 'an update that takes one away',
    before: deployment(),
    yaml: deployment({ labels: 'app: web' }),
    finds: [`missing at ${AT}.version`],
  },
];

/** The examples of MW103. */
export const examples = { pass, fail };
