import { actionOf, isDryRun, rulesOf } from '../../mesh/authorization.ts';
import { isAllowAll } from '../../mesh/authorization-rule.ts';
import { formatLabels, selectedLabels } from '../../mesh/workload-selector.ts';
import { kindOf } from '../../model/kind.ts';
import { objectRule } from '../rule.ts';

/** An AuthorizationPolicy with rules in flow style. */
const policy = (rules: string, rest = '', annotations = ''): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: calls, namespace: llmoptimizer${annotations} }
spec: { ${rest}rules: [${rules}] }
`;
const NAMED = '{ from: [{ source: { principals: [cluster.local/ns/llmoptimizer/sa/api-gateway] } }] }';

const EVERYBODY: readonly (readonly [string, string])[] = [
  ['an empty rule', '{}'],
  ['a rule for any identity', '{ from: [{ source: { principals: ["*"] } }] }'],
  ['a rule for any namespace', '{ from: [{ source: { namespaces: ["*"] } }] }'],
  ['a rule for any token', '{ from: [{ source: { requestPrincipals: ["*"] } }] }'],
  ['a rule for any address', '{ from: [{ source: { ipBlocks: ["0.0.0.0/0"] } }] }'],
  [
    'a rule for the two halves of all addresses',
    '{ from: [{ source: { remoteIpBlocks: ["0.0.0.0/1", "128.0.0.0/1"] } }] }',
  ],
  ['a rule for all namespaces but one', '{ from: [{ source: { notNamespaces: [a] } }] }'],
  [
    'a rule whose second source is anybody',
    '{ from: [{ source: { principals: [a/ns/b/sa/c] } }, { source: { notPrincipals: [x] } }] }',
  ],
  ['a rule for every path', '{ to: [{ operation: { paths: ["/*"] } }] }'],
  ['a rule for every path by template', '{ to: [{ operation: { paths: ["/{**}"], notMethods: [DELETE] } }] }'],
  ['a rule for every method and host', '{ to: [{ operation: { methods: ["*"], hosts: ["*"] } }] }'],
  ['a rule with a condition that only excludes', '{ when: [{ key: source.namespace, notValues: [a] }] }'],
  ['a rule with a condition that any header fits', '{ when: [{ key: "request.headers[x]", values: ["*"] }] }'],
  ['a rule with empty lists', '{ from: [], to: [], when: [] }'],
];

/** MW302: no ALLOW rule that lets everybody do everything. */
export const noAllowAll = objectRule({
  id: 'no-allow-all',
  code: 'MW302',
  reads: ['AuthorizationPolicy'],
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'No ALLOW rule matches everyone: something in it restricts the caller or what is called.',
  why: 'ALLOW policies add up: one that matches everybody, anywhere in scope, cancels the default deny.',
  remedy:
    'Name the callers in `from` by `principals` or `serviceAccounts`, or delete the rule; to allow nothing, leave `rules` out.',
  absence: 'A rule without `from`, `to` and `when` matches every request; a policy without rules matches none.',
  source: {
    document: '**Service-to-Service**: Explicit allow rules based on service accounts',
    refs: ['https://istio.io/latest/docs/reference/config/security/authorization-policy/#Rule'],
  },
  numbers: [],
  messages: { everybody: '`{field}` lets everybody in; must name who may call or what may be called' },
  check(object, _facts, say) {
    if (kindOf(object) !== 'AuthorizationPolicy' || actionOf(object) !== 'ALLOW' || isDryRun(object)) return [];
    const whom = formatLabels(selectedLabels(object));
    return rulesOf(object).flatMap((rule, index) =>
      isAllowAll(rule)
        ? [say('everybody', {}, { path: ['spec', 'rules', index], thing: `everybody to workloads '${whom}'` })]
        : [],
    );
  },
  examples: {
    pass: [
      { title: 'a named caller', yaml: policy(NAMED) },
      { title: 'no rules: nothing is allowed', yaml: policy('') },
      {
        title: 'any caller on one path is another rule’s matter',
        yaml: policy('{ to: [{ operation: { paths: [/healthz] } }] }'),
      },
      { title: 'one server name', yaml: policy('{ when: [{ key: connection.sni, values: ["*.googleapis.com"] }] }') },
      { title: 'an office’s network', yaml: policy('{ from: [{ source: { ipBlocks: [10.0.0.0/8] } }] }') },
      { title: 'a DENY policy for everybody', yaml: policy('{}', 'action: DENY, ') },
      { title: 'a dry run', yaml: policy('{}', '', ', annotations: { istio.io/dry-run: "true" }') },
    ],
    fail: [
      ...EVERYBODY.map(([what, rule]) => ({
        title: what,
        yaml: policy(rule),
        finds: ['everybody at spec.rules[0]'] as const,
      })),
      {
        title: 'the second and third rule, at v1beta1',
        yaml: policy(`${NAMED}, {}, { to: [{}] }`, 'action: ALLOW, ').replace('/v1', '/v1beta1'),
        finds: ['everybody at spec.rules[1]', 'everybody at spec.rules[2]'],
      },
      {
        title: 'a rule that loses its callers',
        before: policy(NAMED),
        yaml: policy('{ from: [] }'),
        finds: ['everybody at spec.rules[0]'],
      },
      {
        title: 'a policy that stops being a dry run',
        before: policy('{}', '', ', annotations: { istio.io/dry-run: "true" }'),
        yaml: policy('{}'),
        finds: ['everybody at spec.rules[0]'],
      },
    ],
  },
});
