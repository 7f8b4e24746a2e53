import { type JsonObject, recordOrEmpty } from '../../src/model/json.ts';
import { type KubeObject, labelsOf, nameOf, namespaceOf, specOf } from '../../src/model/kube-object.ts';
import { authorization, rulesOf } from '../../src/mesh/authorization.ts';
import { isAllowAll } from '../../src/mesh/authorization-rule.ts';
import { type KnownService, serviceSeenBy, servicesNamed } from '../../src/mesh/known-service.ts';
import { mutualTls } from '../../src/mesh/mutual-tls.ts';
import { outboundPolicy, sidecarFor } from '../../src/mesh/outbound.ts';
import { claimedHosts } from '../../src/mesh/routers.ts';
import { type MeshViewer, type Route, routesSeenBy } from '../../src/mesh/routes.ts';
import { knowsCollector, sampling } from '../../src/mesh/sampling.ts';
import { trafficPolicy } from '../../src/mesh/traffic-policy.ts';
import type { View } from '../../src/mesh/view.ts';
import { isSubset } from '../../src/mesh/workload-selector.ts';
import type { AuthorizationAnswer, ClusterAnswer, OutboundAnswer, ProxyQuestion, TracingAnswer } from './answers.ts';
import { hashOf } from './model-hash.ts';
import { modelEgressWords } from './model-egress.ts';
import { gatewayRouteWords } from './model-gateways.ts';
import { knownForBytes, modelLayer4 } from './model-layer4.ts';
import { clusterWords, type RouteWords, routeWords } from './model-words.ts';
import { type Question, seesOnPort } from './questions.ts';

/** Returns our model's answer to a question about a proxy, in the words of Istio's. */
export function modelAnswer(view: View, proxy: ProxyQuestion, question: Question): unknown {
  const { namespace, labels } = proxy;
  switch (question.ask) {
    case 'route':
      return routes(view, proxy, question);
    case 'gateway route':
      return gatewayRouteWords(view, proxy, question);
    case 'cluster':
      return cluster(view, proxy, question);
    case 'subset': {
      const { hasSubset } = trafficPolicy(view, { ...queryOf(proxy, question), subset: question.subset });
      return hasSubset;
    }
    case 'inbound':
      return mutualTls(view, { namespace, labels, port: question.port }).mode;
    case 'authorization':
      return authorizationWords(view, proxy);
    case 'outbound':
      return outboundWords(view, proxy);
    case 'egress':
      return modelEgressWords(view, proxy, question);
    case 'layer 4':
      return modelLayer4(view, proxy, question);
    case 'bytes':
      return knownForBytes(view, question.hosts);
    case 'tracing':
      break;
  }
  return tracingWords(view, proxy, question.side);
}

function routes(
  view: View,
  proxy: ProxyQuestion,
  question: Extract<Question, { ask: 'route' }>,
): readonly RouteWords[] {
  const { namespace, labels } = proxy;
  const { name, port, service } = question;
  const sidecar = sidecarFor(view, namespace, labels);
  const viewer: MeshViewer = { kind: 'mesh', namespace, labels, port, ...(sidecar === undefined ? {} : { sidecar }) };
  // A name of no service that a wildcard covers is a virtual host of the wildcard's, and asked for by it.
  const isClaimed = ({ root }: Route): boolean =>
    root === undefined ||
    servicesNamed(view, name).length > 0 ||
    root.kind !== 'VirtualService' ||
    claimedHosts(root, view.settings.clusterDomain).includes(name);
  const own = routesSeenBy(view, name, viewer).filter(isClaimed);
  // Another spelling that nobody claims for itself is the service, where the proxy knows it on that port.
  const isSame = own.length === 0 && service !== undefined && seesOnPort(view, proxy, { host: service, port });
  const seen = isSame ? routesSeenBy(view, service, viewer) : own;
  return seen.flatMap((route) => routeWords(route, { portOf: () => port, hashOf: hashOf(view, proxy, port) }));
}

type ClusterQuestion = Extract<Question, { ask: 'cluster' | 'subset' }>;

function queryOf(
  { kind, namespace, labels }: ProxyQuestion,
  { host, port }: ClusterQuestion,
): Parameters<typeof trafficPolicy>[1] {
  return { host, port, clientNamespace: namespace, clientLabels: labels, isGateway: kind === 'gateway' };
}

function cluster(view: View, proxy: ProxyQuestion, question: ClusterQuestion): ClusterAnswer {
  const { subset } = question;
  const policy = trafficPolicy(view, { ...queryOf(proxy, question), ...(subset === '' ? {} : { subset }) });
  return clusterWords({ ...policy, blocks: policy, areAllMutual: areAllMutual(view, question, proxy) });
}

/** Tells whether a service has pods in the mesh and all of them have a sidecar. */
function areAllMutual(view: View, { host, port }: ClusterQuestion, proxy: ProxyQuestion): boolean {
  const { object: service, isKubernetes } =
    serviceSeenBy(view, host, proxy.namespace, { isGateway: proxy.kind === 'gateway' }) ?? {};
  if (service === undefined || isKubernetes !== true) return false;
  const selector = recordOrEmpty(specOf(service).selector);
  const pods = view
    .list('Pod', namespaceOf(service))
    .filter((pod) => Object.keys(selector).length > 0 && isSubset(selector, labelsOf(pod)));
  // What a ServiceEntry beside it adds has none.
  const isBeside = (one: KnownService): boolean =>
    !one.isKubernetes && one.namespace === namespaceOf(service) && !one.isPassthrough;
  const isJoined = servicesNamed(view, host).some(
    (one) => isBeside(one) && one.ports.some(({ number }) => number === port),
  );
  return !isJoined && pods.length > 0 && pods.every((pod) => labelsOf(pod)['security.istio.io/tlsMode'] === 'istio');
}

const named = (policies: readonly KubeObject[]): readonly string[] =>
  policies.map((one) => `${namespaceOf(one)}/${nameOf(one)}`).sort();

function authorizationWords(view: View, { namespace, labels }: ProxyQuestion): AuthorizationAnswer {
  const { allow, deny, audit, custom, dryRun, deniesByDefault } = authorization(view, { namespace, labels });
  return {
    allow: named(allow),
    deny: named(deny),
    audit: named(audit),
    custom: named(custom),
    dryRun: named(dryRun),
    allowsNothing: named(allow.filter((one) => rulesOf(one).length === 0)),
    allowsAll: named(allow.filter((one) => rulesOf(one).some(saysNothing))),
    deniesByDefault,
  };
}

/** What Istio itself takes for anybody; our own word for it also has the lists that only look as if they restricted. */
function saysNothing(rule: JsonObject): boolean {
  return isAllowAll(rule) && Object.keys(rule).length === 0;
}

function outboundWords(view: View, { namespace, labels }: ProxyQuestion): OutboundAnswer {
  const { mode, egressProxy } = outboundPolicy(view, namespace, labels);
  if (egressProxy === undefined) return { mode };
  const { host, port = 0, subset } = egressProxy;
  const proxy = { host, ...(subset === undefined ? {} : { subset }), ...(port === 0 ? {} : { port }) };
  return { mode, proxy };
}

/** Envoy's names of the tracers. */
const TRACERS: Readonly<Record<string, string>> = {
  zipkin: 'envoy.tracers.zipkin',
  datadog: 'envoy.tracers.datadog',
  skywalking: 'envoy.tracers.skywalking',
  opentelemetry: 'envoy.tracers.opentelemetry',
};

function tracingWords(view: View, proxy: ProxyQuestion, side: 'client' | 'server'): TracingAnswer {
  const { namespace, labels, proxyConfig } = proxy;
  const pod: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace } };
  const annotation = { object: pod, path: ['metadata', 'annotations'] };
  const traced = sampling(view, {
    namespace,
    labels,
    ...(proxyConfig === undefined ? {} : { proxyConfig: { text: proxyConfig, ...annotation } }),
  })[side];
  const isLegacy = traced.provider === undefined && traced.off === undefined;
  if (traced.off !== undefined || (!isLegacy && !knowsCollector(view, traced.collector ?? ''))) {
    return { isOff: true, provider: '', percent: 0, isPropagated: false };
  }
  return {
    isOff: false,
    provider: TRACERS[traced.providerType ?? ''] ?? '',
    percent: traced.percent,
    isPropagated: traced.isPropagated,
  };
}
