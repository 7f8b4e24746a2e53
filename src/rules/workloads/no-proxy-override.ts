import { broughtParts, overridingAnnotations, type ProxyOverride, writtenDown } from '../../mesh/brought-proxy.ts';
import { changedProxy } from '../../mesh/injected-proxy.ts';
import { injectorConfig } from '../../mesh/injector-config.ts';
import { meshConfig, protoField } from '../../mesh/mesh-config.ts';
import { injectedPodOf, type MeshPod } from '../../mesh/mesh-pod.ts';
import { entryOf } from '../../mesh/pod-template.ts';
import type { View } from '../../mesh/view.ts';
import type { Baseline } from '../../model/baseline.ts';
import { recordOrEmpty } from '../../model/json.ts';
import { WORKLOAD_KINDS } from '../../model/kind.ts';
import { objectRule } from '../rule.ts';
import { examples } from './no-proxy-override.examples.ts';

/** MW106: the proxy of a pod is Istio's, as the injector makes it. */
export const noProxyOverride = objectRule({
  id: 'no-proxy-override',
  code: 'MW106',
  reads: [...WORKLOAD_KINDS, 'Namespace', 'ConfigMap'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  beforeInjection: true,
  summary: 'A pod brings nothing that makes its proxy another than the injector’s.',
  why: 'Every rule of the mesh is kept by the proxy: a pod that brings its own image, start-up, volumes or control plane keeps those that it likes.',
  remedy:
    'Leave the annotation, container or volume out. Of `proxy.istio.io/config` a pod may set `concurrency`, how it starts and ends, statistics and tracing; more is a matter of the mesh’s own configuration.',
  absence: 'The injector’s image, arguments, user, environment and volumes.',
  source: {
    document: '**Strict Mode**: Enforced for all services in the mesh',
    refs: [
      'https://istio.io/latest/docs/reference/config/annotations/',
      'https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig',
      'https://github.com/istio/istio/blob/1.31.0/pkg/kube/inject/webhook.go',
    ],
  },
  numbers: ['mesh.proxyImages', 'sidecar.proxyMetadata'],
  messages: {
    annotation: '`{field}` is set, which makes the proxy another than the injector’s; must be left out',
    template: "`{field}` is '{seen}'; must be left out, or 'sidecar', or 'gateway' for a gateway",
    status: '`{field}` is set where the injector has not been; must be left out',
    text: '`{field}` holds more than a log level, and the injector would take it for more; must be letters, digits, `,` and `:`',
    unreadable:
      '`{field}` is not a map in YAML or JSON, and what it does to the proxy is not known; must be one, or left out',
    key: '`{what}` of `{field}` changes more of the proxy than a pod may; must be left out',
    variable:
      "`{what}` of `{field}` is none of the variables that a pod may set; must be left out, or be listed by the baseline's `sidecar.proxyMetadata`",
    quoted:
      '`{what}` of `{field}` must be a text without quotes, backslashes and line ends, which the injector would take for more',
    container:
      "`{field}` is a container named '{what}', and the injector would merge it with its own; must have another name",
    volume:
      "`{field}` is a volume named '{what}', and the injector would merge it with its own; must have another name",
    image: "`{field}` is '{seen}'; must be {what}",
    left: '`{field}` is not the injector’s; must be left out',
    written: '`{field}` is not what the injector writes; must be {what}',
  },
  examples,
  check(object, { view, baseline }, say) {
    const found = injectedPodOf(object, view, baseline);
    if (found === undefined) return [];
    return overridesOf(found, view, baseline).map(({ kind, path, thing, what }) =>
      say(kind, { what }, { path: [...found.pod.path, ...path], thing }),
    );
  },
});

function overridesOf(found: MeshPod, view: View, baseline: Baseline): readonly ProxyOverride[] {
  const { pod, injection, isInjectedAlready } = found;
  const { proxyImages: images } = baseline.mesh;
  const { proxyMetadata } = baseline.sidecar;
  const injector = injectorConfig(view);
  const annotations = overridingAnnotations(pod, proxyMetadata, injector.defaultTemplates);
  if (!isInjectedAlready) return [...annotations, ...broughtParts(pod, injection.template, images)];
  const isGateway = injection.template === 'gateway';
  const changed = changedProxy(pod, {
    template: injection.template,
    isUncaptured: entryOf(pod.annotations, 'sidecar.istio.io/interceptionMode') === 'NONE',
    injector,
    defaultConfig: recordOrEmpty(protoField(meshConfig(view).config, 'defaultConfig')),
    clusterDomain: baseline.mesh.clusterDomain,
    rootNamespace: baseline.mesh.rootNamespace,
    images,
    proxyMetadata,
  });
  if (!isGateway) return [...annotations, ...changed];
  // The injector writes a gateway's own container down, and has it from there when it comes again.
  const others = annotations.filter(({ thing }) => thing !== 'proxy.istio.io/overrides');
  return [...others, ...writtenDown(pod, images), ...changed];
}
