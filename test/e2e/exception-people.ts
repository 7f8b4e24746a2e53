import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { kubectl, mustKubectl } from '../../src/edge/cluster/kubectl.ts';
import type { LocalUser } from '../../src/edge/cluster/control-plane.ts';
import type { TestCluster } from './cluster.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** What kubectl did for somebody. */
export interface Attempt {
  readonly isTaken: boolean;
  readonly stderr: string;
  /** The codes of the refusal and of the warnings, sorted. */
  readonly codes: readonly string[];
}

/** Runs kubectl as one of the people of a cluster. */
export async function as(
  cluster: TestCluster,
  user: LocalUser,
  args: readonly string[],
  object?: unknown,
): Promise<Attempt> {
  const stdin = object === undefined ? {} : { stdin: JSON.stringify(object) };
  const { code, stderr } = await kubectl(cluster.kubeconfigOf(user), args, stdin);
  const codes = [...stderr.matchAll(/\[(MW\d+)\]/g)].map(([, found = '']) => found);
  return { isTaken: code === 0, stderr, codes: [...new Set(codes)].sort() };
}

/** Lets `developer` and `security` write all objects of the tests, and nothing that is Meshwarden's to give. */
export async function letPeopleWork(cluster: TestCluster): Promise<void> {
  const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
  const rules = [
    { apiGroups: ['networking.istio.io', 'security.istio.io', 'apps', 'batch'], resources: ['*'], verbs },
    { apiGroups: [''], resources: ['pods', 'services', 'namespaces'], verbs },
  ];
  const api = 'rbac.authorization.k8s.io';
  const subjects = ['developers', 'security'].map((name) => ({ kind: 'Group', apiGroup: api, name }));
  await apply(cluster, {
    apiVersion: `${api}/v1`,
    kind: 'ClusterRole',
    metadata: { name: 'people' },
    rules,
  });
  await apply(cluster, {
    apiVersion: `${api}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'people' },
    roleRef: { apiGroup: api, kind: 'ClusterRole', name: 'people' },
    subjects,
  });
}

/** Installs the shipped roles for people, and binds that of exceptions to `security` in a namespace. */
export async function letSecurityExempt(cluster: TestCluster, namespace: string): Promise<void> {
  const roles = readFileSync(resolve(ROOT, 'deploy/base/rbac.yaml'), 'utf8')
    .split(/^---$/m)
    .filter((text) => text.includes('name: meshwarden-exempt'));
  await mustKubectl(cluster.kubeconfig, ['apply', '-f', '-'], { stdin: roles.join('---\n') });
  const role = ['--clusterrole=meshwarden-exempt', '--group=security'];
  await mustKubectl(cluster.kubeconfig, ['create', 'rolebinding', 'exempt', '-n', namespace, ...role]);
}

/** Gives the shipped example role to `security` in place of the group that it names. */
export async function letSecurityExemptOneRule(cluster: TestCluster): Promise<void> {
  const example = readFileSync(resolve(ROOT, 'deploy/examples/exempt-one-rule.yaml'), 'utf8');
  await mustKubectl(cluster.kubeconfig, ['apply', '-f', '-'], { stdin: example.replaceAll('shop-leads', 'security') });
}

/** Applies an object as the administrator. */
export async function apply(cluster: TestCluster, object: unknown): Promise<void> {
  await mustKubectl(cluster.kubeconfig, ['apply', '-f', '-'], { stdin: JSON.stringify(object) });
}
