import { alikeInSidecars } from '../../mesh/alike-namespaces.ts';
import { isMeshNamespace } from '../../mesh/namespaces.ts';
import { outboundPolicyOf } from '../../mesh/outbound.ts';
import { sidecarsOf } from '../../mesh/sidecar-scope.ts';
import type { View } from '../../mesh/view.ts';
import { formatLabels } from '../../mesh/workload-selector.ts';
import { setEmbeddedKey } from '../../model/embedded-yaml.ts';
import type { Finding } from '../../model/finding.ts';
import { isRecord, type JsonObject, recordOrEmpty, stringOf, valueAt } from '../../model/json.ts';
import { type KubeObject, specOf } from '../../model/kube-object.ts';
import { addEntries, type PatchOperation } from '../../model/patch.ts';
import { namespaceRule, type Say } from '../rule.ts';
import { examples } from './registry-only.examples.ts';

const messages = {
  open: "`{field}` is '{seen}', so {who} reach every address outside; must be 'REGISTRY_ONLY'",
  openMesh:
    '`{field}` makes outboundTrafficPolicy {mode} for {who}, so that every address outside can be reached; must be REGISTRY_ONLY',
  missing:
    'nothing sets outboundTrafficPolicy for {who}, so that every address outside can be reached; must be REGISTRY_ONLY, by a Sidecar or the mesh ConfigMap',
} as const;

/** MW506: what the mesh does not know, nobody in it reaches. */
export const registryOnly = namespaceRule({
  id: 'registry-only',
  code: 'MW506',
  reads: ['Sidecar', 'ConfigMap', 'Namespace'],
  alike: alikeInSidecars,
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'The effective outbound policy of every pod of a mesh namespace is REGISTRY_ONLY.',
  why: 'With ALLOW_ANY a pod connects to any address by itself; the list of external hosts is then a list of those that are watched, not of those that can be reached.',
  remedy:
    'Set `outboundTrafficPolicy.mode: REGISTRY_ONLY` in the mesh ConfigMap, and in each Sidecar that has such a block, or leave the block out there.',
  absence:
    'A Sidecar without the block leaves it to the mesh ConfigMap, and that without it to Istio’s ALLOW_ANY; the block without a mode is REGISTRY_ONLY, in both. The Sidecar with a fitting selector counts, else the oldest of the namespace without one, else the root namespace’s.',
  source: {
    document: '**Egress Control**: Explicit external access',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/sidecar/#OutboundTrafficPolicy',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/sidecar.go',
    ],
  },
  numbers: ['mesh.namespaces', 'mesh.rootNamespace'],
  messages,
  examples,
  check(namespace, { view, baseline }, say) {
    if (namespace === baseline.mesh.rootNamespace) {
      // What every namespace has that brings no Sidecar of its own, today's and tomorrow's.
      const general = sidecarsOf(view, namespace).at(-1);
      return judgeSidecar(general, namespace, 'the mesh as a whole', view, say);
    }
    if (!isMeshNamespace(namespace, view, baseline)) return [];
    return sidecarsOf(view, namespace).flatMap((sidecar) => {
      const labels = formatLabels(selectorOf(sidecar));
      const who = `the pods ${labels === '' ? '' : `${labels} `}of namespace '${namespace}'`;
      return judgeSidecar(sidecar, namespace, who, view, say);
    });
  },
});

function selectorOf(sidecar: KubeObject | undefined): JsonObject {
  return sidecar === undefined ? {} : recordOrEmpty(recordOrEmpty(specOf(sidecar).workloadSelector).labels);
}

function judgeSidecar(
  sidecar: KubeObject | undefined,
  namespace: string,
  who: string,
  view: View,
  say: Say<typeof messages>,
): readonly Finding[] {
  const { from, at, mode, because } = outboundPolicyOf(view, sidecar, namespace);
  if (mode === 'REGISTRY_ONLY') return [];
  const thing = `outbound policy of workloads '${formatLabels(selectorOf(sidecar))}'`;
  if (from === 'sidecar' && sidecar !== undefined) {
    const path = ['spec', 'outboundTrafficPolicy', 'mode'];
    return [say('open', { who }, { path, responsible: sidecar, thing, because, fix: closed(sidecar) })];
  }
  const object = at?.object;
  if (object === undefined || object === sidecar) return [say('missing', { who }, { path: [], thing, because })];
  const path = ['data', 'mesh'];
  const how = from === 'istio' ? 'Istio’s default, ALLOW_ANY,' : mode;
  const fix = meshFix(object, String(at?.path[2]));
  return [say('openMesh', { mode: how, who }, { path, responsible: object, thing, because, ...fix })];
}

/** `egressProxy` may stand beside ALLOW_ANY only. */
function closed(sidecar: KubeObject): readonly PatchOperation[] {
  const hasProxy = isRecord(valueAt(sidecar, ['spec', 'outboundTrafficPolicy', 'egressProxy']));
  return [
    ...addEntries(sidecar, ['spec', 'outboundTrafficPolicy'], { mode: 'REGISTRY_ONLY' }),
    ...(hasProxy ? [{ op: 'remove', path: '/spec/outboundTrafficPolicy/egressProxy' } as const] : []),
  ];
}

/** The text is parsed and written slowly, and it is the same fix for every namespace. */
const MESH_FIXES = new WeakMap<KubeObject, { readonly key: string; readonly made: Fix }>();

type Fix = { readonly fix?: readonly PatchOperation[] };

function meshFix(object: KubeObject, key: string): Fix {
  const known = MESH_FIXES.get(object);
  if (known?.key === key) return known.made;
  const made = makeMeshFix(object, key);
  MESH_FIXES.set(object, { key, made });
  return made;
}

function makeMeshFix(object: KubeObject, key: string): Fix {
  const text = stringOf(recordOrEmpty(object.data).mesh) ?? '';
  const value = setEmbeddedKey(text, [key, 'mode'], 'REGISTRY_ONLY');
  return value === undefined ? {} : { fix: addEntries(object, ['data'], { mesh: value }) };
}
