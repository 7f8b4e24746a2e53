import type { FailExample, PassExample } from '../rule.ts';

interface Rest {
  readonly namespace?: string;
  readonly selector?: string;
  readonly more?: string;
  readonly annotations?: string;
  readonly version?: string;
}

/** An AuthorizationPolicy with rules in flow style. */
function policy(rules: string, rest: Rest = {}): string {
  const { namespace = 'llmoptimizer', selector = '', more = '', annotations = '', version = 'v1' } = rest;
  const selects = selector === '' ? '' : `selector: { matchLabels: ${selector} }, `;
  return `
apiVersion: security.istio.io/${version}
kind: AuthorizationPolicy
metadata: { name: calls, namespace: ${namespace}${annotations} }
spec: { ${selects}${more}rules: [${rules}] }
`;
}

const API = 'cluster.local/ns/llmoptimizer/sa/api-gateway';
const from = (source: string, rest = ''): string => `{ from: [{ source: { ${source} } }]${rest} }`;
const NAMED = from(`principals: [${API}]`);
const TOKEN = from('requestPrincipals: ["https://auth.llmoptimizer.example//*"]');
const INGRESS: Rest = { namespace: 'istio-ingress', selector: '{ istio: ingressgateway }' };
const EGRESS: Rest = { namespace: 'istio-egress', selector: '{ istio: egressgateway }' };
const PATH = ', to: [{ operation: { paths: [/v1] } }]';
const sni = (names: string): string =>
  `{ to: [{ operation: { ports: ["15443"] } }], when: [{ key: connection.sni, values: [${names}] }] }`;

const pass: readonly PassExample[] = [
  { title: 'named callers', yaml: policy(`${NAMED}, ${from(`principals: [${API}, td/ns/a/sa/b]`, PATH)}`) },
  {
    title: 'service accounts of this and another namespace',
    yaml: policy(from('serviceAccounts: [api-gateway, a/b]')),
  },
  { title: 'a named caller by a condition', yaml: policy(`{ when: [{ key: source.principal, values: [${API}] }] }`) },
  { title: 'a named caller, and from one network', yaml: policy(from(`principals: [${API}], ipBlocks: [10.0.0.0/8]`)) },
  { title: 'what the ingress gateway lets in is MW304’s', yaml: policy(`${TOKEN}, {${PATH.slice(1)} }`, INGRESS) },
  {
    title: 'a server name at the egress gateway, where there is no caller',
    yaml: policy(sni('"*.googleapis.com"'), EGRESS),
  },
  { title: 'nothing is allowed', yaml: policy('') },
  { title: 'everybody is MW302’s', yaml: policy('{}') },
  { title: 'a DENY policy', yaml: policy(from('namespaces: [a]'), { more: 'action: DENY, ' }) },
  {
    title: 'a dry run, at v1beta1',
    yaml: policy(from('namespaces: [a]'), {
      annotations: ', annotations: { istio.io/dry-run: "1" }',
      version: 'v1beta1',
    }),
  },
];

const AT = 'unnamed at spec.rules[0].from[0].source';

const UNNAMED: readonly (readonly [string, string])[] = [
  ['a whole namespace', from('namespaces: [llmoptimizer]')],
  ['a whole namespace, by prefix', from('principals: ["cluster.local/ns/llmoptimizer/*"]')],
  ['one name in any namespace', from('principals: ["*/sa/api-gateway"]')],
  ['a named caller and a prefix', from(`principals: [${API}, "cluster.local/ns/a/*"]`)],
  ['an asterisk inside', from('principals: ["cluster.local/ns/*/sa/api-gateway"]')],
  ['any identity on one path', from('principals: ["*"]', PATH)],
  ['a service account with an asterisk', from('serviceAccounts: ["llmoptimizer/*"]')],
  ['a service account that is an expression', from('serviceAccounts: ["a/.+"]')],
  ['a network', from('ipBlocks: [10.0.0.0/8]')],
  ['all but one', from('notPrincipals: [a/ns/b/sa/c]', PATH)],
  ['a trust domain', from('trustDomains: [cluster.local]')],
  ['a token, at a service', TOKEN],
  ['nothing in a source', from('', PATH)],
];

const fail: readonly FailExample[] = [
  ...UNNAMED.map(([title, rule]): FailExample => ({ title, yaml: policy(rule), finds: [AT] })),
  { title: 'one path for everybody', yaml: policy(`{${PATH.slice(1)} }`), finds: ['nobody at spec.rules[0]'] },
  {
    title: 'a condition that excludes, on one path',
    yaml: policy(`{ when: [{ key: source.principal, notValues: [${API}] }]${PATH} }`),
    finds: ['nobody at spec.rules[0]'],
  },
  {
    title: 'a condition with a prefix, in the second rule',
    yaml: policy(`${NAMED}, { when: [{ key: source.principal, values: ["cluster.local/*"] }] }`),
    finds: ['nobody at spec.rules[1]'],
  },
  {
    title: 'the second source of the second rule, at v1beta1',
    yaml: policy(`${NAMED}, { from: [{ source: { principals: [${API}] } }, { source: { namespaces: [a] } }] }`, {
      version: 'v1beta1',
    }),
    finds: ['unnamed at spec.rules[1].from[1].source'],
  },
  {
    title: 'a server name that is not registered',
    yaml: policy(sni('evil.example'), EGRESS),
    finds: ['nobody at spec.rules[0]'],
  },
  {
    title: 'a registered server name and another',
    yaml: policy(sni('"*.googleapis.com", evil.example'), EGRESS),
    finds: ['nobody at spec.rules[0]'],
  },
  {
    title: 'the server name of a host that is reached by mTLS',
    yaml: policy(sni('api.openai.com'), EGRESS),
    finds: ['nobody at spec.rules[0]'],
  },
  {
    title: 'a server name that is only left out',
    yaml: policy('{ when: [{ key: connection.sni, notValues: [a] }], to: [{ operation: { ports: ["1"] } }] }', EGRESS),
    finds: ['nobody at spec.rules[0]'],
  },
  { title: 'a server name at a service', yaml: policy(sni('"*.googleapis.com"')), finds: ['nobody at spec.rules[0]'] },
  {
    title: 'a token at another workload of the ingress namespace',
    yaml: policy(TOKEN, { namespace: 'istio-ingress', selector: '{ istio: other }' }),
    finds: [AT],
  },
  {
    title: 'a rule that loses its callers',
    before: policy(NAMED),
    yaml: policy(from('namespaces: [llmoptimizer]')),
    finds: [AT],
  },
  {
    title: 'a policy that stops being a dry run',
    before: policy(from('namespaces: [a]'), { annotations: ', annotations: { istio.io/dry-run: "true" }' }),
    yaml: policy(from('namespaces: [a]')),
    finds: [AT],
  },
];

export const examples = { pass, fail };
