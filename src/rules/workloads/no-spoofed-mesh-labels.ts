import { injectorConfig } from '../../mesh/injector-config.ts';
import { type MeshPod, meshPodOf } from '../../mesh/mesh-pod.ts';
import { asLabelValue, workloadName } from '../../mesh/owner-name.ts';
import { entryOf } from '../../mesh/pod-template.ts';
import type { View } from '../../mesh/view.ts';
import { toPointer } from '../../model/field-path.ts';
import { isAbsent, stringOf, valueAt } from '../../model/json.ts';
import { WORKLOAD_KINDS } from '../../model/kind.ts';
import { type KubeObject, labelOf } from '../../model/kube-object.ts';
import { objectRule } from '../rule.ts';
import { examples } from './no-spoofed-mesh-labels.examples.ts';

/** MW107: what the mesh tells its proxies about a pod is what the injector found out. */
export const noSpoofedMeshLabels = objectRule({
  id: 'no-spoofed-mesh-labels',
  code: 'MW107',
  reads: [...WORKLOAD_KINDS, 'Namespace', 'ConfigMap'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: false,
  beforeInjection: true,
  summary: 'No label of a pod says other things of its proxy than the injector would.',
  why: 'Clients choose plaintext, a tunnel or another network by these labels of the pod, and metrics and traces name services by them: one label turns mTLS off for everybody who calls, or writes its requests into somebody else’s graphs.',
  remedy: 'Leave these labels to the injector; name the application by `app` and `version`.',
  absence:
    'The injector writes them: `istio` for the TLS mode, the name after `app.kubernetes.io/name`, `app` or the owner, the revision after `app.kubernetes.io/version`, `version` or `latest`.',
  source: {
    document: '**Strict Mode**: Enforced for all services in the mesh',
    refs: [
      'https://istio.io/latest/docs/reference/config/labels/',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/cluster_tls.go',
    ],
  },
  numbers: [],
  messages: {
    spoofed: "`{field}` is '{seen}'; must be left out, or '{expected}', which the injector writes",
    foreign: "`{field}` is '{seen}'; must be left out, the injector writes what is true of this mesh",
  },
  examples,
  check(object, { view, baseline }, say) {
    const found = meshPodOf(object, view, baseline);
    if (found === undefined) return [];
    const { pod } = found;
    return Object.entries(EXPECTED).flatMap(([key, expect]) => {
      const value = Object.hasOwn(pod.labels, key) ? pod.labels[key] : undefined;
      if (isAbsent(value)) return [];
      const expected = expect(object, found, view);
      if (stringOf(value) !== undefined && expected.includes(stringOf(value) ?? '')) return [];
      const path = [...pod.path, 'metadata', 'labels', key];
      const about = { path, thing: key, fix: [{ op: 'remove', path: toPointer(path) } as const] };
      const [first] = expected;
      return [first === undefined ? say('foreign', {}, about) : say('spoofed', { expected: first }, about)];
    });
  },
});

type Expect = (object: KubeObject, found: MeshPod, view: View) => readonly string[];

const NETWORK = 'topology.istio.io/network';

/**
 * What each label may say.
 * @see https://github.com/istio/istio/blob/1.31.0/manifests/charts/istio-control/istio-discovery/files/injection-template.yaml
 */
const EXPECTED: Readonly<Record<string, Expect>> = {
  'security.istio.io/tlsMode': () => ['istio'],
  // Written where the mesh runs with HBONE, and by nobody else.
  'networking.istio.io/tunnel': (_, { isInjectedAlready }) => (isInjectedAlready ? ['http'] : []),
  [NETWORK]: (_, __, view) => {
    const root = view.get('Namespace', '', view.settings.rootNamespace);
    const names = [
      stringOf(valueAt(injectorConfig(view).values, ['global', 'network'])),
      root === undefined ? undefined : labelOf(root, NETWORK),
    ];
    return names.filter((name): name is string => name !== undefined && name !== '');
  },
  'service.istio.io/canonical-name': (object, { pod, isInjectedAlready }) => {
    const name = entryOf(pod.labels, 'app.kubernetes.io/name') || entryOf(pod.labels, 'app') || workloadName(object);
    // A pod that is still to be named has no name that the injector could write.
    return [asLabelValue(name) ?? name, name, ...(isInjectedAlready ? [''] : [])];
  },
  'service.istio.io/canonical-revision': (_, { pod }) => [
    entryOf(pod.labels, 'app.kubernetes.io/version') || entryOf(pod.labels, 'version') || 'latest',
  ],
  'service.istio.io/workload-name': (object) => [workloadName(object)],
};
