import type { SettingsText } from '../../mesh/mesh-text.ts';
import type { Baseline } from '../../model/baseline.ts';
import type { FieldPath } from '../../model/field-path.ts';
import { isAbsent, type JsonObject, listOf, recordOf, recordOrEmpty, stringOf, valueAt } from '../../model/json.ts';
import type { Complaint } from './mesh-demands.ts';

/** The templates that the chart brings; what they say is not judged here but on the pods that they make. */
const TEMPLATES: ReadonlySet<string> = new Set([
  'sidecar',
  'gateway',
  'grpc-simple',
  'grpc-agent',
  'waypoint',
  'kube-gateway',
  'agentgateway',
  'agentgateway-waypoint',
]);

/** Annotations by which the injector, the network plugin or the proxy would do something else for every pod. */
const STEERING = /^([a-z-]+\.)*istio\.io\//;

/**
 * Returns what is wrong with the injector's own settings.
 * @see https://github.com/istio/istio/blob/1.31.0/pkg/kube/inject/inject.go `injectRequired`
 */
export function injectorComplaints({ config = {} }: SettingsText): readonly Complaint[] {
  const found: Complaint[] = [];
  const { policy, neverInjectSelector: never, defaultTemplates: templates } = config;
  if (policy !== 'enabled') {
    found.push({ keys: ['policy'], value: policy, demand: "be 'enabled'", reading: "'disabled'" });
  }
  if (!isAbsent(never) && !(Array.isArray(never) && never.length === 0)) {
    const demand = 'be empty, or pods with such labels have no proxy';
    found.push({ keys: ['neverInjectSelector'], value: never, demand });
  }
  if (!isAbsent(templates) && !(listOf(templates).length === 1 && listOf(templates)[0] === 'sidecar')) {
    found.push({ keys: ['defaultTemplates'], value: templates, demand: "be ['sidecar']" });
  }
  for (const [name, value] of Object.entries(recordOrEmpty(config.injectedAnnotations))) {
    if (!STEERING.test(name)) continue;
    found.push({ keys: ['injectedAnnotations', name], value, demand: 'be left out: every pod would carry it' });
  }
  for (const name of Object.keys(recordOrEmpty(config.templates))) {
    if (TEMPLATES.has(name)) continue;
    found.push({ keys: ['templates', name], value: 'a template', demand: "be left out: it is none of Istio's" });
  }
  return found;
}

interface Row {
  readonly key: string;
  readonly wanted: string;
  readonly why: string;
}

/**
 * What the capture of every pod begins with that says nothing itself. An empty list of what to capture captures nothing.
 * @see https://github.com/istio/istio/blob/1.31.0/manifests/charts/istio-control/istio-discovery/files/injection-template.yaml
 */
const CAPTURE: readonly Row[] = [
  { key: 'includeIPRanges', wanted: '*', why: 'what pods send elsewhere passes no proxy' },
  { key: 'includeInboundPorts', wanted: '*', why: 'what comes to other ports passes no proxy' },
  { key: 'excludeIPRanges', wanted: '', why: 'what pods send there passes no proxy' },
  { key: 'excludeInboundPorts', wanted: '', why: 'what comes to these ports passes no proxy' },
  { key: 'excludeOutboundPorts', wanted: '', why: 'what pods send to these ports passes no proxy' },
];

/** Returns what is wrong with the chart's values from which the injector's templates are filled. */
export function valueComplaints({ text, config = {} }: SettingsText, baseline: Baseline): readonly Complaint[] {
  // Without any values there is nothing to fill a template from, and no pod is made.
  if (text === undefined) return [];
  const proxy: FieldPath = ['global', 'proxy'];
  const settings = recordOrEmpty(valueAt(config, proxy));
  const found = CAPTURE.flatMap(({ key, wanted, why }): readonly Complaint[] => {
    const value = Object.hasOwn(settings, key) ? settings[key] : undefined;
    if ((stringOf(value) ?? '').trim() === wanted && (typeof value === 'string' || isAbsent(value))) return [];
    return [{ keys: [...proxy, key], value, demand: `be '${wanted}', or ${why}`, reading: "''" }];
  });
  if (!isAbsent(settings.privileged) && settings.privileged !== false) {
    found.push({ keys: [...proxy, 'privileged'], value: settings.privileged, demand: "be 'false'" });
  }
  return [...found, ...image(config, baseline), ...authority(config, baseline)];
}

function image(config: JsonObject, { mesh }: Baseline): readonly Complaint[] {
  const global = recordOrEmpty(config.global);
  const name = stringOf(recordOf(global.proxy)?.image) ?? 'proxyv2';
  const whole = name.includes('/') ? name : `${stringOf(global.hub) ?? ''}/${name}`;
  const isListed = mesh.proxyImages.some(
    (image) => whole === image || whole.startsWith(`${image}:`) || whole.startsWith(`${image}@`),
  );
  if (isListed) return [];
  const keys = name.includes('/') ? ['global', 'proxy', 'image'] : ['global', 'hub'];
  return [
    { keys, value: whole, demand: "give one of the baseline's `mesh.proxyImages`", reading: `the proxy '${whole}'` },
  ];
}

/** Proxies get their identity there, and nowhere else. */
function authority(config: JsonObject, { mesh: { rootNamespace } }: Baseline): readonly Complaint[] {
  const value = valueAt(config, ['global', 'caAddress']);
  if (isAbsent(value) || value === '') return [];
  const [host = ''] = (stringOf(value) ?? '').split(':');
  if (
    /^istiod(-[a-z0-9-]+)?$/.test(host.split('.')[0] ?? '') &&
    host.split('.').slice(1, 3).join('.') === `${rootNamespace}.svc`
  )
    return [];
  return [
    {
      keys: ['global', 'caAddress'],
      value,
      demand: 'be empty, or another authority makes the identities of this mesh',
    },
  ];
}
