import * as fc from 'fast-check';
import { type JsonObject, stringsOf } from '../../src/model/json.ts';
import { type KubeObject, specOf } from '../../src/model/kube-object.ts';
import type { OracleRequest, ProxyQuestion } from './answers.ts';
import { service } from './directed.ts';
import { EGRESS_GATEWAY } from './egress-words.ts';
import { externalEntries, NAMESPACES } from './meshes-egress-entries.ts';
import { egressSidecars } from './meshes-egress-sidecars.ts';
import { unique } from './meshes-parts.ts';
import { maybe, objectOf, rarely, written } from './meshes-words.ts';

/** Callers: a shop's own and another's, the gateway's namesake in its namespace, one of the root namespace. */
const CALLERS: readonly ProxyQuestion[] = [
  { kind: 'sidecar', namespace: 'client', labels: { app: 'caller' } },
  { kind: 'sidecar', namespace: 'shop', labels: { app: 'ml' } },
  { kind: 'sidecar', namespace: 'istio-egress', labels: { app: 'other' } },
  { kind: 'sidecar', namespace: 'istio-system', labels: { app: 'caller' } },
];

const SERVICES: readonly KubeObject[] = [
  service(
    'istio-egressgateway',
    {
      clusterIP: '10.0.9.1',
      ports: [
        { name: 'http2', port: 80, targetPort: 8080, protocol: 'TCP' },
        { name: 'https', port: 443, targetPort: 8443, protocol: 'TCP' },
        { name: 'tls', port: 15443, targetPort: 15443, protocol: 'TCP' },
      ],
    },
    { ns: 'istio-egress' },
  ),
  service('ml', { clusterIP: '10.0.9.2' }),
];

const GATEWAY = 'istio-egress/egress-gateway';
const toGateway = (port: number): JsonObject => ({
  destination: { host: EGRESS_GATEWAY, subset: 'external', port: { number: port } },
});

const target = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(toGateway(443), toGateway(80), { destination: { host: EGRESS_GATEWAY } }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<JsonObject>(
      { destination: { host: 'api.example.com' } },
      { destination: { host: '*.example.com' } },
      { destination: { host: 'ml.shop.svc.cluster.local', port: { number: 80 } } },
      { destination: { host: 'nobody.example.net' } },
      { destination: { host: 'istio-egressgateway.istio-egress' } },
    ),
  },
);

const targets = fc.oneof(
  { weight: 4, arbitrary: target.map((one) => [one]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(target, target, fc.constantFrom(undefined, 0, 5))
      .map(([one, other, weight]) => [{ ...one, weight: 95 }, written({ ...other, weight })]),
  },
);

const source = {
  gateways: maybe(fc.constantFrom(['mesh'], ['mesh'], [GATEWAY], ['mesh', GATEWAY])),
  sourceLabels: rarely(fc.constantFrom({ app: 'caller' }, { app: 'ml' }, {}), 6),
  sourceNamespace: rarely(fc.constantFrom('client', 'shop'), 8),
};

const httpMatch = fc
  .record({
    ...source,
    port: rarely(fc.constantFrom(80, 443, 8080), 3),
    uri: rarely(fc.constantFrom({ prefix: '/' }, { prefix: '/v1' }), 4),
  })
  .map(written);

const httpEntry = fc
  .record({
    match: maybe(fc.array(httpMatch, { minLength: 1, maxLength: 2 })),
    route: targets,
    mirror: rarely(fc.constantFrom({ host: 'api.example.com' }, { host: EGRESS_GATEWAY }), 8),
  })
  .map(written);

const subnets = rarely(fc.constantFrom(['192.0.2.0/24'], ['203.0.113.7']), 6);

const tlsEntry = (names: readonly string[]): fc.Arbitrary<JsonObject> =>
  fc
    .record({
      match: fc.array(
        fc
          .record({
            ...source,
            port: rarely(fc.constantFrom(443, 80), 3),
            sniHosts: fc.constantFrom(...names).map((name) => [name]),
            destinationSubnets: subnets,
          })
          .map(written),
        { minLength: 1, maxLength: 2 },
      ),
      route: targets,
    })
    .map(written);

const tcpEntry = fc
  .record({
    match: maybe(
      fc.array(
        fc
          .record({
            ...source,
            port: rarely(fc.constantFrom(9001, 9002, 9003, 80), 2),
            destinationSubnets: subnets,
          })
          .map(written),
        { minLength: 1, maxLength: 2 },
      ),
    ),
    route: targets,
  })
  .map(written);

/**
 * The hosts of a VirtualService with the server names that it may ask for; those of other hosts' are left out, as of two
 * routes for one server name the older service's counts, which our model does not look at.
 */
const claims = fc.constantFrom<readonly (readonly string[])[]>(
  [['api.example.com'], ['api.example.com']],
  [['api.example.com'], ['api.example.com']],
  [['*.example.com'], ['*.example.com', 'storage.example.com']],
  [['*.com'], ['*.com', 'mail.com']],
  [['API.example.com'], ['API.example.com']],
  [['v1.api.example.com'], ['v1.api.example.com']],
  [['db.example.org'], ['db.example.org']],
  [['unknown.example.org'], ['unknown.example.org']],
);

const routerSpec = claims.chain(([hosts = [], names = []]) =>
  fc
    .record({
      hosts: fc.constant(hosts),
      gateways: maybe(fc.constantFrom(['mesh', GATEWAY], ['mesh', GATEWAY], ['mesh'], [GATEWAY])),
      exportTo: rarely(fc.constantFrom(['.'], ['*'], ['client'], ['shop', 'client']), 4),
      http: maybe(fc.array(httpEntry, { minLength: 1, maxLength: 2 })),
      tls: maybe(fc.array(tlsEntry(names), { minLength: 1, maxLength: 2 })),
      tcp: rarely(fc.array(tcpEntry, { minLength: 1, maxLength: 2 }), 3),
    })
    .map(({ http, tls, tcp, ...rest }) => {
      const isEmpty = http === undefined && tls === undefined && tcp === undefined;
      return written({ ...rest, http: isEmpty ? [{ route: [toGateway(443)] }] : http, tls, tcp });
    }),
);

const routers = fc.array(
  objectOf({ apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', namespaces: NAMESPACES, spec: routerSpec }),
  { maxLength: 3 },
);

const settings = rarely(
  fc.constantFrom(
    'outboundTrafficPolicy: {mode: REGISTRY_ONLY}',
    'outboundTrafficPolicy: {}',
    'outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}',
    'defaultServiceExportTo: ["."]',
    'defaultVirtualServiceExportTo: ["."]',
    'proxyHttpPort: 15007',
  ),
  2,
).map((mesh): readonly KubeObject[] =>
  mesh === undefined
    ? []
    : [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'istio', namespace: 'istio-system' }, data: { mesh } }],
);

interface Parts {
  readonly serviceEntries: readonly KubeObject[];
  readonly sidecars: readonly KubeObject[];
  readonly settings: readonly KubeObject[];
}

/**
 * At a proxy for HTTP the youngest of several ServiceEntries of one host hides the others, and which one a Sidecar imports is
 * left out of our model of routes; see docs/model.md.
 */
function withoutHidden<P extends Parts>(parts: P): P {
  if (parts.sidecars.length === 0 && !/proxyHttpPort/.test(JSON.stringify(parts.settings))) return parts;
  const seen = new Set<string>();
  const isFirst = (one: KubeObject): boolean => seen.size !== seen.add(stringsOf(specOf(one).hosts).join()).size;
  return { ...parts, serviceEntries: parts.serviceEntries.filter(isFirst) };
}

/** Meshes whose pods call hosts outside: straight, by the egress gateway, or not at all. */
export const egressMeshes: fc.Arbitrary<OracleRequest> = fc
  .record({ serviceEntries: externalEntries, routers, sidecars: egressSidecars, settings })
  .map((parts) => ({
    objects: unique([...SERVICES, ...Object.values(withoutHidden(parts)).flat()]),
    proxies: CALLERS,
  }));
