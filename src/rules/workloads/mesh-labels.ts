import { fitsSelector } from '../../mesh/injector-config.ts';
import { injectedPodOf, type MeshPod } from '../../mesh/mesh-pod.ts';
import { asLabelValue, controllerOf, isLabelValue, workloadName } from '../../mesh/owner-name.ts';
import { entryOf } from '../../mesh/pod-template.ts';
import type { Baseline } from '../../model/baseline.ts';
import type { FieldPath } from '../../model/field-path.ts';
import { isAbsent, isRecord } from '../../model/json.ts';
import { WORKLOAD_KINDS } from '../../model/kind.ts';
import { type KubeObject, specOf } from '../../model/kube-object.ts';
import { addEntries } from '../../model/patch.ts';
import { objectRule } from '../rule.ts';
import { examples } from './mesh-labels.examples.ts';

/** MW103: every pod says which application it is, and which version of it. */
export const meshLabels = objectRule({
  id: 'mesh-labels',
  code: 'MW103',
  reads: [...WORKLOAD_KINDS, 'Namespace', 'ConfigMap'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary: 'A pod carries the labels `app` and `version`.',
  why: 'Subsets, canary shares and policies choose pods by these labels, and metrics and traces are told apart by them; a pod without them gets none of its split and stands in every graph as unknown.',
  remedy:
    'Set the labels `app` and `version` on the pod template; `spec.selector` stays as it is, it selects no less than before.',
  absence:
    'No `app`: Istio names the workload after `app.kubernetes.io/name`, else after its owner. No `version`: after `app.kubernetes.io/version`, else `latest`; a subset that asks for `version` has no such pod.',
  source: {
    document: '**Custom Dimensions**: User tier, API version, model name',
    refs: [
      'https://istio.io/latest/docs/ops/deployment/application-requirements/#pod-requirements',
      'https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set',
    ],
  },
  numbers: ['sidecar.versionLabel'],
  messages: {
    missing: "`{field}` is not set; must be set, such as to '{wanted}'",
    unset: '`{field}` is not set; must be set',
    conflicting: '`{field}` is not set, and with it `spec.selector` would no longer fit; must be set, and asked for',
    malformed:
      "`{field}` is '{seen}'; must be at most 63 letters, digits, '-', '_' or '.', and begin and end with a letter or digit",
  },
  examples,
  check(object, { view, baseline }, say) {
    const found = injectedPodOf(object, view, baseline);
    if (found === undefined) return [];
    const labels = labelsToSee(object, found, baseline);
    const entries = Object.fromEntries(
      labels.flatMap(({ key, isSet, fill }) => (isSet || fill === undefined ? [] : [[key, fill]])),
    );
    const fix = addEntries(object, [...found.pod.path, 'metadata', 'labels'], entries);
    return labels.flatMap(({ key, path, isSet, isFit, fill, wanted }) => {
      const about = { path, thing: key };
      if (isSet) return isFit ? [] : [say('malformed', {}, about)];
      if (wanted === undefined) return [say('unset', {}, about)];
      if (fill === undefined) return [say('conflicting', {}, about)];
      return [say('missing', { wanted }, { ...about, ...(fix.length === 0 ? {} : { fix }) })];
    });
  },
  mutate(mutation, { view, baseline }) {
    const { object } = mutation;
    const found = injectedPodOf(object, view, baseline);
    // What a controller made must go on fitting its selector, which nobody can see from here: a controller that does not
    // know its own pods again makes new ones without end.
    if (found === undefined || found.isInjectedAlready || controllerOf(object) !== undefined) return;
    for (const { isSet, fill, path } of labelsToSee(object, found, baseline)) {
      if (!isSet && fill !== undefined) mutation.add(path, fill);
    }
  },
});

interface SeenLabel {
  readonly key: string;
  readonly path: FieldPath;
  readonly isSet: boolean;
  /** Whether what is set can be a label, and says something. */
  readonly isFit: boolean;
  /** What the pod's other labels, its owner or the baseline say; undefined for an object that has no name either. */
  readonly wanted: string | undefined;
  /** What may be added; undefined where it would take the pods out of their own workload's selector. */
  readonly fill: string | undefined;
}

function labelsToSee(object: KubeObject, { pod }: MeshPod, baseline: Baseline): readonly SeenLabel[] {
  const version = baseline.sidecar.versionLabel;
  const fills = [
    ['app', 'app.kubernetes.io/name', asLabelValue(workloadName(object))],
    ['version', 'app.kubernetes.io/version', asLabelValue(version)],
  ] as const;
  return fills.map(([key, recommended, byDefault]) => {
    const own = Object.hasOwn(pod.labels, key) ? pod.labels[key] : undefined;
    const other = entryOf(pod.labels, recommended) ?? '';
    const wanted = isLabelValue(other) ? other : byDefault;
    return {
      key,
      path: [...pod.path, 'metadata', 'labels', key],
      isSet: !isAbsent(own),
      isFit: typeof own === 'string' && isLabelValue(own),
      wanted,
      fill: wanted !== undefined && staysSelected(object, pod.labels, key, wanted) ? wanted : undefined,
    };
  });
}

/** Tells whether pods that a workload selects are still selected with one label more. */
function staysSelected(
  object: KubeObject,
  labels: Readonly<Record<string, unknown>>,
  key: string,
  value: string,
): boolean {
  const { selector } = specOf(object);
  if (object.kind === 'Pod' || !isRecord(selector)) return true;
  return !fitsSelector(selector, labels) || fitsSelector(selector, { ...labels, [key]: value });
}
