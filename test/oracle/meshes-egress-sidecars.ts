import * as fc from 'fast-check';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { EGRESS_GATEWAY } from './egress-words.ts';
import { maybe, objectOf, rarely, written } from './meshes-words.ts';

const imports = fc.array(
  fc.constantFrom(
    '*/*',
    '*/*',
    './*',
    'istio-egress/*',
    'shop/*',
    '*/api.example.com',
    '*/*.example.com',
    'istio-egress/api.example.com',
    'other/*',
    '~/*',
    '~/api.example.com',
  ),
  { minLength: 1, maxLength: 3 },
);

/** One that takes a port for no HTTP knows one host: of several without an address Istio keeps the first. */
const listener = fc.oneof(
  imports.map((hosts) => ({ port: { number: 80, protocol: 'HTTP', name: 'http' }, hosts })),
  imports.map((hosts) => ({ port: { number: 8080, protocol: 'HTTP', name: 'http' }, hosts })),
  imports.map((hosts) => ({ port: { number: 8888, protocol: 'HTTP_PROXY', name: 'proxy' }, hosts })),
  imports.map((hosts) => ({ port: { number: 443, protocol: 'TLS', name: 'tls' }, hosts })),
  fc.constantFrom<JsonObject>(
    { port: { number: 80, protocol: 'TCP', name: 'tcp' }, hosts: ['*/api.example.com'] },
    { port: { number: 80, protocol: 'TLS', name: 'tls' }, hosts: ['*/api.example.com'] },
    { port: { number: 443, protocol: 'TCP', name: 'tcp' }, hosts: ['*/api.example.com'] },
    { port: { number: 443, protocol: 'HTTPS', name: 'https' }, hosts: ['*/db.example.org'], captureMode: 'NONE' },
  ),
);

const policy = maybe(
  fc.constantFrom<JsonObject>(
    {},
    { mode: 'ALLOW_ANY' },
    { mode: 'REGISTRY_ONLY' },
    { mode: 'ALLOW_ANY', egressProxy: { host: EGRESS_GATEWAY, port: { number: 443 } } },
    { mode: 'ALLOW_ANY', egressProxy: { host: EGRESS_GATEWAY, subset: 'external', port: { number: 443 } } },
  ),
);

const spec = fc
  .record({
    labels: rarely(fc.constantFrom({ app: 'caller' }, { app: 'ml' }), 3),
    egress: maybe(imports),
    own: rarely(listener, 3),
    isAlone: rarely(fc.constant(true), 5),
    outboundTrafficPolicy: policy,
  })
  .map(({ labels, egress, own, isAlone, outboundTrafficPolicy }) => {
    const general = isAlone && own !== undefined ? [] : [{ hosts: egress ?? ['*/*'] }];
    return written({
      workloadSelector: labels === undefined ? undefined : { labels },
      egress:
        egress === undefined && own === undefined && outboundTrafficPolicy !== undefined
          ? undefined
          : [...(own === undefined ? [] : [own]), ...general],
      outboundTrafficPolicy,
    });
  });

/** Sidecars that hide hosts, open ports of their own, and let unknown hosts through or not. */
export const egressSidecars: fc.Arbitrary<readonly KubeObject[]> = fc.oneof(
  { weight: 1, arbitrary: fc.constant([]) },
  {
    weight: 1,
    arbitrary: fc.array(
      objectOf({
        apiVersion: 'networking.istio.io/v1',
        kind: 'Sidecar',
        namespaces: ['client', 'client', 'shop', 'istio-system'],
        spec,
      }),
      { minLength: 1, maxLength: 2 },
    ),
  },
);
