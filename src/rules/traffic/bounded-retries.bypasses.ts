import type { FailExample } from '../rule.ts';
import { service, SHOP } from './destination-rule-yaml.ts';
import { httpRoute, meshConfigMap, sidecar, to, virtualService } from './virtual-service-yaml.ts';

const NONE = 'retries: { attempts: 0 }';
const ML = 'ml-service.llmoptimizer.svc.cluster.local';
const SERVICE = service('ml-service', 'llmoptimizer');
const OWNER = virtualService(to('ml-service', NONE), { day: '02' });
const EXTERNAL = `---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: outside, namespace: llmoptimizer }
spec: { hosts: [outside.example.com], ports: [{ number: 80, name: http, protocol: HTTP }], resolution: DNS }
`;
const UNSET = 'unset at spec.http[0].retries.attempts';
const gatewayOnly = (gateways: string): string =>
  virtualService(to('ml-service', NONE), { rest: `gateways: [${gateways}]` });

/** Examples of MW401 in which something other than the number itself is changed. */
export const BYPASSES: readonly FailExample[] = [
  {
    title: 'an older VirtualService for the same host',
    context: OWNER + SERVICE,
    yaml: virtualService(to(ML), { name: 'mine', namespace: 'shop', hosts: ML, day: '01' }),
    finds: [UNSET],
  },
  {
    title: 'a client’s private VirtualService goes before the owner’s older one',
    context: OWNER + SERVICE + SHOP,
    yaml: virtualService(to(ML), { name: 'mine', namespace: 'shop', hosts: ML, day: '03', rest: 'exportTo: ["."]' }),
    finds: [UNSET],
  },
  {
    title: 'the older one goes, and a newer one without retries takes over',
    deletes: true,
    context: OWNER + SERVICE + virtualService(to(ML), { name: 'mine', namespace: 'shop', hosts: ML, day: '03' }),
    yaml: OWNER,
    finds: [UNSET],
  },
  {
    title: 'the VirtualService is taken away from the mesh and stays at a gateway',
    context: SERVICE,
    before: gatewayOnly('mesh, istio-ingress/llmoptimizer-gateway'),
    yaml: gatewayOnly('istio-ingress/llmoptimizer-gateway'),
    finds: ['missing'],
  },
  {
    title: 'no retries set at a gateway',
    yaml: virtualService(to('ml-service'), { hosts: 'api.example.com', rest: 'gateways: [istio-ingress/any]' }),
    finds: [UNSET],
  },
  {
    title: 'the only match is for a gateway, so that the mesh has the default',
    context: SERVICE,
    yaml: virtualService(`{ match: [{ gateways: [istio-ingress/any] }], ${to('ml-service', NONE).slice(2)}`, {
      rest: 'gateways: [mesh, istio-ingress/any]',
    }),
    finds: ['bypassed at spec.http'],
  },
  {
    title: 'the only match is for one of two ports',
    context: service('ml-service', 'llmoptimizer', 'ports: [{ name: http, port: 8080 }, { name: http-b, port: 80 }]'),
    yaml: virtualService(`{ match: [{ port: 80 }], ${to('ml-service', NONE).slice(2)}`),
    finds: ['bypassed at spec.http'],
  },
  {
    title: 'the only match is for pods with a label',
    context: SERVICE,
    yaml: virtualService(`{ match: [{ sourceLabels: { app: a } }], ${to('ml-service', NONE).slice(2)}`),
    finds: ['bypassed at spec.http'],
  },
  {
    title: 'exportTo hides the VirtualService from other namespaces',
    context: SERVICE + SHOP,
    before: OWNER,
    yaml: virtualService(to('ml-service', NONE), { day: '02', rest: 'exportTo: ["."]' }),
    finds: ['bypassed at spec.exportTo'],
  },
  {
    title: 'the label of another revision makes the VirtualService nobody’s',
    context: SERVICE,
    before: OWNER,
    yaml: virtualService(to('ml-service', NONE), { day: '02', labels: 'istio.io/rev: other' }),
    finds: ['bypassed at metadata.labels[istio.io/rev]'],
  },
  {
    title: 'a Sidecar that knows the service and not the VirtualService, which lives elsewhere',
    context: SERVICE + SHOP + virtualService(to(ML, NONE), { namespace: 'routes', hosts: ML }),
    yaml: sidecar('shop', '"./*", "llmoptimizer/*"'),
    finds: ['bypassed at spec.egress'],
  },
  {
    title: 'a namespace with such a Sidecar joins the mesh',
    context:
      SERVICE + virtualService(to(ML, NONE), { namespace: 'routes', hosts: ML }) + sidecar('shop', '"llmoptimizer/*"'),
    before: SHOP.replace(', labels: { istio-injection: enabled }', ''),
    yaml: SHOP,
    finds: ['bypassed at spec.egress'],
  },
  {
    title: 'a Sidecar goes, and a newer one that hides the VirtualService takes its place',
    deletes: true,
    context:
      SERVICE +
      SHOP +
      virtualService(to(ML, NONE), { namespace: 'routes', hosts: ML }) +
      sidecar('shop', '"llmoptimizer/*"').replace('name: default', 'name: newer'),
    yaml: sidecar('shop', '"*/*"').replace(
      'namespace: shop',
      'namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"',
    ),
    finds: ['bypassed at spec.egress'],
  },
  {
    title: 'the root namespace’s Sidecar hides the VirtualService from all',
    context: SERVICE + SHOP + virtualService(to(ML, NONE), { namespace: 'routes', hosts: ML }),
    yaml: sidecar('istio-system', '"llmoptimizer/*"'),
    finds: ['bypassed at spec.egress'],
  },
  {
    title: 'a service that bears one retry, without a VirtualService',
    yaml: SERVICE,
    finds: ['missing'],
  },
  {
    title: 'the VirtualService goes',
    deletes: true,
    context: OWNER + SERVICE,
    yaml: OWNER,
    finds: ['missing'],
  },
  {
    title: 'the mesh’s default retries more often than any service bears',
    context: SERVICE + virtualService(to('ml-service')) + SHOP + service('cart', 'shop'),
    yaml: meshConfigMap('defaultHttpRetryPolicy: { attempts: 4 }'),
    finds: [UNSET, 'meshDefault at data.mesh'],
  },
  {
    title: 'an HTTPRoute on the Service without retry, which is two',
    context: SERVICE,
    yaml: httpRoute(''),
    finds: ['unset at spec.rules[0].retry.attempts'],
  },
  {
    title: 'an HTTPRoute at a gateway with an empty retry, which is two',
    yaml: httpRoute('retry: {}', { parent: 'name: gateway' }),
    finds: ['unset at spec.rules[0].retry.attempts'],
  },
  {
    title: 'a client’s HTTPRoute goes before the owner’s older VirtualService',
    context: OWNER + SERVICE + SHOP,
    yaml: httpRoute('retry: { attempts: 2 }', {
      namespace: 'shop',
      parent: 'group: "", kind: Service, name: ml-service, namespace: llmoptimizer',
      day: '03',
    }),
    finds: ['tooMany at spec.rules[0].retry.attempts'],
  },
  {
    title: 'an HTTPRoute on a ServiceEntry leads to the service by another name',
    context: SERVICE + OWNER + EXTERNAL,
    yaml: httpRoute('', { parent: 'group: networking.istio.io, kind: ServiceEntry, name: outside' }),
    finds: ['unset at spec.rules[0].retry.attempts'],
  },
  {
    title: 'a ServiceEntry on which such a route hangs comes later',
    context:
      SERVICE + OWNER + httpRoute('', { parent: 'group: networking.istio.io, kind: ServiceEntry, name: outside' }),
    yaml: EXTERNAL,
    finds: ['unset at spec.rules[0].retry.attempts'],
  },
  {
    title: 'the annotation of the Gateway API’s own objects changes nothing',
    yaml: virtualService(to('ml-service', 'retries: { attempts: 5 }')).replace(
      'namespace: llmoptimizer',
      'namespace: llmoptimizer, annotations: { internal.istio.io/route-semantics: gateway }',
    ),
    finds: ['tooMany at spec.http[0].retries.attempts'],
  },
];
