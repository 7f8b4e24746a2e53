import t from 'tap';
import type { JsonObject } from '../../src/model/json.ts';
import { testOracle } from './client.ts';
import { CLIENT, type Directed, meshSettings, service, sidecar, showAll, telemetry } from './directed.ts';

const ml = service();
const outbound = { ask: 'outbound' } as const;
const ns = 'client';

const OUTBOUND: readonly Directed[] = [
  {
    title: 'unknown hosts are let through where nothing is said',
    mesh: [ml],
    ask: outbound,
    says: { mode: 'ALLOW_ANY' },
  },
  {
    title: 'the mesh’s `outboundTrafficPolicy: {}` is REGISTRY_ONLY',
    mesh: [ml, meshSettings('outboundTrafficPolicy: {}')],
    ask: outbound,
    says: { mode: 'REGISTRY_ONLY' },
  },
  {
    title: 'a Sidecar’s `outboundTrafficPolicy: {}` is REGISTRY_ONLY',
    mesh: [ml, sidecar({ outboundTrafficPolicy: {} }, { ns })],
    ask: outbound,
    says: { mode: 'REGISTRY_ONLY' },
  },
  {
    title: 'a Sidecar for the pod opens what the mesh closes',
    mesh: [
      ml,
      meshSettings('outboundTrafficPolicy: {mode: REGISTRY_ONLY}'),
      sidecar(
        { workloadSelector: { labels: { app: 'caller' } }, outboundTrafficPolicy: { mode: 'ALLOW_ANY' } },
        { ns },
      ),
    ],
    ask: outbound,
    says: { mode: 'ALLOW_ANY' },
  },
  {
    title: 'a Sidecar that says no policy leaves the mesh’s in force',
    mesh: [
      ml,
      meshSettings('outboundTrafficPolicy: {mode: REGISTRY_ONLY}'),
      sidecar({ egress: [{ hosts: ['*/*'] }] }, { ns }),
    ],
    ask: outbound,
    says: { mode: 'REGISTRY_ONLY' },
  },
  {
    title: 'the namespace’s Sidecar counts over the root’s',
    mesh: [
      ml,
      sidecar({ outboundTrafficPolicy: {} }, { ns: 'istio-system' }),
      sidecar({ outboundTrafficPolicy: { mode: 'ALLOW_ANY' } }, { ns }),
    ],
    ask: outbound,
    says: { mode: 'ALLOW_ANY' },
  },
  {
    title: 'of two Sidecars without a selector the oldest counts',
    mesh: [
      ml,
      sidecar({ outboundTrafficPolicy: {} }, { ns, name: 'a', day: 2 }),
      sidecar({ outboundTrafficPolicy: { mode: 'ALLOW_ANY' } }, { ns, name: 'b', day: 1 }),
    ],
    ask: outbound,
    says: { mode: 'ALLOW_ANY' },
  },
  {
    title: 'of two Sidecars with selectors that fit the oldest counts',
    mesh: [
      ml,
      sidecar(
        { workloadSelector: { labels: { app: 'caller' } }, outboundTrafficPolicy: {} },
        { ns, name: 'a', day: 2 },
      ),
      sidecar(
        { workloadSelector: { labels: { app: 'caller' } }, outboundTrafficPolicy: { mode: 'ALLOW_ANY' } },
        { ns, name: 'b', day: 1 },
      ),
    ],
    ask: outbound,
    says: { mode: 'ALLOW_ANY' },
  },
  {
    title: 'the mesh’s third mode resolves unknown names',
    since: 'dynamicDns',
    mesh: [ml, meshSettings('outboundTrafficPolicy: {mode: 3}')],
    ask: outbound,
    says: { mode: 'ALLOW_ANY_DYNAMIC_DNS' },
  },
  {
    title: 'the mesh’s third mode lets nothing out in a release that only knows its name',
    until: 'dynamicDns',
    mesh: [ml, meshSettings('outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}')],
    ask: outbound,
    says: { mode: 'REGISTRY_ONLY' },
  },
];

const client = { ask: 'tracing', side: 'client' } as const;
const ZIPKIN = 'extensionProviders: [{name: zipkin, zipkin: {service: ml.shop.svc.cluster.local, port: 80}}]';
const DEFAULT = `${ZIPKIN}\ndefaultProviders: {tracing: [zipkin]}`;
const tracing = (entry: JsonObject, rest: JsonObject = {}, head = {}): ReturnType<typeof telemetry> =>
  telemetry({ tracing: [entry], ...rest }, { ns, ...head });
const FOR_CALLER: JsonObject = { selector: { matchLabels: { app: 'caller' } } };
const percent = (randomSamplingPercentage: number): JsonObject => ({ randomSamplingPercentage });
const traced = (share: number): JsonObject => ({ isOff: false, provider: 'envoy.tracers.zipkin', percent: share });

const TRACING: readonly Directed[] = [
  {
    title: 'one percent is sampled where nothing is said',
    mesh: [ml],
    ask: client,
    says: { isOff: false, percent: 1 },
  },
  {
    title: 'the namespace’s Telemetry counts over the mesh’s, and the workload’s over both',
    mesh: [
      ml,
      meshSettings(DEFAULT),
      tracing(percent(1), {}, { ns: 'istio-system' }),
      tracing(percent(2)),
      tracing(percent(3), FOR_CALLER, { name: 'b' }),
    ],
    ask: client,
    says: traced(3),
  },
  {
    title: 'of two of a namespace the oldest counts',
    mesh: [
      ml,
      meshSettings(DEFAULT),
      tracing(percent(2), {}, { day: 2 }),
      tracing(percent(5), {}, { name: 'b', day: 1 }),
    ],
    ask: client,
    says: traced(5),
  },
  {
    title: 'of two of a workload the newest counts',
    mesh: [
      ml,
      meshSettings(DEFAULT),
      tracing(percent(2), FOR_CALLER, { day: 2 }),
      tracing(percent(5), FOR_CALLER, { name: 'b', day: 1 }),
    ],
    ask: client,
    says: traced(2),
  },
  {
    title: 'a Telemetry with a selector in the root namespace does not reach others',
    mesh: [ml, meshSettings(DEFAULT), tracing(percent(50), FOR_CALLER, { ns: 'istio-system' })],
    ask: client,
    says: traced(1),
  },
  {
    title: 'an unknown provider turns tracing off, whatever the default',
    mesh: [ml, meshSettings(DEFAULT), tracing({ providers: [{ name: 'gone' }], ...percent(5) })],
    ask: client,
    says: { isOff: true },
  },
  {
    title: 'a rate without any provider turns tracing off',
    mesh: [ml, tracing(percent(5))],
    ask: client,
    says: { isOff: true },
  },
  {
    title: 'a provider’s name is read without case',
    mesh: [ml, meshSettings(ZIPKIN), tracing({ providers: [{ name: 'ZipKin' }], ...percent(5) })],
    ask: client,
    says: traced(5),
  },
  {
    title: 'a provider whose service nobody knows gets no spans',
    mesh: [
      ml,
      meshSettings(
        'extensionProviders: [{name: zipkin, zipkin: {service: gone.example.com, port: 80}}]\ndefaultProviders: {tracing: [zipkin]}',
      ),
    ],
    ask: client,
    says: { isOff: true },
  },
  {
    title: 'disableSpanReporting turns tracing off',
    mesh: [ml, meshSettings(DEFAULT), tracing({ disableSpanReporting: true })],
    ask: client,
    says: { isOff: true },
  },
  {
    title: 'a rate for the server’s side leaves the client’s',
    mesh: [ml, meshSettings(DEFAULT), tracing({ match: { mode: 'SERVER' }, ...percent(50) })],
    ask: client,
    says: traced(1),
  },
  {
    title: 'the proxy’s own rate counts where no Telemetry says one; 0 is unset',
    mesh: [ml, meshSettings(`${DEFAULT}\ndefaultConfig: {tracing: {sampling: 7}}`)],
    from: { ...CLIENT, proxyConfig: 'tracing: {sampling: 0}' },
    ask: client,
    says: traced(1),
  },
  {
    title: 'a rate above 100 in the proxy’s own configuration is 1',
    mesh: [ml, meshSettings(DEFAULT)],
    from: { ...CLIENT, proxyConfig: 'tracing: {sampling: 500}' },
    ask: client,
    says: traced(1),
  },
  {
    title: 'the pod’s annotation counts over the mesh’s defaults',
    mesh: [ml, meshSettings(`${DEFAULT}\ndefaultConfig: {tracing: {sampling: 7}}`)],
    from: { ...CLIENT, proxyConfig: 'tracing: {sampling: 50}' },
    ask: client,
    says: traced(50),
  },
  {
    title: '`enableTracing: false` is ignored once there is a default provider',
    mesh: [ml, meshSettings(`${DEFAULT}\nenableTracing: false`)],
    ask: client,
    says: traced(1),
  },
  {
    title: '`enableTracing: false` turns tracing off where nobody else speaks of it',
    mesh: [ml, meshSettings('enableTracing: false')],
    ask: client,
    says: { isOff: true },
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  await t.test('unknown hosts', (t) => showAll(t, oracle, OUTBOUND));
  await t.test('tracing', (t) => showAll(t, oracle, TRACING));
}
