import type { Because } from '../model/finding.ts';
import { isAbsent, isRecord, numberOf, stringOf } from '../model/json.ts';
import { namespaceOf, refOf } from '../model/kube-object.ts';
import { protoField } from './mesh-config.ts';
import { type Decision, MESH_TEXT, type ProxySampling, proxySampling } from './proxy-sampling.ts';
import { answersSince } from './releases.ts';
import {
  directionsOf,
  entriesOf,
  providersOf,
  type TelemetryEntry,
  type TelemetryOf,
  telemetriesOf,
} from './telemetry.ts';
import {
  findProvider,
  type TelemetryProvider,
  type TelemetrySettings,
  TRACERS,
  telemetrySettings,
} from './telemetry-providers.ts';
import type { View } from './view.ts';

/** Why a proxy makes no spans. */
export type TracingOff =
  /** `disableSpanReporting`. */
  | 'disabled'
  /** A Telemetry speaks of tracing, and nobody names a provider. */
  | 'no-provider'
  /** The provider named is not in the mesh configuration. */
  | 'unknown-provider'
  /** The provider is there and is none for traces. */
  | 'wrong-provider'
  /** Nobody speaks of tracing, and `enableTracing` is false. */
  | 'mesh';

/** How one side of a proxy traces. */
export interface TracedSide {
  /** Absent: spans are made. */
  readonly off?: TracingOff;
  /** The field that turned it off. */
  readonly offBy?: Decision;
  /** The provider's name as written; absent: none named, so the proxy's own `tracing` block counts. */
  readonly provider?: string;
  readonly providerType?: string;
  /** The field that names the provider. */
  readonly namedBy?: Decision;
  /** Where the provider takes spans, `host` or `namespace/host`; Istio makes none unless `knowsCollector` holds. */
  readonly collector?: string;
  /** 0–100: the share of requests traced, of those whose caller has not decided it. */
  readonly percent: number;
  /** The field that set the percentage; absent: Istio's default. */
  readonly decidedBy?: Decision;
  /** False where `disableContextPropagation` keeps the trace's headers from the next hop. */
  readonly isPropagated: boolean;
  readonly propagationBy?: Decision;
  readonly because: readonly Because[];
}

/** How a proxy traces what it sends, and what its workload gets. A gateway has the client side only. */
export interface Sampling {
  readonly client: TracedSide;
  readonly server: TracedSide;
}

/**
 * Answers how a proxy traces. `assumed` stands for the mesh configuration where the view holds none.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/telemetry.go `Tracing`
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/tracing.go `configureTracingFromTelemetry`
 */
export function sampling(view: View, of: TelemetryOf, assumed?: TelemetrySettings): Sampling {
  const settings = telemetrySettings(view, assumed);
  const entries = entriesOf(telemetriesOf(view, of), 'tracing');
  const fallback = proxySampling(settings, of);
  const state = { client: start(settings), server: start(settings) };
  for (const entry of entries) {
    for (const side of directionsOf(entry.value.match)) state[side] = applied(state[side], entry, view);
  }
  const isSpoken = entries.length > 0 || settings.defaults.tracing.length > 0;
  const finish = (said: Said): TracedSide =>
    isSpoken ? settled(said, settings, fallback) : legacy(settings, fallback);
  return { client: finish(state.client), server: finish(state.server) };
}

/** What the entries so far say about one side. */
interface Said {
  readonly provider?: string;
  readonly namedBy?: Decision;
  readonly disabledBy?: Decision;
  readonly percent?: number;
  readonly decidedBy?: Decision;
  readonly propagationBy?: Decision;
  readonly because: readonly Because[];
}

function start(settings: TelemetrySettings): Said {
  const provider = settings.defaults.tracing[0];
  if (provider === undefined) return { because: [] };
  if (settings.object === undefined) return { provider, because: [] };
  const says = `\`defaultProviders.tracing\` names the provider '${provider}'`;
  return {
    provider,
    namedBy: { object: settings.object, path: MESH_TEXT },
    because: [{ object: refOf(settings.object), path: MESH_TEXT, says }],
  };
}

/** Lays one entry over what was said before: each field that stands in it replaces, the others stay. */
function applied(said: Said, entry: TelemetryEntry, view: View): Said {
  const { object, path, value } = entry;
  const at = (field: string): Decision => ({ object, path: [...path, field] });
  let next = said;
  const note = (field: string, says: string, change: Partial<Said>): void => {
    const because = { object: refOf(object), path: at(field).path, says };
    next = { ...next, ...change, because: [...next.because, because] };
  };
  const provider = providersOf(entry)[0];
  if (provider !== undefined) {
    note('providers', `names the provider '${provider}'`, { provider, namedBy: at('providers') });
  }
  const { disableSpanReporting: disabled, disableContextPropagation: alone } = value;
  if (!isAbsent(disabled)) {
    const { disabledBy: _, ...rest } = next;
    next = rest;
    if (disabled === true)
      note('disableSpanReporting', 'turns tracing off', { disabledBy: at('disableSpanReporting') });
  }
  const percent = numberOf(value.randomSamplingPercentage);
  if (percent !== undefined) {
    note('randomSamplingPercentage', `samples ${percent} %`, { percent, decidedBy: at('randomSamplingPercentage') });
  }
  if (!isAbsent(alone) && answersSince(view.settings, 'contextPropagation')) {
    const { propagationBy: _, ...rest } = next;
    next = rest;
    const propagationBy = at('disableContextPropagation');
    if (alone === true) note('disableContextPropagation', 'keeps the headers of the trace back', { propagationBy });
  }
  return next;
}

function settled(said: Said, settings: TelemetrySettings, fallback: ProxySampling): TracedSide {
  const { provider, namedBy, disabledBy, propagationBy } = said;
  const found = provider === undefined ? undefined : findProvider(settings, provider);
  const off = offReason(said, found);
  const offBy = off === 'disabled' ? disabledBy : off === undefined ? undefined : namedBy;
  return {
    ...(off === undefined ? {} : { off }),
    ...(offBy === undefined ? {} : { offBy }),
    ...(provider === undefined ? {} : { provider }),
    ...(found === undefined ? {} : { providerType: found.type, collector: stringOf(found.settings.service) ?? '' }),
    ...(namedBy === undefined ? {} : { namedBy }),
    ...percentOf(said, found, fallback),
    isPropagated: propagationBy === undefined,
    ...(propagationBy === undefined ? {} : { propagationBy }),
    because: said.percent === undefined ? [...said.because, ...fallback.because] : said.because,
  };
}

function offReason({ provider, disabledBy }: Said, found: TelemetryProvider | undefined): TracingOff | undefined {
  if (disabledBy !== undefined) return 'disabled';
  if (provider === undefined) return 'no-provider';
  if (found === undefined) return 'unknown-provider';
  return TRACERS.has(found.type) ? undefined : 'wrong-provider';
}

function percentOf(
  { percent, decidedBy, namedBy }: Said,
  found: TelemetryProvider | undefined,
  fallback: ProxySampling,
): Pick<TracedSide, 'percent' | 'decidedBy'> {
  // A sampler of the provider's own gets every span and decides alone.
  const hasSampler = found?.type === 'opentelemetry' && isRecord(protoField(found.settings, 'dynatraceSampler'));
  if (hasSampler) return { percent: 100, ...(namedBy === undefined ? {} : { decidedBy: namedBy }) };
  const by = percent === undefined ? fallback.decidedBy : decidedBy;
  return { percent: percent ?? fallback.percent, ...(by === undefined ? {} : { decidedBy: by }) };
}

/** Without any Telemetry and default provider the proxy's own `tracing` block is used, unless `enableTracing` is false. */
function legacy(settings: TelemetrySettings, fallback: ProxySampling): TracedSide {
  const offBy = settings.object === undefined ? undefined : { object: settings.object, path: MESH_TEXT };
  return {
    ...(settings.isTracing ? {} : { off: 'mesh' as const, ...(offBy === undefined ? {} : { offBy }) }),
    percent: fallback.percent,
    ...(fallback.decidedBy === undefined ? {} : { decidedBy: fallback.decidedBy }),
    isPropagated: true,
    because: fallback.because,
  };
}

/**
 * Tells whether the mesh knows the Service or ServiceEntry to which a provider sends spans.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/telemetry_logging.go `LookupCluster`
 */
export function knowsCollector(view: View, collector: string): boolean {
  const [left = '', right] = collector.split('/');
  const [namespace, host] = right === undefined ? [undefined, left] : [left, right];
  const services = view.lookup(`Service|host|${host}`).map(namespaceOf);
  const entries = view.lookup(`ServiceEntry|host|${host.toLowerCase()}`).map(namespaceOf);
  const namespaces = new Set([...services, ...entries]);
  return namespace === undefined ? namespaces.size === 1 : namespaces.has(namespace);
}
