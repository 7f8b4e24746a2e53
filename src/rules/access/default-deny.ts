import { authorization } from '../../mesh/authorization.ts';
import { isMeshNamespace } from '../../mesh/namespaces.ts';
import { namespaceRule } from '../rule.ts';

/** An AuthorizationPolicy; `spec` in flow style. */
const policy = (namespace: string, name: string, spec = '{}', rest = ''): string => `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: ${namespace}${rest} }
spec: ${spec}
`;
const MESH = policy('istio-system', 'mesh-default-deny');
const OWN = policy('llmoptimizer', 'default-deny');
const DATA = policy('llmoptimizer-data', 'default-deny');

/** MW301: what nobody allows is denied, in every namespace of the mesh. */
export const defaultDeny = namespaceRule({
  id: 'default-deny',
  code: 'MW301',
  reads: ['AuthorizationPolicy', 'Namespace'],
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'Every mesh namespace has an effective policy that allows nothing, its own or the mesh-wide one.',
  why: 'A workload without any ALLOW policy lets everybody in; one forgotten service is enough.',
  remedy:
    'Keep an AuthorizationPolicy with `spec: {}` in the namespace or in the root namespace: no selector, no target, no rules, not a dry run, of this revision.',
  absence:
    'No ALLOW policy in effect means that all requests are allowed; `action` absent is ALLOW, `rules` absent matches nothing.',
  source: {
    document: '**Default Deny**: All traffic blocked by default',
    refs: [
      'https://istio.io/latest/docs/reference/config/security/authorization-policy/',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/authorization.go',
    ],
  },
  numbers: ['mesh.rootNamespace', 'mesh.namespaces', 'gateways'],
  messages: {
    missing:
      "no policy that allows nothing is in effect in namespace '{namespace}'; must have one, its own or the mesh-wide one",
  },
  check(namespace, { view, baseline }, say) {
    const { ingress, egress } = baseline.gateways;
    // A change in the root namespace reaches the gateways too, whose own namespaces are no mesh namespaces.
    const judged =
      namespace === baseline.mesh.rootNamespace
        ? [...new Set([...ingress, ...egress].map((gateway) => gateway.namespace))]
        : isMeshNamespace(namespace, view, baseline)
          ? [namespace]
          : [];
    return judged
      .map((one) => ({ one, answer: authorization(view, { namespace: one }) }))
      .filter(({ answer }) => answer.allowNothing === undefined)
      .map(({ one, answer: { because } }) =>
        say('missing', { namespace: one }, { path: [], thing: `default deny of ${one}`, because }),
      );
  },
  examples: {
    pass: [
      { title: 'the mesh-wide policy', yaml: MESH },
      { title: 'a namespace’s own policy, at v1beta1', yaml: OWN.replace('/v1', '/v1beta1') },
      {
        title: 'an empty selector and the action written out',
        yaml: policy('llmoptimizer', 'default-deny', '{ action: ALLOW, rules: [], selector: { matchLabels: {} } }'),
      },
      { title: 'a namespace’s own policy goes where the mesh-wide one is', context: MESH, yaml: OWN, deletes: true },
      {
        title: 'a policy that was another’s to begin with turns into something else',
        context: MESH,
        before: OWN,
        yaml: policy('llmoptimizer', 'default-deny', '{ action: DENY }'),
      },
    ],
    fail: [
      { title: 'the only policy of a namespace is deleted', yaml: OWN, deletes: true, finds: ['missing'] },
      {
        title: 'the mesh-wide policy is deleted: the gateways and the other namespace lose theirs',
        context: OWN,
        yaml: MESH,
        deletes: true,
        finds: ['missing', 'missing', 'missing'],
      },
      ...[
        ['gets a rule', policy('llmoptimizer', 'default-deny', '{ rules: [{}] }')],
        ['becomes a DENY policy', policy('llmoptimizer', 'default-deny', '{ action: DENY }')],
        ['gets a selector', policy('llmoptimizer', 'default-deny', '{ selector: { matchLabels: { app: a } } }')],
        [
          'becomes a dry run, as Go reads it',
          policy('llmoptimizer', 'default-deny', '{}', ', annotations: { istio.io/dry-run: "T" }'),
        ],
        [
          'moves to another revision',
          policy('llmoptimizer', 'default-deny', '{}', ', labels: { istio.io/rev: canary }'),
        ],
        [
          'gets a target',
          policy('llmoptimizer', 'default-deny', '{ targetRefs: [{ kind: Service, group: "", name: a }] }'),
        ],
        [
          'gets a target by the old field',
          policy('llmoptimizer', 'default-deny', '{ targetRef: { kind: Service, group: "", name: a } }'),
        ],
      ].map(([how = '', yaml = '']) => ({
        title: `the only policy of a namespace ${how}`,
        before: OWN,
        yaml,
        finds: ['missing'] as const,
      })),
      {
        title: 'a namespace comes where no policy is',
        yaml: 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { istio-injection: enabled } }\n',
        finds: ['missing'],
      },
      {
        title: 'two namespaces lose their policies at once',
        yaml: OWN + DATA,
        deletes: true,
        finds: ['missing', 'missing'],
      },
    ],
  },
});
