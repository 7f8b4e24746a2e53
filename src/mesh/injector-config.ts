import { parseEmbeddedYaml } from '../model/embedded-yaml.ts';
import { type JsonObject, recordOf, recordOrEmpty, recordsOf, stringOf, stringsOf, valueAt } from '../model/json.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { entryOf } from './pod-template.ts';
import type { View } from './view.ts';

/** What the injector's own ConfigMap says, as far as it decides who is injected and with which resources. */
export interface InjectorConfig {
  readonly object?: KubeObject;
  readonly neverInject: readonly JsonObject[];
  readonly alwaysInject: readonly JsonObject[];
  /** What happens to a pod that says nothing itself. */
  readonly policy: 'enabled' | 'disabled';
  readonly defaultTemplates: readonly string[];
  /** `global.proxy.resources` of the chart's values. */
  readonly resources: JsonObject;
  /** All of the chart's values that the ConfigMap holds; empty where the view holds none. */
  readonly values: JsonObject;
}

/**
 * What the chart gives a proxy unless the installation says otherwise.
 * @see https://github.com/istio/istio/blob/1.31.0/manifests/charts/istio-control/istio-discovery/values.yaml `global.proxy.resources`
 */
const CHART_RESOURCES: JsonObject = Object.freeze({
  requests: Object.freeze({ cpu: '100m', memory: '128Mi' }),
  limits: Object.freeze({ cpu: '2000m', memory: '1024Mi' }),
});

const CHART_CONFIG: InjectorConfig = Object.freeze({
  neverInject: [],
  alwaysInject: [],
  policy: 'enabled',
  defaultTemplates: ['sidecar'],
  resources: CHART_RESOURCES,
  values: Object.freeze({}),
});

/** The ConfigMap is large and its text parsed slowly, so each object is read once, whatever views it is in. */
const READ = new WeakMap<KubeObject, InjectorConfig>();

/**
 * Returns the injector's settings: those of its ConfigMap, or of a revision's where only that is there, else the chart's.
 * @see https://github.com/istio/istio/blob/1.31.0/manifests/charts/istio-control/istio-discovery/templates/istiod-injector-configmap.yaml
 */
export function injectorConfig(view: View): InjectorConfig {
  const { rootNamespace, revisions } = view.settings;
  const others = revisions.filter((one) => one !== 'default').map((one) => `istio-sidecar-injector-${one}`);
  const names = ['istio-sidecar-injector', ...others];
  const object = names.map((name) => view.get('ConfigMap', rootNamespace, name)).find((one) => one !== undefined);
  if (object === undefined) return CHART_CONFIG;
  const known = READ.get(object);
  if (known !== undefined) return known;
  const config = readConfig(object);
  READ.set(object, config);
  return config;
}

function readConfig(object: KubeObject): InjectorConfig {
  const data = recordOrEmpty(object.data);
  const config = textAsRecord(data.config);
  const values = textAsRecord(data.values);
  const resources = recordOf(valueAt(values, ['global', 'proxy', 'resources']));
  const templates = stringsOf(config.defaultTemplates);
  return {
    object,
    neverInject: recordsOf(config.neverInjectSelector),
    alwaysInject: recordsOf(config.alwaysInjectSelector),
    // Anything but this word turns injection off, an absent one too, as the injector says in its log.
    policy: config.policy === 'enabled' ? 'enabled' : 'disabled',
    defaultTemplates: templates.length === 0 ? CHART_CONFIG.defaultTemplates : templates,
    resources: data.values === undefined ? CHART_RESOURCES : (resources ?? {}),
    values,
  };
}

function textAsRecord(value: unknown): JsonObject {
  const text = stringOf(value);
  return text === undefined ? {} : recordOrEmpty(parseEmbeddedYaml(text)?.value);
}

/**
 * Tells whether labels fit a Kubernetes label selector; an empty selector fits nothing here, as the injector has it.
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export function fitsSelector(selector: JsonObject, labels: JsonObject): boolean {
  const wanted = Object.entries(recordOrEmpty(selector.matchLabels));
  const expressions = recordsOf(selector.matchExpressions);
  if (wanted.length === 0 && expressions.length === 0) return false;
  return (
    wanted.every(([key, value]) => entryOf(labels, key) === value) && expressions.every((one) => fits(one, labels))
  );
}

function fits({ key, operator, values }: JsonObject, labels: JsonObject): boolean {
  const value = typeof key === 'string' ? entryOf(labels, key) : undefined;
  if (operator === 'In') return value !== undefined && stringsOf(values).includes(value);
  if (operator === 'NotIn') return value === undefined || !stringsOf(values).includes(value);
  if (operator === 'Exists') return value !== undefined;
  return operator === 'DoesNotExist' && value === undefined;
}
