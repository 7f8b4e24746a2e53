import type { FailExample, PassExample } from '../rule.ts';

const AT = (day: string): string => `creationTimestamp: "2026-01-${day}T00:00:00Z"`;

/** A PeerAuthentication on one line; `spec` in flow style. */
function policy(namespace: string, name: string, spec: string, rest = ''): string {
  return `---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: ${name}, namespace: ${namespace}${rest === '' ? '' : `, ${rest}`} }
spec: ${spec}
`;
}

const STRICT = '{ mtls: { mode: STRICT } }';
const MESH = policy('istio-system', 'default', STRICT, AT('01'));
const OWN = policy('llmoptimizer', 'default', STRICT, AT('02'));
const postgres = (mode: string): string =>
  policy(
    'llmoptimizer-data',
    'postgres',
    `{ selector: { matchLabels: { app: postgres } }, mtls: { mode: STRICT }, portLevelMtls: { "5432": { mode: ${mode} } } }`,
  );
const NAMESPACE = `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { istio-injection: enabled } }
`;

const pass: readonly PassExample[] = [
  { title: 'a STRICT policy of a namespace', yaml: OWN },
  { title: 'a STRICT policy of the mesh', yaml: MESH },
  { title: 'an UNSET policy below a STRICT one', context: MESH, yaml: policy('llmoptimizer', 'default', '{}') },
  {
    title: 'PERMISSIVE on a port of a database in migration, at v1beta1',
    context: MESH,
    yaml: postgres('PERMISSIVE').replace('/v1', '/v1beta1'),
  },
  {
    title: 'PERMISSIVE for a database in migration, by more labels than the baseline asks for',
    context: MESH,
    yaml: policy(
      'llmoptimizer-data',
      'redis',
      '{ selector: { matchLabels: { app: redis, tier: data } }, mtls: { mode: PERMISSIVE } }',
    ),
  },
  {
    title: 'a selector policy of the root namespace, which nothing obeys',
    context: MESH,
    yaml: policy('istio-system', 'odd', '{ selector: { matchLabels: { app: a } }, mtls: { mode: DISABLE } }'),
  },
  {
    title: 'the namespace’s STRICT policy goes where the mesh is STRICT',
    context: MESH + OWN,
    before: OWN,
    yaml: policy('llmoptimizer', 'default', '{}', AT('02')),
  },
  { title: 'a namespace comes into a STRICT mesh', context: MESH, yaml: NAMESPACE },
];

const fail: readonly FailExample[] = [
  {
    title: 'a PERMISSIVE policy of a namespace',
    context: MESH,
    yaml: policy('llmoptimizer', 'default', '{ mtls: { mode: PERMISSIVE } }'),
    finds: ['notStrict at spec.mtls.mode'],
  },
  {
    title: 'a DISABLE policy of the mesh, at v1beta1',
    context: OWN,
    yaml: policy('istio-system', 'default', '{ mtls: { mode: DISABLE } }').replace('/v1', '/v1beta1'),
    finds: ['notStrict at spec.mtls.mode'],
  },
  {
    title: 'PERMISSIVE for a workload and DISABLE on its second port, neither of a database',
    context: MESH,
    yaml: policy(
      'llmoptimizer',
      'ml',
      '{ selector: { matchLabels: { app: ml-service } }, mtls: { mode: PERMISSIVE }, portLevelMtls: { "80": { mode: STRICT }, "81": { mode: DISABLE } } }',
    ),
    finds: ['notStrict at spec.mtls.mode', 'notStrict at spec.portLevelMtls[81].mode'],
  },
  {
    title: 'DISABLE on a port of a database in migration',
    context: MESH,
    yaml: postgres('DISABLE'),
    finds: ['notStrict at spec.portLevelMtls[5432].mode'],
  },
  {
    title: 'PERMISSIVE for a database’s labels in another namespace',
    context: MESH,
    yaml: postgres('PERMISSIVE').replace('llmoptimizer-data', 'llmoptimizer'),
    finds: ['notStrict at spec.portLevelMtls[5432].mode'],
  },
  {
    title: 'PERMISSIVE behind an older STRICT policy, which may go one day',
    context: MESH + OWN,
    yaml: policy('llmoptimizer', 'newer', '{ mtls: { mode: PERMISSIVE } }'),
    finds: ['notStrict at spec.mtls.mode'],
  },
  {
    title: 'a mode that Istio does not know',
    context: MESH,
    yaml: policy('llmoptimizer', 'default', '{ mtls: { mode: strict } }'),
    finds: ['notStrict at spec.mtls.mode'],
  },
  {
    title: 'an older UNSET policy that hides the STRICT one of its namespace',
    context: policy('llmoptimizer', 'newer', STRICT, AT('09')),
    before: policy('llmoptimizer', 'older', STRICT, AT('03')),
    yaml: policy('llmoptimizer', 'older', '{ mtls: { mode: UNSET } }', AT('03')),
    finds: ['unset at spec.mtls.mode'],
  },
  {
    title: 'an empty policy where nothing stands above',
    yaml: policy('llmoptimizer', 'default', '{ selector: {} }'),
    finds: ['unset at spec.mtls.mode'],
  },
  {
    title: 'the mesh’s policy is deleted: whatever has none of its own turns PERMISSIVE',
    context: OWN,
    yaml: MESH,
    deletes: true,
    finds: ['missing', 'missing'],
  },
  {
    title: 'the only policy of a namespace is deleted',
    yaml: OWN,
    deletes: true,
    finds: ['missing'],
  },
  {
    title: 'the only policy of a namespace moves to another revision',
    before: OWN,
    yaml: policy('llmoptimizer', 'default', STRICT, `${AT('02')}, labels: { istio.io/rev: canary }`),
    finds: ['missing'],
  },
  {
    title: 'the only policy of a namespace gets a selector',
    before: OWN,
    yaml: policy(
      'llmoptimizer',
      'default',
      '{ selector: { matchLabels: { app: a } }, mtls: { mode: STRICT } }',
      AT('02'),
    ),
    finds: ['missing'],
  },
  { title: 'a namespace comes where no policy is', yaml: NAMESPACE, finds: ['missing'] },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
