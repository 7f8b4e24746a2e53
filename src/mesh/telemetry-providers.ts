import { isAbsent, isRecord, type JsonObject, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { meshConfig, protoField, protoKey } from './mesh-config.ts';
import type { View } from './view.ts';

/** Somebody who takes traces, metrics or access logs, by the mesh configuration. */
export interface TelemetryProvider {
  readonly name: string;
  /** Which of Istio's kinds of providers, such as `zipkin` or `envoyFileAccessLog`. */
  readonly type: string;
  readonly settings: JsonObject;
}

/** What the mesh configuration says about telemetry. */
export interface TelemetrySettings {
  /** Absent: the view holds no mesh configuration, and the rest is assumed. */
  readonly object?: KubeObject;
  /** In Istio's order; the first of a name counts, whatever its case. */
  readonly providers: readonly TelemetryProvider[];
  readonly defaults: { readonly [Use in ProviderUse]: readonly string[] };
  /** `enableTracing`; counts only where nothing else speaks of tracing. */
  readonly isTracing: boolean;
  /** `accessLogFile`; empty: none. Counts only where no Telemetry and no default provider speaks of access logs. */
  readonly accessLogFile: string;
  /** `defaultConfig.tracing` as written. */
  readonly proxyTracing: JsonObject;
}

/** What a provider is used for. */
export type ProviderUse = 'tracing' | 'metrics' | 'accessLogging';

/** The providers that Istio has without being told. */
const BUILT_IN: readonly TelemetryProvider[] = [
  { name: 'prometheus', type: 'prometheus', settings: {} },
  { name: 'stackdriver', type: 'stackdriver', settings: {} },
  { name: 'envoy', type: 'envoyFileAccessLog', settings: { path: '/dev/stdout' } },
];

/** Istio's own settings, which every key of the mesh configuration overrides. */
export const ISTIO_TELEMETRY: TelemetrySettings = {
  providers: BUILT_IN,
  defaults: { tracing: [], metrics: [], accessLogging: [] },
  isTracing: true,
  accessLogFile: '',
  proxyTracing: {},
};

/** The kinds of providers, by the field that holds their settings. */
export const PROVIDER_TYPES = [
  'envoyExtAuthzHttp',
  'envoyExtAuthzGrpc',
  'zipkin',
  'lightstep',
  'datadog',
  'stackdriver',
  'opencensus',
  'skywalking',
  'opentelemetry',
  'prometheus',
  'envoyFileAccessLog',
  'envoyHttpAls',
  'envoyTcpAls',
  'envoyOtelAls',
  'sds',
] as const;

/**
 * The kinds of providers that take traces; a proxy that is given another makes no spans.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/tracing.go `configureFromProviderConfig`
 */
export const TRACERS: ReadonlySet<string> = new Set(['zipkin', 'datadog', 'skywalking', 'opentelemetry']);

/**
 * Returns the mesh's settings, or what the caller assumes where the view holds no mesh configuration.
 * @see https://github.com/istio/istio/blob/1.31.0/pkg/config/mesh/mesh.go `ApplyMeshConfig`
 */
export function telemetrySettings(view: View, assumed: TelemetrySettings = ISTIO_TELEMETRY): TelemetrySettings {
  const { object, config } = meshConfig(view);
  if (object === undefined) return assumed;
  const known = READ.get(object) ?? { object, ...settingsOf(config) };
  READ.set(object, known);
  return known;
}

const READ = new WeakMap<KubeObject, TelemetrySettings>();

/** Reads what a mesh configuration says about telemetry. */
export function settingsOf(config: JsonObject): TelemetrySettings {
  // Istio takes these two blocks out of the text by their camelCase names, and so ignores the other spelling.
  const defaults = recordOrEmpty(config.defaultProviders);
  const isTracing = protoField(config, 'enableTracing');
  return {
    providers: providersOf(config),
    defaults: {
      tracing: stringsOf(protoField(defaults, 'tracing')),
      metrics: stringsOf(protoField(defaults, 'metrics')),
      accessLogging: stringsOf(protoField(defaults, 'accessLogging')),
    },
    isTracing: isAbsent(isTracing) || isTracing === true,
    accessLogFile: stringOf(protoField(config, 'accessLogFile')) ?? '',
    proxyTracing: recordOrEmpty(recordOrEmpty(config.defaultConfig).tracing),
  };
}

function providersOf(config: JsonObject): readonly TelemetryProvider[] {
  const providers = [...BUILT_IN];
  for (const written of recordsOf(protoField(config, 'extensionProviders'))) {
    const provider = { name: stringOf(written.name) ?? '', ...typeOf(written) };
    const at = providers.findIndex(({ name }) => name === provider.name);
    if (at < 0) providers.push(provider);
    else providers[at] = provider;
  }
  return providers;
}

function typeOf(written: JsonObject): Pick<TelemetryProvider, 'type' | 'settings'> {
  for (const type of PROVIDER_TYPES) {
    const key = protoKey(written, type);
    if (key !== undefined && isRecord(written[key])) return { type, settings: recordOrEmpty(written[key]) };
  }
  return { type: '', settings: {} };
}

/** Finds a provider by name as Istio does, whatever the case; undefined where there is none. */
export function findProvider(settings: TelemetrySettings, name: string): TelemetryProvider | undefined {
  const wanted = name.toLowerCase();
  return settings.providers.find((one) => one.name.toLowerCase() === wanted);
}
