import { actionOf, isDryRun, rulesOf } from '../../mesh/authorization.ts';
import {
  conditionNamesAccounts,
  isIngressPolicy,
  isPassthroughRule,
  namesAccounts,
  sourcesOf,
} from '../../mesh/authorization-callers.ts';
import { isAllowAll } from '../../mesh/authorization-rule.ts';
import { formatLabels, selectedLabels } from '../../mesh/workload-selector.ts';
import type { Finding } from '../../model/finding.ts';
import type { JsonObject } from '../../model/json.ts';
import { kindOf } from '../../model/kind.ts';
import type { KubeObject } from '../../model/kube-object.ts';
import { type Facts, objectRule, type Say } from '../rule.ts';
import { examples } from './named-callers.examples.ts';

const messages = {
  nobody:
    '`{field}` does not say who may call; must name service accounts in `from`, by `principals` or `serviceAccounts`',
  unnamed:
    "`{field}` does not name whole service accounts; must have `principals` such as 'cluster.local/ns/NAMESPACE/sa/NAME', or `serviceAccounts`",
} as const;

/** MW303: who may call is said by name. */
export const namedCallers = objectRule({
  id: 'named-callers',
  code: 'MW303',
  reads: ['AuthorizationPolicy'],
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary:
    'Every ALLOW rule names the service accounts that may call, or is for an ingress gateway and asks for a token.',
  why: 'A namespace, a network or a prefix lets in whatever is put there tomorrow; a service account is one workload.',
  remedy:
    'Name each caller: `from: [{ source: { principals: [cluster.local/ns/NAMESPACE/sa/NAME] } }]`. Ports, paths and namespaces may stand beside it and do not replace it.',
  absence:
    'A rule without `from` is for every caller. Lists of one source must all fit; sources are alternatives. `*` is everybody, a name that begins or ends with it is a part of the mesh.',
  source: {
    document: '**Service-to-Service**: Explicit allow rules based on service accounts',
    refs: [
      'https://istio.io/latest/docs/reference/config/security/authorization-policy/#Source',
      'https://istio.io/latest/docs/ops/best-practices/security/',
    ],
  },
  numbers: ['gateways', 'externalHosts'],
  messages,
  examples,
  check(object, facts, say) {
    if (kindOf(object) !== 'AuthorizationPolicy' || actionOf(object) !== 'ALLOW' || isDryRun(object)) return [];
    return rulesOf(object).flatMap((rule, index) => judgeRule(object, rule, index, facts, say));
  },
});

function judgeRule(
  policy: KubeObject,
  rule: JsonObject,
  index: number,
  { baseline }: Facts,
  say: Say<typeof messages>,
): readonly Finding[] {
  // One that matches everybody is MW302's, and what an ingress gateway lets in is MW304's.
  if (isAllowAll(rule) || isIngressPolicy(policy, baseline)) return [];
  if (conditionNamesAccounts(rule) || isPassthroughRule(policy, rule, baseline)) return [];
  const whom = `to workloads '${formatLabels(selectedLabels(policy))}'`;
  const sources = sourcesOf(rule);
  if (sources.length === 0) {
    return [say('nobody', {}, { path: ['spec', 'rules', index], thing: `callers ${whom} of ${summaryOf(rule)}` })];
  }
  return sources.flatMap((source, at) =>
    namesAccounts(source)
      ? []
      : [
          say(
            'unnamed',
            {},
            {
              path: ['spec', 'rules', index, 'from', at, 'source'],
              thing: `callers ${whom} by ${summaryOf(source)} of ${summaryOf({ to: rule.to, when: rule.when })}`,
            },
          ),
        ],
  );
}

/** What is in a part of a rule, as text that moves with it and not with its place in a list. */
function summaryOf(part: JsonObject): string {
  return JSON.stringify(part);
}
