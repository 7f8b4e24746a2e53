import { jwtRulesOf, requestAuthentications } from '../../mesh/authentication.ts';
import { actionOf, attaches, authorization, isDryRun, rulesOf } from '../../mesh/authorization.ts';
import {
  conditionDemandsToken,
  conditionNamesAccounts,
  deniesTokenless,
  keepsStrangersOut,
  mayBeFor,
  sourcesOf,
} from '../../mesh/authorization-callers.ts';
import { isAllowAll } from '../../mesh/authorization-rule.ts';
import { formatLabels, selectedLabels } from '../../mesh/workload-selector.ts';
import type { Baseline, GatewayBaseline } from '../../model/baseline.ts';
import { type FieldPath, toPointer } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import type { JsonObject } from '../../model/json.ts';
import { isRecord, valueAt } from '../../model/json.ts';
import type { KubeObject } from '../../model/kube-object.ts';
import type { PatchOperation } from '../../model/patch.ts';
import { type Facts, gatewayRule, type Say } from '../rule.ts';
import { examples } from './jwt-on-ingress.examples.ts';

const messages = {
  noAuthentication:
    "no RequestAuthentication checks tokens of {issuers} at ingress gateway '{gateway}'; must have one that selects it",
  noDemand:
    "no policy demands a token at ingress gateway '{gateway}', so requests without one are let in; must have an ALLOW policy with `requestPrincipals`",
  tokenless:
    "`{field}` lets requests without a token in at ingress gateway '{gateway}'; must have `requestPrincipals`, or name service accounts",
} as const;

/** MW304: who comes from outside shows a token. */
export const jwtOnIngress = gatewayRule({
  id: 'jwt-on-ingress',
  code: 'MW304',
  reads: ['RequestAuthentication', 'AuthorizationPolicy', 'Gateway', 'Namespace', 'ConfigMap'],
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'Every ingress gateway checks tokens, and lets nothing in that has none.',
  why: 'A RequestAuthentication refuses a wrong token and lets a request without any pass; only an AuthorizationPolicy asks for one.',
  remedy:
    'Keep a RequestAuthentication and an ALLOW policy that select the ingress gateway; give every rule of every ALLOW policy for it `requestPrincipals: ["ISSUER/*"]`.',
  absence:
    'No RequestAuthentication: tokens are not looked at. No ALLOW policy: every request is let in. `presence` of a jwtRule is read by nobody.',
  source: {
    document: '**JWT Validation**: For external API traffic',
    refs: [
      'https://istio.io/latest/docs/tasks/security/authentication/authn-policy/#require-a-valid-token',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/security/authn/policy_applier.go',
    ],
  },
  numbers: ['gateways.ingress', 'issuers'],
  messages,
  examples,
  check(gateway, facts, say) {
    const { view, baseline } = facts;
    if (!baseline.gateways.ingress.includes(gateway)) return [];
    const name = `${gateway.namespace}/${gateway.name}`;
    const workload = { namespace: gateway.namespace, labels: gateway.matchLabels };
    const isChecked = requestAuthentications(view, workload).some((one) =>
      jwtRulesOf(one).some(({ issuer }) => isTrusted(issuer, baseline)),
    );
    const missing = isChecked
      ? []
      : [
          say(
            'noAuthentication',
            { gateway: name, issuers: baseline.issuers.map(({ issuer }) => `'${issuer}'`).join(', ') },
            { path: [], thing: 'RequestAuthentication' },
          ),
        ];
    const { deniesByDefault, deny, because } = authorization(view, workload);
    if (deny.some((policy) => rulesOf(policy).some(deniesTokenless))) return missing;
    if (!deniesByDefault) {
      return [...missing, say('noDemand', { gateway: name }, { path: [], thing: 'demand of a token', because })];
    }
    return [...missing, ...tokenless(gateway, name, facts, say)];
  },
});

function isTrusted(issuer: unknown, { issuers }: Baseline): boolean {
  return issuers.some((one) => one.issuer === issuer);
}

/**
 * ALLOW policies add up, so one rule that asks for no token undoes all others. Those of the root namespace are for the whole
 * mesh and must name service accounts, which is MW303's.
 */
function tokenless(
  gateway: GatewayBaseline,
  name: string,
  facts: Facts,
  say: Say<typeof messages>,
): readonly Finding[] {
  const { view, baseline } = facts;
  return view
    .list('AuthorizationPolicy', gateway.namespace)
    .filter((one) => mayBeFor(one, gateway) || attaches(one, gateway.namespace, gateway.matchLabels))
    .filter((policy) => actionOf(policy) === 'ALLOW' && !isDryRun(policy))
    .flatMap((policy) =>
      rulesOf(policy).flatMap((rule, index) =>
        // One that lets everybody in is MW302's.
        isAllowAll(rule) || conditionDemandsToken(rule) || conditionNamesAccounts(rule)
          ? []
          : openings(policy, rule, ['spec', 'rules', index]).map(({ path, summary, fix }) =>
              say(
                'tokenless',
                { gateway: name },
                {
                  path,
                  responsible: policy,
                  thing: `requests without a token by ${summary} to workloads '${formatLabels(selectedLabels(policy))}'`,
                  fix: fix(principalsOf(baseline)),
                },
              ),
            ),
      ),
    );
}

interface Opening {
  readonly path: FieldPath;
  readonly summary: string;
  readonly fix: (requestPrincipals: readonly string[]) => readonly PatchOperation[];
}

function openings(policy: KubeObject, rule: JsonObject, path: FieldPath): readonly Opening[] {
  const sources = sourcesOf(rule);
  if (sources.length === 0) {
    const fix = (requestPrincipals: readonly string[]): readonly PatchOperation[] => [
      { op: 'add', path: toPointer([...path, 'from']), value: [{ source: { requestPrincipals } }] },
    ];
    return [{ path, summary: JSON.stringify({ to: rule.to, when: rule.when }), fix }];
  }
  return sources.flatMap((source, at): readonly Opening[] => {
    if (keepsStrangersOut(source)) return [];
    const here = [...path, 'from', at, 'source'];
    const fix = (requestPrincipals: readonly string[]): readonly PatchOperation[] =>
      isRecord(valueAt(policy, here))
        ? [{ op: 'add', path: toPointer([...here, 'requestPrincipals']), value: requestPrincipals }]
        : [];
    return [{ path: here, summary: JSON.stringify([source, rule.to, rule.when]), fix }];
  });
}

/** The request principal is the issuer, a slash and the subject. */
function principalsOf({ issuers }: Baseline): readonly string[] {
  return issuers.map(({ issuer }) => `${issuer}/*`);
}
