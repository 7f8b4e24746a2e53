import type { FieldPath } from '../model/field-path.ts';
import { type JsonObject, recordOrEmpty, recordsOf, stringOf } from '../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { entryOf } from './pod-template.ts';
import type { View } from './view.ts';
import { selectedLabels, selects } from './workload-selector.ts';

/** Which side of a connection a proxy is on: it makes the request, or its workload answers it. */
export type Direction = 'client' | 'server';

/** Both sides, in the order in which answers are given. */
export const DIRECTIONS: readonly Direction[] = ['client', 'server'];

/** Whose telemetry is asked for; without labels that of a pod which no selector fits. */
export interface TelemetryOf {
  readonly namespace: string;
  readonly labels?: JsonObject;
  /** A Telemetry to stand in the place of the one that counts for its namespace: what would be if the older ones went. */
  readonly instead?: KubeObject;
  /** The pod's annotation `proxy.istio.io/config`, with the place where it stands. */
  readonly proxyConfig?: { readonly text: string; readonly object: KubeObject; readonly path: FieldPath };
}

/** One entry of a Telemetry's `tracing`, `metrics` or `accessLogging`. */
export interface TelemetryEntry {
  readonly object: KubeObject;
  /** The way from the object to the entry. */
  readonly path: FieldPath;
  readonly value: JsonObject;
}

/**
 * Returns the Telemetries that a workload obeys, later ones overriding earlier ones: the oldest without a selector of the
 * root namespace, the oldest of its own namespace, then all whose selector fits it, the newest last.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/telemetry.go `applicableTelemetries`
 */
export function telemetriesOf(view: View, of: TelemetryOf): readonly KubeObject[] {
  const { namespace, labels = NO_LABELS, instead } = of;
  const { rootNamespace } = view.settings;
  const wide = namespace === rootNamespace ? [rootNamespace] : [rootNamespace, namespace];
  return [
    ...wide.flatMap((one) =>
      instead !== undefined && namespaceOf(instead) === one ? instead : (namespaceTelemetry(view, one) ?? []),
    ),
    ...view.list('Telemetry', namespace).filter((one) => !isNamespaceWide(one) && isAttached(one, labels)),
  ];
}

const NO_LABELS: JsonObject = Object.freeze({});

/** Returns the one Telemetry for a whole namespace that counts: the oldest with neither selector nor target. */
export function namespaceTelemetry(view: View, namespace: string): KubeObject | undefined {
  return view.list('Telemetry', namespace).find(isNamespaceWide);
}

/** Tells whether a Telemetry is for its whole namespace. */
export function isNamespaceWide(telemetry: KubeObject): boolean {
  return selectedLabels(telemetry) === undefined && targetsOf(telemetry).length === 0;
}

/** Returns what a Telemetry targets, in the field for one and the field for several. */
export function targetsOf(telemetry: KubeObject): readonly JsonObject[] {
  const { targetRefs, targetRef } = specOf(telemetry);
  const targets = recordsOf(targetRefs);
  return targets.length > 0 || targetRef === undefined || targetRef === null ? targets : [recordOrEmpty(targetRef)];
}

/** The label of pods that the Gateway API makes for a gateway. */
export const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name';
const GATEWAY_API = 'gateway.networking.k8s.io';

/**
 * Tells whether a Telemetry of a pod's own namespace is for it: targets mean gateways of the Gateway API and nothing else.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/policyattachment.go `ShouldAttachPolicy`
 */
function isAttached(telemetry: KubeObject, labels: JsonObject): boolean {
  const targets = targetsOf(telemetry);
  if (targets.length === 0) return selects(telemetry, labels);
  const gateway = entryOf(labels, GATEWAY_NAME);
  const own = namespaceOf(telemetry);
  return targets.some(
    ({ group, kind, name, namespace }) =>
      gateway !== undefined &&
      name === gateway &&
      group === GATEWAY_API &&
      kind === 'Gateway' &&
      [own, ''].includes(stringOf(namespace) ?? ''),
  );
}

/** Returns the entries of one kind in all Telemetries that a workload obeys, in the order in which they override. */
export function entriesOf(
  telemetries: readonly KubeObject[],
  field: 'tracing' | 'metrics' | 'accessLogging',
): readonly TelemetryEntry[] {
  return telemetries.flatMap((object) =>
    recordsOf(specOf(object)[field]).map((value, at) => ({ object, path: ['spec', field, at], value })),
  );
}

/** Returns the names of an entry's providers; one without a name is the empty name, which none has. */
export function providersOf({ value }: TelemetryEntry): readonly string[] {
  return recordsOf(value.providers).map(({ name }) => stringOf(name) ?? '');
}

/** Returns the sides that a `match` block means: both unless it names one. */
export function directionsOf(match: unknown): readonly Direction[] {
  const { mode } = recordOrEmpty(match);
  if (mode === 'CLIENT') return ['client'];
  return mode === 'SERVER' ? ['server'] : DIRECTIONS;
}
