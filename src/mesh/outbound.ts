import type { FieldPath } from '../model/field-path.ts';
import type { Because } from '../model/finding.ts';
import { isRecord, type JsonObject, numberOf, recordOf, recordOrEmpty, stringOf } from '../model/json.ts';
import { type KubeObject, refOf, specOf } from '../model/kube-object.ts';
import { expandHost } from './hosts.ts';
import { meshConfig, protoField, protoKey } from './mesh-config.ts';
import { answersSince } from './releases.ts';
import type { Place } from './route-types.ts';
import { sidecarsOf } from './sidecar-scope.ts';
import type { View } from './view.ts';
import { isSubset } from './workload-selector.ts';

/**
 * What a proxy does with requests to addresses that it knows no service for: `REGISTRY_ONLY` refuses them, `ALLOW_ANY`
 * sends them on, `ALLOW_ANY_DYNAMIC_DNS` too, plain HTTP by the name in its `Host` header.
 */
export type OutboundMode = 'REGISTRY_ONLY' | 'ALLOW_ANY' | 'ALLOW_ANY_DYNAMIC_DNS';

/** Where requests to unknown addresses are sent instead. */
export interface EgressProxy {
  /** The full name, lower case. */
  readonly host: string;
  readonly port?: number;
  readonly subset?: string;
}

/** A proxy's outbound policy with its proof. */
export interface OutboundPolicy {
  readonly mode: OutboundMode;
  /** Only with `ALLOW_ANY`: where such requests go instead of where they want to. */
  readonly egressProxy?: EgressProxy;
  /** What decides: a Sidecar, the mesh ConfigMap, or Istio's default because neither says anything. */
  readonly from: 'sidecar' | 'mesh' | 'istio';
  /** The field that decides, or would have to be set; absent: neither a Sidecar nor a mesh ConfigMap is in the view. */
  readonly at?: Place;
  /** The Sidecar in effect, whether or not it says a policy. */
  readonly sidecar?: KubeObject;
  readonly because: readonly Because[];
}

/**
 * Answers which outbound policy a pod's proxy has: its Sidecar's where that says one, else the mesh ConfigMap's, else
 * `ALLOW_ANY`. A block that is there without a mode is `REGISTRY_ONLY`, the value 0. Gateways have none. A listener with
 * `captureMode: NONE` changes nothing here: what is captured and has no listener obeys this policy.
 * @param labels Of the pod; absent: a pod that no selector with labels fits.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/sidecar.go `initSidecarScopeInternalIndexes`
 */
export function outboundPolicy(view: View, namespace: string, labels?: JsonObject): OutboundPolicy {
  return outboundPolicyOf(view, sidecarFor(view, namespace, labels), namespace);
}

/**
 * Returns the one Sidecar that a pod has: the oldest whose selector fits, else the oldest without a selector, else the
 * root namespace's; undefined: none.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/push_context.go `doGetSidecarScope`
 */
export function sidecarFor(view: View, namespace: string, labels: JsonObject = {}): KubeObject | undefined {
  return sidecarsOf(view, namespace).find((sidecar) => sidecar === undefined || selectsPod(sidecar, labels));
}

function selectsPod(sidecar: KubeObject, labels: JsonObject): boolean {
  const { workloadSelector } = specOf(sidecar);
  return !isRecord(workloadSelector) || isSubset(recordOrEmpty(workloadSelector.labels), labels);
}

/** Answers which outbound policy the proxies of one Sidecar have; undefined: those that have none. */
export function outboundPolicyOf(view: View, sidecar: KubeObject | undefined, namespace: string): OutboundPolicy {
  const rest = sidecar === undefined ? {} : { sidecar };
  const own = sidecar === undefined ? undefined : recordOf(specOf(sidecar).outboundTrafficPolicy);
  if (sidecar !== undefined && own !== undefined) {
    const mode = modeOf(own.mode);
    const proxy = mode === 'ALLOW_ANY' ? egressProxyOf(own.egressProxy, namespace, view) : undefined;
    const at = { object: sidecar, path: OWN_MODE };
    const because = [link(at, mode, own)];
    return { mode, ...(proxy === undefined ? {} : { egressProxy: proxy }), from: 'sidecar', at, ...rest, because };
  }
  const { object, config } = meshConfig(view);
  const wide = recordOf(protoField(config, 'outboundTrafficPolicy'));
  const says = sidecar === undefined ? [] : [{ object: refOf(sidecar), says: 'sets no outboundTrafficPolicy' }];
  if (object !== undefined && wide !== undefined) {
    const mode = meshModeOf(wide.mode, view);
    const at = { object, path: ['data', 'mesh', protoKey(config, 'outboundTrafficPolicy') ?? '', 'mode'] };
    return { mode, from: 'mesh', at, ...rest, because: [...says, link(at, mode, wide)] };
  }
  const at = placeToSet(sidecar, object);
  const silent = object === undefined ? [] : [{ object: refOf(object), says: 'sets no outboundTrafficPolicy' }];
  return {
    mode: 'ALLOW_ANY',
    from: 'istio',
    ...(at === undefined ? {} : { at }),
    ...rest,
    because: [...says, ...silent],
  };
}

const OWN_MODE: FieldPath = ['spec', 'outboundTrafficPolicy', 'mode'];

function placeToSet(sidecar: KubeObject | undefined, config: KubeObject | undefined): Place | undefined {
  if (config !== undefined) return { object: config, path: ['data', 'mesh', 'outboundTrafficPolicy', 'mode'] };
  return sidecar === undefined ? undefined : { object: sidecar, path: OWN_MODE };
}

/** The numbers of the enum, which protobuf's JSON reader takes as well. */
const NUMBERS: Readonly<Record<OutboundMode, number>> = { REGISTRY_ONLY: 0, ALLOW_ANY: 1, ALLOW_ANY_DYNAMIC_DNS: 3 };
const MODES: readonly OutboundMode[] = ['REGISTRY_ONLY', 'ALLOW_ANY', 'ALLOW_ANY_DYNAMIC_DNS'];

/** A word or number that Istio does not know is taken for the open one, to be on the safe side. */
function modeOf(written: unknown): OutboundMode {
  if (written === undefined || written === null) return 'REGISTRY_ONLY';
  return MODES.find((mode) => mode === written || NUMBERS[mode] === written) ?? 'ALLOW_ANY';
}

/** Until the release that knows what it means the word is read and lets nothing out; a Sidecar may not have it at all. */
function meshModeOf(written: unknown, view: View): OutboundMode {
  const mode = modeOf(written);
  return mode === 'ALLOW_ANY_DYNAMIC_DNS' && !answersSince(view.settings, 'dynamicDns') ? 'REGISTRY_ONLY' : mode;
}

function link({ object, path }: Place, mode: OutboundMode, block: JsonObject): Because {
  return {
    object: refOf(object),
    path,
    says: block.mode === undefined ? `is not set, which is ${mode}` : `is ${mode}`,
  };
}

function egressProxyOf(written: unknown, namespace: string, view: View): EgressProxy | undefined {
  const destination = recordOf(written);
  const host = stringOf(destination?.host);
  if (destination === undefined || host === undefined) return undefined;
  const port = numberOf(recordOrEmpty(destination.port).number);
  const subset = stringOf(destination.subset);
  return {
    host: expandHost(host, namespace, view.settings.clusterDomain).toLowerCase(),
    ...(port === undefined ? {} : { port }),
    ...(subset === undefined ? {} : { subset }),
  };
}
