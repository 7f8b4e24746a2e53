import type { FieldPath } from '../model/field-path.ts';
import { isAbsent, type JsonObject, recordOf, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import type { InjectorConfig } from './injector-config.ts';
import { entryOf, findContainer, PROXY_CONTAINER, type PodTemplate, STATUS_ANNOTATION } from './pod-template.ts';

/** One amount that the proxy gets, as written. */
export interface Amount {
  readonly text: string;
  /** The field that says so, from the pod; absent where the chart does. */
  readonly path?: FieldPath;
}

/** The resources of the proxy's container; what nobody sets is not there. */
export interface ProxyResources {
  readonly requests: Readonly<Record<string, Amount>>;
  readonly limits: Readonly<Record<string, Amount>>;
}

/** The four annotations with the field of the container's resources that each becomes. */
export const RESOURCE_ANNOTATIONS = [
  { annotation: 'sidecar.istio.io/proxyCPU', side: 'requests', resource: 'cpu' },
  { annotation: 'sidecar.istio.io/proxyMemory', side: 'requests', resource: 'memory' },
  { annotation: 'sidecar.istio.io/proxyCPULimit', side: 'limits', resource: 'cpu' },
  { annotation: 'sidecar.istio.io/proxyMemoryLimit', side: 'limits', resource: 'memory' },
] as const;

/** The pod's annotation that the injector keeps overridden containers in, and believes before the containers themselves. */
const OVERRIDES_ANNOTATION = 'proxy.istio.io/overrides';

/** What the injector's template gives: `sidecar` by annotations or chart, `gateway` nothing of its own. */
export type ProxyTemplate = 'sidecar' | 'gateway' | 'other';

const NONE: ProxyResources = { requests: {}, limits: {} };

/**
 * Returns the resources that the injector gives the proxy of a pod: of the four annotations those that are there and no
 * others, or the chart's where none is; then what the pod's own `istio-proxy` container says, key by key.
 * @param native Whether the proxy becomes a native sidecar; undefined when that depends on the nodes.
 * @see https://github.com/istio/istio/blob/1.31.0/manifests/charts/istio-control/istio-discovery/files/injection-template.yaml `define "resources"`
 * @see https://github.com/istio/istio/blob/1.31.0/pkg/kube/inject/webhook.go `reapplyOverwrittenContainers`
 */
export function injectedResources(
  pod: PodTemplate,
  template: ProxyTemplate,
  native: boolean | undefined,
  config: InjectorConfig,
): ProxyResources | undefined {
  if (template === 'other') return undefined;
  const given = template === 'sidecar' ? templateResources(pod, config) : NONE;
  const own = ownResources(pod, template === 'gateway' ? false : native);
  // A container that the status annotation lists is the injector's own from an earlier run: the template beats it.
  return isListedInStatus(pod) ? merge(own, given) : merge(given, own);
}

/** Returns the resources that the `istio-proxy` container of a pod has, wherever it stands. */
export function containerResources({ spec }: PodTemplate): ProxyResources {
  const placed = findContainer(spec, PROXY_CONTAINER);
  return placed === undefined ? NONE : readResources(placed.container.resources, [...placed.path, 'resources']);
}

function templateResources({ annotations }: PodTemplate, { resources }: InjectorConfig): ProxyResources {
  const set = RESOURCE_ANNOTATIONS.filter(
    ({ annotation }) => Object.hasOwn(annotations, annotation) && !isAbsent(annotations[annotation]),
  );
  if (set.length === 0) return readResources(resources, undefined);
  const sides = { requests: {} as Record<string, Amount>, limits: {} as Record<string, Amount> };
  for (const { annotation, side, resource } of set) {
    const path = ['metadata', 'annotations', annotation];
    sides[side][resource] = { text: entryOf(annotations, annotation) ?? '', path };
  }
  return sides;
}

function ownResources(pod: PodTemplate, native: boolean | undefined): ProxyResources {
  const overrides = parseJson(entryOf(pod.annotations, OVERRIDES_ANNOTATION));
  const lists = native === false ? (['containers'] as const) : (['containers', 'initContainers'] as const);
  for (const list of lists) {
    const kept = recordsOf(recordOrEmpty(overrides)[list]).find(({ name }) => name === PROXY_CONTAINER);
    const path = ['metadata', 'annotations', OVERRIDES_ANNOTATION];
    if (kept !== undefined) return readResources(kept.resources, path, { whole: true });
  }
  const placed = findContainer(pod.spec, PROXY_CONTAINER, lists);
  return placed === undefined ? NONE : readResources(placed.container.resources, [...placed.path, 'resources']);
}

function isListedInStatus({ annotations }: PodTemplate): boolean {
  const status = recordOrEmpty(parseJson(entryOf(annotations, STATUS_ANNOTATION)));
  return [status.containers, status.initContainers].some((names) => stringsOf(names).includes(PROXY_CONTAINER));
}

function readResources(
  value: unknown,
  path: FieldPath | undefined,
  options: { readonly whole?: boolean } = {},
): ProxyResources {
  const side = (name: 'requests' | 'limits'): Readonly<Record<string, Amount>> => {
    const amounts: Record<string, Amount> = Object.create(null) as Record<string, Amount>; // no inherited keys
    for (const [key, amount] of Object.entries(recordOf(recordOrEmpty(value)[name]) ?? {})) {
      if (isAbsent(amount)) continue;
      const text = stringOf(amount) ?? (typeof amount === 'number' ? String(amount) : '');
      const at = path === undefined || options.whole === true ? path : [...path, name, key];
      amounts[key] = at === undefined ? { text } : { text, path: at };
    }
    return amounts;
  };
  return { requests: side('requests'), limits: side('limits') };
}

function merge(under: ProxyResources, over: ProxyResources): ProxyResources {
  return {
    requests: { ...under.requests, ...over.requests },
    limits: { ...under.limits, ...over.limits },
  };
}

function parseJson(text: string | undefined): JsonObject | undefined {
  if (text === undefined) return undefined;
  try {
    return recordOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}
