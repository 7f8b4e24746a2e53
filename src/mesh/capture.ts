import type { FieldPath } from '../model/field-path.ts';
import { isAbsent, type JsonObject, recordOrEmpty, recordsOf, stringOf, valueAt } from '../model/json.ts';
import type { InjectorConfig } from './injector-config.ts';
import type { PodTemplate } from './pod-template.ts';

/** A way in which traffic of a pod gets past its proxy. */
export interface CaptureHole {
  /**
   * `annotation`: a setting of the capture; `unknown`: one of which nobody here knows what it does; `port`: of the proxy's
   * own port; `user` and `group`: a container as the proxy's; `template`: one where nothing is captured.
   */
  readonly kind: 'annotation' | 'unknown' | 'port' | 'user' | 'group' | 'template';
  /** From the pod. */
  readonly path: FieldPath;
  /** What stays the same when lists are sorted anew. */
  readonly thing: string;
  /** What the field would have to say instead of being left out, for people; empty where nothing will do. */
  readonly instead: string;
  /** Whose traffic, where a container's. */
  readonly container: string;
}

/** The user and group that the capture lets pass, because the proxy runs as them. */
const PROXY_ID = 1337;
/** Ports of the proxy itself, never captured: status, health and metrics. */
const PROXY_PORTS = new Set([15020, 15021, 15090]);

const TRAFFIC = 'traffic.sidecar.istio.io/';
const STATUS_PORT = 'status.sidecar.istio.io/port';
const INTERCEPTION = 'sidecar.istio.io/interceptionMode';

type Fits = (value: string, values: JsonObject) => boolean;
interface Setting {
  readonly fits: Fits;
  readonly instead: string;
}

const everything: Setting = { fits: (value) => value.trim() === '*', instead: "'*'" };
const nothing: Setting = { fits: (value) => value.trim() === '', instead: '' };

/**
 * What may stand in the annotations that steer the capture. Lists of what to include leave out the rest, and an empty one
 * captures nothing; ports to include beside `*` only add.
 * @see https://github.com/istio/istio/blob/1.31.0/tools/istio-iptables/pkg/capture/run.go
 */
const SETTINGS: Readonly<Record<string, Setting>> = {
  [`${TRAFFIC}includeOutboundIPRanges`]: everything,
  [`${TRAFFIC}includeInboundPorts`]: everything,
  [`${TRAFFIC}includeOutboundPorts`]: { fits: (value) => ports(value) !== undefined, instead: 'a list of ports' },
  [`${TRAFFIC}excludeInboundPorts`]: {
    fits: (value, values) => ports(value)?.every((port) => isProxyPort(port, values)) === true,
    instead: "the proxy's own ports",
  },
  // Inbound traffic of such an interface is taken for outbound, and so reaches the application directly.
  'istio.io/reroute-virtual-interfaces': nothing,
  [INTERCEPTION]: { fits: (value) => value !== 'NONE', instead: "'REDIRECT'" },
  'ambient.istio.io/bypass-inbound-capture': { fits: (value) => isFalse(value), instead: "'false'" },
  'ambient.istio.io/dns-capture': { fits: (value) => !isFalse(value), instead: "'true'" },
};

/** Settings that take traffic past the proxy, all but the one that only adds and those that a later Istio may bring. */
const KNOWN = new Set([
  ...Object.keys(SETTINGS).filter((key) => key !== `${TRAFFIC}includeOutboundPorts`),
  ...['excludeOutboundIPRanges', 'excludeOutboundPorts', 'excludeInterfaces', 'kubevirtInterfaces'].map(
    (name) => `${TRAFFIC}${name}`,
  ),
]);

/** The chart's setting that each annotation repeats on a pod, where the network plugin reads it from there. */
const CHART_KEYS: Readonly<Record<string, string>> = {
  [`${TRAFFIC}includeOutboundIPRanges`]: 'includeIPRanges',
  [`${TRAFFIC}excludeOutboundIPRanges`]: 'excludeIPRanges',
  [`${TRAFFIC}includeInboundPorts`]: 'includeInboundPorts',
  [`${TRAFFIC}includeOutboundPorts`]: 'includeOutboundPorts',
  [`${TRAFFIC}excludeOutboundPorts`]: 'excludeOutboundPorts',
};

/**
 * Returns every way in which a pod lets traffic past its proxy.
 * @param options.isInjected Whether the injector has been at the pod; then what the chart says is not a person's doing.
 */
export function captureHoles(
  pod: PodTemplate,
  template: string,
  { values }: InjectorConfig,
  options: { readonly isInjected: boolean },
): readonly CaptureHole[] {
  const chart = options.isInjected ? values : {};
  // A gateway's pod captures nothing; its proxy is the application.
  if (template === 'gateway') return besideGateway(pod);
  return [...settingHoles(pod.annotations, chart), ...idHoles(pod.spec)];
}

function settingHoles(annotations: JsonObject, chart: JsonObject): readonly CaptureHole[] {
  const holes: CaptureHole[] = [];
  for (const [key, value] of Object.entries(annotations)) {
    if (isAbsent(value)) continue;
    const path = ['metadata', 'annotations', key];
    const text = stringOf(value) ?? JSON.stringify(value);
    if (key === STATUS_PORT) {
      const port = ports(text)?.[0];
      // The injector leaves this port out of the capture.
      const fits = port === 0 || (port !== undefined && isProxyPort(port, chart));
      if (!fits) holes.push({ kind: 'port', path, thing: key, instead: "'15020'", container: '' });
      continue;
    }
    const setting = Object.hasOwn(SETTINGS, key) ? SETTINGS[key] : key.startsWith(TRAFFIC) ? nothing : undefined;
    if (setting === undefined || setting.fits(text, chart) || isChart(key, text, chart)) continue;
    const kind = KNOWN.has(key) ? 'annotation' : 'unknown';
    holes.push({ kind, path, thing: key, instead: setting.instead, container: '' });
  }
  return holes;
}

function isChart(key: string, text: string, chart: JsonObject): boolean {
  const name = CHART_KEYS[key];
  const value = name === undefined ? undefined : valueAt(chart, ['global', 'proxy', name]);
  return !isAbsent(value) && plain(value) === text;
}

function isProxyPort(port: number, values: JsonObject): boolean {
  if (PROXY_PORTS.has(port)) return true;
  const proxy = recordOrEmpty(valueAt(values, ['global', 'proxy']));
  const known = ports(`${plain(proxy.statusPort)},${plain(proxy.excludeInboundPorts)}`);
  return known?.includes(port) === true;
}

/** Reads a list of ports as Istio does, blanks around them allowed; undefined where one is none. */
function ports(text: string): readonly number[] | undefined {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return parts.every((part) => /^\d{1,5}$/.test(part)) ? parts.map(Number) : undefined;
}

/** Containers that the injector makes: they are judged as the proxy, by another rule. */
const PROXY_CONTAINERS = new Set(['istio-proxy', 'istio-init', 'istio-validation']);
const LISTS = ['containers', 'initContainers', 'ephemeralContainers'] as const;

/** @see https://github.com/istio/istio/blob/1.31.0/tools/istio-iptables/pkg/capture/run.go `ProxyUID` */
function idHoles(spec: JsonObject): readonly CaptureHole[] {
  const holes: CaptureHole[] = [];
  const shared = recordOrEmpty(spec.securityContext);
  for (const list of LISTS) {
    for (const [at, container] of recordsOf(spec[list]).entries()) {
      const name = stringOf(container.name) ?? '';
      if (PROXY_CONTAINERS.has(name)) continue;
      for (const [field, kind] of [
        ['runAsUser', 'user'],
        ['runAsGroup', 'group'],
      ] as const) {
        const own = recordOrEmpty(container.securityContext)[field];
        const isOwn = !isAbsent(own);
        if (!isProxyId(isOwn ? own : shared[field])) continue;
        const path = ['spec', ...(isOwn ? [list, at] : []), 'securityContext', field];
        holes.push({ kind, path, thing: `${field} of ${name}`, instead: '', container: name });
      }
    }
  }
  return holes;
}

function isProxyId(value: unknown): boolean {
  return value === PROXY_ID || value === String(PROXY_ID);
}

function besideGateway({ spec }: PodTemplate): readonly CaptureHole[] {
  return (['containers', 'initContainers'] as const).flatMap((list) =>
    recordsOf(spec[list]).flatMap((container, at): readonly CaptureHole[] => {
      const name = stringOf(container.name) ?? '';
      // What has ended before the gateway serves is no application that could hide beside it.
      const ends = list === 'initContainers' && container.restartPolicy !== 'Always';
      if (ends || PROXY_CONTAINERS.has(name)) return [];
      const path = ['spec', list, at];
      return [{ kind: 'template', path, thing: `container ${name}`, instead: '', container: name }];
    }),
  );
}

/** @see https://pkg.go.dev/strconv#ParseBool */
function isFalse(text: string): boolean {
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text);
}

/** Writes a chart's value, which may be a number, as the injector does; anything that is no text of its own is empty. */
function plain(value: unknown): string {
  return typeof value === 'number' ? String(value) : (stringOf(value) ?? '');
}
