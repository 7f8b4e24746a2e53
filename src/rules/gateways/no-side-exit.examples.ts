import type { FailExample, PassExample } from '../rule.ts';

/** A Service; `spec` in flow style. */
function service(spec: string, { namespace = 'llmoptimizer', name = 'exit', exportTo = '' } = {}): string {
  const annotations = exportTo === '' ? '' : `, annotations: { networking.istio.io/exportTo: "${exportTo}" }`;
  return `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace}${annotations} }
spec: { ${spec} }
`;
}

/** A WorkloadEntry at an address; the empty text: none. */
function workload(address: string, version = 'v1'): string {
  return `---
apiVersion: networking.istio.io/${version}
kind: WorkloadEntry
metadata: { name: vm, namespace: llmoptimizer }
spec: { ${address === '' ? 'network: vpn' : `address: "${address}"`}, labels: { app: ml-service } }
`;
}

const SELECTS = 'selector: { app: a }, ports: [{ port: 80 }]';
const ALIAS = 'type: ExternalName, externalName: evil.example';
const BARE = 'ports: [{ port: 443 }]';
const TYPE = 'externalName at spec.type';
const SELECTOR = 'selectorless at spec.selector';

const pass: readonly PassExample[] = [
  { title: 'a Service of pods', yaml: service(SELECTS) },
  { title: 'a headless Service of pods', yaml: service(`${SELECTS}, clusterIP: None`) },
  {
    title: 'one outside of the mesh that the mesh does not see',
    yaml: service(ALIAS, { namespace: 'other', exportTo: '~' }),
  },
  {
    title: 'one outside of the mesh for its own namespace',
    yaml: service(BARE, { namespace: 'other', exportTo: '., other' }),
  },
  { title: 'one of the platform', yaml: service(BARE, { namespace: 'kube-system' }) },
  { title: 'the API server’s', yaml: service(BARE, { namespace: 'default', name: 'kubernetes' }) },
  { title: 'a wrong one goes', yaml: service(ALIAS), deletes: true },
  ...['10.1.2.3', '172.31.0.1', '192.168.0.1', '100.64.0.1', 'fd00::1'].map((address) => ({
    title: `a machine at ${address}`,
    yaml: workload(address),
  })),
  { title: 'a machine behind its network’s gateway', yaml: workload('') },
];

const OUTSIDE = [
  '203.0.113.7',
  'evil.example',
  'api.openai.com',
  '127.0.0.1',
  '169.254.169.254',
  '172.32.0.1',
  '100.128.0.1',
  '::ffff:10.0.0.1',
  '2001:db8::1',
  'fe80::1',
  '010.0.0.1',
  '10.0.0.256',
  '10.1',
  '10.0.0.1.evil.example',
  'unix:///var/run/x',
];

const fail: readonly FailExample[] = [
  { title: 'an external name', yaml: service(ALIAS), finds: [TYPE] },
  { title: 'an external name with a selector', yaml: service(`${ALIAS}, ${SELECTS}`), finds: [TYPE] },
  {
    title: 'an external name of the mesh itself',
    yaml: service('type: ExternalName, externalName: ml-service.llmoptimizer.svc.cluster.local'),
    finds: [TYPE],
  },
  { title: 'a Service turns into an external name', before: service(SELECTS), yaml: service(ALIAS), finds: [TYPE] },
  {
    title: 'an external name outside of the mesh that the mesh sees',
    yaml: service(ALIAS, { namespace: 'other' }),
    finds: [TYPE],
  },
  {
    title: 'an external name outside of the mesh that is exported to it',
    yaml: service(ALIAS, { namespace: 'other', exportTo: '., llmoptimizer' }),
    finds: [TYPE],
  },
  {
    title: 'an external name of the mesh that hides: a Sidecar’s or a setting’s change would show it',
    yaml: service(ALIAS, { exportTo: '~' }),
    finds: [TYPE],
  },
  {
    title: 'the egress gateway’s Service turns into an external name',
    before: service(SELECTS, { namespace: 'istio-egress', name: 'istio-egressgateway' }),
    yaml: service(ALIAS, { namespace: 'istio-egress', name: 'istio-egressgateway' }),
    finds: [TYPE],
  },
  { title: 'no selector', yaml: service(BARE), finds: [SELECTOR] },
  { title: 'an empty selector, headless', yaml: service(`${BARE}, selector: {}, clusterIP: None`), finds: [SELECTOR] },
  { title: 'a Service loses its selector', before: service(SELECTS), yaml: service(BARE), finds: [SELECTOR] },
  ...OUTSIDE.map(
    (address): FailExample => ({
      title: `a machine at ${address}`,
      yaml: workload(address),
      finds: ['outside at spec.address'],
    }),
  ),
  {
    title: 'a machine moves outside, at v1alpha3',
    before: workload('10.1.2.3'),
    yaml: workload('203.0.113.7', 'v1alpha3'),
    finds: ['outside at spec.address'],
  },
  {
    title: 'a group of machines outside',
    yaml: `
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: { name: vms, namespace: llmoptimizer }
spec: { template: { address: 203.0.113.7 } }
`,
    finds: ['outside at spec.template.address'],
  },
];

export const examples = { pass, fail };
