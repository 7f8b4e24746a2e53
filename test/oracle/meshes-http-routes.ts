import * as fc from 'fast-check';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { duration, maybe, objectOf, rarely, written } from './meshes-words.ts';

const SERVICES = ['ml', 'ml', 'ml', 'web'] as const;

/** A Service, mostly of namespace `shop`; now and then what Istio's own kinds mean, or nothing that Istio knows. */
const backend = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      group: rarely(fc.constant(''), 6),
      kind: rarely(fc.constant('Service'), 4),
      name: fc.constantFrom(...SERVICES, 'gone'),
      namespace: fc.constantFrom('shop', 'shop', undefined, 'client'),
      port: fc.constantFrom(80, 80, 9090),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<JsonObject>(
      { group: 'networking.istio.io', kind: 'Hostname', name: 'api.example.com', port: 80 },
      { group: 'networking.istio.io', kind: 'Hostname', name: 'ml.shop.svc.cluster.local', port: 80 },
      { group: 'networking.istio.io', kind: 'Hostname', name: 'api.example.com', namespace: 'shop', port: 80 },
      { group: 'networking.istio.io', kind: 'Hostname', name: 'api.example.com' },
      { group: 'multicluster.x-k8s.io', kind: 'ServiceImport', name: 'ml', namespace: 'shop', port: 80 },
      { group: 'multicluster.x-k8s.io', kind: 'ServiceImport', name: 'web', port: 80 },
      { kind: 'Hostname', name: 'api.example.com', port: 80 },
      { group: 'example.com', kind: 'Service', name: 'ml', namespace: 'shop', port: 80 },
      { group: 'example.com', kind: 'Bucket', name: 'ml', port: 80 },
    ),
  },
);

const header = fc.constantFrom<JsonObject>(
  { name: 'x-version', value: 'canary' },
  { name: 'x-version', type: 'RegularExpression', value: 'c.*' },
);

const path = fc.constantFrom<JsonObject>(
  { type: 'PathPrefix', value: '/' },
  { type: 'PathPrefix', value: '/v1' },
  { type: 'PathPrefix', value: '/v1/' },
  { type: 'Exact', value: '/v1' },
  { type: 'RegularExpression', value: '/v.*' },
  { value: '/v1/x' },
);

const match = fc
  .record({
    path,
    headers: rarely(fc.uniqueArray(header, { minLength: 1, maxLength: 2, selector: ({ name }) => name }), 4),
    queryParams: rarely(fc.constantFrom([{ name: 'q', value: 'a' }], [{ name: 'q', type: 'Exact', value: 'b' }]), 5),
    method: rarely(fc.constantFrom('GET', 'POST'), 4),
  })
  .map(written);

const toBackend = fc.record({ to: backend, weight: rarely(fc.constantFrom(0, 1, 19, 95), 2) });

const backendRefs = fc
  .array(toBackend, { maxLength: 3 })
  .map((list) => list.map(({ to, weight }) => written({ ...to, weight })));

/** Of services that are always there: a mirror that istiod does not find is not made. */
const mirrored = fc.constantFrom<JsonObject>(
  { name: 'ml', namespace: 'shop', port: 80 },
  { group: '', kind: 'Service', name: 'ml', namespace: 'shop', port: 9090 },
  { group: 'multicluster.x-k8s.io', kind: 'ServiceImport', name: 'ml', namespace: 'shop', port: 80 },
);

const filter = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({
        backendRef: mirrored,
        share: rarely(
          fc.constantFrom<JsonObject>(
            { percent: 0 },
            { percent: 10 },
            { fraction: { numerator: 0 } },
            { fraction: { numerator: 1, denominator: 1000 } },
          ),
          2,
        ),
      })
      .map(({ backendRef, share }) => ({ type: 'RequestMirror', requestMirror: { backendRef, ...share } })),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<JsonObject>(
      { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x-a', value: 'b' }] } },
      { type: 'ResponseHeaderModifier', responseHeaderModifier: { remove: ['x-a'] } },
      {
        type: 'URLRewrite',
        urlRewrite: { hostname: 'other', path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } },
      },
      { type: 'CORS', cors: { allowOrigins: ['https://example.com'] } },
    ),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'RequestRedirect', requestRedirect: { scheme: 'https' } }) },
  { weight: 1, arbitrary: fc.constant({ type: 'ExtensionRef', extensionRef: { group: 'a.b', kind: 'C', name: 'd' } }) },
);

const rule = fc
  .record({
    name: rarely(fc.constantFrom('one', 'two'), 6),
    matches: maybe(fc.array(match, { minLength: 1, maxLength: 2 })),
    filters: rarely(fc.uniqueArray(filter, { minLength: 1, maxLength: 2, selector: ({ type }) => type }), 3),
    backendRefs,
    timeouts: maybe(
      fc.record({ request: maybe(fc.oneof(duration, fc.constant('0s'))), backendRequest: maybe(duration) }),
    ),
    retry: rarely(
      fc.record({ attempts: maybe(fc.constantFrom(0, 1, 3)), codes: maybe(fc.constantFrom([503], [500, 503], [])) }),
      2,
    ),
  })
  .map(written);

/** What a route of a namespace hangs on: services as clients or their owner do, the Gateway, and what Istio does not know. */
const parent = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      group: fc.constant(''),
      kind: fc.constant('Service'),
      name: fc.constantFrom(...SERVICES),
      namespace: fc.constantFrom('shop', 'shop', 'shop', undefined, 'client'),
      port: rarely(fc.constantFrom(80, 9090), 3),
      sectionName: rarely(fc.constant('http'), 12),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      name: fc.constantFrom('kgw', 'kgw', 'kgw', 'gone'),
      namespace: fc.constant('ingress'),
      port: rarely(fc.constantFrom(80, 9090), 4),
      sectionName: rarely(fc.constantFrom('web', 'more'), 4),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      group: fc.constant('networking.istio.io'),
      kind: fc.constant('ServiceEntry'),
      name: fc.constantFrom('a', 'b', 'c'),
      namespace: fc.constantFrom('shop', 'client', 'other'),
      port: rarely(fc.constantFrom(80, 443), 3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<JsonObject>(
      { kind: 'Service', name: 'ml', namespace: 'shop' },
      { group: 'example.com', kind: 'Service', name: 'ml', namespace: 'shop' },
      { group: 'example.com', kind: 'Gateway', name: 'kgw', namespace: 'ingress' },
    ),
  },
);

const spec = fc
  .record({
    parentRefs: fc.uniqueArray(parent.map(written), {
      minLength: 1,
      maxLength: 2,
      selector: (one) => JSON.stringify({ ...one, namespace: one.namespace ?? '' }),
    }),
    hostnames: rarely(
      fc.constantFrom(['shop.example.com'], ['shop.example.com', '*.example.com'], ['ml.shop.svc.cluster.local']),
      2,
    ),
    rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
  })
  .map(written);

/** Several for one service or Gateway, in the service's namespace and in others; `a-b` sorts unlike `a~0`. */
export const httpRoutes: fc.Arbitrary<readonly KubeObject[]> = fc.array(
  objectOf({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    namespaces: ['shop', 'shop', 'client', 'other'],
    names: ['a', 'a-b', 'b', 'c'],
    spec,
  }),
  { minLength: 1, maxLength: 4 },
);

const grants = rarely(
  fc.constantFrom<JsonObject>(
    { from: fromRoutes('client'), to: [{ group: '', kind: 'Service' }] },
    { from: fromRoutes('other'), to: [{ group: '', kind: 'Service', name: 'ml' }] },
    { from: fromRoutes('client'), to: [{ group: 'multicluster.x-k8s.io', kind: 'ServiceImport' }] },
  ),
  2,
);

function fromRoutes(namespace: string): readonly JsonObject[] {
  return [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace }];
}

/** A Gateway of the Gateway API with its class and its Service, and a second listener where it has more. */
export function kubernetesGateway({ hasMore }: { readonly hasMore: boolean }): readonly KubeObject[] {
  const allowedRoutes = { namespaces: { from: 'All' } };
  const web = { name: 'web', port: 80, protocol: 'HTTP', allowedRoutes };
  const more = { name: 'more', port: 9090, protocol: 'HTTP', allowedRoutes };
  const listeners = hasMore ? [web, more] : [web];
  const ports = listeners.map(({ name, port }) => ({ name: `http-${name}`, port, targetPort: port, protocol: 'TCP' }));
  const controllerName = 'istio.io/gateway-controller';
  return [
    made('GatewayClass', { name: 'istio' }, { controllerName }),
    made('Gateway', { name: 'kgw', namespace: 'ingress' }, { gatewayClassName: 'istio', listeners }),
    {
      ...made(
        'Service',
        { name: 'kgw-istio', namespace: 'ingress' },
        { clusterIP: '10.0.0.99', selector: GATEWAY_LABELS, ports },
      ),
      apiVersion: 'v1',
    },
  ];
}

/** Lets routes send to other namespaces: to services of `shop`. */
export function referenceGrant(spec: JsonObject): KubeObject {
  const grant = made('ReferenceGrant', { name: 'grant', namespace: 'shop' }, spec);
  return { ...grant, apiVersion: 'gateway.networking.k8s.io/v1beta1' };
}

function made(kind: string, names: JsonObject, spec: JsonObject): KubeObject {
  const metadata = { ...names, creationTimestamp: '2026-01-01T00:00:00Z' };
  return { apiVersion: 'gateway.networking.k8s.io/v1', kind, ...written({ metadata, spec }) };
}

/** A Gateway, now and then, and what may cross namespaces. */
export const kubernetesGateways: fc.Arbitrary<readonly KubeObject[]> = fc
  .record({ isThere: fc.boolean(), hasMore: fc.boolean(), grant: grants })
  .map(({ isThere, hasMore, grant }) => [
    ...(isThere ? kubernetesGateway({ hasMore }) : []),
    ...(grant === undefined ? [] : [referenceGrant(grant)]),
  ]);

/** The labels of the pods that Istio makes for the Gateway. */
export const GATEWAY_LABELS = { 'gateway.networking.k8s.io/gateway-name': 'kgw' } as const;
