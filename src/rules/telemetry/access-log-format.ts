import { hasTraceId, meshLogFormat, providerLogFormat } from '../../mesh/access-log-format.ts';
import { meshTextOf, settingAt, settingFix, type SettingsText, settingPath } from '../../mesh/mesh-text.ts';
import { findProvider, settingsOf, type TelemetryProvider } from '../../mesh/telemetry-providers.ts';
import type { Finding } from '../../model/finding.ts';
import { type JsonObject, recordsOf, stringOf } from '../../model/json.ts';
import type { PatchOperation } from '../../model/patch.ts';
import { formatSeen, objectRule, type Say } from '../rule.ts';
import { examples } from './access-log-format.examples.ts';

const messages = {
  nowhere: "`{field}` is '{value}'; must be '/dev/stdout'",
  unset: "`{field}` is not set, so Istio writes no access log; must be '/dev/stdout'",
  elsewhere:
    "`{field}` is '{value}', where the default provider '{provider}' writes access logs; must be '/dev/stdout'",
  noTraceId: "`{field}` has no trace id; must have one, such as '%TRACE_ID%'",
  unsetFormat: "`{field}` is not set, and Istio's own format has no trace id; must have one, such as '%TRACE_ID%'",
  unreadable:
    "`{field}` is no JSON object, so Istio takes its own format, which has no trace id; must be one with '%TRACE_ID%'",
} as const;

const STDOUT = '/dev/stdout';
/** Istio's own fields that a person looks for first, and the trace. */
const TEXT_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %DURATION% "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %TRACE_ID%\n';

/** MW603: the lines that proxies write can be collected, and found again by their trace. */
export const accessLogFormat = objectRule({
  id: 'access-log-format',
  code: 'MW603',
  reads: ['ConfigMap'],
  mode: 'warn',
  onDelete: 'warn',
  exceptable: false,
  summary: 'The mesh configuration writes access logs to standard output, with a trace id.',
  why: 'A log line without the id of its trace cannot be put beside the trace of its request, nor beside the lines of the other hops.',
  remedy: "Set `accessLogFile: /dev/stdout`, and put '%TRACE_ID%' into `accessLogFormat`.",
  absence:
    'Without `accessLogFile` and a default provider there is no access log; Istio’s own formats, text and JSON, have no trace id.',
  source: {
    document: '**Format**: Detailed with trace IDs',
    refs: [
      'https://istio.io/latest/docs/tasks/observability/logs/access-log/',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/telemetry_logging.go',
      'https://www.envoyproxy.io/docs/envoy/v1.35.0/configuration/observability/access_log/usage',
    ],
  },
  numbers: ['mesh.rootNamespace'],
  messages,
  examples,
  check(object, { baseline }, say) {
    const mesh = meshTextOf(object, baseline.mesh);
    // A text that cannot be read is MW702's.
    if (mesh?.config === undefined) return [];
    return [...destination(mesh, mesh.config, say), ...format(mesh, mesh.config, say)];
  },
});

/** The providers of access logs that every workload has which says nothing itself. */
function defaultLoggers(config: JsonObject): readonly TelemetryProvider[] {
  const settings = settingsOf(config);
  const found = settings.defaults.accessLogging.map((name) => findProvider(settings, name));
  return found.filter((one) => one !== undefined).filter(({ type }) => type === 'envoyFileAccessLog');
}

const pathOf = ({ settings }: TelemetryProvider): string => stringOf(settings.path) || STDOUT;

function destination(mesh: SettingsText, config: JsonObject, say: Say<typeof messages>): readonly Finding[] {
  const file = settingAt(config, ['accessLogFile']);
  const loggers = defaultLoggers(config);
  const value = formatSeen(file.value);
  if (loggers.some((one) => pathOf(one) === STDOUT) || (loggers.length === 0 && value === STDOUT)) return [];
  const first = loggers[0];
  if (first !== undefined) {
    const { keys } = settingAt(config, ['extensionProviders']);
    const at = recordsOf(settingAt(config, keys).value).findIndex(({ name }) => name === first.name);
    const place = settingAt(config, [...keys, at, 'envoyFileAccessLog', 'path']).keys;
    const about = { ...fixed(mesh, place, STDOUT), thing: 'access log file' };
    return [say('elsewhere', { value: pathOf(first), provider: first.name }, about)];
  }
  const about = { ...fixed(mesh, file.keys, STDOUT), thing: 'access log file' };
  return [value === '' ? say('unset', {}, about) : say('nowhere', { value }, about)];
}

/** Judges the mesh's own format, and those of the providers that every workload has and that have their own. */
function format(mesh: SettingsText, config: JsonObject, say: Say<typeof messages>): readonly Finding[] {
  const setting = settingAt(config, ['accessLogFormat']);
  const { isJson, written } = meshLogFormat(config);
  const found: Finding[] = [];
  if (!hasTraceId({ isJson, ...(written === undefined ? {} : { written }) })) {
    const about = { ...fixed(mesh, setting.keys, withTraceId(isJson, written)), thing: 'access log format' };
    const text = formatSeen(setting.value);
    const id = text === '' ? 'unsetFormat' : written === undefined ? 'unreadable' : 'noTraceId';
    found.push(say(id, {}, about));
  }
  for (const provider of defaultLoggers(config)) {
    const own = providerLogFormat(provider);
    if (own === undefined || hasTraceId(own)) continue;
    const at = recordsOf(settingAt(config, ['extensionProviders']).value).findIndex(
      ({ name }) => name === provider.name,
    );
    const { keys } = settingAt(config, ['extensionProviders', at, 'envoyFileAccessLog', 'logFormat']);
    const value = own.isJson ? { labels: withLabel(own.written) } : { text: withTraceId(false, own.written) };
    found.push(say('noTraceId', {}, { ...fixed(mesh, keys, value), thing: `format of ${provider.name}` }));
  }
  return found;
}

function withTraceId(isJson: boolean, written: string | JsonObject | undefined): string {
  if (isJson) return JSON.stringify(withLabel(written));
  return typeof written === 'string' ? `${written.replace(/\n$/, '')} %TRACE_ID%\n` : TEXT_FORMAT;
}

function withLabel(written: string | JsonObject | undefined): JsonObject {
  return { ...(typeof written === 'object' ? written : ISTIO_LABELS), trace_id: '%TRACE_ID%' };
}

const ISTIO_LABELS: JsonObject = {
  start_time: '%START_TIME%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  response_code: '%RESPONSE_CODE%',
  response_flags: '%RESPONSE_FLAGS%',
  duration: '%DURATION%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_cluster: '%UPSTREAM_CLUSTER_RAW%',
};

function fixed(
  mesh: SettingsText,
  keys: readonly (string | number)[],
  value: unknown,
): {
  readonly path: readonly (string | number)[];
  readonly fix?: readonly PatchOperation[];
} {
  const fix = settingFix(mesh, keys, value);
  return { path: settingPath(mesh, keys), ...(fix.length === 0 ? {} : { fix }) };
}
