import { isAbsent, type JsonObject, recordOrEmpty, recordsOf, stringOf } from '../model/json.ts';
import type { Decision } from './proxy-sampling.ts';
import {
  DIRECTIONS,
  type Direction,
  directionsOf,
  entriesOf,
  providersOf,
  type TelemetryEntry,
  type TelemetryOf,
  telemetriesOf,
} from './telemetry.ts';
import { findProvider, type TelemetrySettings, telemetrySettings } from './telemetry-providers.ts';
import type { View } from './view.ts';

/** What becomes of one dimension of a metric. */
export interface Tag {
  /** Absent: the dimension is taken out. */
  readonly value?: string;
  readonly by: Decision;
}

/** What Telemetries change about one metric. */
export interface MetricOverride {
  readonly disabledBy?: Decision;
  readonly tags: ReadonlyMap<string, Tag>;
}

/** What one side of a proxy measures for one provider. */
export interface MeasuredSide {
  /** The override that turns all metrics off. */
  readonly offBy?: Decision;
  /** By metric: Istio's own by their names in the API, others by theirs. A metric that is absent is as Istio makes it. */
  readonly metrics: ReadonlyMap<string, MetricOverride>;
}

/** What a proxy measures. */
export interface Metrics {
  /** By provider; only those that the mesh configuration has and that take metrics. */
  readonly providers: ReadonlyMap<string, Readonly<Record<Direction, MeasuredSide>>>;
  /** The entry that names the providers last; absent: the mesh configuration does. */
  readonly namedBy?: Decision;
}

/** Istio's own metrics, by their names in the API. */
export const ISTIO_METRICS = [
  'REQUEST_COUNT',
  'REQUEST_DURATION',
  'REQUEST_SIZE',
  'RESPONSE_SIZE',
  'TCP_OPENED_CONNECTIONS',
  'TCP_CLOSED_CONNECTIONS',
  'TCP_SENT_BYTES',
  'TCP_RECEIVED_BYTES',
  'GRPC_REQUEST_MESSAGES',
  'GRPC_RESPONSE_MESSAGES',
] as const;

interface Side {
  offBy?: Decision;
  readonly metrics: Map<string, { disabledBy?: Decision; readonly tags: Map<string, Tag> }>;
}

/**
 * Answers what a proxy measures. `assumed` stands for the mesh configuration where the view holds none.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/telemetry.go `mergeMetrics`
 */
export function metrics(view: View, of: TelemetryOf, assumed?: TelemetrySettings): Metrics {
  const settings = telemetrySettings(view, assumed);
  const entries = entriesOf(telemetriesOf(view, of), 'metrics');
  const naming = entries.filter((entry) => providersOf(entry).length > 0).at(-1);
  const inScope = new Set(naming === undefined ? settings.defaults.metrics : providersOf(naming));
  const providers = new Map<string, Readonly<Record<Direction, Side>>>();
  const open = (name: string): Readonly<Record<Direction, Side>> => {
    const there = providers.get(name) ?? { client: { metrics: new Map() }, server: { metrics: new Map() } };
    providers.set(name, there);
    return there;
  };
  if (entries.length === 0) for (const name of settings.defaults.metrics) open(name);
  let parents = settings.defaults.metrics;
  for (const entry of entries) {
    const named = providersOf(entry);
    const names = named.length > 0 ? named : parents;
    parents = names;
    for (const name of names) if (inScope.has(name)) override(open(name), entry);
  }
  for (const name of providers.keys()) {
    // Of all providers only Prometheus makes Istio measure anything.
    if (findProvider(settings, name)?.type !== 'prometheus') providers.delete(name);
  }
  return { providers, ...(naming === undefined ? {} : { namedBy: { object: naming.object, path: naming.path } }) };
}

function override(sides: Readonly<Record<Direction, Side>>, entry: TelemetryEntry): void {
  for (const [at, one] of recordsOf(entry.value.overrides).entries()) {
    const match = recordOrEmpty(one.match);
    const by: Decision = { object: entry.object, path: [...entry.path, 'overrides', at] };
    for (const direction of DIRECTIONS) {
      if (!directionsOf(match).includes(direction)) continue;
      const side = sides[direction];
      if (isAll(match) && one.disabled === true) {
        side.offBy = by;
        continue;
      }
      // Any later override brings a side back that was off as a whole.
      delete side.offBy;
      for (const metric of metricsOf(match)) change(side, metric, one, by);
    }
  }
}

function change(side: Side, metric: string, { disabled, tagOverrides }: JsonObject, by: Decision): void {
  const there = side.metrics.get(metric) ?? { tags: new Map<string, Tag>() };
  side.metrics.set(metric, there);
  if (disabled === true) there.disabledBy = { ...by, path: [...by.path, 'disabled'] };
  else if (!isAbsent(disabled)) delete there.disabledBy;
  for (const [tag, written] of Object.entries(recordOrEmpty(tagOverrides))) {
    const { operation, value } = recordOrEmpty(written);
    const at = { ...by, path: [...by.path, 'tagOverrides', tag] };
    there.tags.set(tag, operation === 'REMOVE' ? { by: at } : { value: stringOf(value) ?? '', by: at });
  }
}

function isAll({ customMetric, metric }: JsonObject): boolean {
  return isAbsent(customMetric) && (isAbsent(metric) || metric === 'ALL_METRICS');
}

function metricsOf(match: JsonObject): readonly string[] {
  if (isAll(match)) return ISTIO_METRICS;
  return [stringOf(match.customMetric) ?? stringOf(match.metric) ?? ''];
}
