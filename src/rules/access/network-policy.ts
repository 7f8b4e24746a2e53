import { isMeshNamespace } from '../../mesh/namespaces.ts';
import { directionsOf, type Isolation, isForAllPods, isolation, rulesIn } from '../../mesh/network-policies.ts';
import type { Finding } from '../../model/finding.ts';
import type { KubeObject } from '../../model/kube-object.ts';
import { addEntries } from '../../model/patch.ts';
import { type Facts, namespaceRule, type Say } from '../rule.ts';

/** A NetworkPolicy; `spec` in flow style. */
const policy = (spec: string, name = 'default-deny', namespace = 'llmoptimizer'): string => `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: ${namespace} }
spec: { ${spec} }
`;
const BOTH = policy('podSelector: {}, policyTypes: [Ingress, Egress]');
const INGRESS = policy('podSelector: {}');
const EGRESS = policy('podSelector: {}, policyTypes: [Egress]', 'no-egress');
const SHOP = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { istio-injection: enabled } }\n';

const messages = {
  missing:
    "no NetworkPolicy closes all pods of namespace '{namespace}' for {direction}; must have one with an empty `podSelector` and `policyTypes: [Ingress, Egress]`",
  oneWay:
    "`{field}` leaves out '{direction}', so all pods of namespace '{namespace}' are open that way; must contain it",
  open: "`{field}` opens all pods of namespace '{namespace}' for all {direction}; must name peers or ports",
} as const;

type SayIt = Say<typeof messages>;

/** MW308: a namespace's pods are closed on the network too, both ways. */
export const networkPolicy = namespaceRule({
  id: 'network-policy',
  code: 'MW308',
  reads: ['NetworkPolicy', 'Namespace'],
  mode: 'warn',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'Every mesh namespace has a default-deny NetworkPolicy for ingress and egress.',
  why: 'Istio’s policies are kept by a proxy in the pod; what gets past the proxy, in or out, meets only the network’s.',
  remedy:
    'Apply a NetworkPolicy with `podSelector: {}`, `policyTypes: [Ingress, Egress]` and no rules, and one for each declared way; policies/istio/security has them.',
  absence:
    'No policy for a pod and direction: everything is allowed. `policyTypes` unset is Ingress, and Egress only where `egress` has rules.',
  source: {
    document: '**Network Policies**: Defense in depth',
    refs: ['https://kubernetes.io/docs/concepts/services-networking/network-policies/'],
  },
  numbers: ['mesh.namespaces'],
  messages,
  check(namespace, facts, say) {
    const { view, baseline } = facts;
    if (!isMeshNamespace(namespace, view, baseline)) return [];
    const both = isolation(view, namespace);
    return [...both.flatMap((one) => opened(namespace, one, say)), ...open(namespace, both, facts, say)];
  },
  examples: {
    pass: [
      { title: 'one policy for both directions', yaml: BOTH },
      { title: 'one for each direction', yaml: INGRESS + EGRESS },
      {
        title: 'ways for some pods, and for all pods by name, beside it',
        context: BOTH,
        yaml:
          policy('podSelector: { matchLabels: { app: a } }, ingress: [{}], egress: [{}]', 'a') +
          policy(
            'podSelector: {}, egress: [{ to: [{ namespaceSelector: {} }], ports: [{ port: 53 }] }, { to: [{ ipBlock: { cidr: 10.0.0.0/8 } }, { podSelector: {} }] }]',
            'names',
          ),
      },
      { title: 'one of two goes', context: BOTH, yaml: policy('podSelector: {}', 'also'), deletes: true },
      { title: 'a namespace outside of the mesh', yaml: policy('podSelector: {}, ingress: [{}]', 'open', 'other') },
    ],
    fail: [
      { title: 'it is deleted', yaml: BOTH, deletes: true, finds: ['missing'] },
      { title: 'a namespace comes without', yaml: SHOP, finds: ['missing'] },
      {
        title: 'it gets a selector',
        before: BOTH,
        yaml: policy(
          'podSelector: { matchExpressions: [{ key: app, operator: Exists }] }, policyTypes: [Ingress, Egress]',
        ),
        finds: ['missing'],
      },
      {
        title: 'it loses a direction',
        before: BOTH,
        yaml: policy('podSelector: {}, policyTypes: [Ingress]'),
        finds: ['oneWay at spec.policyTypes'],
      },
      {
        title: 'it leaves the directions to Kubernetes',
        before: BOTH,
        yaml: INGRESS,
        finds: ['oneWay at spec.policyTypes'],
      },
      {
        title: 'a rule for all pods opens them, the second one',
        context: BOTH,
        yaml: policy('podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }, {}]', 'open'),
        finds: ['open at spec.ingress[1]'],
      },
      ...[
        ['all addresses', '{ to: [{ ipBlock: { cidr: "::/0" } }] }'],
        ['all addresses but some', '{ to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8] } }] }'],
        ['half of all addresses', '{ to: [{ ipBlock: { cidr: 128.0.0.0/1 } }] }'],
        ['all pods of all namespaces', '{ to: [{ namespaceSelector: {} }] }'],
        ['all ports of a protocol', '{ ports: [{ protocol: TCP }] }'],
        ['all ports by their numbers', '{ ports: [{ port: 1, endPort: 65535 }] }'],
      ].map(([what = '', rule = '']) => ({
        title: `a rule for all pods opens them to ${what}`,
        context: BOTH,
        yaml: policy(`podSelector: {}, egress: [${rule}]`, 'open'),
        finds: ['open at spec.egress[0]'] as const,
      })),
    ],
  },
});

/** Closed by one policy and opened by a rule for all pods. */
function opened(namespace: string, { direction, opened: rules }: Isolation, say: SayIt): readonly Finding[] {
  const word = direction.toLowerCase();
  return rules.map(({ policy: responsible, index }) => {
    const thing = `all ${word} by ${JSON.stringify(rulesIn(responsible, direction)[index])}`;
    return say('open', { namespace, direction: word }, { path: ['spec', word, index], responsible, thing });
  });
}

/** Closed by no policy, in one direction or both. */
function open(namespace: string, both: readonly Isolation[], { view }: Facts, say: SayIt): readonly Finding[] {
  const missing = both.filter(({ by }) => by.length === 0).map(({ direction }) => direction);
  const [first] = missing;
  if (first === undefined) return [];
  const about = { thing: 'default deny', magnitude: missing.length };
  const half = missing.length === 1 ? view.list('NetworkPolicy', namespace).find(isHalf) : undefined;
  if (half === undefined) {
    return [say('missing', { namespace, direction: missing.join(' and ').toLowerCase() }, { ...about, path: [] })];
  }
  const fix = addEntries(half, ['spec'], { policyTypes: ['Ingress', 'Egress'] });
  const path = ['spec', 'policyTypes'];
  return [say('oneWay', { namespace, direction: first }, { ...about, path, responsible: half, fix })];
}

/** A policy that closes all pods one way and says nothing else: what it is meant for is plain. */
function isHalf(one: KubeObject): boolean {
  const isEmpty = rulesIn(one, 'Ingress').length === 0 && rulesIn(one, 'Egress').length === 0;
  return isForAllPods(one) && isEmpty && directionsOf(one).size < 2;
}
