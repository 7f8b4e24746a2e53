import type { FailExample, PassExample } from '../rule.ts';
import { deployment, LABELS, namespace, RESOURCES, STATUS, workload } from './workload-yaml.ts';

const INJECT = 'sidecar.istio.io/inject';
const label = (value: string): string => `${LABELS}, ${INJECT}: "${value}"`;
const OFF = { labels: label('false') };
const AT_LABEL = `byPod at spec.template.metadata.labels[${INJECT}]`;
const ELSEWHERE = 'elsewhere at metadata.namespace';
const ENABLED = namespace('llmoptimizer', 'istio-injection: enabled');
const INSTALLED = `---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio-sidecar-injector, namespace: istio-system }
data: { config: "policy: enabled\\nneverInjectSelector: [{ matchLabels: { legacy: 'true' } }]", values: "{}" }
`;
const live = (parts: Parameters<typeof workload>[1] = {}): string =>
  workload('Pod', { metadata: 'uid: 6e9f', ...parts });
const PROXY = 'initContainers: [{ name: istio-proxy, image: docker.io/istio/proxyv2:1.31.0 }]';

const pass: readonly PassExample[] = [
  { title: 'a workload of a mesh namespace', yaml: deployment(), context: ENABLED },
  { title: 'a listed namespace that nobody has seen yet counts as one that asks for injection', yaml: deployment() },
  {
    title: 'a namespace by revision',
    context: namespace('llmoptimizer', 'istio.io/rev: default'),
    yaml: workload('Job'),
  },
  {
    title: 'both labels on the namespace: the first goes before a revision that nobody answers to',
    context: namespace('llmoptimizer', 'istio-injection: enabled, istio.io/rev: gone'),
    yaml: deployment(),
  },
  {
    title: 'the label says true, and goes before an annotation that says false',
    context: ENABLED,
    yaml: deployment({ labels: label('true'), annotations: `${INJECT}: "false"` }),
  },
  {
    title: 'an empty label and one that is no word of Istio’s say nothing',
    context: ENABLED,
    yaml: deployment({ labels: label('') }) + workload('Pod', { labels: label('False') }),
  },
  {
    title: 'the pod asks itself, where the namespace says nothing',
    context: namespace('llmoptimizer', 'team: ml'),
    yaml: deployment({ labels: label('true') }),
  },
  { title: 'a gateway in its own namespace', yaml: deployment({ namespace: 'istio-ingress', ...OFF }) },
  {
    title: 'a workload outside the mesh',
    yaml: deployment({ namespace: 'shop', ...OFF }),
    context: namespace('shop', 'team: a'),
  },
  {
    title: 'a pod that the injector has been at',
    context: ENABLED + INSTALLED,
    yaml: live({ spec: PROXY, annotations: `${RESOURCES}, sidecar.istio.io/status: ${STATUS}` }),
  },
  { title: 'a pod in a file, before the injector', context: ENABLED + INSTALLED, yaml: workload('Pod') },
  {
    title: 'a pod without one that is changed in another way',
    context: ENABLED + INSTALLED,
    before: live(),
    yaml: live({ metadata: 'uid: 6e9f, finalizers: [a]' }),
  },
];

const fail: readonly FailExample[] = [
  { title: 'the label says false', yaml: deployment(OFF), finds: [AT_LABEL] },
  {
    title: 'the label says false, in a namespace that says yes',
    context: ENABLED,
    yaml: workload('CronJob', OFF),
    finds: [`byPod at spec.jobTemplate.spec.template.metadata.labels[${INJECT}]`],
  },
  {
    title: 'the annotation says false',
    context: ENABLED,
    yaml: deployment({ annotations: `${INJECT}: "false"` }),
    finds: [`byPod at spec.template.metadata.annotations[${INJECT}]`],
  },
  {
    title: 'the network of the host',
    yaml: workload('DaemonSet', { spec: 'hostNetwork: true' }),
    finds: ['byPod at spec.template.spec.hostNetwork'],
  },
  { title: 'a bare pod', context: ENABLED, yaml: workload('Pod', OFF), finds: [`byPod at metadata.labels[${INJECT}]`] },
  ...['disabled', 'Enabled', ''].map(
    (value): FailExample => ({
      title: `a listed namespace whose label is '${value}'`,
      context: namespace('llmoptimizer', `istio-injection: "${value}"`),
      yaml: deployment({ labels: label('true') }),
      finds: [ELSEWHERE],
    }),
  ),
  {
    title: 'a listed namespace without a label',
    context: namespace('llmoptimizer', 'team: ml'),
    yaml: deployment(),
    finds: [ELSEWHERE],
  },
  {
    title: 'an annotation that says true there does nothing',
    context: namespace('llmoptimizer', 'team: ml'),
    yaml: deployment({ annotations: `${INJECT}: "true"` }),
    finds: [ELSEWHERE],
  },
  {
    title: 'a revision that nobody answers to',
    context: namespace('llmoptimizer', 'istio.io/rev: gone'),
    yaml: deployment(),
    finds: [ELSEWHERE],
  },
  {
    title: 'a pod’s own revision that nobody answers to',
    context: namespace('llmoptimizer', 'team: ml'),
    yaml: deployment({ labels: `${LABELS}, istio.io/rev: gone` }),
    finds: ['byPod at spec.template.metadata.labels[istio.io/rev]'],
  },
  {
    title: 'the injector’s own settings leave it out',
    context: ENABLED + INSTALLED,
    yaml: deployment({ labels: `${LABELS}, legacy: "true"` }),
    finds: [ELSEWHERE],
  },
  {
    title: 'a pod that the injector should have been at, and was not',
    context: ENABLED + INSTALLED,
    yaml: live(),
    finds: ['neverCame at spec.containers'],
  },
  {
    title: 'a pod that brings a proxy and keeps the injector away',
    context: ENABLED + INSTALLED,
    yaml: live({ ...OFF, spec: PROXY, annotations: `sidecar.istio.io/status: ${STATUS}` }),
    finds: [`byPod at metadata.labels[${INJECT}]`],
  },
  { title: 'an update that says false', before: deployment(), yaml: deployment(OFF), finds: [AT_LABEL] },
];

/** The examples of MW104. */
export const examples = { pass, fail };
