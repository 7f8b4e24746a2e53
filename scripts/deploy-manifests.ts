import { type Document, isMap, isScalar, isSeq, parseDocument, stringify } from 'yaml';
import { shippedService, watchRights, webhookConfigurations } from '../src/report/webhook-configurations.ts';
import type { Rule } from '../src/rules/rule.ts';

const WEBHOOKS_HEAD = `
 Which reviews come to the service. There is no caBundle: the service writes it itself, under its own field manager, and
 \`kubectl apply --server-side\` of this file leaves it alone; cert-manager does it in the overlay of that name.
 Namespaces are left out by kubernetes.io/metadata.name, which the API server sets and nobody can change: workloads of
 Kubernetes, of the control plane and of Meshwarden itself, so that all three can start without it.
 Group versions are "*" and matchPolicy is Equivalent: no other version of a kind is a way around.
 The condition not-break-glass is explained in break-glass.yaml.`;

const MUTATING_HEAD = `
 Completes workloads. It may fail open, because the validating side judges what comes out.
 The name sorts before istio-sidecar-injector and istio-revision-tag-*: the API server calls mutating webhooks in the
 order of their configurations' names, and Istio's injector must see the annotations that are added here.`;

const VALIDATING_HEAD = '\n Judges the end state, and fails closed.';

/** What a person must know of each validating webhook. */
const NOTES: Readonly<Record<string, string>> = {
  workloads:
    ' Workloads. Ephemeral containers and in-place resizes change a running pod, and its sidecar, by a side door.',
  istio: ` Istio's own kinds, in every namespace: the root namespace is where the baseline lives. DELETE is a change like others.`,
  routes: ` Kubernetes' own ways to route and to wall off. Not in Meshwarden's namespace: its own NetworkPolicy must be mendable
 while the service is away.`,
  services: ' Services: protocol of their ports, ExternalName, and those without a selector.',
  namespaces: ' Namespaces: their injection labels. (For a Namespace the selector looks at its own labels.)',
  'mesh-config': ` The mesh configuration and the injector's, of every revision; not istiod's other ConfigMaps (elections, root
 certificates), which it must be able to write at any time.`,
};

const RIGHTS_HEAD = ' What the service reads: the kinds that its rules look up, and nothing that holds secrets.';
const ROOT_HEAD = ' The mesh configuration: ConfigMaps of the root namespace only.';
const HOLDER = [{ kind: 'ServiceAccount', name: 'meshwarden', namespace: 'meshwarden-system' }];
const ROOT = 'istio-system';

/** Returns the manifests that follow from what the rules read, by their paths from the top of the tree. */
export function deployManifests(rules: readonly Rule[]): ReadonlyMap<string, string> {
  const [mutating, validating] = webhookConfigurations(rules, shippedService, { guarded: true });
  const { cluster, rootNamespace } = watchRights(rules);
  const name = 'meshwarden-watch';
  const api = 'rbac.authorization.k8s.io';
  const apiVersion = `${api}/v1`;
  const at = { name, namespace: ROOT };
  const bound = (kind: string): object => ({ roleRef: { apiGroup: api, kind, name }, subjects: HOLDER });
  return new Map([
    [
      'deploy/base/webhooks.yaml',
      files(`${WEBHOOKS_HEAD.slice(1)}\n${MUTATING_HEAD}`, [mutating, VALIDATING_HEAD, validating]),
    ],
    [
      'deploy/base/rbac-watch.yaml',
      files(RIGHTS_HEAD, [
        { apiVersion, kind: 'ClusterRole', metadata: { name }, rules: cluster },
        '',
        { apiVersion, kind: 'ClusterRoleBinding', metadata: { name }, ...bound('ClusterRole') },
        ROOT_HEAD,
        { apiVersion, kind: 'Role', metadata: at, rules: rootNamespace },
        '',
        { apiVersion, kind: 'RoleBinding', metadata: at, ...bound('Role') },
      ]),
    ],
  ]);
}

/** Writes documents with a comment before each; an object is a document, a text the comment of the next. */
function files(head: string, parts: readonly (object | string)[]): string {
  let comment = head;
  const texts: string[] = [];
  for (const part of parts) {
    if (typeof part === 'string') comment = part;
    else {
      const lines = comment.split('\n').map((line) => (line === '' ? '' : `#${line}`));
      texts.push(`${comment === '' ? '' : `${lines.join('\n').trim()}\n`}${write(part)}`);
      comment = '';
    }
  }
  return texts.join('---\n');
}

function write(object: object): string {
  const document = parseDocument(stringify(object, { aliasDuplicateObjects: false }));
  const webhooks = document.get('webhooks');
  if (isSeq(webhooks)) {
    for (const webhook of webhooks.items) {
      const name = isMap(webhook) ? webhook.get('name') : undefined;
      if (isMap(webhook) && typeof name === 'string' && name.includes('.validate.')) {
        webhook.commentBefore = NOTES[name.split('.')[0] ?? ''] ?? null;
      }
    }
  }
  flowLists(document);
  return document.toString({ lineWidth: 170, flowCollectionPadding: false });
}

/** Writes lists of plain words in brackets, as people do. */
function flowLists(document: Document.Parsed): void {
  const walk = (node: unknown): void => {
    if (isSeq(node)) {
      if (node.items.every(isScalar)) node.flow = true;
      for (const item of node.items) walk(item);
    } else if (isMap(node)) for (const pair of node.items) walk(pair.value);
  };
  walk(document.contents);
}
