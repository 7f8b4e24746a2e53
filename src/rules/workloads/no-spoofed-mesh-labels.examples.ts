import type { FailExample, PassExample } from '../rule.ts';
import { deployment, LABELS, namespace, STATUS, workload } from './workload-yaml.ts';

const AT = 'spec.template.metadata.labels';
const labelled = (key: string, value: string): string => deployment({ labels: `${LABELS}, ${key}: "${value}"` });
const WRITTEN = `${LABELS}, security.istio.io/tlsMode: istio, service.istio.io/canonical-name: web, service.istio.io/canonical-revision: v1`;
const live = (labels: string, metadata = 'uid: 1'): string =>
  workload('Pod', {
    labels,
    metadata,
    annotations: `sidecar.istio.io/status: ${STATUS}`,
    spec: 'initContainers: [{ name: istio-proxy, image: x }]',
  });
const ROOT = namespace('istio-system', 'topology.istio.io/network: east');

const pass: readonly PassExample[] = [
  { title: 'none of these labels', yaml: deployment() },
  { title: 'what the injector would write', yaml: deployment({ labels: WRITTEN }) },
  { title: 'what the injector wrote', yaml: live(`${WRITTEN}, networking.istio.io/tunnel: http`) },
  {
    title: 'a name from the recommended label, and a revision',
    yaml: live(
      'app: web, app.kubernetes.io/name: cart, app.kubernetes.io/version: "7", service.istio.io/canonical-name: cart, service.istio.io/canonical-revision: "7"',
    ),
  },
  {
    title: 'a name from the Deployment, which the injector guesses from the pod’s owner',
    yaml: live(
      'pod-template-hash: abc, service.istio.io/canonical-name: shop, service.istio.io/canonical-revision: latest',
      'generateName: shop-abc-, ownerReferences: [{ kind: ReplicaSet, name: shop-abc, controller: true }]',
    ),
  },
  { title: 'the network that the mesh has', context: ROOT, yaml: labelled('topology.istio.io/network', 'east') },
  {
    title: 'a workload outside the mesh',
    yaml: deployment({ namespace: 'shop', labels: 'security.istio.io/tlsMode: disabled' }),
  },
  { title: 'null, which is absent', yaml: deployment({ labels: `${LABELS}, security.istio.io/tlsMode: null` }) },
];

const fail: readonly FailExample[] = [
  ...(
    [
      ['security.istio.io/tlsMode', 'disabled', 'spoofed'],
      ['security.istio.io/tlsMode', '', 'spoofed'],
      ['networking.istio.io/tunnel', 'http', 'foreign'],
      ['topology.istio.io/network', 'west', 'foreign'],
      ['service.istio.io/canonical-name', 'auth-service', 'spoofed'],
      ['service.istio.io/canonical-revision', 'v2', 'spoofed'],
      ['service.istio.io/workload-name', 'auth-service', 'spoofed'],
    ] as const
  ).map(
    ([key, value, message]): FailExample => ({
      title: `${key}: '${value}'`,
      yaml: labelled(key, value),
      finds: [`${message} at ${AT}[${key}]`],
    }),
  ),
  {
    title: 'another network than the mesh’s',
    context: ROOT,
    yaml: labelled('topology.istio.io/network', 'west'),
    finds: [`spoofed at ${AT}[topology.istio.io/network]`],
  },
  {
    title: 'a label of a running pod that is changed',
    before: live(WRITTEN),
    yaml: live(WRITTEN.replace('tlsMode: istio', 'tlsMode: disabled')),
    finds: ['spoofed at metadata.labels[security.istio.io/tlsMode]'],
  },
  {
    title: 'a CronJob, two labels',
    yaml: workload('CronJob', {
      labels: `${LABELS}, security.istio.io/tlsMode: "off", networking.istio.io/tunnel: http`,
    }),
    finds: [
      'spoofed at spec.jobTemplate.spec.template.metadata.labels[security.istio.io/tlsMode]',
      'foreign at spec.jobTemplate.spec.template.metadata.labels[networking.istio.io/tunnel]',
    ],
  },
];

/** The examples of MW107. */
export const examples = { pass, fail };
