import type { FailExample, PassExample } from '../rule.ts';
import { injectedPod, type InjectedParts } from './injected-pod-yaml.ts';
import { deployment, namespace, STATUS, workload } from './workload-yaml.ts';

const AT = 'spec.template.metadata.annotations';
const SPEC = 'spec.template.spec';
const CONFIG = 'proxy.istio.io/config';
const annotated = (key: string, value: string): string =>
  deployment({ annotations: `${key}: ${JSON.stringify(value)}` });
const config = (text: string): string => annotated(CONFIG, text);
const PROXY = 'spec.initContainers[1]';
const gateway = (rest: string, image = 'auto'): string =>
  deployment({
    annotations: 'inject.istio.io/templates: gateway',
    containers: `{ name: istio-proxy, image: ${image}${rest} }`,
  });
const MESH = `---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: 'defaultConfig: { discoveryAddress: "istiod.istio-system.svc:15012", proxyMetadata: { ISTIO_META_DNS_CAPTURE: "true" } }' }
`;

const pass: readonly PassExample[] = [
  { title: 'nothing of the kind', yaml: deployment() },
  {
    title: 'what a pod may say of its proxy, in both spellings',
    yaml: config(
      'concurrency: 2\nhold_application_until_proxy_starts: true\nterminationDrainDuration: 5s\ntracing: { sampling: 1 }\nextraStatTags: [a]\n',
    ),
  },
  { title: 'an empty map of variables', yaml: config('proxyMetadata: {}\nimage: null') },
  {
    title: 'log levels',
    yaml: deployment({
      annotations: 'sidecar.istio.io/logLevel: debug, sidecar.istio.io/componentLogLevel: "misc:error,http:debug"',
    }),
  },
  { title: 'the template that everybody gets', yaml: annotated('inject.istio.io/templates', 'sidecar') },
  { title: 'null, which is absent', yaml: deployment({ annotations: 'sidecar.istio.io/proxyImage: null' }) },
  {
    title: 'containers and volumes of the application',
    yaml: deployment({ spec: 'volumes: [{ name: data }], initContainers: [{ name: istio-waiter, image: a }]' }),
  },
  {
    title: 'a gateway’s pod with its proxy’s container',
    yaml: gateway(', ports: [{ containerPort: 8080 }], env: [{ name: ISTIO_META_ROUTER_MODE, value: standard }]'),
  },
  {
    title: 'a workload outside the mesh',
    yaml: deployment({ namespace: 'shop', containers: '{ name: istio-proxy, image: mine }' }),
  },
  { title: 'a pod as the injector leaves it', yaml: injectedPod() },
  {
    title: 'what a cloud platform gives every container',
    yaml: injectedPod({
      env: '{ name: AWS_ROLE_ARN, value: "arn:aws:iam::1:role/web" }',
      mount: '{ name: aws-iam-token, mountPath: /var/run/secrets/eks.amazonaws.com/serviceaccount }',
    }),
  },
  {
    title: 'the mesh’s own settings in it',
    context: MESH,
    yaml: injectedPod({ env: '{ name: ISTIO_META_DNS_CAPTURE, value: "true" }' }).replace(
      '{"concurrency":2}',
      '{"discoveryAddress":"istiod.istio-system.svc:15012"}',
    ),
  },
  {
    title: 'what a pod’s annotation excludes is another rule’s business, also where the injector has repeated it',
    yaml: injectedPod({
      annotations: 'traffic.sidecar.istio.io/excludeOutboundPorts: "443"',
      initArgs: 'istio-iptables, -u, "1337", -m, TPROXY, -i, "*", -b, "*", -d, "15090", -o, "443"',
    }),
  },
];

const changed = (title: string, parts: InjectedParts, ...finds: [string, ...string[]]): FailExample => ({
  title: `${title}, on a pod that the injector has been at`,
  yaml: injectedPod(parts),
  finds,
});

const fail: readonly FailExample[] = [
  ...[
    'sidecar.istio.io/proxyImage',
    'sidecar.istio.io/proxyImageType',
    'sidecar.istio.io/bootstrapOverride',
    'sidecar.istio.io/userVolume',
    'sidecar.istio.io/userVolumeMount',
    'sidecar.istio.io/discoveryAddress',
    'proxy.istio.io/overrides',
  ].map((key): FailExample => ({ title: key, yaml: annotated(key, '{}'), finds: [`annotation at ${AT}[${key}]`] })),
  ...['grpc-agent', 'sidecar,mine', ''].map(
    (value): FailExample => ({
      title: `the template '${value}'`,
      yaml: annotated('inject.istio.io/templates', value),
      finds: [`template at ${AT}[inject.istio.io/templates]`],
    }),
  ),
  {
    title: 'a log level that writes another field, as the template has no quotes around it',
    yaml: annotated('sidecar.istio.io/logLevel', 'info\n    command: [sh]'),
    finds: [`text at ${AT}[sidecar.istio.io/logLevel]`],
  },
  ...[
    'discoveryAddress: evil',
    'custom_config_file: /x',
    'runtimeValues: { a: "1" }',
    'image: { imageType: debug }',
    'proxyHeaders: {}',
    'interceptionMode: TPROXY',
  ].map((text): FailExample => ({ title: `the key ${text}`, yaml: config(text), finds: [`key at ${AT}[${CONFIG}]`] })),
  {
    title: 'a variable whose text would end the injector’s',
    yaml: config('{"proxyMetadata":{"REGION":"a\\"b"}}'),
    finds: [`variable at ${AT}[${CONFIG}]`],
  },
  {
    title: 'a variable that ends Envoy',
    yaml: config('{"proxyMetadata":{"DISABLE_ENVOY":"true"}}'),
    finds: [`variable at ${AT}[${CONFIG}]`],
  },
  {
    title: 'one in the other spelling',
    yaml: config('proxy_metadata: { OUTPUT_CERTS: /x }'),
    finds: [`variable at ${AT}[${CONFIG}]`],
  },
  {
    title: 'a key behind a comment, which ends for Istio at another sign for the end of a line',
    yaml: config('concurrency: 2 #\u0085binaryPath: /x'),
    finds: [`unreadable at ${AT}[${CONFIG}]`],
  },
  {
    title: 'an edit of a running pod',
    before: workload('Pod'),
    yaml: workload('Pod', { annotations: `${CONFIG}: "binaryPath: /x"` }),
    finds: [`key at metadata.annotations[${CONFIG}]`],
  },
  {
    title: 'the injector’s own mark',
    yaml: deployment({ annotations: `sidecar.istio.io/status: ${STATUS}` }),
    finds: [`status at ${AT}[sidecar.istio.io/status]`],
  },
  {
    title: 'a pod with the mark and no proxy',
    yaml: workload('Pod', { annotations: 'sidecar.istio.io/status: "{}"' }),
    finds: ['status at metadata.annotations[sidecar.istio.io/status]'],
  },
  ...['istio-proxy', 'istio-init', 'istio-validation'].flatMap((name): readonly FailExample[] => [
    {
      title: `a second container ${name}`,
      yaml: deployment({ containers: `{ name: web, image: web }, { name: ${name}, image: x }` }),
      finds: [`container at ${SPEC}.containers[1]`],
    },
    {
      title: `an init container ${name}`,
      yaml: workload('CronJob', { spec: `initContainers: [{ name: ${name}, image: x }]` }),
      finds: ['container at spec.jobTemplate.spec.template.spec.initContainers[0]'],
    },
  ]),
  {
    title: 'a volume under the injector’s name',
    yaml: deployment({ spec: 'volumes: [{ name: istiod-ca-cert, secret: { secretName: mine } }]' }),
    finds: [`volume at ${SPEC}.volumes[0]`],
  },
  {
    title: 'a gateway’s pod with another image',
    yaml: gateway('', 'mine'),
    finds: [`image at ${SPEC}.containers[0].image`],
  },
  {
    title: 'a gateway’s pod with another start and another name for itself, in a namespace that asks for injection',
    context: namespace('shop', 'istio-injection: enabled'),
    yaml: gateway(', command: [sh], env: [{ name: CA_ADDR, value: evil }]').replace(
      'namespace: llmoptimizer',
      'namespace: shop',
    ),
    finds: [`left at ${SPEC}.containers[0].command`, `left at ${SPEC}.containers[0].env[0]`],
  },
  changed('another image', { image: 'docker.io/istio/proxyv2evil:1' }, `image at ${PROXY}.image`),
  changed('another registry', { image: 'docker.io/istio/proxyv2.evil.example/x' }, `image at ${PROXY}.image`),
  changed('a command', { more: 'command: [sh, -c, sleep]' }, `left at ${PROXY}.command`),
  changed('another user', { user: '0' }, `written at ${PROXY}.securityContext.runAsUser`),
  changed('a variable', { env: '{ name: DISABLE_ENVOY, value: "true" }' }, `written at ${PROXY}.env[6]`),
  changed('another name for itself', { env: '{ name: SERVICE_ACCOUNT, value: admin }' }, `written at ${PROXY}.env[6]`),
  changed(
    'another certificate authority',
    { env: '{ name: CA_ADDR, value: "istiod.evil.svc:15012" }' },
    `written at ${PROXY}.env[6]`,
  ),
  changed(
    'another configuration',
    { env: '{ name: PROXY_CONFIG, value: \'{"discoveryAddress":"x"}\' }' },
    `written at ${PROXY}.env[6]`,
  ),
  changed(
    'a volume',
    { mount: '{ name: mine, mountPath: /var/run/secrets/istio }' },
    `written at ${PROXY}.volumeMounts[2]`,
  ),
  changed('a hook', { more: 'lifecycle: { postStart: { exec: { command: [sh] } } }' }, `written at ${PROXY}.lifecycle`),
  changed('a terminal', { more: 'tty: true' }, `left at ${PROXY}.tty`),
  changed(
    'another capture',
    { initArgs: 'istio-iptables, -u, "1337", -m, REDIRECT, -i, "10.0.0.0/8", -b, "*"' },
    'written at spec.initContainers[0].args',
  ),
  changed(
    'a capture that lets another user pass',
    { initArgs: 'istio-iptables, -u, "1000", -m, REDIRECT, -i, "*", -b, "*"' },
    'written at spec.initContainers[0].args',
  ),
  changed('no capture at all', { init: '' }, 'written at spec.initContainers'),
  {
    title: 'the image of a running proxy that is changed',
    before: injectedPod(),
    yaml: injectedPod({ image: 'evil' }),
    finds: [`image at ${PROXY}.image`],
  },
];

/** The examples of MW106. */
export const examples = { pass, fail };
