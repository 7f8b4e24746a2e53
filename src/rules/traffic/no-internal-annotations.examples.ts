import type { FailExample, PassExample } from '../rule.ts';

function object(apiVersion: string, kind: string, metadata = ''): string {
  return `---
apiVersion: ${apiVersion}
kind: ${kind}
metadata: { name: mine, namespace: llmoptimizer${metadata === '' ? '' : `, ${metadata}`} }
`;
}

const NETWORKING = 'networking.istio.io/v1';
const SEMANTICS = 'annotations: { internal.istio.io/route-semantics: gateway }';
const AT_SEMANTICS = 'internal at metadata.annotations[internal.istio.io/route-semantics]';

const pass: readonly PassExample[] = [
  { title: 'no annotations', yaml: object(NETWORKING, 'VirtualService') },
  {
    title: 'other annotations of Istio’s, and one whose name only looks like it',
    yaml: object(
      NETWORKING,
      'VirtualService',
      'annotations: { galley.istio.io/analyze-suppress: IST0101, not-internal.istio.io/a: b, internal.istio.io: c }',
    ),
  },
  {
    title: 'a Service, which istiod labels itself',
    yaml: object('v1', 'Service', 'labels: { internal.istio.io/service-semantics: x }'),
  },
];

const fail: readonly FailExample[] = [
  {
    title: 'a VirtualService that passes for one made from a route of the Gateway API',
    yaml: object(NETWORKING, 'VirtualService', SEMANTICS),
    finds: [AT_SEMANTICS],
  },
  {
    title: 'the same at v1alpha3, added to one that was right',
    before: object('networking.istio.io/v1alpha3', 'VirtualService'),
    yaml: object('networking.istio.io/v1alpha3', 'VirtualService', SEMANTICS),
    finds: [AT_SEMANTICS],
  },
  {
    title: 'a Gateway with two, one of them empty',
    yaml: object(
      NETWORKING,
      'Gateway',
      'annotations: { internal.istio.io/gateway-service: istio-ingressgateway.istio-ingress.svc.cluster.local, internal.istio.io/gateway-semantics: "" }',
    ),
    finds: [
      'internal at metadata.annotations[internal.istio.io/gateway-service]',
      'internal at metadata.annotations[internal.istio.io/gateway-semantics]',
    ],
  },
  {
    title: 'a label',
    yaml: object('networking.istio.io/v1beta1', 'DestinationRule', 'labels: { internal.istio.io/always-push: "" }'),
    finds: ['internal at metadata.labels[internal.istio.io/always-push]'],
  },
  {
    title: 'a policy, and one whose value is no text',
    yaml:
      object(
        'security.istio.io/v1',
        'AuthorizationPolicy',
        'annotations: { internal.istio.io/parents: HTTPRoute/a.b }',
      ) + object('telemetry.istio.io/v1', 'Telemetry', 'annotations: { internal.istio.io/parents: 1 }'),
    finds: [
      'internal at metadata.annotations[internal.istio.io/parents]',
      'internal at metadata.annotations[internal.istio.io/parents]',
    ],
  },
];

/** The objects that show this rule. */
export const examples = { pass, fail };
