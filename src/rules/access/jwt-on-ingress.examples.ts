import type { FailExample, PassExample } from '../rule.ts';

const SELECTOR = 'selector: { matchLabels: { istio: ingressgateway } }';
const ISSUER = 'https://auth.llmoptimizer.example/';

/** A security policy; `spec` in flow style. */
function policy(kind: string, spec: string, name = 'jwt', namespace = 'istio-ingress', rest = ''): string {
  return `---
apiVersion: security.istio.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${namespace}${rest} }
spec: { ${spec} }
`;
}

const jwt = (spec: string, rest = ''): string => policy('RequestAuthentication', spec, 'jwt', 'istio-ingress', rest);
const allow = (spec: string, name = 'jwt', namespace = 'istio-ingress', rest = ''): string =>
  policy('AuthorizationPolicy', spec, name, namespace, rest);

const RULE = `jwtRules: [{ issuer: "${ISSUER}", jwksUri: "${ISSUER}.well-known/jwks.json" }]`;
const CHECKED = jwt(`${SELECTOR}, ${RULE}`);
const TOKEN = `{ from: [{ source: { requestPrincipals: ["${ISSUER}/*"] } }] }`;
const DEMANDED = allow(`${SELECTOR}, rules: [${TOKEN}]`);
const BOTH = CHECKED + DEMANDED;
const PUBLIC = '{ to: [{ operation: { paths: [/healthz] } }] }';
const GATEWAY = `---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: front, namespace: istio-ingress }
spec: { selector: { istio: ingressgateway }, servers: [] }
`;

const pass: readonly PassExample[] = [
  { title: 'a token is checked and demanded', yaml: BOTH },
  {
    title: 'the same for all of the namespace, and a claim instead of a principal, at v1beta1',
    yaml: (jwt(RULE) + allow('rules: [{ when: [{ key: "request.auth.claims[tier]", values: [pro] }] }]')).replaceAll(
      '/v1\n',
      '/v1beta1\n',
    ),
  },
  {
    title: 'who has no token is denied, whatever is allowed',
    context: CHECKED,
    yaml:
      allow(`${SELECTOR}, rules: [${PUBLIC}]`, 'open') +
      allow(`${SELECTOR}, action: DENY, rules: [{ from: [{ source: { notRequestPrincipals: ["*"] } }] }]`, 'deny'),
  },
  {
    title: 'nothing is allowed yet, because of the root namespace',
    context: CHECKED,
    yaml: allow('', 'default-deny', 'istio-system'),
  },
  {
    title: 'a service account of the mesh, which nobody outside has',
    context: BOTH,
    yaml: allow(`${SELECTOR}, rules: [{ from: [{ source: { principals: [cluster.local/ns/a/sa/b] } }] }]`, 'mesh'),
  },
  {
    title: 'another workload of the namespace',
    context: BOTH,
    yaml: allow(`selector: { matchLabels: { istio: other } }, rules: [${PUBLIC}]`, 'other'),
  },
  {
    title: 'a path for everybody in the whole mesh is MW303’s',
    context: BOTH,
    yaml: allow(`rules: [${PUBLIC}]`, 'open', 'istio-system'),
  },
  {
    title: 'a second policy of the same kind takes over',
    context: BOTH,
    yaml: allow(`${SELECTOR}, rules: [${TOKEN}]`, 'also') + CHECKED.replace('name: jwt', 'name: also'),
  },
];

const LESS: readonly (readonly [string, string])[] = [
  ['selects something else', jwt(`selector: { matchLabels: { istio: other } }, ${RULE}`)],
  ['has no rules left', jwt(SELECTOR)],
  ['has rules of another issuer only', jwt(`${SELECTOR}, jwtRules: [{ issuer: "https://evil.example/" }]`)],
  ['moves to another revision', jwt(`${SELECTOR}, ${RULE}`, ', labels: { istio.io/rev: canary }')],
  ['gets a target', jwt(`${RULE}, targetRefs: [{ kind: Gateway, group: gateway.networking.k8s.io, name: a }]`)],
];

const OPEN = 'tokenless at spec.rules[0]';
const SOURCE = 'tokenless at spec.rules[0].from[0].source';

const fail: readonly FailExample[] = [
  {
    title: 'the tokens are checked no more',
    context: DEMANDED,
    yaml: CHECKED,
    deletes: true,
    finds: ['noAuthentication'],
  },
  ...LESS.map(
    ([how, yaml]): FailExample => ({
      title: `the RequestAuthentication ${how}`,
      context: DEMANDED,
      before: CHECKED,
      yaml,
      finds: ['noAuthentication'],
    }),
  ),
  { title: 'the tokens are demanded no more', context: CHECKED, yaml: DEMANDED, deletes: true, finds: ['noDemand'] },
  {
    title: 'the demand becomes a dry run',
    context: CHECKED,
    before: DEMANDED,
    yaml: allow(
      `${SELECTOR}, rules: [${TOKEN}]`,
      'jwt',
      'istio-ingress',
      ', annotations: { istio.io/dry-run: "true" }',
    ),
    finds: ['noDemand'],
  },
  {
    title: 'the demand becomes an AUDIT',
    context: CHECKED,
    before: DEMANDED,
    yaml: allow(`${SELECTOR}, action: AUDIT, rules: [${TOKEN}]`),
    finds: ['noDemand'],
  },
  { title: 'a Gateway comes where nothing is', yaml: GATEWAY, finds: ['noAuthentication', 'noDemand'] },
  {
    title: 'a path for everybody beside the demand',
    context: BOTH,
    yaml: allow(`${SELECTOR}, rules: [${PUBLIC}]`, 'open'),
    finds: [OPEN],
  },
  {
    title: 'a path for everybody by a selector that may fit',
    context: BOTH,
    yaml: allow(`selector: { matchLabels: { app: istio-ingressgateway } }, rules: [${PUBLIC}]`, 'open'),
    finds: [OPEN],
  },
  {
    title: 'a network beside the demand, and in the second rule a source without a token',
    context: CHECKED,
    before: DEMANDED,
    yaml: allow(
      `${SELECTOR}, rules: [{ from: [{ source: { ipBlocks: [10.0.0.0/8] } }] }, { from: [{ source: { requestPrincipals: ["a/b"] } }, { source: { namespaces: [a] } }] }]`,
    ),
    finds: [SOURCE, 'tokenless at spec.rules[1].from[1].source'],
  },
  {
    title: 'who has no token is denied on one path only',
    context: CHECKED,
    yaml:
      allow(`${SELECTOR}, rules: [${PUBLIC}]`, 'open') +
      allow(
        `${SELECTOR}, action: DENY, rules: [{ from: [{ source: { notRequestPrincipals: ["*"] } }], to: [{ operation: { paths: [/admin] } }] }]`,
        'deny',
      ),
    finds: [OPEN],
  },
];

export const examples = { pass, fail };
