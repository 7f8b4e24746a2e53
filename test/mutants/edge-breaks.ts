import { stringOf, stringsOf, valueAt } from '../../src/model/json.ts';
import { type KubeObject, nameOf, namespaceOf } from '../../src/model/kube-object.ts';
import { type Break, type Loss, REMOVED } from './breaks.ts';

const SERVER = ['spec', 'servers', '*'];
const isIngress = (object: KubeObject): boolean => valueAt(object, ['spec', 'selector', 'istio']) === 'ingressgateway';
const isEgress = (object: KubeObject): boolean => valueAt(object, ['spec', 'selector', 'istio']) === 'egressgateway';
const isExact = (object: KubeObject): boolean =>
  stringsOf(valueAt(object, ['spec', 'hosts'])).every((host) => !host.startsWith('*'));
const isEgressRoute = (object: KubeObject): boolean =>
  namespaceOf(object) === 'istio-egress' && stringsOf(valueAt(object, ['spec', 'gateways'])).includes('mesh');

/** What breaks the rules on gateways and on the way out. */
export const EDGE_BREAKS: readonly Break[] = [
  {
    code: 'MW501',
    kind: 'Gateway',
    title: 'no TLS',
    at: [...SERVER, 'tls', 'mode'],
    to: (seen: unknown) => (seen === 'SIMPLE' ? 'PASSTHROUGH' : undefined),
    when: isIngress,
  },
  {
    code: 'MW501',
    kind: 'Gateway',
    title: 'TLS 1.0',
    at: [...SERVER, 'tls', 'minProtocolVersion'],
    to: (seen: unknown) => (seen === undefined ? undefined : 'TLSV1_0'),
  },
  {
    code: 'MW501',
    kind: 'Gateway',
    title: 'plain HTTP',
    at: [...SERVER, 'tls', 'httpsRedirect'],
    to: (seen: unknown) => (seen === true ? REMOVED : undefined),
    when: isIngress,
  },
  { code: 'MW501', kind: 'Gateway', title: 'every host', at: [...SERVER, 'hosts', '*'], to: '*', when: isIngress },
  {
    code: 'MW501',
    kind: 'Gateway',
    title: 'egress without mTLS',
    at: [...SERVER, 'tls', 'mode'],
    to: (seen: unknown) => (seen === 'ISTIO_MUTUAL' ? 'SIMPLE' : undefined),
    when: isEgress,
  },
  {
    code: 'MW503',
    kind: 'ServiceEntry',
    title: 'no resolution',
    at: ['spec', 'resolution'],
    to: 'NONE',
    when: isExact,
  },
  {
    code: 'MW504',
    kind: 'VirtualService',
    title: 'straight out',
    at: ['spec', 'gateways'],
    to: ['istio-egress/egress-gateway'],
    when: isEgressRoute,
  },
  {
    code: 'MW407',
    kind: 'DestinationRule',
    title: 'a great pool on the way out',
    at: ['spec', 'trafficPolicy', 'connectionPool', 'tcp', 'maxConnections'],
    to: 5000,
    when: isOnTheWayOut,
  },
  {
    code: 'MW506',
    kind: 'Sidecar',
    title: 'everything may go out',
    at: ['spec', 'outboundTrafficPolicy', 'mode'],
    to: 'ALLOW_ANY',
  },
];

/** Objects whose going opens the mesh. */
export const EDGE_LOSSES: readonly Loss[] = [
  { code: 'MW504', kind: 'VirtualService', when: isEgressRoute },
  { code: 'MW505', kind: 'DestinationRule', when: isOnTheWayOut },
];

function isOnTheWayOut(object: KubeObject): boolean {
  return (
    namespaceOf(object) === 'istio-egress' && !(stringOf(valueAt(object, ['spec', 'host'])) ?? '').includes('.svc.')
  );
}

const TEMPLATE = ['spec', 'template'];
const ANNOTATIONS = [...TEMPLATE, 'metadata', 'annotations'];
const CONFIG = [...ANNOTATIONS, 'proxy.istio.io/config'];
const isGatewayPod = (object: KubeObject): boolean =>
  valueAt(object, [...ANNOTATIONS, 'inject.istio.io/templates']) === 'gateway';
const isSidecar = (object: KubeObject): boolean => namespaceOf(object) === 'llmoptimizer' && !isGatewayPod(object);

/** What breaks the rules on workloads, telemetry, extensions and the mesh's own objects. */
export const WORKLOAD_BREAKS: readonly Break[] = [
  ...(
    [
      ['sidecar.istio.io/proxyCPULimit', '900m'],
      ['sidecar.istio.io/proxyMemoryLimit', '1Gi'],
      ['sidecar.istio.io/proxyMemory', REMOVED],
    ] as const
  ).map(
    ([key, to]): Break => ({
      code: 'MW101',
      kind: 'Deployment',
      title: `resources of the sidecar by ${key}`,
      at: [...ANNOTATIONS, key],
      to: (seen: unknown) => (seen === undefined ? undefined : to),
      when: isSidecar,
      isMended: to === REMOVED,
    }),
  ),
  {
    code: 'MW102',
    kind: 'Deployment',
    title: 'a thread for every CPU',
    at: CONFIG,
    to: (seen: unknown) => (seen === undefined ? undefined : 'concurrency: 0\n'),
    when: isSidecar,
  },
  {
    code: 'MW103',
    kind: 'Deployment',
    title: 'no version',
    at: [...TEMPLATE, 'metadata', 'labels', 'version'],
    to: (seen: unknown) => (seen === undefined ? undefined : REMOVED),
    when: isSidecar,
    isMended: true,
  },
  {
    code: 'MW104',
    kind: 'Deployment',
    title: 'no sidecar',
    at: [...TEMPLATE, 'metadata', 'labels', 'sidecar.istio.io/inject'],
    to: 'false',
    when: isSidecar,
  },
  {
    code: 'MW105',
    kind: 'Deployment',
    title: 'ports past the proxy',
    at: [...ANNOTATIONS, 'traffic.sidecar.istio.io/excludeOutboundPorts'],
    to: '443',
    when: isSidecar,
  },
  {
    code: 'MW106',
    kind: 'Deployment',
    title: 'another proxy',
    at: [...ANNOTATIONS, 'sidecar.istio.io/proxyImage'],
    to: 'evil.example/proxy:1',
    when: isSidecar,
  },
  {
    code: 'MW107',
    kind: 'Deployment',
    title: 'plaintext by label',
    at: [...TEMPLATE, 'metadata', 'labels', 'security.istio.io/tlsMode'],
    to: 'disabled',
    when: isSidecar,
  },
  {
    code: 'MW109',
    kind: 'Namespace',
    title: 'no injection',
    at: ['metadata', 'labels', 'istio-injection'],
    to: REMOVED,
    when: (object) => nameOf(object).startsWith('llmoptimizer'),
  },
  {
    code: 'MW601',
    kind: 'Telemetry',
    title: 'every request traced',
    at: ['spec', 'tracing', '*', 'randomSamplingPercentage'],
    to: 100,
  },
  {
    code: 'MW602',
    kind: 'Telemetry',
    title: 'a provider that is not there',
    at: ['spec', 'tracing', '*', 'providers', '*', 'name'],
    to: 'nowhere',
  },
  {
    code: 'MW602',
    kind: 'Telemetry',
    title: 'no access logs',
    at: ['spec', 'accessLogging', '*', 'disabled'],
    to: true,
  },
  { code: 'MW701', kind: 'EnvoyFilter', title: 'a changed filter', at: ['spec', 'priority'], to: 77 },
];
