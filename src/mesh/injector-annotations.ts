import { isIpPrefix } from '../model/ip-prefix.ts';
import { parseDurationMs } from '../model/duration.ts';
import type { FieldPath } from '../model/field-path.ts';
import { isAbsent, isRecord, type JsonObject, listOf, stringOf } from '../model/json.ts';
import { protoField } from './mesh-config.ts';
import type { PodTemplate } from './pod-template.ts';
import { podProxyConfig } from './proxy-config.ts';

/** An annotation that the injector refuses a pod for. */
export interface UnfitAnnotation {
  /** From the pod. */
  readonly path: FieldPath;
  readonly thing: string;
  /** The key inside an annotation that is a map; empty otherwise. */
  readonly key: string;
  /** What it must be, for people. */
  readonly wanted: string;
}

interface Grammar {
  readonly fits: (text: string) => boolean;
  readonly wanted: string;
}

const BOOLEANS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True', '0', 'f', 'F', 'FALSE', 'false', 'False']);
const INTERFACE = /^[A-Za-z][A-Za-z0-9_.-]{0,14}$/;

const isPort = (text: string): boolean => /^\d+$/.test(text.trim()) && Number(text) <= 65_535;
const isPorts = (text: string): boolean => text.trim() === '' || text.split(',').every(isPort);
const isRanges = (text: string): boolean => text === '' || text.split(',').every(isIpPrefix);

const whole: Grammar = {
  fits: (text) => /^\d+$/.test(text) && Number(text) <= 4_294_967_295,
  wanted: 'a whole number, 0 or more',
};
const portList: Grammar = { fits: isPorts, wanted: 'ports, separated by commas' };
const interfaces: Grammar = {
  fits: (text) => text === '' || text.split(',').every((name) => INTERFACE.test(name.trim())),
  wanted: 'names of network interfaces, separated by commas',
};

/**
 * What the injector checks before it makes anything of a pod. The four resources and the proxy's configuration as a whole
 * are other rules' business.
 * @see https://github.com/istio/istio/blob/1.31.0/pkg/kube/inject/validate.go `AnnotationValidation`
 */
const GRAMMARS: Readonly<Record<string, Grammar>> = {
  'sidecar.istio.io/interceptionMode': {
    fits: (text) => ['REDIRECT', 'TPROXY', 'NONE'].includes(text),
    wanted: "'REDIRECT' or 'TPROXY'",
  },
  'status.sidecar.istio.io/port': { fits: isPort, wanted: 'a port' },
  'readiness.status.sidecar.istio.io/initialDelaySeconds': whole,
  'readiness.status.sidecar.istio.io/periodSeconds': whole,
  'readiness.status.sidecar.istio.io/failureThreshold': whole,
  'traffic.sidecar.istio.io/includeOutboundIPRanges': {
    fits: (text) => text === '*' || isRanges(text),
    wanted: "'*', or IP ranges, separated by commas",
  },
  'traffic.sidecar.istio.io/excludeOutboundIPRanges': { fits: isRanges, wanted: 'IP ranges, separated by commas' },
  'traffic.sidecar.istio.io/includeInboundPorts': {
    fits: (text) => text === '*' || isPorts(text),
    wanted: "'*', or ports, separated by commas",
  },
  'traffic.sidecar.istio.io/excludeInboundPorts': portList,
  'traffic.sidecar.istio.io/excludeOutboundPorts': portList,
  'traffic.sidecar.istio.io/excludeInterfaces': interfaces,
  'traffic.sidecar.istio.io/kubevirtInterfaces': interfaces,
  'istio.io/reroute-virtual-interfaces': interfaces,
  'prometheus.istio.io/merge-metrics': { fits: (text) => BOOLEANS.has(text), wanted: "'true' or 'false'" },
};

const GRAMMAR_OF = Object.entries(GRAMMARS);

/** Returns every annotation of a pod for which the injector would refuse to make it. */
export function unfitAnnotations(pod: PodTemplate, meshConfig: JsonObject): readonly UnfitAnnotation[] {
  const found: UnfitAnnotation[] = [];
  for (const [key, { fits, wanted }] of GRAMMAR_OF) {
    const value = Object.hasOwn(pod.annotations, key) ? pod.annotations[key] : undefined;
    if (isAbsent(value) || (typeof value === 'string' && fits(value))) continue;
    found.push({ path: ['metadata', 'annotations', key], thing: key, key: '', wanted });
  }
  found.push(...unfitScrape(pod, meshConfig), ...unfitConfig(pod));
  return found;
}

/** Ports of the proxy's own. @see https://github.com/istio/istio/blob/1.31.0/pilot/cmd/pilot-agent/status/server.go */
const RESERVED = new Set([15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090]);
const STATUS_PORT = '15020';

/**
 * The injector takes the application's metrics over, from whatever port the pod names.
 * @see https://github.com/istio/istio/blob/1.31.0/pkg/kube/inject/webhook.go `applyPrometheusMerge`
 */
function unfitScrape({ annotations }: PodTemplate, meshConfig: JsonObject): readonly UnfitAnnotation[] {
  if (!Object.keys(annotations).some((key) => key.startsWith('prometheus'))) return [];
  const entries = Object.entries(annotations).filter(([key]) => key.startsWith('prometheus'));
  const named = (name: string): readonly [string, string] | undefined => {
    const found = entries.find(([key]) => key.replaceAll(/[^A-Za-z0-9_]/g, '_') === name);
    return typeof found?.[1] === 'string' ? [found[0], found[1]] : undefined;
  };
  const isOff = (text: string | undefined): boolean => text !== undefined && BOOLEANS.has(text) && /^[0fF]/.test(text);
  const merge = stringOf(annotations['prometheus.istio.io/merge-metrics']);
  const isMerged = merge === undefined ? protoField(meshConfig, 'enablePrometheusMerge') !== false : !isOff(merge);
  if (!isMerged || isOff(named('prometheus_io_scrape')?.[1])) return [];
  const port = named('prometheus_io_port');
  if (port?.[1] === STATUS_PORT) return [];
  const wanted = 'a port of the application';
  const isUnfit = (text: string): boolean =>
    !/^\+?\d+$/.test(text) || Number(text) < 1 || Number(text) > 65_535 || RESERVED.has(Number(text));
  const targets = named('prometheus_istio_io_scrape_targets');
  const list = (targets?.[1] ?? '').split(',').map((target) => target.trim());
  const ports = list.filter((target) => target !== '').map((target) => target.split(':')[0]?.trim() ?? '');
  // A list with an empty port in it is not read at all.
  const isRead = ports.length > 0 && !ports.includes('');
  const judged = isRead ? targets : port;
  if (judged === undefined || !(isRead ? ports : [judged[1]]).some((text) => text !== '' && isUnfit(text))) return [];
  return [{ path: ['metadata', 'annotations', judged[0]], thing: judged[0], key: '', wanted }];
}

const isWholeSeconds = (value: unknown): boolean => {
  const ms = parseDurationMs(stringOf(value) ?? '') ?? 0;
  return ms > 0 && ms % 1000 === 0;
};
const isTextList = (value: unknown): boolean =>
  Array.isArray(value) && listOf(value).every((one) => typeof one === 'string');

/** What the keys of the proxy's configuration that a pod may set must be; `concurrency` is another rule's business. */
const CONFIG: Readonly<Record<string, readonly [fits: (value: unknown) => boolean, wanted: string]>> = {
  holdApplicationUntilProxyStarts: [(value) => typeof value === 'boolean', 'true or false'],
  drainDuration: [isWholeSeconds, "whole seconds, such as '30s'"],
  terminationDrainDuration: [
    (value) => parseDurationMs(stringOf(value) ?? '') !== undefined,
    "a duration such as '5s'",
  ],
  extraStatTags: [isTextList, 'a list of texts'],
  proxyStatsMatcher: [
    (value) => isRecord(value) && Object.values(value).every((list) => isAbsent(list) || isTextList(list)),
    'a map of lists of texts',
  ],
  readinessProbe: [isRecord, 'a probe'],
  tracing: [
    (value) => isRecord(value) && isSampling(protoField(value, 'sampling')),
    'a map with a number for `sampling`',
  ],
};

function isSampling(value: unknown): boolean {
  if (isAbsent(value) || typeof value === 'number') return true;
  return typeof value === 'string' && /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(value);
}

function unfitConfig(pod: PodTemplate): readonly UnfitAnnotation[] {
  const written = podProxyConfig(pod);
  const config = written?.config;
  if (written === undefined || config === undefined) return [];
  const path = written.path.slice(pod.path.length);
  return Object.entries(CONFIG).flatMap(([key, [fits, wanted]]) => {
    const value = protoField(config, key);
    return isAbsent(value) || fits(value) ? [] : [{ path, thing: `proxy.istio.io/config ${key}`, key, wanted }];
  });
}
