import { parseServiceHost, serviceHost } from '../../mesh/hosts.ts';
import type { View } from '../../mesh/view.ts';
import type { FieldPath } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { isRecord, recordOrEmpty, recordsOf, stringOf } from '../../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../../model/kube-object.ts';
import { hostRule, type Say } from '../rule.ts';
import { examples } from './gateway-api-parity.examples.ts';

const messages = {
  grpcRoute:
    "`{field}` leads to service '{service}', whose timeout and retries a GRPCRoute cannot say; must be a VirtualService or an HTTPRoute",
  ingress:
    "`{field}` leads to service '{service}', whose timeout, retries and tokens an Ingress cannot say; must be a VirtualService at the ingress gateway",
} as const;

type SayIt = Say<typeof messages>;

/** MW704: no other kind of route leads around what the baseline demands of a service's routes. */
export const gatewayApiParity = hostRule({
  id: 'gateway-api-parity',
  code: 'MW704',
  reads: ['GRPCRoute', 'Ingress'],
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary:
    'A service that the baseline lists is routed by kinds that can say its timeout and its retries: no GRPCRoute and no Ingress leads to it.',
  why: 'Istio makes routes of these kinds as well, without a timeout and with two retries; a GRPCRoute on a service comes before its VirtualService for the callers in its namespace, and an Ingress of another controller leads past the ingress gateway and its tokens.',
  remedy:
    'Write a VirtualService, or an HTTPRoute where it can say what is demanded: MW401 to MW404, MW409, MW412 and MW413 judge it as they judge a VirtualService.',
  absence: 'No such route: nothing leads around.',
  source: {
    refs: [
      'https://istio.io/latest/docs/tasks/traffic-management/ingress/kubernetes-ingress/',
      'https://gateway-api.sigs.k8s.io/reference/spec/#gateway.networking.k8s.io/v1.GRPCRouteRule',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/config/kube/ingress/virtualservices.go',
    ],
  },
  numbers: ['services'],
  messages,
  examples,
  check(host, { view, baseline }, say) {
    if (baseline.services.every((service) => service.host !== host)) return [];
    return [
      ...view.lookup(`GRPCRoute|to|${host}`).flatMap((route) => judgeRoute(route, host, view, say)),
      ...ingressesOf(host, view).flatMap((ingress) => judgeIngress(ingress, host, view, say)),
    ];
  },
});

/** Says each place of a GRPCRoute that means the service: what it hangs on, its backends and its mirrors. */
function judgeRoute(route: KubeObject, service: string, { settings }: View, say: SayIt): readonly Finding[] {
  const spec = specOf(route);
  // The Service of several clusters is the Service of that name.
  const isIt = (reference: unknown, kind: unknown): boolean => {
    const { name, namespace } = recordOrEmpty(reference);
    const host = serviceHost(stringOf(name) ?? '', stringOf(namespace) || namespaceOf(route), settings.clusterDomain);
    return (kind === 'Service' || kind === 'ServiceImport') && host === service;
  };
  const places: FieldPath[] = [];
  for (const [index, parent] of recordsOf(spec.parentRefs).entries()) {
    if (isIt(parent, parent.kind)) places.push(['spec', 'parentRefs', index]);
  }
  for (const [index, rule] of recordsOf(spec.rules).entries()) {
    const path: FieldPath = ['spec', 'rules', index];
    for (const [at, backend] of recordsOf(rule.backendRefs).entries()) {
      if (isIt(backend, backend.kind ?? 'Service')) places.push([...path, 'backendRefs', at]);
    }
    for (const [at, filter] of recordsOf(rule.filters).entries()) {
      const mirrored = recordOrEmpty(recordOrEmpty(filter.requestMirror).backendRef);
      if (isIt(mirrored, mirrored.kind ?? 'Service')) places.push([...path, 'filters', at, 'requestMirror']);
    }
  }
  return places.map((path) => say('grpcRoute', { service }, { path, responsible: route, thing: 'GRPCRoute' }));
}

/** An Ingress names Services of its own namespace only. */
function ingressesOf(host: string, view: View): readonly KubeObject[] {
  const namespace = parseServiceHost(host, view.settings.clusterDomain)?.namespace;
  return namespace === undefined ? [] : view.list('Ingress', namespace);
}

function judgeIngress(ingress: KubeObject, service: string, { settings }: View, say: SayIt): readonly Finding[] {
  const spec = specOf(ingress);
  const namespace = namespaceOf(ingress);
  const isIt = (backend: unknown): boolean => {
    const named = recordOrEmpty(backend).service;
    const name = isRecord(named) ? stringOf(named.name) : undefined;
    return name !== undefined && serviceHost(name, namespace, settings.clusterDomain) === service;
  };
  const places: FieldPath[] = isIt(spec.defaultBackend) ? [['spec', 'defaultBackend']] : [];
  for (const [index, rule] of recordsOf(spec.rules).entries()) {
    for (const [at, { backend }] of recordsOf(recordOrEmpty(rule.http).paths).entries()) {
      if (isIt(backend)) places.push(['spec', 'rules', index, 'http', 'paths', at, 'backend']);
    }
  }
  return places.map((path) => say('ingress', { service }, { path, responsible: ingress, thing: 'Ingress' }));
}
