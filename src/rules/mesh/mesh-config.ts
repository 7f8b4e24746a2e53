import { meshConfig as meshConfigOf } from '../../mesh/mesh-config.ts';
import { injectorTextsOf, meshTextOf, type SettingsText, settingPath } from '../../mesh/mesh-text.ts';
import type { FieldPath } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import type { KubeObject } from '../../model/kube-object.ts';
import { type Facts, formatSeen, namespaceRule, type Say } from '../rule.ts';
import { injectorComplaints, valueComplaints } from './injector-demands.ts';
import { examples } from './mesh-config.examples.ts';
import { type Complaint, meshComplaints } from './mesh-demands.ts';

const messages = {
  wrong: "`{field}` is '{value}'; must {demand}",
  unset: '`{field}` is not set, so Istio takes {reading}; must {demand}',
  unreadable:
    '`{field}` is no map in YAML that can be read in one way only; must be one, or nobody can say what Istio does',
  missing:
    "no mesh configuration is in namespace '{namespace}', so Istio's own defaults stand; must be there, as ConfigMap '{name}'",
  missingInjector:
    "no ConfigMap 'istio-sidecar-injector' is in namespace '{namespace}'; must be there, or no pod gets its sidecar",
} as const;

/** MW702: what Istio does where no object says anything is what the baseline was written for. */
export const meshConfig = namespaceRule({
  id: 'mesh-config',
  code: 'MW702',
  reads: ['ConfigMap', 'Namespace'],
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: false,
  summary: 'The mesh configuration and the injector’s keep the settings that the other rules build on.',
  why: 'One key of these ConfigMaps changes what every object of the mesh means, and istiod takes it up at once, unseen by its own validation.',
  remedy:
    'Take the key out, or set it to the value in the message. Change the two ConfigMaps through the installation (`policies/istio/base/istio-operator.yaml`) and not by hand.',
  absence:
    'A key that is not set has Istio’s default, and so has one that is `null`; a block that is there and empty has the first value of each of its words. A text that istiod cannot read leaves its last settings in force until it starts again.',
  source: {
    document: '**Strict Mode**: Enforced for all services in the mesh',
    refs: [
      'https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/',
      'https://github.com/istio/istio/blob/1.31.0/pkg/config/mesh/mesh.go',
    ],
  },
  numbers: [
    'mesh',
    'otherServices',
    'retryOn',
    'sidecar.concurrency',
    'sidecar.proxyMetadata',
    'telemetry.tracingProviders',
    'gateways',
  ],
  messages,
  examples,
  // Judged as the root namespace's and not object by object, so that a deletion is seen.
  check(namespace, facts, say) {
    const { view, baseline } = facts;
    if (namespace !== baseline.mesh.rootNamespace) return [];
    const objects = view.list('ConfigMap', namespace);
    const found = objects.flatMap((object) => [
      ...meshFaults(object, facts, say),
      ...injectorFaults(object, facts, say),
    ]);
    if (meshConfigOf(view).object === undefined) {
      found.push(say('missing', { namespace, name: 'istio' }, { path: [], thing: 'mesh configuration' }));
    }
    if (!objects.some((object) => injectorTextsOf(object, baseline.mesh) !== undefined)) {
      found.push(say('missingInjector', { namespace }, { path: [], thing: 'injector configuration' }));
    }
    return found;
  },
});

function meshFaults(object: KubeObject, facts: Facts, say: Say<typeof messages>): readonly Finding[] {
  const text = meshTextOf(object, facts.baseline.mesh);
  return text === undefined ? [] : faults(text, (config) => meshComplaints(config, facts), say);
}

function injectorFaults(object: KubeObject, { baseline }: Facts, say: Say<typeof messages>): readonly Finding[] {
  const texts = injectorTextsOf(object, baseline.mesh);
  if (texts === undefined) return [];
  return [
    ...faults(texts.config, () => injectorComplaints(texts.config), say),
    ...faults(texts.values, () => valueComplaints(texts.values, baseline), say),
  ];
}

function faults(
  text: SettingsText,
  judge: (config: NonNullable<SettingsText['config']>) => readonly Complaint[],
  say: Say<typeof messages>,
): readonly Finding[] {
  const { object, key, config } = text;
  if (config === undefined) {
    return [say('unreadable', {}, { path: ['data', key], responsible: object, thing: `text of ${key}` })];
  }
  return judge(config).map(({ keys, value, demand, reading = 'its default', thing, magnitude }) => {
    const about = {
      path: settingPath(text, keys),
      responsible: object,
      thing: thing ?? nameOfSetting(keys),
      ...(magnitude === undefined ? {} : { magnitude }),
    };
    const isUnset = value === undefined || value === null;
    return isUnset
      ? say('unset', { demand, reading }, about)
      : say('wrong', { demand, value: formatSeen(value) }, about);
  });
}

/** The same setting in another spelling is the same thing. */
function nameOfSetting(keys: FieldPath): string {
  return keys.join('.').replaceAll('_', '').toLowerCase();
}
