import type { FailExample, PassExample } from '../rule.ts';
import { MESH, meshConfigMap } from './telemetry-yaml.ts';

const LINES = /accessLogFile.*\naccessLogFormat.*\n/;
/** A mesh configuration that logs as `text` says. */
const logging = (text: string): string =>
  meshConfigMap(MESH.replace(LINES, `${text}\n`).replace('  accessLogging: [envoy]\n', ''));
const ID = 'accessLogFormat: "%TRACE_ID%"';
const OWN = (settings: string): string =>
  meshConfigMap(
    MESH.replace('accessLogging: [envoy]', 'accessLogging: [own]') + `- name: own\n  envoyFileAccessLog: ${settings}\n`,
  );

const pass: readonly PassExample[] = [
  { title: 'standard output and a trace id', yaml: logging(`accessLogFile: /dev/stdout\n${ID}`) },
  {
    title: 'standard output by the default provider',
    yaml: meshConfigMap(MESH.replace('accessLogFile: /dev/stdout\n', '')),
  },
  {
    title: 'JSON with the id in a nested value, in snake_case',
    yaml: logging(
      `access_log_file: /dev/stdout\naccess_log_encoding: JSON\naccess_log_format: '{"a": {"b": "%REQ(x-b3-traceid)%"}}'`,
    ),
  },
  {
    title: 'a default provider with a format of its own',
    yaml: OWN('{ path: /dev/stdout, logFormat: { labels: { trace: "%TRACE_ID%" } } }'),
  },
  { title: 'another ConfigMap', yaml: meshConfigMap('{}', 'shop') },
];

const fail: readonly FailExample[] = [
  {
    title: 'nothing is said',
    yaml: logging(''),
    finds: ['unset at data.mesh.accessLogFile', 'unsetFormat at data.mesh.accessLogFormat'],
  },
  {
    title: 'a file of its own, in a revision’s ConfigMap',
    yaml: logging(`accessLogFile: /tmp/log\n${ID}`).replace('name: istio,', 'name: istio-canary,'),
    finds: ['nowhere at data.mesh.accessLogFile'],
  },
  {
    title: 'a text without the id',
    yaml: logging('accessLogFile: /dev/stdout\naccessLogFormat: "%REQ(X-REQUEST-ID)%"'),
    finds: ['noTraceId at data.mesh.accessLogFormat'],
  },
  {
    title: 'JSON with the id in a key, which is no value',
    yaml: logging(`accessLogFile: /dev/stdout\naccessLogEncoding: JSON\naccessLogFormat: '{"%TRACE_ID%": "a"}'`),
    finds: ['noTraceId at data.mesh.accessLogFormat'],
  },
  {
    title: 'a text where JSON is asked for, so that Istio takes its own',
    yaml: logging(`accessLogFile: /dev/stdout\naccessLogEncoding: JSON\n${ID}`),
    finds: ['unreadable at data.mesh.accessLogFormat'],
  },
  {
    title: 'JSON of Istio’s own, by the number of the word',
    yaml: logging('accessLogFile: /dev/stdout\naccessLogEncoding: 1'),
    finds: ['unsetFormat at data.mesh.accessLogFormat'],
  },
  {
    title: 'a default provider with its own file and format',
    yaml: OWN('{ path: /tmp/log, logFormat: { text: "%START_TIME%" } }'),
    finds: [
      'elsewhere at data.mesh.extensionProviders[1].envoyFileAccessLog.path',
      'noTraceId at data.mesh.extensionProviders[1].envoyFileAccessLog.logFormat',
    ],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
