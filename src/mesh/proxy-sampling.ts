import { parseEmbeddedYaml } from '../model/embedded-yaml.ts';
import type { FieldPath } from '../model/field-path.ts';
import type { Because } from '../model/finding.ts';
import { isAbsent, isRecord, type JsonObject, recordOrEmpty, stringOf } from '../model/json.ts';
import { type KubeObject, refOf } from '../model/kube-object.ts';
import type { TelemetryOf } from './telemetry.ts';
import type { TelemetrySettings } from './telemetry-providers.ts';

/** The field that decided something. */
export interface Decision {
  readonly object: KubeObject;
  readonly path: FieldPath;
}

/**
 * What istiod samples where nothing is said: its environment's `PILOT_TRACE_SAMPLING`, which no object shows; the chart's value.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/features/telemetry.go
 */
export const DEFAULT_PERCENT = 1;

/** Where the mesh configuration stands in its ConfigMap. */
export const MESH_TEXT: FieldPath = ['data', 'mesh'];

/** What a proxy samples by its own configuration. */
export interface ProxySampling {
  readonly percent: number;
  readonly decidedBy?: Decision;
  readonly because: readonly Because[];
}

/**
 * Returns what the proxy's own configuration samples. The annotation's `tracing` replaces the mesh's as a whole; 0 is unset,
 * and a number above 100 is read as 1.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/tracing.go `proxyConfigSamplingValue`
 */
export function proxySampling(settings: TelemetrySettings, { proxyConfig }: TelemetryOf): ProxySampling {
  const own = recordOrEmpty(proxyConfig === undefined ? undefined : parseEmbeddedYaml(proxyConfig.text)?.value).tracing;
  const decided: { readonly tracing: JsonObject; readonly by?: Decision } =
    proxyConfig !== undefined && isRecord(own)
      ? { tracing: own, by: proxyConfig }
      : {
          tracing: settings.proxyTracing,
          ...(settings.object === undefined ? {} : { by: { object: settings.object, path: MESH_TEXT } }),
        };
  const written = doubleOf(decided.tracing.sampling);
  if (written === undefined || written === 0) return { percent: DEFAULT_PERCENT, because: [] };
  const percent = written > 100 ? 1 : written;
  if (decided.by === undefined) return { percent, because: [] };
  const { object, path } = decided.by;
  const says = `\`tracing.sampling\` makes it ${percent} %`;
  return { percent, decidedBy: { object, path }, because: [{ object: refOf(object), path, says }] };
}

/** Reads a number as protobuf's JSON reader does: also in quotation marks. */
function doubleOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  const text = stringOf(value);
  const number = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isNaN(number) ? undefined : number;
}

/** What a pod may say of its own traces besides the share; the rest names a collector, or how to get there. */
const HARMLESS: ReadonlySet<string> = new Set(['sampling', 'customTags', 'maxPathTagLength', 'enableIstioTags']);

/** Returns the keys by which a pod's own configuration says where its traces go: as written, and in camelCase. */
export function ownTracerKeys(text: string): readonly { readonly key: string; readonly name: string }[] {
  const tracing = recordOrEmpty(recordOrEmpty(parseEmbeddedYaml(text)?.value).tracing);
  return Object.keys(tracing).flatMap((key) => {
    const name = key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return HARMLESS.has(name) || isAbsent(tracing[key]) ? [] : [{ key, name }];
  });
}
