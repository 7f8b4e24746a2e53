import type { Baseline } from '../model/baseline.ts';
import { type KubeObject, namespaceOf, refOf } from '../model/kube-object.ts';
import { aboutObject } from './about-object.ts';
import { type Injection, injection } from './injection.ts';
import { isMeshNamespace } from './namespaces.ts';
import { isInjectedAlready, type PodTemplate, podTemplateOf } from './pod-template.ts';
import type { View } from './view.ts';

/** A pod of a mesh namespace, as its workload describes it, and what the injector does with it. */
export interface MeshPod {
  readonly namespace: string;
  readonly pod: PodTemplate;
  readonly injection: Injection;
  /** True for a pod that the injector has been at: its proxy's container says what it really has. */
  readonly isInjectedAlready: boolean;
}

/** Returns the pod that a workload of a mesh namespace is or makes; undefined for everything else. */
export function meshPodOf(object: KubeObject, view: View, baseline: Baseline): MeshPod | undefined {
  // Every rule on workloads asks the same of one object.
  return aboutObject(view, `meshPod|${baseline.sha256}`, object, () => findMeshPod(object, view, baseline));
}

function findMeshPod(object: KubeObject, view: View, baseline: Baseline): MeshPod | undefined {
  const pod = podTemplateOf(object);
  if (pod === undefined) return undefined;
  const namespace = namespaceOf(object);
  if (!isMeshNamespace(namespace, view, baseline)) return undefined;
  return {
    namespace,
    pod,
    injection: injection(view, { namespace, pod, object: refOf(object) }),
    isInjectedAlready: pod.kind === 'Pod' && isInjectedAlready(pod),
  };
}

/** Returns the same for workloads whose pods get a proxy; those that get none are rule MW104's business alone. */
export function injectedPodOf(object: KubeObject, view: View, baseline: Baseline): MeshPod | undefined {
  const found = meshPodOf(object, view, baseline);
  return found?.injection.injected === true ? found : undefined;
}
