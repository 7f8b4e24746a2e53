import { injectedPodOf } from '../../mesh/mesh-pod.ts';
import { type FieldPath, toPointer } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { WORKLOAD_KINDS } from '../../model/kind.ts';
import type { KubeObject } from '../../model/kube-object.ts';
import { addEntries, type PatchOperation } from '../../model/patch.ts';
import { parseQuantity } from '../../model/quantity.ts';
import { objectRule, type Say } from '../rule.ts';
import { isMore, type ResourceField, resourceFields } from './resource-fields.ts';
import { examples } from './sidecar-resources.examples.ts';

const messages = {
  missing: "`{field}` is not set; must be set together with the other three, '{wanted}' by default",
  noContainer: "`{field}` has no container 'istio-proxy'; must have one, with the resources of the gateway's proxy",
  unreadable: "`{field}` is '{seen}'; must be a quantity such as '{wanted}', and more than nothing",
  aboveCeiling: "`{field}` is '{seen}'; must be less than or equal to '{ceiling}'",
  aboveLimit: "`{field}` is '{seen}'; must be less than or equal to its limit, '{limit}'",
} as const;

/** MW101: every sidecar has all four resources, within bounds. */
export const sidecarResources = objectRule({
  id: 'sidecar-resources',
  code: 'MW101',
  reads: [...WORKLOAD_KINDS, 'Namespace', 'ConfigMap'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary: 'A sidecar’s CPU and memory requests and limits are all four set, and within the baseline’s ceiling.',
  why: 'A proxy without limits takes what its node has, and one without requests is put where nothing is left.',
  remedy:
    'Set the four annotations `sidecar.istio.io/proxyCPU`, `proxyMemory`, `proxyCPULimit` and `proxyMemoryLimit` on the pod template; a gateway’s pod sets `resources` of its container `istio-proxy`.',
  absence:
    'None of the four: the chart’s requests of 100m and 128Mi with limits of 2000m and 1024Mi. Only some of them: nothing for the others, not even the chart’s.',
  source: {
    document: 'requests: cpu: 100m memory: 128Mi limits: cpu: 200m memory: 256Mi',
    refs: [
      'https://istio.io/latest/docs/reference/config/annotations/',
      'https://github.com/istio/istio/blob/1.31.0/manifests/charts/istio-control/istio-discovery/files/injection-template.yaml',
    ],
  },
  numbers: ['sidecar.requests', 'sidecar.limits', 'sidecar.ceiling'],
  messages,
  examples,
  check(object, { view, baseline }, say) {
    const found = injectedPodOf(object, view, baseline);
    if (found === undefined) return [];
    const fields = resourceFields(found, baseline);
    const fix = fields.every(({ isSet }) => isSet) ? [] : missingFix(object, fields);
    return fields.flatMap((field) => judgeField(field, fields, fix, say));
  },
  mutate(mutation, { view, baseline }) {
    const found = injectedPodOf(mutation.object, view, baseline);
    if (found === undefined || found.isInjectedAlready) return;
    for (const { path, isSet, fill, canFill } of resourceFields(found, baseline)) {
      if (!isSet && canFill) mutation.add(path, fill);
    }
  },
});

function judgeField(
  field: ResourceField,
  fields: readonly ResourceField[],
  fix: readonly PatchOperation[],
  say: Say<typeof messages>,
): readonly Finding[] {
  const { path, isSet, text, at, side, resource, wanted, ceiling, canFill } = field;
  const thing = `${side}.${resource}`;
  if (!isSet && !canFill) return [say('noContainer', {}, { path, thing: 'container' })];
  if (!isSet) return [say('missing', { wanted }, { path, thing, ...withFix(fix) })];
  const value = parseQuantity(text ?? '');
  if (value === undefined || value <= 0) {
    return [say('unreadable', { wanted }, { path: at, thing, ...withFix(replaceAll([[field, field.fill]])) })];
  }
  const about = { path: at, thing, magnitude: value };
  const other = fields.find((one) => one.side !== side && one.resource === resource);
  if (side === 'limits') {
    if (!isMore(value, ceiling)) return [];
    // A limit that goes down takes a request above it along, else the fix would make a new fault.
    const request = other !== undefined && isMore(parseQuantity(other.text ?? '') ?? 0, ceiling) ? other : undefined;
    const lowered: readonly Replacement[] = request === undefined ? [] : [[request, request.wanted]];
    return [say('aboveCeiling', { ceiling }, { ...about, ...withFix(replaceAll([[field, ceiling], ...lowered])) })];
  }
  // A limit that is missing or unreadable is said itself; what will stand there counts.
  const isReadable = other?.isSet === true && (parseQuantity(other.text ?? '') ?? 0) > 0;
  const limit = isReadable ? other.text : other?.fill;
  if (limit === undefined || !isMore(value, limit)) return [];
  const isWantedLess = !isMore(parseQuantity(wanted) ?? 0, limit);
  const lower = replaceAll([[field, isWantedLess ? wanted : limit]]);
  return [say('aboveLimit', { limit }, { ...about, ...withFix(lower) })];
}

function withFix(fix: readonly PatchOperation[]): { readonly fix?: readonly PatchOperation[] } {
  return fix.length === 0 ? {} : { fix };
}

type Replacement = readonly [field: ResourceField, value: string];

/** None at all where one of them stands inside another text, which a value would overwrite. */
function replaceAll(replacements: readonly Replacement[]): readonly PatchOperation[] {
  if (!replacements.every(([{ isOwnField }]) => isOwnField)) return [];
  return replacements.map(([{ at }, value]) => ({ op: 'replace', path: toPointer(at), value }));
}

/** All that is missing at once: half of the four is worse than none. */
function missingFix(object: KubeObject, fields: readonly ResourceField[]): readonly PatchOperation[] {
  const parents = new Map<string, { readonly parent: FieldPath; readonly entries: Record<string, string> }>();
  for (const { path, fill } of fields.filter(({ isSet, canFill }) => !isSet && canFill)) {
    const parent = path.slice(0, -1);
    const key = JSON.stringify(parent);
    const group = parents.get(key) ?? { parent, entries: {} };
    group.entries[String(path.at(-1))] = fill;
    parents.set(key, group);
  }
  return [...parents.values()].flatMap(({ parent, entries }) => addEntries(object, parent, entries));
}
