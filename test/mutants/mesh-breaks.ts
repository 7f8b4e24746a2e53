import { isRecord, listOf, stringOf, valueAt } from '../../src/model/json.ts';
import { type KubeObject, nameOf, namespaceOf } from '../../src/model/kube-object.ts';
import { type Break, type Loss, REMOVED } from './breaks.ts';

const MESH = ['data', 'mesh'];

/** Replaces a line of the mesh configuration; nothing to break where it does not stand. */
const line =
  (from: RegExp, to: string) =>
  (seen: unknown): unknown => {
    const text = stringOf(seen) ?? '';
    const changed = text.replace(from, to);
    return changed === text ? undefined : changed;
  };

const mesh = (code: string, title: string, from: RegExp, to: string): Break => ({
  code,
  kind: 'ConfigMap',
  title,
  at: MESH,
  to: line(from, to),
  when: (object) => nameOf(object) === 'istio',
});

const isOurs = (object: KubeObject): boolean => namespaceOf(object) === 'llmoptimizer';
const isMeshTelemetry = (object: KubeObject): boolean => namespaceOf(object) === 'istio-system';

/** Puts the routes that everybody takes before those that a header pins. */
function pinsLast(http: unknown): unknown {
  const routes = listOf(http);
  const pinned = routes.filter((route) =>
    listOf(valueAt(route, ['match'])).some((match) => isRecord(valueAt(match, ['headers']))),
  );
  return pinned.length === 0 ? undefined : [...routes.filter((route) => !pinned.includes(route)), ...pinned];
}

/** What breaks the rules on the mesh configuration, on pinned routes, and those that warn. */
export const MESH_BREAKS: readonly Break[] = [
  mesh('MW203', 'no automatic mTLS', /^enableAutoMtls: true$/m, 'enableAutoMtls: false'),
  mesh('MW203', 'TLS 1.1 in the mesh', /^(meshMTLS:\n {2}minProtocolVersion:) TLSV1_2$/m, '$1 TLSV1_1'),
  mesh('MW603', 'logs without a trace id', /%TRACE_ID%|%REQ\(X-B3-TRACEID\)%/g, '-'),
  mesh('MW702', 'retries for everybody', /^( {2}attempts:) 0$/m, '$1 9'),
  mesh('MW702', 'paths as they come', /^( {2}normalization:) MERGE_SLASHES$/m, '$1 NONE'),
  {
    code: 'MW410',
    kind: 'VirtualService',
    title: 'pinned routes last',
    at: ['spec', 'http'],
    to: pinsLast,
    when: isOurs,
  },
  {
    code: 'MW405',
    kind: 'VirtualService',
    title: 'a caller that leaves before its callee',
    at: ['spec', 'http', '*'],
    // The idempotent route alone: its tries must go on fitting its timeout.
    to: (route: unknown) =>
      isRecord(route) && isRecord(route.retries) && route.retries.attempts === 0 && route.timeout === '26s'
        ? { ...route, timeout: '110s' }
        : undefined,
    when: isOurs,
  },
  {
    code: 'MW415',
    kind: 'VirtualService',
    title: 'a gateway that is not there',
    at: ['spec', 'gateways'],
    to: (seen: unknown) => (Array.isArray(seen) ? [...seen, 'istio-ingress/nowhere'] : undefined),
    when: isOurs,
  },
  {
    code: 'MW417',
    kind: 'Service',
    title: 'a port that is said to be TCP',
    at: ['spec', 'ports', '*', 'appProtocol'],
    to: 'tcp',
    when: isOurs,
  },
  {
    code: 'MW417',
    kind: 'Sidecar',
    title: 'a listener that takes the services’ port for TCP',
    at: ['spec', 'egress'],
    to: (seen: unknown) => [
      { port: { number: 8080, protocol: 'TCP', name: 'tcp' }, hosts: ['./*'] },
      ...(Array.isArray(seen) ? (seen as readonly unknown[]) : []),
    ],
    when: isOurs,
  },
  {
    code: 'MW604',
    kind: 'Telemetry',
    title: 'a dimension that is gone',
    at: ['spec', 'metrics', '*', 'overrides', '*', 'tagOverrides', 'user_tier'],
    to: REMOVED,
    when: isMeshTelemetry,
  },
  {
    code: 'MW108',
    kind: 'Deployment',
    title: 'an annotation that the injector refuses',
    at: ['spec', 'template', 'metadata', 'annotations', 'readiness.status.sidecar.istio.io/periodSeconds'],
    to: 'often',
    when: isOurs,
  },
  {
    code: 'MW906',
    kind: 'PeerAuthentication',
    title: 'broken glass',
    at: ['metadata', 'annotations', 'meshwarden.io/break-glass'],
    to: 'until 2020-01-01T00:00:00Z -- INC-1',
    when: isMeshTelemetry,
  },
];

/** Objects whose going breaks a rule that warns. */
export const MESH_LOSSES: readonly Loss[] = [
  { code: 'MW307', kind: 'EnvoyFilter', when: (object) => nameOf(object) === 'ingress-tier-rate-limit' },
];
