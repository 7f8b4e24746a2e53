import type { FailExample, PassExample } from '../rule.ts';
import { deployment, namespace, STATUS, workload } from './workload-yaml.ts';

const TRAFFIC = 'traffic.sidecar.istio.io/';
const AT = 'spec.template.metadata.annotations';
const SPEC = 'spec.template.spec';
const annotated = (key: string, value: string): string =>
  deployment({ annotations: `${key}: ${JSON.stringify(value)}` });
const app = (rest: string): string => `{ name: web, image: web, ${rest} }`;
const GATEWAY = 'inject.istio.io/templates: gateway';
const CHART = `---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio-sidecar-injector, namespace: istio-system }
data: { config: "policy: enabled", values: '{"global":{"proxy":{"excludeIPRanges":"10.96.0.0/12","excludeInboundPorts":"9000","statusPort":15020}}}' }
`;
const BY_PLUGIN = `sidecar.istio.io/status: ${STATUS}, sidecar.istio.io/interceptionMode: REDIRECT, ${TRAFFIC}includeOutboundIPRanges: "*", ${TRAFFIC}includeInboundPorts: "*", ${TRAFFIC}excludeOutboundIPRanges: 10.96.0.0/12, ${TRAFFIC}excludeInboundPorts: "9000,15020"`;
const injected = (annotations: string, rest = ''): string =>
  workload('Pod', {
    annotations,
    containers: `{ name: web, image: web${rest} }`,
    spec: 'initContainers: [{ name: istio-validation, image: x, securityContext: { runAsUser: 1337 } }, { name: istio-proxy, image: x, securityContext: { runAsUser: 1337, runAsGroup: 1337 } }]',
  });

const pass: readonly PassExample[] = [
  { title: 'nothing of the kind', yaml: deployment() },
  {
    title: 'everything is captured, said in so many words',
    yaml: deployment({
      annotations: `${TRAFFIC}includeOutboundIPRanges: "*", ${TRAFFIC}includeInboundPorts: "*", ${TRAFFIC}excludeOutboundPorts: ""`,
    }),
  },
  { title: 'the proxy’s own ports', yaml: annotated(`${TRAFFIC}excludeInboundPorts`, '15020, 15090') },
  { title: 'ports more than all', yaml: annotated(`${TRAFFIC}includeOutboundPorts`, '5432') },
  { title: 'the other way of capture', yaml: annotated('sidecar.istio.io/interceptionMode', 'TPROXY') },
  { title: 'null, which is absent', yaml: deployment({ annotations: `${TRAFFIC}excludeInterfaces: null` }) },
  { title: 'a status port of 0, which is none', yaml: annotated('status.sidecar.istio.io/port', '0') },
  {
    title: 'other users and groups',
    yaml: deployment({ containers: app('securityContext: { runAsUser: 1338, runAsGroup: 0 }') }),
  },
  {
    title: 'a pod’s 1337 that every container replaces',
    yaml: deployment({
      containers: app('securityContext: { runAsUser: 1000 }'),
      spec: 'securityContext: { runAsUser: 1337 }',
    }),
  },
  {
    title: 'what the chart says, as the injector writes it for the network plugin',
    context: CHART,
    yaml: injected(BY_PLUGIN),
  },
  {
    title: 'a gateway’s pod, whose proxy is the application',
    yaml: deployment({
      annotations: GATEWAY,
      containers: '{ name: istio-proxy, image: auto, securityContext: { runAsUser: 1337 } }',
    }),
  },
  {
    title: 'a workload outside the mesh',
    yaml: deployment({ namespace: 'shop', annotations: `${TRAFFIC}excludeInterfaces: eth0` }),
  },
];

const fail: readonly FailExample[] = [
  ...(
    [
      ['includeOutboundPorts', '80" , "x'],
      ['somethingNew', 'x'],
    ] as const
  ).map(
    ([name, value]): FailExample => ({
      title: `${name}: '${value}', of which nobody can say what it does`,
      yaml: annotated(`${TRAFFIC}${name}`, value),
      finds: [`unknown at ${AT}[${TRAFFIC}${name}]`],
    }),
  ),
  ...(
    [
      ['excludeOutboundIPRanges', '10.0.0.0/8'],
      ['excludeInboundPorts', '15020,8080'],
      ['excludeOutboundPorts', '443'],
      ['excludeInterfaces', 'eth0'],
      ['kubevirtInterfaces', 'eth0'],
      ['includeOutboundIPRanges', ''],
      ['includeOutboundIPRanges', '10.0.0.0/8'],
      ['includeInboundPorts', ''],
      ['includeInboundPorts', '8080'],
    ] as const
  ).map(
    ([name, value]): FailExample => ({
      title: `${name}: '${value}'`,
      yaml: annotated(`${TRAFFIC}${name}`, value),
      finds: [`bypass at ${AT}[${TRAFFIC}${name}]`],
    }),
  ),
  ...(
    [
      ['istio.io/reroute-virtual-interfaces', 'eth0'],
      ['sidecar.istio.io/interceptionMode', 'NONE'],
      ['ambient.istio.io/bypass-inbound-capture', 'true'],
      ['ambient.istio.io/dns-capture', 'false'],
    ] as const
  ).map(
    ([name, value]): FailExample => ({
      title: `${name}: '${value}'`,
      yaml: annotated(name, value),
      finds: [`bypass at ${AT}[${name}]`],
    }),
  ),
  {
    title: 'the application’s port as the status port, which the injector leaves out of the capture',
    yaml: annotated('status.sidecar.istio.io/port', '8080'),
    finds: [`port at ${AT}[status.sidecar.istio.io/port]`],
  },
  {
    title: 'a second container as the proxy’s user, and as its group',
    yaml: deployment({
      containers: `{ name: a, image: a }, ${app('securityContext: { runAsUser: 1337, runAsGroup: 1337 }')}`,
    }),
    finds: [
      `asProxy at ${SPEC}.containers[1].securityContext.runAsUser`,
      `asProxy at ${SPEC}.containers[1].securityContext.runAsGroup`,
    ],
  },
  {
    title: 'the whole pod',
    yaml: workload('CronJob', { spec: 'securityContext: { runAsGroup: 1337 }' }),
    finds: [`asProxy at spec.jobTemplate.spec.template.spec.securityContext.runAsGroup`],
  },
  {
    title: 'an init container',
    yaml: deployment({ spec: 'initContainers: [{ name: first, image: a, securityContext: { runAsUser: 1337 } }]' }),
    finds: [`asProxy at ${SPEC}.initContainers[0].securityContext.runAsUser`],
  },
  {
    title: 'a container that is put into a running pod for debugging',
    before: injected(BY_PLUGIN),
    context: CHART,
    yaml: injected(BY_PLUGIN).replace(
      'spec: { ',
      'spec: { ephemeralContainers: [{ name: debug, image: a, securityContext: { runAsUser: 1337 } }], ',
    ),
    finds: ['asProxy at spec.ephemeralContainers[0].securityContext.runAsUser'],
  },
  {
    title: 'more than the chart says, on a pod that the injector has been at',
    context: CHART,
    yaml: injected(BY_PLUGIN.replace('10.96.0.0/12', '0.0.0.0/0')),
    finds: [`bypass at metadata.annotations[${TRAFFIC}excludeOutboundIPRanges]`],
  },
  {
    title: 'an application beside a gateway’s proxy',
    context: namespace('shop', 'istio-injection: enabled'),
    yaml: deployment({
      namespace: 'shop',
      annotations: GATEWAY,
      containers: '{ name: istio-proxy, image: auto }, { name: web, image: web }',
    }),
    finds: [`beside at ${SPEC}.containers[1]`],
  },
  {
    title: 'an edit of a running pod',
    before: workload('Pod'),
    yaml: workload('Pod', { annotations: `${TRAFFIC}excludeOutboundPorts: "443"` }),
    finds: [`bypass at metadata.annotations[${TRAFFIC}excludeOutboundPorts]`],
  },
];

/** The examples of MW105. */
export const examples = { pass, fail };
