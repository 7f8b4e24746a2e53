import * as fc from 'fast-check';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { maybe, objectOf, rarely, written } from './meshes-words.ts';

const imports = fc.array(
  fc.constantFrom(
    './*',
    '*/*',
    'shop/*',
    'client/*',
    'shop/ml.shop.svc.cluster.local',
    '*/ml.shop.svc.cluster.local',
    'shop/*.shop.svc.cluster.local',
    '*/*.svc.cluster.local',
    'istio-system/*',
    '~/*',
    'other/*',
    '*/api.example.com',
  ),
  { minLength: 1, maxLength: 3 },
);

const outboundTrafficPolicy = rarely(
  fc.constantFrom<JsonObject>(
    {},
    { mode: 'ALLOW_ANY' },
    { mode: 'REGISTRY_ONLY' },
    { mode: 'ALLOW_ANY', egressProxy: { host: 'web.shop.svc.cluster.local', port: { number: 80 } } },
  ),
  2,
);

const sidecarSpec = fc
  .record({
    labels: rarely(fc.constantFrom({ app: 'caller' }, { app: 'ml' }, { app: 'nobody' }), 3),
    egress: maybe(imports),
    second: rarely(imports, 6),
    outboundTrafficPolicy,
  })
  .map(({ labels, egress, second, outboundTrafficPolicy: policy }) => {
    const first = second === undefined ? [] : [{ port: { number: 80, protocol: 'HTTP', name: 'http' }, hosts: second }];
    return written({
      workloadSelector: labels === undefined ? undefined : { labels },
      egress: egress === undefined && policy !== undefined ? undefined : [...first, { hosts: egress ?? ['*/*'] }],
      outboundTrafficPolicy: policy,
    });
  });

/** Sidecars that hide namespaces; two of a level now and then. */
export const sidecars: fc.Arbitrary<readonly KubeObject[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  {
    weight: 1,
    arbitrary: fc.array(
      objectOf({
        apiVersion: 'networking.istio.io/v1',
        kind: 'Sidecar',
        namespaces: ['client', 'client', 'shop', 'istio-system'],
        spec: sidecarSpec,
      }),
      { maxLength: 2 },
    ),
  },
);

const tracing = fc
  .record({
    match: rarely(fc.constantFrom({ mode: 'CLIENT' }, { mode: 'SERVER' }, { mode: 'CLIENT_AND_SERVER' }), 3),
    providers: maybe(
      fc.constantFrom([{ name: 'zipkin' }], [{ name: 'ZIPKIN' }], [{ name: 'gone' }], [{ name: 'prometheus' }]),
    ),
    randomSamplingPercentage: maybe(fc.constantFrom(0, 0.5, 10, 100)),
    disableSpanReporting: rarely(fc.boolean(), 5),
    disableContextPropagation: rarely(fc.boolean(), 8),
  })
  .map(written);

const telemetrySpec = fc
  .record({
    labels: rarely(fc.constantFrom({ app: 'caller' }, { app: 'ml' }), 2),
    tracing: fc.array(tracing, { maxLength: 2 }),
  })
  .map(({ labels, tracing: entries }) =>
    written({
      selector: labels === undefined ? undefined : { matchLabels: labels },
      tracing: entries.length === 0 ? undefined : entries,
      accessLogging: entries.length === 0 ? [{ disabled: true }] : undefined,
    }),
  );

/** Telemetries of all levels. */
export const telemetries: fc.Arbitrary<readonly KubeObject[]> = fc.array(
  objectOf({
    apiVersion: 'telemetry.istio.io/v1',
    kind: 'Telemetry',
    namespaces: ['istio-system', 'shop', 'client'],
    spec: telemetrySpec,
  }),
  { maxLength: 3 },
);

const lines = fc.record({
  autoMtls: rarely(fc.constantFrom('enableAutoMtls: false', 'enable_auto_mtls: false', 'enableAutoMtls: null'), 10),
  outbound: rarely(
    fc.constantFrom(
      'outboundTrafficPolicy: {}',
      'outboundTrafficPolicy: {mode: REGISTRY_ONLY}',
      'outbound_traffic_policy: {mode: ALLOW_ANY}',
      'outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}',
    ),
    4,
  ),
  retries: rarely(
    fc.constantFrom(
      'defaultHttpRetryPolicy: {attempts: 5, retryOn: "5xx"}',
      'defaultHttpRetryPolicy: {}',
      'default_http_retry_policy: {attempts: 1, perTryTimeout: 2s}',
    ),
    8,
  ),
  policy: rarely(
    fc.constantFrom(
      'defaultTrafficPolicy: {outlierDetection: {consecutive5xxErrors: 7}}',
      'defaultTrafficPolicy: {connectionPool: {tcp: {maxConnections: 9}}}',
    ),
    8,
  ),
  exported: rarely(
    fc.constantFrom(
      'defaultVirtualServiceExportTo: ["."]',
      'defaultDestinationRuleExportTo: ["."]',
      'defaultServiceExportTo: ["."]',
      'defaultDestinationRuleExportTo: ["*"]',
    ),
    10,
  ),
  providers: maybe(
    fc.constant('extensionProviders: [{name: zipkin, zipkin: {service: ml.shop.svc.cluster.local, port: 80}}]'),
  ),
  defaults: rarely(
    fc.constantFrom(
      'defaultProviders: {tracing: [zipkin]}',
      'defaultProviders: {tracing: [gone]}',
      'enableTracing: false',
    ),
    5,
  ),
  proxy: rarely(
    fc.constantFrom('defaultConfig: {tracing: {sampling: 5}}', 'defaultConfig: {tracing: {sampling: 500}}'),
    6,
  ),
});

/** The mesh's settings, where it has any. */
export const configMap: fc.Arbitrary<readonly KubeObject[]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant([]) },
  {
    weight: 1,
    arbitrary: lines.map((settings) => [
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'istio', namespace: 'istio-system' },
        data: {
          mesh: Object.values(settings)
            .filter((line) => line !== undefined)
            .join('\n'),
        },
      },
    ]),
  },
);
