import { alikeHosts } from '../../mesh/alike-hosts.ts';
import { type PlacedBlock, placedBlocks } from '../../mesh/combinations.ts';
import { POLICY_SETTINGS } from '../../mesh/host-settings.ts';
import { meshDefaults } from '../../mesh/policy-blocks.ts';
import { unreached } from '../../mesh/unreached.ts';
import type { Baseline } from '../../model/baseline.ts';
import { toPointer } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import type { JsonObject } from '../../model/json.ts';
import { namespaceOf } from '../../model/kube-object.ts';
import { addEntries, type PatchOperation } from '../../model/patch.ts';
import { type Facts, hostRule, type Say } from '../rule.ts';
import { type BreakerFault, breakerFaults, documentedBreaker } from './breaker-faults.ts';
import { examples } from './circuit-breaker.examples.ts';

const messages = {
  unset: '`{field}` is not set, so Istio never takes an endpoint out; must be set for {what}',
  off: '`{field}` is 0, which is off; must be between 1 and {limit} for {what}',
  tooGreat: '`{field}` is {seen}; must be less than or equal to {limit} for {what}',
  tooSmall: '`{field}` is {seen}; must be greater than or equal to {limit} for {what}',
  weakDefault: '`{field}` is not set, so Istio takes {value}; must be {limit} for {what}',
  redefined:
    '`{field}` leaves out {codes}, so these no longer count as errors; must contain them, or be left out, for {what}',
  foreign:
    "`{field}` is not for all pods of namespace '{namespaces}', and the others have no circuit breaker for {what}; must be left out, or a rule without one must stand beside it",
  hidden:
    "`{field}` hides the circuit breaker of {what} from namespaces '{namespaces}'; must be left out, or name them",
  missing:
    "no DestinationRule gives {what} a circuit breaker for clients in namespaces such as '{namespaces}'; must have one",
} as const;

type SayIt = Say<typeof messages>;

/** MW406: whoever calls a service stops calling an endpoint of it that fails. */
export const circuitBreaker = hostRule({
  id: 'circuit-breaker',
  code: 'MW406',
  reads: ['DestinationRule', 'Service', 'ServiceEntry', 'Namespace', 'ConfigMap'],
  settings: POLICY_SETTINGS,
  alike: alikeHosts,
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary:
    'Every port and subset of every service has outlier detection within the baseline’s bounds, for every client.',
  why: 'An endpoint that fails keeps getting its share of the requests until somebody takes it out, and each of them is retried as well.',
  remedy:
    'Set `outlierDetection` in `spec.trafficPolicy` of the DestinationRule in the service’s namespace, and again in each `portLevelSettings` entry, which replaces it whole.',
  absence:
    'No `outlierDetection`: none. In it, `consecutive5xxErrors` unset is 5 and 0 is off; `interval` unset is 10s, `baseEjectionTime` 30s, `minHealthPercent` 0; `maxEjectionPercent` unset or 0 is 10. `consecutiveErrors` is read by nobody.',
  source: {
    document: '**Consecutive Errors**: 5 errors trigger circuit breaker',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/destination-rule/#OutlierDetection',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/cluster_traffic_policy.go',
    ],
  },
  numbers: ['outlierDetection'],
  messages,
  examples,
  check(host, facts, say) {
    const { view, baseline } = facts;
    const placed = placedBlocks(view, host, 'outlierDetection').flatMap((block) => {
      const what = `${block.where === '' ? '' : `${block.where} of `}service '${host}'`;
      return judgeBlock(block, what, baseline, say);
    });
    return [...placed, ...fallThrough(host, facts, say)];
  },
});

function judgeBlock(block: PlacedBlock, what: string, baseline: Baseline, say: SayIt): readonly Finding[] {
  const { object, path, value, where } = block;
  const bounds = baseline.outlierDetection;
  const faults = value === undefined ? [] : breakerFaults(value, bounds);
  if (value === undefined || (block.isMeshDefault === true && faults.length > 0)) {
    const fix = addEntries(object, path.slice(0, -1), { outlierDetection: documentedBreaker(bounds) });
    const thing = `circuit breaker ${where}`.trim();
    return [say('unset', { what }, { path, responsible: object, thing, ...(fix.length === 0 ? {} : { fix }) })];
  }
  return faults.map((fault) => sayFault(fault, block, value, what, say));
}

function sayFault(fault: BreakerFault, block: PlacedBlock, value: JsonObject, what: string, say: SayIt): Finding {
  const { field, messageId, limit, byDefault, magnitude } = fault;
  const path = [...block.path, field];
  const fix: readonly PatchOperation[] =
    messageId === 'redefined'
      ? [{ op: 'remove', path: toPointer(path) }]
      : [{ op: Object.hasOwn(value, field) ? 'replace' : 'add', path: toPointer(path), value: fault.value }];
  const about = {
    path,
    responsible: block.object,
    thing: `${field} ${block.where}`.trim(),
    magnitude,
    fix,
  };
  if (messageId === 'redefined') return say('redefined', { codes: limit, what }, about);
  if (messageId === 'weakDefault') return say('weakDefault', { value: byDefault, limit, what }, about);
  return say(messageId, { limit, what }, about);
}

/** Clients that no rule reaches have what the mesh's default policy says, or nothing. */
function fallThrough(host: string, { view, baseline }: Facts, say: SayIt): readonly Finding[] {
  const { outlierDetection } = meshDefaults(view);
  if (outlierDetection !== undefined && breakerFaults(outlierDetection, baseline.outlierDetection).length === 0)
    return [];
  const what = `service '${host}'`;
  return unreached(host, view, baseline).map(({ reason, object, namespaces: list }) => {
    const namespaces = list.join("', '");
    const magnitude = list.length;
    if (object === undefined || reason === 'missing') {
      return say('missing', { what, namespaces }, { path: [], thing: 'circuit breaker for all clients' });
    }
    const thing = `circuit breaker for clients that ${namespaceOf(object)} leaves out`;
    const path = ['spec', reason === 'foreign' ? 'workloadSelector' : 'exportTo'];
    return say(reason, { what, namespaces }, { path, responsible: object, thing, magnitude });
  });
}
