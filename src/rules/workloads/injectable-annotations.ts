import { unfitAnnotations } from '../../mesh/injector-annotations.ts';
import { meshConfig } from '../../mesh/mesh-config.ts';
import { injectedPodOf } from '../../mesh/mesh-pod.ts';
import { WORKLOAD_KINDS } from '../../model/kind.ts';
import { objectRule } from '../rule.ts';
import { examples } from './injectable-annotations.examples.ts';

/** MW108: the injector takes the annotations of a pod, and so the pod can be made. */
export const injectableAnnotations = objectRule({
  id: 'injectable-annotations',
  code: 'MW108',
  reads: [...WORKLOAD_KINDS, 'Namespace', 'ConfigMap'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: false,
  summary: 'Every annotation that the injector checks is one that it takes.',
  why: 'The injector refuses a pod for an annotation that it cannot read. A Deployment with one is taken, and its pods never come: the rollout stands still, and says why only to who asks its ReplicaSet.',
  remedy: 'Write the annotation as the message says, or leave it out.',
  absence: 'Each annotation has a default of the chart’s; an empty text is a value.',
  source: {
    refs: [
      'https://istio.io/latest/docs/reference/config/annotations/',
      'https://github.com/istio/istio/blob/1.31.0/pkg/kube/inject/validate.go',
    ],
  },
  numbers: [],
  messages: {
    unfit: "`{field}` is '{seen}', for which the injector refuses the pod; must be {wanted}",
    unfitKey: '`{key}` of `{field}` is nothing that the injector can read, and it refuses the pod; must be {wanted}',
  },
  examples,
  check(object, { view, baseline }, say) {
    const pod = injectedPodOf(object, view, baseline)?.pod;
    if (pod === undefined) return [];
    return unfitAnnotations(pod, meshConfig(view).config).map(({ path, thing, key, wanted }) => {
      const about = { path: [...pod.path, ...path], thing };
      return key === '' ? say('unfit', { wanted }, about) : say('unfitKey', { key, wanted }, about);
    });
  },
});
