import { isRecord, listOf, numberOf, valueAt } from '../../src/model/json.ts';
import { type KubeObject, namespaceOf } from '../../src/model/kube-object.ts';
import { type Break, REMOVED } from './breaks.ts';

const ROUTE = ['spec', 'http', '*'];
const POLICY = ['spec', 'trafficPolicy'];
const hasHttp = (object: KubeObject): boolean => listOf(valueAt(object, ['spec', 'http'])).length > 0;
const isOurs = (object: KubeObject): boolean => namespaceOf(object) === 'llmoptimizer';
const isMesh = (object: KubeObject): boolean => isOurs(object) && !Array.isArray(valueAt(object, ['spec', 'gateways']));

/** Makes retries that are one too many for everybody and fit their timeout all the same. */
function tooManyRetries(retries: unknown): unknown {
  if (!isRecord(retries) || (numberOf(retries.attempts) ?? 0) === 0) return undefined;
  return { ...retries, attempts: 4, perTryTimeout: '100ms' };
}

/** Makes the tries longer than the timeout, and changes nothing else. */
function tooLongTries(retries: unknown): unknown {
  if (!isRecord(retries) || (numberOf(retries.attempts) ?? 0) === 0) return undefined;
  return { ...retries, perTryTimeout: '200s' };
}

const retryOn =
  (text: string) =>
  (retries: unknown): unknown =>
    isRecord(retries) && (numberOf(retries.attempts) ?? 0) > 0 ? { ...retries, retryOn: text } : undefined;

/** What breaks the rules on routes. */
export const ROUTE_BREAKS: readonly Break[] = [
  { code: 'MW401', kind: 'VirtualService', title: 'four retries', at: [...ROUTE, 'retries'], to: tooManyRetries },
  {
    code: 'MW402',
    kind: 'VirtualService',
    title: 'retries on 4xx',
    at: [...ROUTE, 'retries'],
    to: retryOn('5xx,retriable-4xx'),
  },
  { code: 'MW403', kind: 'VirtualService', title: 'no timeout', at: [...ROUTE, 'timeout'], to: REMOVED, when: hasHttp },
  { code: 'MW403', kind: 'VirtualService', title: 'ten minutes', at: [...ROUTE, 'timeout'], to: '600s', when: hasHttp },
  {
    code: 'MW404',
    kind: 'VirtualService',
    title: 'tries longer than the timeout',
    at: [...ROUTE, 'retries'],
    to: tooLongTries,
  },
  {
    code: 'MW404',
    kind: 'VirtualService',
    title: 'no time for a try',
    at: [...ROUTE, 'retries', 'perTryTimeout'],
    to: (seen: unknown) => (seen === undefined ? undefined : REMOVED),
  },
  {
    code: 'MW411',
    kind: 'VirtualService',
    title: 'a fault',
    at: [...ROUTE, 'fault'],
    to: { abort: { httpStatus: 500, percentage: { value: 1 } } },
    when: isOurs,
  },
  {
    code: 'MW412',
    kind: 'VirtualService',
    title: 'a retry header',
    at: [...ROUTE, 'headers'],
    to: { request: { set: { 'X-Envoy-Max-Retries': '9' } } },
    when: isOurs,
  },
  {
    code: 'MW416',
    kind: 'VirtualService',
    title: 'an annotation of Istio’s own',
    at: ['metadata', 'annotations', 'internal.istio.io/route-semantics'],
    to: 'gateway',
    when: isMesh,
  },
  {
    code: 'MW409',
    kind: 'VirtualService',
    title: 'too much for the canary',
    at: [...ROUTE, 'route', 1, 'weight'],
    to: (seen: unknown) => (seen === undefined ? undefined : 30),
    when: isMesh,
  },
];

/** What breaks the rules on load balancers, pools and breakers. */
export const POLICY_BREAKS: readonly Break[] = [
  ...(
    [
      ['six errors', 'consecutive5xxErrors', 6],
      ['errors that never count', 'consecutive5xxErrors', 0],
      ['a minute between looks', 'interval', '60s'],
      ['one second of ejection', 'baseEjectionTime', '1s'],
      ['all ejected', 'maxEjectionPercent', 100],
      ['panic at 90 percent', 'minHealthPercent', 90],
    ] as const
  ).map(
    ([title, field, to]): Break => ({
      code: 'MW406',
      kind: 'DestinationRule',
      title,
      at: [...POLICY, 'outlierDetection', field],
      to,
      when: isOurs,
    }),
  ),
  {
    code: 'MW406',
    kind: 'DestinationRule',
    title: 'no breaker',
    at: [...POLICY, 'outlierDetection'],
    to: REMOVED,
    when: isOurs,
  },
  {
    code: 'MW407',
    kind: 'DestinationRule',
    title: 'a great pool',
    at: [...POLICY, 'connectionPool', 'tcp', 'maxConnections'],
    to: 1000,
    when: isOurs,
  },
  {
    code: 'MW407',
    kind: 'DestinationRule',
    title: 'an endless pool',
    at: [...POLICY, 'connectionPool', 'tcp', 'maxConnections'],
    to: 0,
    when: isOurs,
  },
  {
    code: 'MW407',
    kind: 'DestinationRule',
    title: 'requests without bound',
    at: [...POLICY, 'connectionPool', 'http', 'http2MaxRequests'],
    to: REMOVED,
    when: isOurs,
  },
  {
    code: 'MW408',
    kind: 'DestinationRule',
    title: 'a random endpoint',
    at: [...POLICY, 'loadBalancer'],
    to: { simple: 'RANDOM' },
    when: isOurs,
  },
];
