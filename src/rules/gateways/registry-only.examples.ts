import type { FailExample, PassExample } from '../rule.ts';
import { sidecar } from './egress-yaml.ts';

/** The mesh ConfigMap with a text for key `mesh`. */
function meshConfig(mesh: string, name = 'istio'): string {
  return `---
apiVersion: v1
kind: ConfigMap
metadata: { name: ${name}, namespace: istio-system }
data: { mesh: '${mesh}' }
`;
}

const policy = (mode: string): string => `outboundTrafficPolicy: { mode: ${mode} }`;
const CLOSED = sidecar(policy('REGISTRY_ONLY'));
const OPEN = sidecar(policy('ALLOW_ANY'));
const ROOT = sidecar(policy('REGISTRY_ONLY'), { namespace: 'istio-system' });
const MESH = meshConfig('{ outboundTrafficPolicy: { mode: REGISTRY_ONLY } }');
const OPEN_MESH = meshConfig('{ outboundTrafficPolicy: { mode: ALLOW_ANY } }');
const SILENT = sidecar('egress: [{ hosts: ["./*"] }]');
const AT = 'open at spec.outboundTrafficPolicy.mode';
const SHOP = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { istio-injection: enabled } }\n';

const pass: readonly PassExample[] = [
  { title: 'the mesh is closed, and a Sidecar says nothing', context: MESH, yaml: SILENT },
  { title: 'a block without a mode, in a Sidecar', context: OPEN_MESH, yaml: sidecar('outboundTrafficPolicy: {}') },
  {
    title: 'a block without a mode, in the mesh ConfigMap',
    before: MESH,
    yaml: meshConfig('{ outboundTrafficPolicy: {} }'),
  },
  {
    title: 'the mesh ConfigMap in snake_case',
    before: MESH,
    yaml: meshConfig('{ outbound_traffic_policy: { mode: REGISTRY_ONLY } }'),
  },
  { title: 'the mesh is open and the root namespace’s Sidecar is not', context: ROOT, yaml: OPEN_MESH },
  {
    title: 'a newer open Sidecar, which nobody has',
    context: MESH + sidecar(policy('REGISTRY_ONLY'), { day: '01' }),
    yaml: sidecar(policy('ALLOW_ANY'), { name: 'newer' }),
  },
  {
    title: 'an open Sidecar outside of the mesh',
    context: MESH,
    yaml: sidecar(policy('ALLOW_ANY'), { namespace: 'other' }),
  },
  { title: 'a closed Sidecar goes and the mesh is closed', context: MESH, yaml: CLOSED, deletes: true },
  {
    title: 'a ConfigMap of another name',
    context: MESH,
    yaml: meshConfig('{ outboundTrafficPolicy: { mode: ALLOW_ANY } }', 'istio-canary'),
  },
];

const fail: readonly FailExample[] = [
  { title: 'an open Sidecar', context: MESH, yaml: OPEN, finds: [AT] },
  { title: 'a Sidecar becomes open', context: MESH, before: CLOSED, yaml: OPEN, finds: [AT] },
  {
    title: 'an open Sidecar for some pods, at v1beta1',
    context: MESH + CLOSED,
    yaml: sidecar(`workloadSelector: { labels: { app: a } }, ${policy('ALLOW_ANY')}`, { name: 'some' }).replace(
      '/v1',
      '/v1beta1',
    ),
    finds: [AT],
  },
  {
    title: 'an open Sidecar whose selector fits all pods and so comes before an older one',
    context: MESH + sidecar(policy('REGISTRY_ONLY'), { day: '01' }),
    yaml: sidecar(`workloadSelector: {}, ${policy('ALLOW_ANY')}`, { name: 'all' }),
    finds: [AT],
  },
  {
    title: 'an older open Sidecar comes to light',
    context: MESH + sidecar(policy('ALLOW_ANY'), { name: 'newer', day: '02' }),
    yaml: sidecar(policy('REGISTRY_ONLY'), { day: '01' }),
    deletes: true,
    finds: [AT],
  },
  {
    title: 'an open proxy for what is not known',
    context: MESH,
    yaml: sidecar(
      'outboundTrafficPolicy: { mode: ALLOW_ANY, egressProxy: { host: a.llmoptimizer.svc.cluster.local, port: { number: 80 } } }',
    ),
    finds: [AT],
  },
  {
    title: 'the root namespace’s Sidecar opens what has none of its own, which is nobody yet',
    context: MESH + CLOSED + sidecar(policy('REGISTRY_ONLY'), { namespace: 'llmoptimizer-data' }),
    before: ROOT,
    yaml: sidecar(policy('ALLOW_ANY'), { namespace: 'istio-system' }),
    finds: [AT],
  },
  {
    title: 'the root namespace’s Sidecar opens all',
    context: MESH,
    before: ROOT,
    yaml: sidecar(policy('ALLOW_ANY'), { namespace: 'istio-system' }),
    finds: [AT],
  },
  {
    title: 'the closed Sidecar goes and the mesh is open',
    context: OPEN_MESH + sidecar(policy('REGISTRY_ONLY'), { namespace: 'llmoptimizer-data' }),
    yaml: CLOSED,
    deletes: true,
    finds: ['openMesh at data.mesh'],
  },
  {
    title: 'the closed Sidecar moves to another revision and the mesh is open',
    context: OPEN_MESH + sidecar(policy('REGISTRY_ONLY'), { namespace: 'llmoptimizer-data' }),
    before: CLOSED,
    yaml: CLOSED.replace('namespace: llmoptimizer }', 'namespace: llmoptimizer, labels: { istio.io/rev: canary } }'),
    finds: ['openMesh at data.mesh'],
  },
  { title: 'the mesh opens', before: MESH, yaml: OPEN_MESH, finds: ['openMesh at data.mesh'] },
  { title: 'the mesh says nothing any more', before: MESH, yaml: meshConfig('{}'), finds: ['openMesh at data.mesh'] },
  {
    title: 'the mesh says null',
    before: MESH,
    yaml: meshConfig('{ outboundTrafficPolicy: null }'),
    finds: ['openMesh at data.mesh'],
  },
  {
    title: 'the mesh opens for names',
    before: MESH,
    yaml: meshConfig('{ outboundTrafficPolicy: { mode: ALLOW_ANY_DYNAMIC_DNS } }'),
    finds: ['openMesh at data.mesh'],
  },
  {
    title: 'the mesh opens by the number of the word',
    before: MESH,
    yaml: meshConfig('{ outboundTrafficPolicy: { mode: 1 } }'),
    finds: ['openMesh at data.mesh'],
  },
  {
    title: 'the mesh ConfigMap cannot be read',
    before: MESH,
    yaml: meshConfig('{ outboundTrafficPolicy: '),
    finds: ['openMesh at data.mesh'],
  },
  { title: 'the mesh ConfigMap goes', yaml: MESH, deletes: true, finds: ['missing', 'missing', 'missing'] },
  { title: 'a namespace comes where nothing is closed', yaml: SHOP, finds: ['missing'] },
];

export const examples = { pass, fail };
