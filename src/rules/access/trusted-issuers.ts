import { jwtRulesOf } from '../../mesh/authentication.ts';
import type { Baseline } from '../../model/baseline.ts';
import type { FieldPath } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { isAbsent, type JsonObject, listOf, recordsOf, stringOf } from '../../model/json.ts';
import { kindOf } from '../../model/kind.ts';
import { objectRule, type Say } from '../rule.ts';
import { examples } from './trusted-issuers.examples.ts';

const messages = {
  noIssuer: '`{field}` is not set, so tokens of any issuer with these keys are right; must be one of: {issuers}',
  issuer: "`{field}` is '{seen}'; must be one of: {issuers}",
  keys: "`{field}` is '{seen}'; must be an https address on one of: {hosts}",
  inline: '`{field}` holds keys of its own; must be left out, so that the keys are those of the issuer',
  noAudience:
    "`{field}` is not set, so tokens for any audience of issuer '{issuer}' are right; must be of: {audiences}",
  audience: "`{field}` is '{seen}'; must be one of: {audiences}",
  noHeader:
    '`{field}` is not set, so Istio also takes a token from `access_token` in the address; must name headers, such as Authorization',
  elsewhere: '`{field}` takes tokens from elsewhere than headers; must be left out',
} as const;

type SayIt = Say<typeof messages>;

/** MW305: tokens are those of the known issuers, for this platform, by their own keys. */
export const trustedIssuers = objectRule({
  id: 'trusted-issuers',
  code: 'MW305',
  reads: ['RequestAuthentication'],
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'Every issuer, the host of its keys and every audience are the baseline’s, and tokens come in headers only.',
  why: 'Who may name an issuer or its keys may make tokens for anybody; a token for another service must not open this one, and one in an address ends up in logs.',
  remedy:
    'Set `issuer`, `jwksUri` and `audiences` to those of the baseline’s `issuers`, and `fromHeaders: [{ name: Authorization, prefix: "Bearer " }]`.',
  absence:
    'Without `audiences` any audience is right; without `jwksUri` istiod looks the keys up at the issuer; without `fromHeaders`, `fromParams` and `fromCookies` a token is taken from the header Authorization and from the parameter `access_token`.',
  source: {
    document: '**JWT Validation**: For external API traffic',
    refs: [
      'https://istio.io/latest/docs/reference/config/security/jwt/#JWTRule',
      'https://www.envoyproxy.io/docs/envoy/v1.35.3/api-v3/extensions/filters/http/jwt_authn/v3/config.proto#extensions-filters-http-jwt-authn-v3-jwtprovider',
    ],
  },
  numbers: ['issuers'],
  messages,
  examples,
  check(object, { baseline }, say) {
    if (kindOf(object) !== 'RequestAuthentication') return [];
    return jwtRulesOf(object).flatMap((rule, index) => judgeRule(rule, ['spec', 'jwtRules', index], baseline, say));
  },
});

function judgeRule(rule: JsonObject, path: FieldPath, { issuers }: Baseline, say: SayIt): readonly Finding[] {
  const issuer = stringOf(rule.issuer) ?? '';
  const known = issuers.find((one) => one.issuer === issuer);
  const findings: Finding[] = [];
  if (known === undefined) {
    const list = issuers.map((one) => `'${one.issuer}'`).join(', ');
    const about = { path: [...path, 'issuer'], thing: `issuer ${issuer}` };
    findings.push(say(issuer === '' ? 'noIssuer' : 'issuer', { issuers: list }, about));
  }
  const hosts = (known === undefined ? issuers : [known]).flatMap((one) => hostOf(one.jwksUri) ?? []);
  for (const field of ['jwksUri', 'jwks_uri']) {
    const uri = stringOf(rule[field]) ?? '';
    if (uri === '' || hosts.includes(hostOf(uri) ?? '')) continue;
    findings.push(
      say('keys', { hosts: hosts.join(', ') }, { path: [...path, field], thing: `keys of ${issuer}: ${uri}` }),
    );
  }
  if (typeof rule.jwks === 'string' && rule.jwks !== '') {
    findings.push(say('inline', {}, { path: [...path, 'jwks'], thing: `inline keys of ${issuer}` }));
  }
  return [...findings, ...audienceFaults(rule, path, known, say), ...placeFaults(rule, path, issuer, say)];
}

function audienceFaults(
  { audiences: written }: JsonObject,
  path: FieldPath,
  known: Baseline['issuers'][number] | undefined,
  say: SayIt,
): readonly Finding[] {
  // Whose audience a token is for is no question where its issuer is a fault already.
  if (known === undefined || known.audiences.length === 0) return [];
  const { issuer } = known;
  const audiences = known.audiences.map((one) => `'${one}'`).join(', ');
  const list = listOf(written);
  if (list.length === 0) {
    const about = { path: [...path, 'audiences'], thing: `any audience of ${issuer}` };
    return [say('noAudience', { issuer, audiences }, about)];
  }
  return list.flatMap((one, at) =>
    typeof one === 'string' && known.audiences.includes(one)
      ? []
      : [
          say(
            'audience',
            { audiences },
            { path: [...path, 'audiences', at], thing: `audience ${JSON.stringify(one)} of ${issuer}` },
          ),
        ],
  );
}

function placeFaults(rule: JsonObject, path: FieldPath, issuer: string, say: SayIt): readonly Finding[] {
  const elsewhere = ['fromParams', 'fromCookies'].filter((field) => listOf(rule[field]).length > 0);
  const findings = elsewhere.map((field) =>
    say('elsewhere', {}, { path: [...path, field], thing: `${field} of ${issuer}` }),
  );
  if (elsewhere.length > 0 || recordsOf(rule.fromHeaders).some(({ name }) => !isAbsent(name))) return findings;
  return [say('noHeader', {}, { path: [...path, 'fromHeaders'], thing: `tokens of ${issuer} in addresses` })];
}

/** Only a plain name may stand between the slashes: a user, a backslash or a percent sign is read in more than one way. */
const HTTPS = /^https:\/\/([a-z0-9]([-.a-z0-9]*[a-z0-9])?)(:\d{1,5})?(?:[/?#][^\s\\]*)?$/;

/** Returns the host, with its port, of an https address; undefined for any other address. */
function hostOf(uri: string): string | undefined {
  const match = HTTPS.exec(uri);
  return match === null ? undefined : `${match[1] ?? ''}${match[3] ?? ''}`.replace(/:443$/, '');
}
