import type { FailExample, PassExample } from '../rule.ts';
import { DIMENSIONS, MESH, meshConfigMap, telemetry } from './telemetry-yaml.ts';

const ROOT = { namespace: 'istio-system', day: '01' };
const ZIPKIN = 'providers: [{ name: zipkin }]';
const BARE = meshConfigMap(
  'extensionProviders: [{ name: zipkin, zipkin: { service: zipkin.istio-system.svc.cluster.local } }]',
);
const WHOLE = telemetry(
  'mesh-default',
  `tracing: [{ ${ZIPKIN} }], accessLogging: [{ providers: [{ name: envoy }] }], metrics: [{ providers: [{ name: prometheus }], overrides: ${DIMENSIONS} }]`,
  ROOT,
);
const SELECTOR = 'selector: { matchLabels: { app: web } }';

const pass: readonly PassExample[] = [
  { title: 'all three with their providers', yaml: WHOLE },
  { title: 'all three with their providers, at v1alpha1', yaml: WHOLE.replace('/v1', '/v1alpha1') },
  {
    title: 'a provider in another case, as Istio compares it',
    yaml: telemetry('a', 'tracing: [{ providers: [{ name: Zipkin }] }]'),
  },
  {
    title: 'a share without a provider, where the mesh has a default one',
    context: meshConfigMap(MESH),
    yaml: telemetry('a', 'tracing: [{ randomSamplingPercentage: 1 }]'),
  },
  {
    title: 'a share without a provider, below a Telemetry that names one',
    context: BARE + WHOLE,
    yaml: telemetry('a', 'tracing: [{ randomSamplingPercentage: 1 }]'),
  },
  {
    title: 'what is turned off is turned on again by the next entry',
    yaml: telemetry('a', `tracing: [{ disableSpanReporting: true }, { ${ZIPKIN}, disableSpanReporting: false }]`),
  },
  {
    title: 'a filter without a provider of its own, which filters nothing',
    context: WHOLE,
    yaml: telemetry('a', 'accessLogging: [{ filter: { expression: "response.code >= 400" } }]'),
  },
  {
    title: 'metrics of which some sizes are turned off',
    context: WHOLE,
    yaml: telemetry('a', 'metrics: [{ overrides: [{ match: { metric: REQUEST_SIZE }, disabled: true }] }]'),
  },
  {
    title: 'all metrics off, and brought back by the next override',
    context: WHOLE,
    yaml: telemetry(
      'a',
      'metrics: [{ overrides: [{ disabled: true }, { match: { metric: REQUEST_COUNT }, disabled: false }] }]',
    ),
  },
  {
    title: 'the answering side off at a gateway, which has none',
    context: WHOLE,
    yaml: telemetry('a', 'tracing: [{ match: { mode: SERVER }, disableSpanReporting: true }]', {
      namespace: 'istio-ingress',
    }),
  },
];

const fail: readonly FailExample[] = [
  {
    title: 'tracing turned off',
    context: WHOLE,
    yaml: telemetry('a', 'tracing: [{ disableSpanReporting: true }]'),
    finds: ['tracingOff at spec.tracing[0].disableSpanReporting'],
  },
  {
    title: 'tracing turned off for some pods on the answering side only, in the second entry, at v1alpha1',
    context: WHOLE,
    yaml: telemetry(
      'a',
      `${SELECTOR}, tracing: [{ ${ZIPKIN} }, { match: { mode: SERVER }, disableSpanReporting: true }]`,
      { version: 'v1alpha1' },
    ),
    finds: ['tracingOff at spec.tracing[1].disableSpanReporting'],
  },
  {
    title: 'tracing turned off by the newer of two for a namespace, which would count if the older went',
    context: WHOLE + telemetry('older', `tracing: [{ ${ZIPKIN} }]`, { day: '02' }),
    yaml: telemetry('newer', 'tracing: [{ disableSpanReporting: true }]'),
    finds: ['tracingOff at spec.tracing[0].disableSpanReporting'],
  },
  {
    title: 'a share without a provider, where the mesh has no default one',
    context: BARE,
    yaml: telemetry('a', 'tracing: [{ randomSamplingPercentage: 1 }]'),
    finds: ['noProvider at spec.tracing[0].providers'],
  },
  {
    title: 'a provider that does not exist, though the mesh has a default one',
    context: meshConfigMap(MESH),
    yaml: telemetry('a', 'tracing: [{ providers: [{ name: nowhere }] }]'),
    finds: ['provider at spec.tracing[0].providers[0].name'],
  },
  {
    title: 'a provider of access logs for traces',
    yaml: telemetry('a', 'tracing: [{ providers: [{ name: envoy }] }]', { namespace: 'istio-ingress' }),
    finds: ['provider at spec.tracing[0].providers[0].name'],
  },
  {
    title: 'the trace’s headers kept back',
    context: WHOLE,
    yaml: telemetry('a', 'tracing: [{ disableContextPropagation: true }]'),
    finds: ['unpropagated at spec.tracing[0].disableContextPropagation'],
  },
  {
    title: 'access logs turned off for the whole mesh',
    before: WHOLE,
    yaml: WHOLE.replace('[{ name: envoy }]', '[{ name: envoy }], disabled: true'),
    finds: ['logsOff at spec.accessLogging[0].disabled'],
  },
  {
    title: 'access logs turned off without a provider, for the one above',
    context: WHOLE,
    yaml: telemetry('a', 'accessLogging: [{ disabled: true }]'),
    finds: ['logsOff at spec.accessLogging[0].disabled'],
  },
  {
    title: 'access logs of failed requests only',
    context: WHOLE,
    yaml: telemetry(
      'a',
      'accessLogging: [{ providers: [{ name: envoy }], filter: { expression: "response.code >= 400" } }]',
    ),
    finds: ['filtered at spec.accessLogging[0].filter'],
  },
  {
    title: 'access logs to a collector and not to standard output',
    context: meshConfigMap(`${MESH}- name: als\n  envoyHttpAls: { service: als.shop.svc.cluster.local, port: 9000 }\n`),
    yaml: telemetry('a', 'accessLogging: [{ providers: [{ name: als }] }]'),
    finds: ['logsElsewhere at spec.accessLogging[0].providers'],
  },
  {
    title: 'access logs to a file of their own',
    context: meshConfigMap(`${MESH}- name: file\n  envoyFileAccessLog: { path: /tmp/log }\n`),
    yaml: telemetry('a', 'accessLogging: [{ providers: [{ name: file }] }]'),
    finds: ['logsElsewhere at spec.accessLogging[0].providers'],
  },
  {
    title: 'all metrics turned off',
    context: WHOLE,
    yaml: telemetry('a', 'metrics: [{ overrides: [{ disabled: true }] }]'),
    finds: ['metricsOff at spec.metrics[0].overrides[0].disabled'],
  },
  {
    title: 'the count and the time of requests turned off for those that a pod makes',
    context: WHOLE,
    yaml: telemetry(
      'a',
      `${SELECTOR}, metrics: [{ overrides: [{ match: { metric: REQUEST_COUNT, mode: CLIENT }, disabled: true }, { match: { metric: REQUEST_DURATION, mode: CLIENT }, disabled: true }] }]`,
    ),
    finds: ['metricOff at spec.metrics[0].overrides[0].disabled', 'metricOff at spec.metrics[0].overrides[1].disabled'],
  },
  {
    title: 'metrics for another provider in the place of Prometheus',
    context: WHOLE,
    yaml: telemetry('a', 'metrics: [{ providers: [{ name: stackdriver }] }]'),
    finds: ['metricsElsewhere at spec.metrics[0].providers'],
  },
  {
    title: 'the Telemetry that names the provider goes, and one that names none stays',
    context: BARE + telemetry('a', 'tracing: [{ randomSamplingPercentage: 1 }]', { day: '02' }),
    yaml: WHOLE,
    deletes: true,
    finds: ['noProvider at spec.tracing[0].providers'],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
