import { kubernetesGatewayHosts } from '../../mesh/gateway-servers.ts';
import type { Baseline, GatewayBaseline } from '../../model/baseline.ts';
import { type JsonObject, recordOrEmpty } from '../../model/json.ts';
import { kindOf } from '../../model/kind.ts';
import { type KubeObject, namespaceOf, specOf } from '../../model/kube-object.ts';
import { objectRule } from '../rule.ts';

/** An Istio Gateway that selects pods by labels; the empty text: no selector. */
const istio = (selector: string, namespace = 'llmoptimizer', version = 'v1'): string => `
apiVersion: networking.istio.io/${version}
kind: Gateway
metadata: { name: mine, namespace: ${namespace} }
spec: { ${selector === '' ? '' : `selector: ${selector}, `}servers: [] }
`;

/** A Gateway API Gateway with addresses. */
const kubernetes = (addresses: string, namespace = 'llmoptimizer'): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: mine, namespace: ${namespace} }
spec: { gatewayClassName: istio, addresses: [${addresses}], listeners: [] }
`;
const INGRESS_SERVICE = 'istio-ingressgateway.istio-ingress.svc.cluster.local';
const AT = 'shared at spec.selector';
const OWN = '{ istio: team-gateway }';

/** MW502: nobody but its owner says what a shared gateway listens to. */
export const gatewaySelector = objectRule({
  id: 'gateway-selector',
  code: 'MW502',
  reads: ['Gateway', 'KubernetesGateway'],
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: false,
  summary: 'Only Gateways of a shared gateway’s own namespace select its pods.',
  why: 'Istio looks for a Gateway’s pods in every namespace; one with the right label, or with none, opens a port on the platform’s own front door.',
  remedy:
    'Put the Gateway into the gateway’s namespace, or select pods of your own by another value of the label that the shared gateways have.',
  absence:
    'Without `selector` a Gateway is for the gateway pods of all namespaces. Labels that a shared gateway is not known to have may still be on its pods.',
  source: {
    document: 'main-gateway.yaml   # Gateway definitions for external traffic',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/gateway/#Gateway',
      'https://istio.io/latest/docs/tasks/traffic-management/ingress/gateway-api/#manual-deployment',
    ],
  },
  numbers: ['gateways'],
  messages: {
    everywhere: '`{field}` is not set, so the Gateway is for the gateways of all namespaces; must be set',
    shared:
      "`{field}` may select shared gateway '{gateway}'; must have another value of label '{label}', or stand in namespace '{namespace}'",
    several: "`{field}` may select shared gateways '{gateways}'; must have another value of label '{label}'",
    address: "`{field}` is shared gateway '{gateway}'; must be an address of a gateway of namespace '{own}'",
  },
  check(object, { baseline }, say) {
    const kind = kindOf(object);
    if (kind !== 'Gateway' && kind !== 'KubernetesGateway') return [];
    const own = namespaceOf(object);
    const others = sharedGateways(baseline).filter(({ namespace }) => namespace !== own);
    if (kind === 'KubernetesGateway') {
      return kubernetesGatewayHosts(object, baseline.mesh.clusterDomain).flatMap(({ host, path }) => {
        const gateway = others.find((one) => one.host === host);
        return gateway === undefined ? [] : [say('address', { gateway: nameFor(gateway), own }, { path, thing: host })];
      });
    }
    const path = ['spec', 'selector'];
    const selector = selectorOf(object);
    if (Object.keys(selector).length === 0) {
      return [say('everywhere', {}, { path, thing: 'selector', magnitude: Number.MAX_SAFE_INTEGER })];
    }
    const meant = others.filter((gateway) => maySelect(selector, gateway));
    const [first] = meant;
    if (first === undefined) return [];
    const label = [...new Set(meant.flatMap(({ matchLabels }) => Object.keys(matchLabels)))].join("' or '");
    const gateways = meant.map(nameFor).join("' and '");
    const about = { path, thing: 'selector', magnitude: meant.length };
    // A namespace of one of them is no cure for the others.
    if (meant.some(({ namespace }) => namespace !== first.namespace))
      return [say('several', { gateways, label }, about)];
    return [say('shared', { gateway: gateways, label, namespace: first.namespace }, about)];
  },
  examples: {
    pass: [
      { title: 'the ingress gateway’s own namespace', yaml: istio('{ istio: ingressgateway }', 'istio-ingress') },
      { title: 'the egress gateway’s own namespace', yaml: istio('{ istio: egressgateway }', 'istio-egress') },
      { title: 'pods of one’s own, at v1beta1', yaml: istio(OWN, 'llmoptimizer', 'v1beta1') },
      { title: 'an address of one’s own', yaml: kubernetes('{ type: Hostname, value: mine }') },
      {
        title: 'the shared gateway’s short name in its namespace',
        yaml: kubernetes('{ type: Hostname, value: istio-ingressgateway }', 'istio-ingress'),
      },
      { title: 'a waypoint or a gateway that Istio deploys', yaml: kubernetes('') },
      { title: 'a wrong one goes', yaml: istio(''), deletes: true },
      {
        title: 'a Service comes with it',
        yaml: `${istio(OWN)}---\napiVersion: v1\nkind: Service\nmetadata: { name: mine, namespace: llmoptimizer }\nspec: {}\n`,
      },
    ],
    fail: [
      { title: 'no selector', yaml: istio(''), finds: ['everywhere at spec.selector'] },
      {
        title: 'an empty selector in a gateway’s own namespace',
        yaml: istio('{}', 'istio-ingress'),
        finds: ['everywhere at spec.selector'],
      },
      { title: 'the shared label from another namespace', yaml: istio('{ istio: ingressgateway }'), finds: [AT] },
      {
        title: 'the egress gateway’s label in the ingress gateway’s namespace',
        yaml: istio('{ istio: egressgateway }', 'istio-ingress'),
        finds: [AT],
      },
      {
        title: 'another label that the pods of both shared gateways may have',
        yaml: istio('{ app: istio-ingressgateway }'),
        finds: ['several at spec.selector'],
      },
      {
        title: 'the root namespace is no exception, at v1alpha3',
        yaml: istio('{ istio: ingressgateway }', 'istio-system', 'v1alpha3'),
        finds: [AT],
      },
      {
        title: 'an own selector becomes the shared one',
        before: istio(OWN),
        yaml: istio('{ istio: ingressgateway }'),
        finds: [AT],
      },
      {
        title: 'a Gateway API Gateway on the shared gateway’s Service, the second address',
        yaml: kubernetes(`{ type: Hostname, value: mine }, { type: Hostname, value: ${INGRESS_SERVICE} }`),
        finds: ['address at spec.addresses[1].value'],
      },
      {
        title: 'the same in upper case and with a trailing dot',
        yaml: kubernetes(`{ type: Hostname, value: ${INGRESS_SERVICE.toUpperCase()}. }`),
        finds: ['address at spec.addresses[0].value'],
      },
    ],
  },
});

function sharedGateways({ gateways }: Baseline): readonly GatewayBaseline[] {
  return [...gateways.ingress, ...gateways.egress];
}

function nameFor({ namespace, name }: GatewayBaseline): string {
  return `${namespace}/${name}`;
}

function selectorOf(gateway: KubeObject): JsonObject {
  return recordOrEmpty(specOf(gateway).selector);
}

/** Only another value of a label that the gateway is known to have proves that its pods are not meant. */
function maySelect(selector: JsonObject, { matchLabels }: GatewayBaseline): boolean {
  return Object.entries(matchLabels).every(([key, value]) => !Object.hasOwn(selector, key) || selector[key] === value);
}
