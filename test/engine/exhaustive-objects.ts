import { View } from '../../src/mesh/view.ts';
import type { Change } from '../../src/model/change.ts';
import { recordOrEmpty } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { baseline } from './ratchet.ts';

const ROOT = baseline.mesh.rootNamespace;

const SINCE = '2026-01-01T00:00:00Z';
const HTTP = [{ name: 'http', port: 80 }];
/** Services by name; those that are many are enough for them to be judged by classes. */
const SHAPES: Readonly<Record<string, { readonly spec: object; readonly exportTo?: string }>> = {
  cart: { spec: { ports: HTTP } },
  // The first of all, and like none of them.
  a0: { spec: { ports: HTTP }, exportTo: '~' },
  ...Object.fromEntries(['a1', 'b', 'c', 'd', 'e'].map((name) => [name, { spec: { ports: HTTP } }])),
  headless: { spec: { ports: HTTP, clusterIP: 'None' } },
  bytes: { spec: { ports: [{ name: 'tcp', port: 80 }] } },
  outside: { spec: { type: 'ExternalName', externalName: 'api.example.com', ports: HTTP } },
  mine: { spec: { ports: HTTP }, exportTo: '.' },
  yours: { spec: { ports: HTTP }, exportTo: 'beta' },
};

/** Mesh namespaces with nothing in them, two with services, and one with services that is outside. */
function teams(services: readonly string[]): readonly KubeObject[] {
  return ['team', 'alpha', 'beta', 'gamma', 'out'].flatMap((name): readonly KubeObject[] => {
    const labels = name === 'out' ? {} : { 'istio-injection': 'enabled' };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels, creationTimestamp: SINCE } };
    const own = name === 'team' || name === 'gamma' ? [] : services.map((service) => serviceOf(service, name));
    return [namespace, ...own];
  });
}

function serviceOf(name: string, namespace: string): KubeObject {
  const { spec, exportTo: to } = SHAPES[name] ?? { spec: {} };
  const annotations = to === undefined ? {} : { annotations: { 'networking.istio.io/exportTo': to } };
  const metadata = { name, namespace, creationTimestamp: SINCE, ...annotations };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec };
}

/** A small mesh. */
export const TEAMS = teams(['cart']);
/** A mesh in which so many services are alike that they are judged by classes. */
export const LARGE_TEAMS = teams(Object.keys(SHAPES));

const host = 'cart.alpha.svc.cluster.local';
const POOL = { tcp: { maxConnections: 100 }, http: { http2MaxRequests: 100 } };
const BREAKER = { consecutive5xxErrors: 5, interval: '10s', baseEjectionTime: '30s', maxEjectionPercent: 50 };
/** A default traffic policy with which nothing is wrong. */
export const GOOD_POLICY = { connectionPool: POOL, outlierDetection: BREAKER };

/** What may stand in a VirtualService and a DestinationRule for one of these services, and where. */
export const OWN = {
  retries: [{ retries: { attempts: 0 } }, {}],
  match: [{}, { match: [{ uri: { prefix: '/' } }] }, { match: [{ sourceNamespace: 'beta' }] }],
  exportTo: [{}, { exportTo: ['*'] }, { exportTo: ['.'] }],
  gateways: [{}, { gateways: ['istio-ingress/a'] }],
  policy: [
    GOOD_POLICY,
    { connectionPool: POOL },
    { ...GOOD_POLICY, portLevelSettings: [{ port: { number: 80 }, connectionPool: POOL }] },
  ],
  selector: [{}, { workloadSelector: { matchLabels: { app: 'a' } } }],
  namespace: ['alpha', 'beta', ROOT],
} as const;

type Own = { readonly [Part in keyof typeof OWN]: (typeof OWN)[Part][number] };

const object = (kind: string, namespace: string, spec: object): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name: 'own', namespace, creationTimestamp: '2026-01-02T00:00:00Z' },
  spec,
});

/** Returns the VirtualService of one way. */
export function ownRoute({ retries, match, exportTo, gateways, namespace }: Own): KubeObject {
  const entry = { ...match, route: [{ destination: { host } }], timeout: '5s', ...retries };
  return object('VirtualService', namespace, { hosts: [host], http: [entry], ...exportTo, ...gateways });
}

/** Returns the DestinationRule of one way. */
export function ownRule({ policy, exportTo, selector, namespace }: Own): KubeObject {
  return object('DestinationRule', namespace, { host, trafficPolicy: policy, ...exportTo, ...selector });
}

/** Returns an HTTPRoute for another one of the services. */
export function ownHttpRoute({ retries, exportTo }: Own): KubeObject {
  const rule = { ...('exportTo' in exportTo ? { retry: retries } : {}), backendRefs: [{ name: 'a1', port: 80 }] };
  const spec = { parentRefs: [{ group: '', kind: 'Service', name: 'a1' }], rules: [rule] };
  return { ...object('HTTPRoute', 'alpha', spec), apiVersion: 'gateway.networking.k8s.io/v1' };
}

/** Yields every way to fill in some parts; the others are as they stand first. */
function* waysOf(parts: readonly (keyof typeof OWN)[]): Iterable<Own> {
  const first = Object.fromEntries(Object.entries(OWN).map(([name, values]) => [name, values[0]])) as unknown as Own; // By name.
  const [part, ...rest] = parts;
  if (part === undefined) yield first;
  else for (const value of OWN[part]) for (const way of waysOf(rest)) yield { ...way, [part]: value };
}

type Mesh = readonly KubeObject[];

/** Every mesh of the two services with one route for one of them. */
export function routedMeshes(): readonly Mesh[] {
  return Array.from(waysOf(['retries', 'match', 'exportTo', 'gateways', 'namespace']), (way) => [
    ...TEAMS,
    ownRoute(way),
  ]);
}

/** Every mesh of the two services with one DestinationRule for one of them, alone or beside a whole one. */
export function ruledMeshes(): readonly Mesh[] {
  const rules = [...waysOf(['policy', 'exportTo', 'selector', 'namespace'])].map(ownRule);
  // Beside one that leaves nothing to the mesh, which is older or newer by its name.
  const named = (name: string): KubeObject => {
    const whole = object('DestinationRule', 'alpha', { host, trafficPolicy: GOOD_POLICY });
    return { ...whole, metadata: { ...recordOrEmpty(whole.metadata), name } };
  };
  return rules.flatMap((rule) => [
    [...TEAMS, rule],
    [...TEAMS, rule, named('a')],
    [...TEAMS, rule, named('z')],
  ]);
}

const sidecar = (namespace: string, spec: object): KubeObject => object('Sidecar', namespace, spec);
const telemetry = (tracing: object): KubeObject => ({
  apiVersion: 'telemetry.istio.io/v1',
  kind: 'Telemetry',
  metadata: { name: 'mesh-default', namespace: ROOT, creationTimestamp: SINCE },
  spec: { tracing: [{ providers: [{ name: 'zipkin' }], ...tracing }] },
});
const TRACING: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'own', namespace: 'beta', creationTimestamp: SINCE },
  spec: { template: { metadata: { annotations: { 'proxy.istio.io/config': 'tracing: { sampling: 50 }' } } } },
};

/** Changes that only a namespace with something of its own has a fault by, which the first one is not. */
export function unlikeChanges(): readonly WideChange[] {
  const closed = sidecar(ROOT, { egress: [{ hosts: ['*/*'] }], outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } });
  const silent = sidecar('beta', { egress: [{ hosts: ['*/*'] }] });
  const [before, after] = ['REGISTRY_ONLY', 'ALLOW_ANY'].map((mode) => configMap({ outboundTrafficPolicy: { mode } }));
  const [sampled, unset] = [telemetry({ randomSamplingPercentage: 1 }), telemetry({})];
  const update = (
    old: KubeObject | undefined,
    current: KubeObject | undefined,
    rest: readonly KubeObject[],
  ): WideChange => {
    if (old === undefined || current === undefined) throw new Error('a change has two sides');
    const view = View.of([...TEAMS, ...rest, old], baseline.mesh);
    return { view, change: { operation: 'UPDATE', before: old, after: current } };
  };
  return [update(before, after, [closed, silent]), update(sampled, unset, [TRACING])];
}

/** A mesh and one change of what is for all of it. */
export interface WideChange {
  readonly view: View;
  readonly change: Change;
}

/** Returns the ConfigMap that says a mesh configuration. */
export function configMap(config: object): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: ROOT, creationTimestamp: '2026-01-01T00:00:00Z' },
    data: { mesh: JSON.stringify(config) },
  };
}
