import { alikeHosts } from '../../mesh/alike-hosts.ts';
import { isExternalHost } from '../../mesh/egress.ts';
import { ruleFor, rulesFor, rulesNaming } from '../../mesh/destination-rules.ts';
import { POLICY_SETTINGS } from '../../mesh/host-settings.ts';
import { serviceSeenBy } from '../../mesh/known-service.ts';
import { meshDefaults } from '../../mesh/policy-blocks.ts';
import type { GatewayBaseline } from '../../model/baseline.ts';
import type { Finding } from '../../model/finding.ts';
import { isRecord } from '../../model/json.ts';
import { namespaceOf, specOf } from '../../model/kube-object.ts';
import { type Facts, hostRule, type Say } from '../rule.ts';
import { examples } from './egress-resilience.examples.ts';

const messages = {
  missing:
    "no DestinationRule for '{host}' applies at egress gateway '{gateway}', so it has no connection pool and no circuit breaker there; must have one",
  hidden:
    "`{field}` hides the DestinationRule of '{host}' from egress gateway '{gateway}'; must be left out, or name its namespace",
  foreign:
    "`{field}` is not for the pods of egress gateway '{gateway}', which have no other DestinationRule for '{host}'; must be left out",
} as const;

/** MW505: an external host that fails or is slow does not take the egress gateway with it. */
export const egressResilience = hostRule({
  id: 'egress-resilience',
  code: 'MW505',
  reads: ['DestinationRule', 'ServiceEntry', 'Service', 'ConfigMap'],
  settings: POLICY_SETTINGS,
  alike: alikeHosts,
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'Each external host has a DestinationRule, with its pool and breaker, that applies at the egress gateway.',
  why: 'The egress gateway is shared: connections that wait for one host outside are missing for all the others.',
  remedy:
    'Make a DestinationRule for the host in the egress gateway’s namespace with `connectionPool` and `outlierDetection`; what stands in it is MW406’s and MW407’s to judge, and the retries and timeout of its routes are MW401’s to MW404’s. It is an object of its own, so there is no patch for one that is missing.',
  absence:
    'Without a DestinationRule that the gateway sees: no bound and no breaker, but for the mesh’s `defaultTrafficPolicy`.',
  source: {
    document: '- Connection pooling\n- Circuit breakers\n- Retry policies',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/destination-rule/',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/push_context.go',
    ],
  },
  numbers: ['gateways.egress'],
  messages,
  examples,
  check(host, facts, say) {
    const { view, baseline } = facts;
    if (!isExternalHost(view, host)) return [];
    const { connectionPool, outlierDetection } = meshDefaults(view);
    if (connectionPool !== undefined && outlierDetection !== undefined) return [];
    return baseline.gateways.egress.flatMap((gateway) => judgeGateway(host, gateway, facts, say));
  },
});

function judgeGateway(
  host: string,
  gateway: GatewayBaseline,
  { view }: Facts,
  say: Say<typeof messages>,
): readonly Finding[] {
  const { namespace, matchLabels } = gateway;
  const seen = serviceSeenBy(view, host, namespace);
  // A host that the gateway does not know has no cluster there.
  if (seen === undefined) return [];
  const client = { host, clientNamespace: namespace, clientLabels: matchLabels, serviceNamespace: seen.namespace };
  if (ruleFor(view, client) !== undefined) return [];
  const args = { host, gateway: `${namespace}/${gateway.name}` };
  const thing = `DestinationRule at ${args.gateway}`;
  const foreign = rulesFor(view, client)[0]?.from[0];
  if (foreign !== undefined) {
    return [say('foreign', args, { path: ['spec', 'workloadSelector'], responsible: foreign, thing })];
  }
  const owners = [namespace, seen.namespace, view.settings.rootNamespace];
  const hidden = rulesNaming(view, host).find(
    (one) => owners.includes(namespaceOf(one)) && !isRecord(specOf(one).workloadSelector),
  );
  if (hidden === undefined) return [say('missing', args, { path: [], thing })];
  const fix = [{ op: 'remove', path: '/spec/exportTo' }] as const;
  return [say('hidden', args, { path: ['spec', 'exportTo'], responsible: hidden, thing, fix })];
}
