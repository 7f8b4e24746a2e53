import type { FailExample, PassExample } from '../rule.ts';
import { deployment, namespace, RESOURCES, STATUS, workload } from './workload-yaml.ts';

const CPU = 'sidecar.istio.io/proxyCPU';
const MEMORY = 'sidecar.istio.io/proxyMemory';
const CPU_LIMIT = 'sidecar.istio.io/proxyCPULimit';
const MEMORY_LIMIT = 'sidecar.istio.io/proxyMemoryLimit';
const ALL = [CPU, MEMORY, CPU_LIMIT, MEMORY_LIMIT];
const TEMPLATE = 'spec.template.metadata.annotations';

const four = (cpu: string, memory: string, cpuLimit: string, memoryLimit: string): string =>
  `${CPU}: "${cpu}", ${MEMORY}: "${memory}", ${CPU_LIMIT}: "${cpuLimit}", ${MEMORY_LIMIT}: "${memoryLimit}"`;
const withFour = (...values: Parameters<typeof four>): string => deployment({ annotations: four(...values) });
const without = (annotation: string): string =>
  deployment({
    annotations: RESOURCES.split(', ')
      .filter((one) => !one.startsWith(`${annotation}:`))
      .join(', '),
  });
const missing = (annotations: readonly string[], at = TEMPLATE): string[] =>
  annotations.map((annotation) => `missing at ${at}[${annotation}]`);
const allMissing = (at: string): [string, ...string[]] => [`missing at ${at}[${CPU}]`, ...missing(ALL.slice(1), at)];

const proxy = (resources: string): string =>
  `{ name: web, image: web }, { name: istio-proxy, image: auto, resources: { ${resources} } }`;
const GOOD = 'requests: { cpu: 100m, memory: 128Mi }, limits: { cpu: 200m, memory: 256Mi }';
const GATEWAY = 'inject.istio.io/templates: gateway';
const injected = (resources: string): string =>
  workload('Pod', {
    annotations: `${RESOURCES}, sidecar.istio.io/status: ${STATUS}`,
    spec: `initContainers: [{ name: istio-init, image: x }, { name: istio-proxy, image: x, resources: { ${resources} } }]`,
  });

const pass: readonly PassExample[] = [
  { title: 'the documented four', yaml: deployment({ annotations: RESOURCES }) },
  { title: 'the same amounts in other spellings', yaml: withFour('0.1', '134217728', '2e-1', '0.25Gi') },
  { title: 'less, which is a person’s choice', yaml: withFour('10m', '64Mi', '50m', '128Mi') },
  { title: 'requests as great as their limits', yaml: withFour('200m', '256Mi', '0.2', '256Mi') },
  {
    title: 'a CronJob, whose pods are two levels down',
    yaml: workload('CronJob', { annotations: RESOURCES }),
  },
  { title: 'a workload outside the mesh', yaml: deployment({ namespace: 'shop' }) },
  {
    title: 'a workload without a proxy, which is another rule’s business',
    yaml: deployment({ spec: 'hostNetwork: true' }),
  },
  {
    title: 'a gateway’s pod with resources on its container',
    yaml: deployment({ annotations: GATEWAY, containers: proxy(GOOD) }),
  },
  { title: 'a pod that the injector has been at', yaml: injected(GOOD) },
  { title: 'a workload that goes', yaml: deployment(), before: deployment(), deletes: true },
  {
    title: 'a Rollout that takes its template from elsewhere',
    yaml: 'apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: { name: web, namespace: llmoptimizer }\nspec: { workloadRef: { name: web } }\n',
  },
];

const fail: readonly FailExample[] = [
  { title: 'none of the four', yaml: deployment(), finds: allMissing(TEMPLATE) },
  ...ALL.map(
    (annotation): FailExample => ({
      title: `without ${annotation}, so that the proxy has nothing for it`,
      yaml: without(annotation),
      finds: [`missing at ${TEMPLATE}[${annotation}]`],
    }),
  ),
  {
    title: 'one that is null, which is absent',
    yaml: deployment({ annotations: RESOURCES.replace('256Mi', 'null') }),
    finds: [`missing at ${TEMPLATE}[${MEMORY_LIMIT}]`],
  },
  {
    title: 'one of the four alone, in a namespace that asks for injection',
    context: namespace('shop', 'istio-injection: enabled'),
    yaml: deployment({ namespace: 'shop', annotations: `${CPU}: 100m` }),
    finds: [`missing at ${TEMPLATE}[${MEMORY}]`, ...missing([CPU_LIMIT, MEMORY_LIMIT])],
  },
  {
    title: 'limits one unit above the ceiling',
    yaml: withFour('100m', '128Mi', '201m', '268435457'),
    finds: [`aboveCeiling at ${TEMPLATE}[${CPU_LIMIT}]`, `aboveCeiling at ${TEMPLATE}[${MEMORY_LIMIT}]`],
  },
  {
    title: 'a request above its limit',
    yaml: withFour('101m', '128Mi', '100m', '256Mi'),
    finds: [`aboveLimit at ${TEMPLATE}[${CPU}]`],
  },
  {
    title: 'zero, which is none',
    yaml: withFour('0', '128Mi', '0m', '256Mi'),
    finds: [`unreadable at ${TEMPLATE}[${CPU}]`, `unreadable at ${TEMPLATE}[${CPU_LIMIT}]`],
  },
  {
    title: 'no quantity, an empty one, a negative one',
    yaml: withFour('abc', '', '-1', '256 Mi'),
    finds: [
      `unreadable at ${TEMPLATE}[${CPU}]`,
      `unreadable at ${TEMPLATE}[${MEMORY}]`,
      `unreadable at ${TEMPLATE}[${CPU_LIMIT}]`,
      `unreadable at ${TEMPLATE}[${MEMORY_LIMIT}]`,
    ],
  },
  ...['StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job', 'Rollout'].map(
    (kind): FailExample => ({ title: `a ${kind}`, yaml: workload(kind), finds: allMissing(TEMPLATE) }),
  ),
  { title: 'a bare pod', yaml: workload('Pod'), finds: allMissing('metadata.annotations') },
  {
    title: 'a CronJob',
    yaml: workload('CronJob'),
    finds: allMissing('spec.jobTemplate.spec.template.metadata.annotations'),
  },
  {
    title: 'an update that takes one away',
    before: deployment({ annotations: RESOURCES }),
    yaml: without(CPU),
    finds: [`missing at ${TEMPLATE}[${CPU}]`],
  },
  {
    title: 'an own proxy container, which beats the annotations',
    yaml: deployment({ annotations: RESOURCES, containers: proxy('limits: { cpu: 3 }') }),
    finds: ['aboveCeiling at spec.template.spec.containers[1].resources.limits.cpu'],
  },
  {
    title: 'an override by annotation, which beats them too',
    yaml: deployment({
      annotations: `${RESOURCES}, proxy.istio.io/overrides: '{"containers":[{"name":"istio-proxy","resources":{"limits":{"memory":"2Gi"}}}]}'`,
    }),
    finds: [`aboveCeiling at ${TEMPLATE}[proxy.istio.io/overrides]`],
  },
  {
    title: 'a gateway’s pod, for which the annotations do nothing',
    yaml: deployment({
      annotations: `${RESOURCES}, ${GATEWAY}`,
      containers: proxy('limits: { cpu: 200m, memory: 256Mi }'),
    }),
    finds: [
      'missing at spec.template.spec.containers[1].resources.requests.cpu',
      'missing at spec.template.spec.containers[1].resources.requests.memory',
    ],
  },
  {
    title: 'a gateway’s pod without the container that would say it',
    yaml: deployment({ annotations: `${RESOURCES}, ${GATEWAY}` }),
    finds: ['noContainer at spec.template.spec.containers'],
  },
  {
    title: 'an injected pod whose proxy has the chart’s limits, whatever its annotations say',
    yaml: injected('requests: { cpu: 100m, memory: 128Mi }, limits: { cpu: "2", memory: 1Gi }'),
    finds: [
      'aboveCeiling at spec.initContainers[1].resources.limits.cpu',
      'aboveCeiling at spec.initContainers[1].resources.limits.memory',
    ],
  },
];

/** The examples of MW101. */
export const examples = { pass, fail };
