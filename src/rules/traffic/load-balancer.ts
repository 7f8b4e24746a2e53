import { alikeHosts } from '../../mesh/alike-hosts.ts';
import { type PlacedBlock, placedBlocks } from '../../mesh/combinations.ts';
import { RULE_SETTINGS } from '../../mesh/host-settings.ts';
import { unreached } from '../../mesh/unreached.ts';
import type { Baseline } from '../../model/baseline.ts';
import type { FieldPath } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { isAbsent, isRecord, type JsonObject, recordOrEmpty, stringOf } from '../../model/json.ts';
import { namespaceOf } from '../../model/kube-object.ts';
import { addEntries } from '../../model/patch.ts';
import { type Facts, hostRule, type Say } from '../rule.ts';
import { examples } from './load-balancer.examples.ts';

const messages = {
  notAllowed: "`{field}` is '{algorithm}'; must be one of {allowed} for {what}",
  byDefault: '`{field}` sets none, so Istio takes LEAST_REQUEST; must be one of {allowed} for {what}',
  noKey: '`{field}` names nothing to hash, so every request goes anywhere; must name a header, a cookie or the like',
  unhashed:
    "`{field}` does not hash, so requests of one session go anywhere; must be `consistentHash.httpHeaderName` '{header}' for {what}",
  otherKey: "`{field}` hashes on something else than the session; must be `httpHeaderName` '{header}' for {what}",
  foreign:
    "`{field}` is not for all pods of namespace '{namespaces}', and the others do not hash on '{header}' for {what}; must be left out, or a rule without one must stand beside it",
  hidden:
    "`{field}` hides the hash on '{header}' of {what} from namespaces '{namespaces}'; must be left out, or name them",
  missing:
    "no DestinationRule makes namespaces such as '{namespaces}' hash on '{header}' for {what}; must have one that does",
} as const;

type SayIt = Say<typeof messages>;

/** MW408: requests are spread in one of the documented ways, and sessions stay where they are where the document says so. */
export const loadBalancer = hostRule({
  id: 'load-balancer',
  code: 'MW408',
  reads: ['DestinationRule', 'Service', 'ServiceEntry', 'Namespace', 'ConfigMap'],
  settings: RULE_SETTINGS,
  alike: alikeHosts,
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary:
    'Every port and subset of every service uses a documented load balancer, and a service with session affinity hashes on its header, for every client.',
  why: 'PASSTHROUGH sends a request to the address that the client asked for, past the breaker and without automatic mTLS; without the hash every request of a session may reach another pod.',
  remedy:
    'Set `loadBalancer` in `spec.trafficPolicy` of the service’s DestinationRule, and again in each `portLevelSettings` entry, which replaces it whole.',
  absence:
    'No `loadBalancer`, `simple: UNSPECIFIED` and the old LEAST_CONN: LEAST_REQUEST. A `portLevelSettings` entry without one is that too, and leaves the hash of the rule’s top without effect. `consistentHash` without a key hashes nothing.',
  source: {
    document: '**Algorithms**: ROUND_ROBIN, LEAST_REQUEST, CONSISTENT_HASH',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/destination-rule/#LoadBalancerSettings',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/cluster_traffic_policy.go',
    ],
  },
  numbers: ['loadBalancers', 'services'],
  messages,
  examples,
  check(host, facts, say) {
    const header = facts.baseline.services.find((service) => service.host === host)?.hashHeader;
    const placed = placedBlocks(facts.view, host, 'loadBalancer').flatMap((block) => {
      const what = `${block.where === '' ? '' : `${block.where} of `}service '${host}'`;
      return judgeBlock(block, { what, header, baseline: facts.baseline }, say);
    });
    return header === undefined ? placed : [...placed, ...fallThrough(host, header, facts, say)];
  },
});

interface Demand {
  readonly what: string;
  readonly header: string | undefined;
  readonly baseline: Baseline;
}

const KEYS = ['httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName'] as const;

/** Returns the algorithm in the document's words: what Istio takes for an absent or an old one, and the hash. */
function algorithmOf({ simple, consistentHash }: JsonObject): string {
  const isUnset = isAbsent(simple) || simple === 'UNSPECIFIED';
  if (isUnset) return isRecord(consistentHash) ? 'CONSISTENT_HASH' : 'LEAST_REQUEST';
  return simple === 'LEAST_CONN' ? 'LEAST_REQUEST' : (stringOf(simple) ?? '');
}

function judgeBlock(block: PlacedBlock, demand: Demand, say: SayIt): readonly Finding[] {
  const { object, value = {}, where } = block;
  const { what, header, baseline } = demand;
  const algorithm = algorithmOf(value);
  const fix = fixOf(block, demand);
  const thing = `load balancer ${where}`.trim();
  const about = (...more: FieldPath) => ({ path: [...block.path, ...more], responsible: object, thing, ...fix });
  const hash = recordOrEmpty(value.consistentHash);
  if (header !== undefined) {
    if (algorithm !== 'CONSISTENT_HASH') return [say('unhashed', { header, what }, about())];
    const isIt = stringOf(hash.httpHeaderName)?.toLowerCase() === header.toLowerCase();
    if (isIt) return [];
    const key = KEYS.find((name) => !isAbsent(hash[name]));
    return [say('otherKey', { header, what }, about('consistentHash', ...(key === undefined ? [] : [key])))];
  }
  if (!baseline.loadBalancers.includes(algorithm)) {
    const allowed = allowedBy(baseline);
    if (algorithm === 'CONSISTENT_HASH')
      return [say('notAllowed', { algorithm, allowed, what }, about('consistentHash'))];
    if (isAbsent(value.simple)) return [say('byDefault', { allowed, what }, about())];
    return [say('notAllowed', { algorithm, allowed, what }, about('simple'))];
  }
  if (algorithm !== 'CONSISTENT_HASH' || KEYS.some((name) => isKey(hash[name]))) return [];
  return [say('noKey', {}, about('consistentHash'))];
}

/** Names what may be written: the hash is no value of `simple` but stands in its place. */
function allowedBy({ loadBalancers }: Baseline): string {
  const simple = loadBalancers.filter((name) => name !== 'CONSISTENT_HASH').join(', ');
  const hash = loadBalancers.includes('CONSISTENT_HASH') ? '`consistentHash`' : '';
  return [simple, hash].filter((text) => text !== '').join(' or ');
}

function isKey(value: unknown): boolean {
  return !isAbsent(value) && value !== '' && value !== false;
}

/** Writes the documented load balancer over the one that is there; locality and warm-up settings stay. */
function fixOf({ object, path, value = {} }: PlacedBlock, { header, baseline }: Demand): Pick<Finding, 'fix'> {
  const { simple: _simple, consistentHash, ...others } = value;
  const first = baseline.loadBalancers.find((name) => name !== 'CONSISTENT_HASH');
  const { ringHash, maglev } = recordOrEmpty(consistentHash);
  const table = isAbsent(ringHash) ? (isAbsent(maglev) ? {} : { maglev }) : { ringHash };
  if (header === undefined && first === undefined) return {};
  const written = header === undefined ? { simple: first } : { consistentHash: { httpHeaderName: header, ...table } };
  const fix = addEntries(object, path.slice(0, -1), { loadBalancer: { ...others, ...written } });
  return fix.length === 0 ? {} : { fix };
}

/** Clients that no rule reaches have LEAST_REQUEST, which keeps no session. */
function fallThrough(host: string, header: string, { view, baseline }: Facts, say: SayIt): readonly Finding[] {
  const what = `service '${host}'`;
  return unreached(host, view, baseline).map(({ reason, object, namespaces: list }) => {
    const words = { what, header, namespaces: list.join("', '") };
    if (object === undefined || reason === 'missing') {
      return say('missing', words, { path: [], thing: 'session affinity for all clients' });
    }
    const thing = `session affinity for clients that ${namespaceOf(object)} leaves out`;
    const path = ['spec', reason === 'foreign' ? 'workloadSelector' : 'exportTo'];
    return say(reason, words, { path, responsible: object, thing, magnitude: list.length });
  });
}
