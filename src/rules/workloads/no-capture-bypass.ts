import { type CaptureHole, captureHoles } from '../../mesh/capture.ts';
import { injectorConfig } from '../../mesh/injector-config.ts';
import { injectedPodOf } from '../../mesh/mesh-pod.ts';
import { WORKLOAD_KINDS } from '../../model/kind.ts';
import { objectRule } from '../rule.ts';
import { examples } from './no-capture-bypass.examples.ts';

/** MW105: nothing that a pod sends or gets goes past its proxy. */
export const noCaptureBypass = objectRule({
  id: 'no-capture-bypass',
  code: 'MW105',
  reads: [...WORKLOAD_KINDS, 'Namespace', 'ConfigMap'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  beforeInjection: true,
  summary: 'No setting of a pod takes traffic past its proxy.',
  why: 'What is not captured is neither encrypted nor authorized, retried, bounded or seen: the pod is in the mesh by name only.',
  remedy:
    'Leave the annotations `traffic.sidecar.istio.io/*` out, and let no container run as user or group 1337. A port that must be reached in plaintext is a decision for PeerAuthentication, where everybody can see it.',
  absence:
    'All traffic is captured, but that of user and group 1337 and to the proxy’s own ports. An empty list of what to include captures nothing; `interceptionMode: NONE` makes no capture at all.',
  source: {
    document: '**Strict Mode**: Enforced for all services in the mesh',
    refs: [
      'https://istio.io/latest/docs/reference/config/annotations/',
      'https://istio.io/latest/docs/ops/deployment/application-requirements/#pod-requirements',
      'https://github.com/istio/istio/blob/1.31.0/tools/istio-iptables/pkg/capture/run.go',
    ],
  },
  numbers: [],
  messages: {
    bypass: "`{field}` is '{seen}', which takes traffic past the proxy; must be left out{or}",
    unknown: "`{field}` is '{seen}', and what that does to the capture is not known; must be left out{or}",
    port: "`{field}` is '{seen}', and so what that port gets is not captured; must be left out, or '15020'",
    asProxy: "`{field}` is 1337, and so container '{container}' is let past the proxy; must be another {what}",
    beside:
      "`{field}` is container '{container}' beside a gateway's proxy, where nothing is captured; must be in a pod of its own",
  },
  examples,
  check(object, { view, baseline }, say) {
    const found = injectedPodOf(object, view, baseline);
    if (found === undefined) return [];
    const { pod, injection, isInjectedAlready } = found;
    const holes = captureHoles(pod, injection.template, injectorConfig(view), { isInjected: isInjectedAlready });
    return holes.map((hole: CaptureHole) => {
      const { kind, thing, container, instead } = hole;
      const about = { path: [...pod.path, ...hole.path], thing };
      if (kind === 'port') return say('port', {}, about);
      if (kind === 'template') return say('beside', { container }, about);
      const or = instead === '' ? '' : `, or ${instead}`;
      if (kind === 'annotation') return say('bypass', { or }, about);
      if (kind === 'unknown') return say('unknown', { or }, about);
      return say('asProxy', { container, what: kind }, about);
    });
  },
});
