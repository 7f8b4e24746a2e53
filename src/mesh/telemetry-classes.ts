import type { Baseline } from '../model/baseline.ts';
import { recordOrEmpty, stringOf } from '../model/json.ts';
import { type KubeObject, specOf } from '../model/kube-object.ts';
import { tracingText } from './indexes.ts';
import { isMeshNamespace } from './namespaces.ts';
import { podTemplateOf } from './pod-template.ts';
import { PROXY_CONFIG_ANNOTATION } from './proxy-config.ts';
import {
  DIRECTIONS,
  type Direction,
  GATEWAY_NAME,
  isNamespaceWide,
  namespaceTelemetry,
  targetsOf,
  type TelemetryOf,
} from './telemetry.ts';
import { ISTIO_TELEMETRY, type TelemetrySettings } from './telemetry-providers.ts';
import type { View } from './view.ts';
import { formatLabels, selectedLabels } from './workload-selector.ts';

/** Pods that obey the same Telemetries: one question is asked for all of them. */
export interface TelemetryClass {
  readonly of: TelemetryOf;
  /** For people, and for a finding's identity. */
  readonly who: string;
  /** A gateway has no side on which a workload of its own answers. */
  readonly directions: readonly Direction[];
}

/**
 * Returns the classes that a change in a namespace can concern: its pods as such, those that a selector fits, and what would
 * be if an older Telemetry went. The root namespace stands for the mesh as a whole and for the gateways.
 * A pod that two selectors fit needs no class: each field that it obeys is one that another class obeys as well.
 */
export function telemetryClasses(namespace: string, view: View, baseline: Baseline): readonly TelemetryClass[] {
  const { rootNamespace } = baseline.mesh;
  const { ingress, egress } = baseline.gateways;
  const gateways = new Set([...ingress, ...egress].map((gateway) => gateway.namespace));
  if (namespace === rootNamespace) {
    const whole = wide(namespace, 'the mesh as a whole', view, DIRECTIONS);
    return [...whole, ...[...gateways].flatMap((one) => classesOf(one, view, ['client']))];
  }
  if (gateways.has(namespace)) return classesOf(namespace, view, ['client']);
  return isMeshNamespace(namespace, view, baseline) ? classesOf(namespace, view, DIRECTIONS) : [];
}

function classesOf(namespace: string, view: View, directions: readonly Direction[]): readonly TelemetryClass[] {
  const selecting = view.list('Telemetry', namespace).filter((one) => !isNamespaceWide(one));
  const classes = new Map(selecting.flatMap((one) => classOf(one, namespace, directions)).map((one) => [one.who, one]));
  return [...wide(namespace, `namespace '${namespace}'`, view, directions), ...classes.values()];
}

function wide(namespace: string, who: string, view: View, directions: readonly Direction[]): readonly TelemetryClass[] {
  const counts = namespaceTelemetry(view, namespace);
  const hidden = view.list('Telemetry', namespace).filter((one) => one !== counts && isNamespaceWide(one));
  return [
    { of: { namespace }, who, directions },
    ...hidden.map((instead) => ({ of: { namespace, instead }, who, directions })),
  ];
}

function classOf(
  telemetry: KubeObject,
  namespace: string,
  directions: readonly Direction[],
): readonly TelemetryClass[] {
  const names = targetsOf(telemetry).flatMap(({ name }) => stringOf(name) ?? []);
  const ofGateways = names.map((name) => ({
    of: {
      namespace,
      labels: { ...recordOrEmpty(recordOrEmpty(specOf(telemetry).selector).matchLabels), [GATEWAY_NAME]: name },
    },
    who: `gateway '${name}' of namespace '${namespace}'`,
    directions: ['client'] as const,
  }));
  const labels = selectedLabels(telemetry);
  if (ofGateways.length > 0 || labels === undefined) return ofGateways;
  return [
    { of: { namespace, labels }, who: `workloads '${formatLabels(labels)}' of namespace '${namespace}'`, directions },
  ];
}

/** Returns the workloads in view that configure the tracing of their own proxy, each as a class of its own. */
export function ownTelemetryClasses(namespace: string, view: View, baseline: Baseline): readonly TelemetryClass[] {
  const { ingress, egress } = baseline.gateways;
  const isGateway = [...ingress, ...egress].some((gateway) => gateway.namespace === namespace);
  if (!isGateway && !isMeshNamespace(namespace, view, baseline)) return [];
  return view.lookup(`tracing|ns|${namespace}`).flatMap((object) => {
    const pod = podTemplateOf(object);
    const text = tracingText(pod);
    if (pod === undefined || text === undefined) return [];
    const proxyConfig = { text, object, path: [...pod.path, 'metadata', 'annotations', PROXY_CONFIG_ANNOTATION] };
    const directions = isGateway ? (['client'] as const) : DIRECTIONS;
    return [{ of: { namespace, labels: pod.labels, proxyConfig }, who: 'this workload', directions }];
  });
}

/**
 * Answers a question about a class. Namespaces without a Telemetry of their own are all alike, and asked about once.
 * @param question Names the question and all that it depends on besides the class, the view and the baseline.
 */
export function ofClass<T>(question: string, one: TelemetryClass, facts: TelemetryFacts, ask: () => T): T {
  const { view, baseline } = facts;
  const isPlain = Object.keys(one.of).length === 1 && view.list('Telemetry', one.of.namespace).length === 0;
  return isPlain ? view.memo(`${question}|${baseline.sha256}`, ask) : ask();
}

/** What a class is asked about in. */
export interface TelemetryFacts {
  readonly view: View;
  readonly baseline: Baseline;
}

/** One for a baseline, whoever asks. */
const ASSUMED = new WeakMap<Baseline, TelemetrySettings>();

/** Returns what is assumed where the view holds no mesh configuration: what the baseline demands of it. */
export function assumedTelemetry(baseline: Baseline): TelemetrySettings {
  const known = ASSUMED.get(baseline) ?? assumedOf(baseline);
  ASSUMED.set(baseline, known);
  return known;
}

function assumedOf({ telemetry: { tracingProviders } }: Baseline): TelemetrySettings {
  const tracers = tracingProviders.map((name) => ({ name, type: 'zipkin', settings: {} }));
  return {
    ...ISTIO_TELEMETRY,
    providers: [...ISTIO_TELEMETRY.providers, ...tracers],
    defaults: { tracing: tracingProviders.slice(0, 1), metrics: ['prometheus'], accessLogging: ['envoy'] },
    accessLogFile: '/dev/stdout',
  };
}
