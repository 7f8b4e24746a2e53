import { isAbsent, type JsonObject, recordOf, recordOrEmpty, stringOf, valueAt } from '../model/json.ts';
import { protoField } from './mesh-config.ts';
import type { TelemetryProvider } from './telemetry-providers.ts';

/** What a line of an access log is made of. */
export interface LogFormat {
  readonly isJson: boolean;
  /** The text with its operators, or the JSON object; absent: Istio's own, which has no trace id. */
  readonly written?: string | JsonObject;
}

/** The operators that write the id of a request's trace, as Envoy made it or as B3 and W3C carry it. */
const TRACE_ID =
  /%TRACE_ID(?::\d+)?%|%REQ(?:_WITHOUT_QUERY)?\((?:X-B3-TRACEID|B3|TRACEPARENT)(?:\?[^)]*)?\)(?::\d+)?%/i;

/** Tells whether a format names the trace that a request belongs to. */
export function hasTraceId({ written }: LogFormat): boolean {
  return written !== undefined && textsIn(written).some((text) => TRACE_ID.test(text));
}

/** Envoy replaces operators in the values of a JSON format, however deep, and never in its keys. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/**
 * Returns the format of the mesh's own log file. JSON that cannot be read leaves Istio's own format.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/telemetry_logging.go `FileAccessLogFromMeshConfig`
 */
export function meshLogFormat(config: JsonObject): LogFormat {
  const encoding = protoField(config, 'accessLogEncoding');
  const isJson = encoding === 'JSON' || encoding === 1;
  const text = stringOf(protoField(config, 'accessLogFormat')) ?? '';
  if (!isJson) return text === '' ? { isJson } : { isJson, written: text };
  const written = recordOf(jsonOf(text));
  return written === undefined ? { isJson } : { isJson, written };
}

/** Returns the format of a provider that writes a file; undefined where it takes the mesh's. */
export function providerLogFormat({ name, settings }: TelemetryProvider): LogFormat | undefined {
  const format = protoField(settings, 'logFormat');
  if (isAbsent(format)) {
    const takesMeshs = name === 'envoy' && protoField(settings, 'omitEmptyValues') !== true;
    return takesMeshs ? undefined : { isJson: false };
  }
  const labels = recordOf(valueAt(format, ['labels']));
  if (labels !== undefined) return { isJson: true, ...(Object.keys(labels).length === 0 ? {} : { written: labels }) };
  const text = stringOf(recordOrEmpty(format).text) ?? '';
  return text === '' ? { isJson: false } : { isJson: false, written: text };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
