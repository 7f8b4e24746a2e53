import { alikeHosts } from '../../mesh/alike-hosts.ts';
import { type PlacedBlock, placedBlocks } from '../../mesh/combinations.ts';
import { POLICY_SETTINGS } from '../../mesh/host-settings.ts';
import { servicesNamed } from '../../mesh/known-service.ts';
import { meshDefaults } from '../../mesh/policy-blocks.ts';
import { unreached } from '../../mesh/unreached.ts';
import type { Finding } from '../../model/finding.ts';
import { isAbsent, type JsonObject, recordOrEmpty } from '../../model/json.ts';
import { namespaceOf } from '../../model/kube-object.ts';
import { addEntries } from '../../model/patch.ts';
import { type Facts, hostRule, type Say } from '../rule.ts';
import { examples } from './connection-pool.examples.ts';

const messages = {
  noPool: '`{field}` is not set, so Istio sets no bound; must bound {fields} by {limit} for {what}',
  unset: '`{field}` is not set, which is no bound; must be between 1 and {limit} for {what}',
  unbounded: '`{field}` is {seen}, which is no bound; must be between 1 and {limit} for {what}',
  tooGreat: '`{field}` is {seen}; must be less than or equal to {limit} for {what}',
  foreign:
    "`{field}` is not for all pods of namespace '{namespaces}', and the others have no connection pool for {what}; must be left out, or a rule without one must stand beside it",
  hidden:
    "`{field}` hides the connection pool of {what} from namespaces '{namespaces}'; must be left out, or name them",
  missing:
    "no DestinationRule gives {what} a connection pool for clients in namespaces such as '{namespaces}'; must have one",
} as const;

type SayIt = Say<typeof messages>;

/** MW407: nobody opens more connections to a service, or has more requests under way on them, than it can bear. */
export const connectionPool = hostRule({
  id: 'connection-pool',
  code: 'MW407',
  reads: ['DestinationRule', 'Service', 'ServiceEntry', 'Namespace', 'ConfigMap'],
  settings: POLICY_SETTINGS,
  alike: alikeHosts,
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary:
    'Every port and subset of every service has its connections and its HTTP/2 requests bounded, for every client.',
  why: 'A service that is slow is given more and more connections until it falls, and those who wait for it fall with it; HTTP/2 puts any number of requests on one connection.',
  remedy:
    'Set `connectionPool.tcp.maxConnections` and `connectionPool.http.http2MaxRequests` in `spec.trafficPolicy` of the service’s DestinationRule, and again in each `portLevelSettings` entry.',
  absence: 'Unset and 0 are both no bound. Bounds count per calling proxy, not for the service as a whole.',
  source: {
    document: '**Circuit Breaker**: 100 max connections',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/cluster_traffic_policy.go',
    ],
  },
  numbers: ['services', 'otherServices'],
  messages,
  examples,
  check(host, facts, say) {
    const bounds = boundsOf(host, facts);
    const placed = placedBlocks(facts.view, host, 'connectionPool').flatMap((block) => {
      const what = `${block.where === '' ? '' : `${block.where} of `}service '${host}'`;
      return judgeBlock(block, bounds, what, say);
    });
    return [...placed, ...fallThrough(host, bounds, facts, say)];
  },
});

/** One demanded bound: where it stands in the block, and the greatest number. */
interface Bound {
  readonly protocol: 'tcp' | 'http';
  readonly field: 'maxConnections' | 'http2MaxRequests';
  readonly limit: number;
  /** False: it must not be more where it is set, but need not be set, as nothing says that the host speaks HTTP. */
  readonly isDemanded: boolean;
}

function boundsOf(host: string, { view, baseline }: Facts): readonly Bound[] {
  const listed = baseline.services.find((service) => service.host === host);
  const { maxConnections, http2MaxRequests } = listed ?? baseline.otherServices;
  const speaksHttp =
    listed?.http === true || servicesNamed(view, host).some(({ ports }) => ports.some(({ mayBeHttp }) => mayBeHttp));
  return [
    { protocol: 'tcp', field: 'maxConnections', limit: maxConnections, isDemanded: true },
    { protocol: 'http', field: 'http2MaxRequests', limit: http2MaxRequests, isDemanded: speaksHttp },
  ];
}

type Fault = 'unset' | 'unbounded' | 'tooGreat';

function faultOf(pool: JsonObject, { protocol, field, limit, isDemanded }: Bound): Fault | undefined {
  const value = recordOrEmpty(pool[protocol])[field];
  if (isAbsent(value)) return isDemanded ? 'unset' : undefined;
  if (typeof value === 'number' && value <= 0) return isDemanded || value < 0 ? 'unbounded' : undefined;
  return typeof value === 'number' && value <= limit ? undefined : 'tooGreat';
}

function judgeBlock(block: PlacedBlock, bounds: readonly Bound[], what: string, say: SayIt): readonly Finding[] {
  const { object, path, value, where, isMeshDefault } = block;
  const isWeak = value !== undefined && bounds.some((bound) => faultOf(value, bound) !== undefined);
  if (value === undefined || (isMeshDefault === true && isWeak)) {
    const demanded = bounds.filter(({ isDemanded }) => isDemanded);
    const pool = Object.fromEntries(demanded.map(({ protocol, field, limit }) => [protocol, { [field]: limit }]));
    const fix = addEntries(object, path.slice(0, -1), { connectionPool: pool });
    const fields = demanded.map(({ protocol, field }) => `\`${protocol}.${field}\``).join(' and ');
    const limit = Math.min(...demanded.map((bound) => bound.limit));
    const about = { path, responsible: object, thing: `connection pool ${where}`.trim() };
    return [say('noPool', { fields, limit, what }, { ...about, ...(fix.length === 0 ? {} : { fix }) })];
  }
  return bounds.flatMap((bound) => {
    const fault = faultOf(value, bound);
    if (fault === undefined) return [];
    const { protocol, field, limit } = bound;
    const seen = recordOrEmpty(value[protocol])[field];
    const magnitude = fault === 'tooGreat' && typeof seen === 'number' ? seen : Number.MAX_SAFE_INTEGER;
    const fix = addEntries(object, [...path, protocol], { [field]: limit });
    const thing = `${field} ${where}`.trim();
    const about = { path: [...path, protocol, field], responsible: object, thing, magnitude };
    return [say(fault, { limit, what }, { ...about, ...(fix.length === 0 ? {} : { fix }) })];
  });
}

/** Clients that no rule reaches have what the mesh's default policy says, or no bound. */
function fallThrough(host: string, bounds: readonly Bound[], facts: Facts, say: SayIt): readonly Finding[] {
  const { connectionPool: byDefault } = meshDefaults(facts.view);
  if (byDefault !== undefined && bounds.every((bound) => faultOf(byDefault, bound) === undefined)) return [];
  const what = `service '${host}'`;
  return unreached(host, facts.view, facts.baseline).map(({ reason, object, namespaces: list }) => {
    const namespaces = list.join("', '");
    if (object === undefined || reason === 'missing') {
      return say('missing', { what, namespaces }, { path: [], thing: 'connection pool for all clients' });
    }
    const thing = `connection pool for clients that ${namespaceOf(object)} leaves out`;
    const path = ['spec', reason === 'foreign' ? 'workloadSelector' : 'exportTo'];
    return say(reason, { what, namespaces }, { path, responsible: object, thing, magnitude: list.length });
  });
}
