import { injectorConfig } from '../../mesh/injector-config.ts';
import { meshPodOf } from '../../mesh/mesh-pod.ts';
import { findContainer, PROXY_CONTAINER } from '../../mesh/pod-template.ts';
import { isAbsent, recordOrEmpty } from '../../model/json.ts';
import { WORKLOAD_KINDS } from '../../model/kind.ts';
import { objectRule } from '../rule.ts';
import { examples } from './sidecar-injected.examples.ts';

/** MW104: every pod of the mesh has its proxy. */
export const sidecarInjected = objectRule({
  id: 'sidecar-injected',
  code: 'MW104',
  reads: [...WORKLOAD_KINDS, 'Namespace', 'ConfigMap'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary: 'A pod of a mesh namespace gets its sidecar.',
  why: 'Without a proxy a pod has no identity, no mTLS, no retry or timeout, and nobody authorizes what reaches it.',
  remedy:
    'Leave out what keeps the injector away: the label or annotation `sidecar.istio.io/inject`, `hostNetwork`, another revision. Where the namespace decides, label it `istio-injection: enabled`.',
  absence:
    'The namespace’s label decides; on the pod the label `sidecar.istio.io/inject` goes before the annotation of that name, only `false` and `true` count, and an annotation `true` in a namespace without a label does nothing.',
  source: {
    document: '**Strict Mode**: Enforced for all services in the mesh',
    refs: [
      'https://istio.io/latest/docs/setup/additional-setup/sidecar-injection/',
      'https://github.com/istio/istio/blob/1.31.0/pkg/kube/inject/inject.go',
    ],
  },
  numbers: ['mesh.namespaces', 'mesh.outside', 'mesh.revisions'],
  messages: {
    byPod: "`{field}` is '{seen}', so that no sidecar comes; must be left out, or not say so",
    elsewhere: 'no sidecar comes to the pod: {why}; must get one',
    neverCame: "the injector did not come to this pod, it has no container 'istio-proxy'; must have one",
  },
  examples,
  check(object, { view, baseline }, say) {
    const found = meshPodOf(object, view, baseline);
    if (found === undefined) return [];
    const { pod, injection } = found;
    const { injected, path, because, why } = injection;
    const thing = 'sidecar';
    if (!injected) {
      // Where the namespace or the injector's settings decide there is no field of the pod to show; its namespace is what it could change.
      return path === undefined
        ? [say('elsewhere', { why }, { path: ['metadata', 'namespace'], thing, because })]
        : [say('byPod', {}, { path: [...pod.path, ...path], thing, because })];
    }
    const isThere = pod.kind === 'Pod' && !isAbsent(recordOrEmpty(object.metadata).uid);
    // The API server gives a pod its uid after all that completes it, the injector too, and before anybody validates it.
    // Without the injector's own settings nobody has installed one here, and a pod waits for the mesh that it will run in.
    // A template of another kind may have no proxy beside the application.
    const neverCame = isThere && injection.template !== 'other' && injectorConfig(view).object !== undefined;
    if (!neverCame || findContainer(pod.spec, PROXY_CONTAINER) !== undefined) return [];
    return [say('neverCame', {}, { path: ['spec', 'containers'], thing, because })];
  },
});
