import { isWorkloadKind, KINDS, type Kind } from '../model/kind.ts';
import type { Rule } from '../rules/rule.ts';
import { NOT_BREAK_GLASS } from './break-glass.ts';

/** The names of the two configurations; the mutating one sorts before `istio-…`, as the API server calls them by name. */
export const CONFIGURATION_NAMES = { mutating: '00-meshwarden-mutate', validating: 'meshwarden-validate' } as const;

/** Where a webhook is called. */
export type WebhookPath = '/mutate' | '/validate';

/** How the API server reaches the webhook at a path: a Service or a URL, with or without a `caBundle`. */
export type ClientConfig = (path: WebhookPath) => Readonly<Record<string, unknown>>;

/** Reaches the shipped Service; its `caBundle` is written by the service itself or by cert-manager. */
export const shippedService: ClientConfig = (path) => ({
  service: { name: 'meshwarden', namespace: 'meshwarden-system', path, port: 443 },
});

type Operations = readonly ('CREATE' | 'UPDATE' | 'DELETE')[];

interface Entry {
  readonly name: string;
  readonly takes: (kind: Kind) => boolean;
  readonly operations: (kind: Kind) => Operations;
  readonly namespaces?: { readonly operator: 'In' | 'NotIn'; readonly values: readonly string[] };
  readonly subresources?: readonly string[];
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
}

/** Workloads of Kubernetes, of the control plane and of Meshwarden itself start without it; nobody can set this label. */
const SYSTEM = ['kube-system', 'kube-public', 'kube-node-lease', 'istio-system', 'meshwarden-system'];
const OUTSIDE_SYSTEM = { operator: 'NotIn', values: SYSTEM } as const;
const all = (): Operations => ['CREATE', 'UPDATE', 'DELETE'];
const changes = (): Operations => ['CREATE', 'UPDATE'];
const group = (kind: Kind): string => KINDS[kind].group;

/** The mesh configuration and the injector's, of every revision; not istiod's other ConfigMaps, which it writes at any time. */
const MESH_CONFIGURATION = [
  "request.name == 'istio' || request.name == 'istio-sidecar-injector'",
  "(object != null && has(object.data) && ('mesh' in object.data || 'config' in object.data))",
  "(oldObject != null && has(oldObject.data) && ('mesh' in oldObject.data || 'config' in oldObject.data))",
].join(' || ');

const VALIDATING: readonly Entry[] = [
  {
    name: 'workloads',
    takes: isWorkloadKind,
    operations: changes,
    namespaces: OUTSIDE_SYSTEM,
    // Ephemeral containers and in-place resizes change a running pod, and its sidecar, by a side door.
    subresources: ['pods/ephemeralcontainers', 'pods/resize'],
  },
  // In every namespace: the root namespace is where the baseline lives.
  { name: 'istio', takes: (kind) => group(kind).endsWith('.istio.io'), operations: all },
  {
    name: 'routes',
    takes: (kind) => group(kind) === 'gateway.networking.k8s.io' || group(kind) === 'networking.k8s.io',
    operations: all,
    // Its own NetworkPolicy must be mendable while the service is away.
    namespaces: { operator: 'NotIn', values: ['meshwarden-system'] },
  },
  { name: 'services', takes: (kind) => kind === 'Service', operations: all, namespaces: OUTSIDE_SYSTEM },
  { name: 'namespaces', takes: (kind) => kind === 'Namespace', operations: all, namespaces: OUTSIDE_SYSTEM },
  {
    name: 'mesh-config',
    takes: (kind) => kind === 'ConfigMap',
    operations: all,
    namespaces: { operator: 'In', values: ['istio-system'] },
    matchConditions: [{ name: 'mesh-or-injector-configuration', expression: MESH_CONFIGURATION }],
  },
];

const MUTATING: readonly Entry[] = [
  {
    name: 'workloads',
    takes: isWorkloadKind,
    // A running pod's sidecar cannot be changed by its annotations.
    operations: (kind) => (kind === 'Pod' ? ['CREATE'] : changes()),
    namespaces: OUTSIDE_SYSTEM,
  },
];

/**
 * Makes both webhook configurations from what the rules read; nothing else is ever sent to the service. `guarded`: the
 * policies of deploy/base are there, without which broken glass would have no end, and so is not let pass.
 */
export function webhookConfigurations(
  rules: readonly Rule[],
  clientConfig: ClientConfig,
  { guarded }: { readonly guarded: boolean },
): readonly [object, object] {
  const read = new Set(rules.flatMap(({ reads }) => [...reads]));
  const completed = new Set(rules.flatMap((rule) => (rule.mutate === undefined ? [] : [...rule.reads])));
  const configuration = (kind: string, name: string, webhooks: readonly object[]): object => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name, labels: { 'app.kubernetes.io/name': 'meshwarden' } },
    webhooks,
  });
  return [
    configuration(
      'MutatingWebhookConfiguration',
      CONFIGURATION_NAMES.mutating,
      MUTATING.flatMap((entry) => webhook({ ...entry, guarded }, completed, '/mutate', clientConfig('/mutate'))),
    ),
    configuration(
      'ValidatingWebhookConfiguration',
      CONFIGURATION_NAMES.validating,
      VALIDATING.flatMap((entry) => webhook({ ...entry, guarded }, read, '/validate', clientConfig('/validate'))),
    ),
  ];
}

function webhook(
  entry: Entry & { readonly guarded: boolean },
  kinds: ReadonlySet<Kind>,
  path: WebhookPath,
  clientConfig: Readonly<Record<string, unknown>>,
): readonly object[] {
  const rules = rulesOf(entry, kinds);
  if (rules.length === 0) return [];
  const { namespaces } = entry;
  const matchConditions = [...(entry.guarded ? [NOT_BREAK_GLASS] : []), ...(entry.matchConditions ?? [])];
  const isMutating = path === '/mutate';
  return [
    {
      name: `${entry.name}.${path.slice(1)}.meshwarden.io`,
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      // Mutation may fail open, because validation checks what comes out of it.
      failurePolicy: isMutating ? 'Ignore' : 'Fail',
      matchPolicy: 'Equivalent',
      timeoutSeconds: isMutating ? 2 : 3,
      ...(isMutating ? { reinvocationPolicy: 'IfNeeded' } : {}),
      clientConfig,
      ...(namespaces === undefined
        ? {}
        : { namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', ...namespaces }] } }),
      rules,
      ...(matchConditions.length === 0 ? {} : { matchConditions }),
    },
  ];
}

/** Groups kinds by API group and operations; every version, so that a new one is no way around. */
function rulesOf({ takes, operations, subresources = [] }: Entry, kinds: ReadonlySet<Kind>): readonly object[] {
  const groups = new Map<string, { readonly apiGroup: string; readonly resources: string[]; operations: Operations }>();
  for (const kind of [...kinds].filter(takes)) {
    const { group: apiGroup, resource } = KINDS[kind];
    const key = `${apiGroup} ${operations(kind).join()}`;
    const entry = groups.get(key) ?? { apiGroup, resources: [], operations: operations(kind) };
    entry.resources.push(resource, ...subresources.filter((name) => name.startsWith(`${resource}/`)));
    groups.set(key, entry);
  }
  return [...groups]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([, { apiGroup, resources, operations: verbs }]) => ({
      apiGroups: [apiGroup],
      apiVersions: ['*'],
      resources: resources.sort(),
      operations: verbs,
      scope: '*',
    }));
}

/** What a role lets its holder do with the resources of one API group. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Returns the kinds that rules look up beside the object at hand: all they read but workloads, which stand for themselves. */
export function watchedKinds(rules: readonly Rule[]): readonly Kind[] {
  const kinds = new Set<Kind>(['Namespace', 'Service', 'ConfigMap']);
  for (const { reads } of rules) for (const kind of reads) if (!isWorkloadKind(kind)) kinds.add(kind);
  return [...kinds].sort();
}

/** Makes the rights to watch: in the whole cluster, and the ConfigMaps of the root namespace alone. */
export function watchRights(rules: readonly Rule[]): {
  readonly cluster: readonly PolicyRule[];
  readonly rootNamespace: readonly PolicyRule[];
} {
  const verbs = ['get', 'list', 'watch'];
  const groups = new Map<string, string[]>();
  for (const kind of watchedKinds(rules)) {
    if (kind === 'ConfigMap') continue;
    const { group: apiGroup, resource } = KINDS[kind];
    groups.set(apiGroup, [...(groups.get(apiGroup) ?? []), resource]);
  }
  const cluster = [...groups]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([apiGroup, resources]) => ({ apiGroups: [apiGroup], resources: resources.sort(), verbs }));
  return { cluster, rootNamespace: [{ apiGroups: [''], resources: [KINDS.ConfigMap.resource], verbs }] };
}
