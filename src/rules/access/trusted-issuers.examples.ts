import type { FailExample, PassExample } from '../rule.ts';

const ISSUER = 'issuer: "https://auth.llmoptimizer.example/"';
const KEYS = 'jwksUri: "https://auth.llmoptimizer.example/.well-known/jwks.json"';
const AUDIENCES = 'audiences: [llmoptimizer-api]';
const HEADERS = 'fromHeaders: [{ name: Authorization, prefix: "Bearer " }]';
const RIGHT = `{ ${ISSUER}, ${KEYS}, ${AUDIENCES}, ${HEADERS} }`;

/** A RequestAuthentication; its rules in flow style. */
function authentication(rules: string, version = 'v1'): string {
  return `
apiVersion: security.istio.io/${version}
kind: RequestAuthentication
metadata: { name: jwt, namespace: istio-ingress }
spec: { jwtRules: [${rules}] }
`;
}

const keys = (uri: string, field = 'jwksUri'): string => `{ ${ISSUER}, ${field}: "${uri}", ${AUDIENCES}, ${HEADERS} }`;

const pass: readonly PassExample[] = [
  { title: 'the known issuer, its keys and its audience', yaml: authentication(RIGHT) },
  {
    title: 'the issuer’s own keys, by its discovery document, at v1beta1',
    yaml: authentication(`{ ${ISSUER}, ${AUDIENCES}, ${HEADERS} }`, 'v1beta1'),
  },
  {
    title: 'another path on the host of the keys',
    yaml: authentication(keys('https://auth.llmoptimizer.example/keys')),
  },
  { title: 'the port of https', yaml: authentication(keys('https://auth.llmoptimizer.example:443/keys')) },
  { title: 'no rules', yaml: authentication('') },
  { title: 'a wrong one goes', yaml: authentication('{ issuer: evil }'), deletes: true },
];

const FOREIGN_KEYS: readonly (readonly [string, string])[] = [
  ['on another host', 'https://evil.example/jwks.json'],
  ['in plain HTTP', 'http://auth.llmoptimizer.example/.well-known/jwks.json'],
  ['on a host that begins so', 'https://auth.llmoptimizer.example.evil.example/'],
  ['with the host as a user', 'https://auth.llmoptimizer.example@evil.example/'],
  ['with a backslash', 'https://evil.example\\\\@auth.llmoptimizer.example/'],
  ['on a host with a trailing dot', 'https://auth.llmoptimizer.example./keys'],
  ['on another port', 'https://auth.llmoptimizer.example:8443/keys'],
  ['on an address', 'https://[::1]/keys'],
  ['on the metadata service', 'http://169.254.169.254/latest'],
];

const fail: readonly FailExample[] = [
  {
    title: 'another issuer',
    yaml: authentication(`{ issuer: "https://evil.example/", ${KEYS}, ${AUDIENCES}, ${HEADERS} }`),
    finds: ['issuer at spec.jwtRules[0].issuer'],
  },
  {
    title: 'the issuer without its last slash',
    yaml: authentication(`{ issuer: "https://auth.llmoptimizer.example", ${KEYS}, ${AUDIENCES}, ${HEADERS} }`),
    finds: ['issuer at spec.jwtRules[0].issuer'],
  },
  {
    title: 'no issuer, in the second rule',
    yaml: authentication(`${RIGHT}, { ${KEYS}, ${AUDIENCES}, ${HEADERS} }`),
    finds: ['noIssuer at spec.jwtRules[1].issuer'],
  },
  ...FOREIGN_KEYS.map(
    ([where, uri]): FailExample => ({
      title: `keys ${where}`,
      yaml: authentication(keys(uri)),
      finds: ['keys at spec.jwtRules[0].jwksUri'],
    }),
  ),
  {
    title: 'keys on another host, by the other spelling',
    yaml: authentication(keys('https://evil.example/', 'jwks_uri')),
    finds: ['keys at spec.jwtRules[0].jwks_uri'],
  },
  {
    title: 'keys in the object',
    yaml: authentication(RIGHT.replace(KEYS, `jwks: '{"keys": []}'`)),
    finds: ['inline at spec.jwtRules[0].jwks'],
  },
  {
    title: 'no audiences',
    yaml: authentication(RIGHT.replace(AUDIENCES, 'audiences: []')),
    finds: ['noAudience at spec.jwtRules[0].audiences'],
  },
  {
    title: 'a second audience, at v1beta1',
    yaml: authentication(RIGHT.replace(AUDIENCES, 'audiences: [llmoptimizer-api, other]'), 'v1beta1'),
    finds: ['audience at spec.jwtRules[0].audiences[1]'],
  },
  {
    title: 'tokens from wherever Istio takes them by itself',
    yaml: authentication(RIGHT.replace(`, ${HEADERS}`, '')),
    finds: ['noHeader at spec.jwtRules[0].fromHeaders'],
  },
  {
    title: 'tokens from addresses and cookies',
    yaml: authentication(RIGHT.replace(HEADERS, 'fromParams: [token], fromCookies: [session]')),
    finds: ['elsewhere at spec.jwtRules[0].fromParams', 'elsewhere at spec.jwtRules[0].fromCookies'],
  },
  {
    title: 'all at once, where all was right',
    before: authentication(RIGHT),
    yaml: authentication('{ issuer: evil, jwks: "{}" }'),
    finds: [
      'issuer at spec.jwtRules[0].issuer',
      'inline at spec.jwtRules[0].jwks',
      'noHeader at spec.jwtRules[0].fromHeaders',
    ],
  },
];

export const examples = { pass, fail };
