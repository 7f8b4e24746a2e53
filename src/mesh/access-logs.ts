import { recordOf, stringOf } from '../model/json.ts';
import type { Decision } from './proxy-sampling.ts';
import {
  type Direction,
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
  telemetrySettings,
} from './telemetry-providers.ts';
import type { View } from './view.ts';

/** One access log of one side of a proxy. */
export interface AccessLog {
  /** The provider's name as written; absent: `accessLogFile` of the mesh configuration. */
  readonly provider?: string;
  /** Absent where the mesh configuration has no such provider, or it is none for access logs: nothing is written then. */
  readonly type?: string;
  /** The file written to; absent for logs that are sent elsewhere. */
  readonly file?: string;
  readonly isDisabled: boolean;
  /** The expression that a request must fulfil to be logged; absent: every request is. */
  readonly filter?: string;
  readonly filterBy?: Decision;
  /** The entry that says so last; absent where the mesh configuration says it. */
  readonly by?: Decision;
}

/** What one side of a proxy logs. */
export interface LoggedSide {
  readonly logs: readonly AccessLog[];
  /** The last entry that speaks of this side; absent: none does, so the mesh configuration counts. */
  readonly by?: Decision;
}

/** The providers that write access logs. */
const LOGGERS: ReadonlySet<string> = new Set(['envoyFileAccessLog', 'envoyHttpAls', 'envoyTcpAls', 'envoyOtelAls']);

/**
 * Answers what one side of a proxy logs. `assumed` stands for the mesh configuration where the view holds none.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/telemetry.go `AccessLogging`, `mergeLogs`
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/accesslog.go `setHTTPAccessLog`
 */
export function accessLogs(view: View, of: TelemetryOf, direction: Direction, assumed?: TelemetrySettings): LoggedSide {
  const settings = telemetrySettings(view, assumed);
  const entries = entriesOf(telemetriesOf(view, of), 'accessLogging');
  const mine = entries.filter(({ value }) => directionsOf(value.match).includes(direction));
  const said = entries.length === 0 ? ofDefaults(settings) : merged(entries, direction, settings);
  const last = mine.at(-1);
  const logs = said.filter(({ type }) => type !== undefined);
  const by = last === undefined ? {} : { by: { object: last.object, path: last.path } };
  // With nothing that Istio could use, the mesh's own file is written: a provider that is not there does not turn logs off.
  if (logs.length > 0) return { logs, ...by };
  const file = settings.accessLogFile;
  return { logs: file === '' ? [] : [{ type: 'envoyFileAccessLog', file, isDisabled: false }], ...by };
}

function ofDefaults(settings: TelemetrySettings): readonly AccessLog[] {
  return settings.defaults.accessLogging.map((provider) => ({
    provider,
    ...typeOf(findProvider(settings, provider)),
    isDisabled: false,
  }));
}

function merged(
  entries: readonly TelemetryEntry[],
  direction: Direction,
  settings: TelemetrySettings,
): readonly AccessLog[] {
  const inScope = scopeOf(entries, direction, settings);
  const filters = new Map<string, Pick<AccessLog, 'filter' | 'filterBy'>>();
  for (const entry of entries) {
    if (!directionsOf(entry.value.match).includes(direction)) continue;
    for (const provider of providersOf(entry)) filters.set(provider, filterOf(entry));
  }
  const logs = new Map<string, AccessLog>();
  let parents = settings.defaults.accessLogging;
  for (const entry of entries) {
    const named = providersOf(entry);
    const names = named.length > 0 ? named : parents;
    parents = names;
    if (!directionsOf(entry.value.match).includes(direction)) continue;
    for (const provider of names) {
      if (!inScope.has(provider)) continue;
      const isDisabled = entry.value.disabled === true;
      logs.set(provider, {
        provider,
        ...typeOf(findProvider(settings, provider)),
        isDisabled,
        ...(isDisabled ? {} : filters.get(provider)),
        by: { object: entry.object, path: entry.path },
      });
    }
  }
  return [...logs.values()];
}

/** The providers of the last Telemetry that names any count, for all levels; else the defaults. */
function scopeOf(
  entries: readonly TelemetryEntry[],
  direction: Direction,
  settings: TelemetrySettings,
): ReadonlySet<string> {
  let scope: ReadonlySet<string> = new Set(settings.defaults.accessLogging);
  for (const object of new Set(entries.map((entry) => entry.object))) {
    const mine = entries.filter(
      (entry) => entry.object === object && directionsOf(entry.value.match).includes(direction),
    );
    const names = new Set(mine.flatMap(providersOf));
    if (names.size > 0) scope = names;
  }
  return scope;
}

function filterOf({ object, path, value }: TelemetryEntry): Pick<AccessLog, 'filter' | 'filterBy'> {
  const filter = recordOf(value.filter);
  if (filter === undefined) return {};
  return { filter: stringOf(filter.expression) ?? '', filterBy: { object, path: [...path, 'filter'] } };
}

function typeOf(provider: TelemetryProvider | undefined): Pick<AccessLog, 'type' | 'file'> {
  if (provider === undefined || !LOGGERS.has(provider.type)) return {};
  const { type, settings } = provider;
  return type === 'envoyFileAccessLog' ? { type, file: stringOf(settings.path) || '/dev/stdout' } : { type };
}
