import type { FieldPath } from '../model/field-path.ts';
import type { Because } from '../model/finding.ts';
import { type KubeObject, labelOf, type ObjectRef, refOf } from '../model/kube-object.ts';
import { fitsSelector, type InjectorConfig, injectorConfig } from './injector-config.ts';
import { entryOf, type PodTemplate } from './pod-template.ts';
import { injectedResources, type ProxyResources, type ProxyTemplate } from './proxy-resources.ts';
import type { View } from './view.ts';

/** A pod that the injector may see. */
export interface PodToInject {
  readonly namespace: string;
  readonly pod: PodTemplate;
  /** The workload that is or makes the pod, for the proof. */
  readonly object: ObjectRef;
  /** Whether istiod makes native sidecars where the pod does not say; undefined: that depends on the nodes. */
  readonly nativeByDefault?: boolean;
}

/** What the injector does with a pod, and the last thing that decided it. */
export interface Injection {
  readonly injected: boolean;
  /** One half-sentence for people: why it is, or is not. */
  readonly why: string;
  /** The field of the pod that decided; absent when its namespace or the injector's settings did. */
  readonly path?: FieldPath;
  readonly because: readonly Because[];
  readonly template: ProxyTemplate;
  /** Whether the proxy is a native sidecar; undefined when that depends on the nodes. */
  readonly native?: boolean;
  /** Undefined where no proxy comes, or by a template that this model does not know. */
  readonly resources?: ProxyResources;
}

interface Step {
  readonly injected: boolean;
  readonly why: string;
  readonly path?: FieldPath;
  readonly object?: KubeObject;
}

const INJECT = 'sidecar.istio.io/inject';
const REVISION = 'istio.io/rev';
const LABEL_PATH: FieldPath = ['metadata', 'labels', INJECT];
const ANNOTATION_PATH: FieldPath = ['metadata', 'annotations', INJECT];

/** @see https://github.com/istio/istio/blob/1.31.0/pkg/kube/inject/initializer.go `IgnoredNamespaces` */
const IGNORED_NAMESPACES = new Set(['kube-system', 'kube-public', 'kube-node-lease', 'local-path-storage']);

/**
 * Answers whether a pod gets a proxy, why, and with which resources. A namespace that is not in the view counts as one
 * that asks for injection.
 * @see https://github.com/istio/istio/blob/1.31.0/manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml
 * @see https://github.com/istio/istio/blob/1.31.0/pkg/kube/inject/inject.go `injectRequired`
 */
export function injection(view: View, input: PodToInject): Injection {
  const config = injectorConfig(view);
  const called = callsInjector(view, input);
  const decided = called.injected ? (decline(input, config) ?? called) : called;
  const template = templateOf(input.pod, config);
  const native = template === 'gateway' ? false : nativeOf(input);
  const because = called === decided ? [reason(called, input)] : [reason(called, input), reason(decided, input)];
  const resources = decided.injected ? injectedResources(input.pod, template, native, config) : undefined;
  return {
    injected: decided.injected,
    why: decided.why,
    ...(decided.path === undefined ? {} : { path: decided.path }),
    because,
    template,
    ...(native === undefined ? {} : { native }),
    ...(resources === undefined ? {} : { resources }),
  };
}

/** Tells whether one of the injector's webhook entries selects the pod: its namespace's labels first, then its own. */
function callsInjector(view: View, { namespace, pod: { labels } }: PodToInject): Step {
  const object = view.get('Namespace', '', namespace);
  const inject = entryOf(labels, INJECT);
  const optOut: Step = { injected: false, why: `its label '${INJECT}' is 'false'`, path: LABEL_PATH };
  if (object === undefined) {
    const why = `namespace '${namespace}' is not known and counts as one that asks for injection`;
    return inject === 'false' ? optOut : { injected: true, why };
  }
  const switched = labelOf(object, 'istio-injection');
  const revision = labelOf(object, REVISION);
  if (switched === undefined && revision === undefined) return byPodAlone(view, namespace, labels, object);
  if (switched !== undefined && switched !== 'enabled') {
    return { injected: false, why: `label 'istio-injection' of namespace '${namespace}' is '${switched}'`, object };
  }
  if (switched === undefined && !view.settings.revisions.includes(revision ?? '')) {
    const why = `label '${REVISION}' of namespace '${namespace}' is '${revision}', which no istiod of this mesh answers to`;
    return { injected: false, why, object };
  }
  if (inject === 'false') return optOut;
  const label = switched === undefined ? `${REVISION}=${revision}` : 'istio-injection=enabled';
  return { injected: true, why: `namespace '${namespace}' is labelled '${label}'`, object };
}

function byPodAlone(view: View, namespace: string, labels: PodTemplate['labels'], object: KubeObject): Step {
  const inject = entryOf(labels, INJECT);
  const revision = entryOf(labels, REVISION);
  if (inject === 'false') return { injected: false, why: `its label '${INJECT}' is 'false'`, path: LABEL_PATH };
  if (revision !== undefined) {
    const path: FieldPath = ['metadata', 'labels', REVISION];
    const why = `its label '${REVISION}' is '${revision}'`;
    if (view.settings.revisions.includes(revision)) return { injected: true, why, path };
    return { injected: false, why: `${why}, which no istiod of this mesh answers to`, path };
  }
  if (inject === 'true') return { injected: true, why: `its label '${INJECT}' is 'true'`, path: LABEL_PATH };
  const why = `namespace '${namespace}' has neither label 'istio-injection' nor '${REVISION}'`;
  return { injected: false, why, object };
}

/** Returns why the injector, once called, leaves a pod alone; undefined when it does not. */
function decline({ namespace, pod }: PodToInject, config: InjectorConfig): Step | undefined {
  const { labels, annotations, spec } = pod;
  if (spec.hostNetwork === true) {
    return { injected: false, why: 'it uses the network of its host', path: ['spec', 'hostNetwork'] };
  }
  if (IGNORED_NAMESPACES.has(namespace)) {
    return { injected: false, why: `the injector ignores namespace '${namespace}'` };
  }
  const hasLabel = Object.hasOwn(labels, INJECT);
  const wish = hasLabel ? entryOf(labels, INJECT) : entryOf(annotations, INJECT);
  if (wish === 'true') return undefined;
  if (wish === 'false') {
    // A label 'false' keeps every webhook entry from being called, so this is the annotation.
    return { injected: false, why: `its annotation '${INJECT}' is 'false'`, path: ANNOTATION_PATH };
  }
  const object = config.object;
  const at = object === undefined ? {} : { object };
  if (config.neverInject.some((selector) => fitsSelector(selector, labels))) {
    return { injected: false, why: "the injector's 'neverInjectSelector' fits its labels", ...at };
  }
  if (config.alwaysInject.some((selector) => fitsSelector(selector, labels))) return undefined;
  return config.policy === 'enabled'
    ? undefined
    : { injected: false, why: "the injector's policy is to inject nothing that does not ask for it", ...at };
}

function templateOf({ annotations }: PodTemplate, config: InjectorConfig): ProxyTemplate {
  const own = entryOf(annotations, 'inject.istio.io/templates');
  const names = own === undefined ? config.defaultTemplates : own.split(',').map((name) => name.trim());
  // Both sidecar templates share their resources block; a later custom template may still change what they give.
  if (names.includes('sidecar') || names.includes('grpc-agent')) return 'sidecar';
  return names.includes('gateway') ? 'gateway' : 'other';
}

function nativeOf({ pod, nativeByDefault }: PodToInject): boolean | undefined {
  const own = entryOf(pod.annotations, 'sidecar.istio.io/nativeSidecar');
  return own === undefined || own === '' ? nativeByDefault : own !== 'false';
}

function reason(step: Step, { pod, object }: PodToInject): Because {
  const path = step.path === undefined ? undefined : [...pod.path, ...step.path];
  const ref = step.object === undefined ? object : refOf(step.object);
  return { object: ref, ...(path === undefined ? {} : { path }), says: step.why };
}
