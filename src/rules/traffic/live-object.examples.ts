import type { FailExample, PassExample } from '../rule.ts';
import { destinationRule, service, SHOP } from './destination-rule-yaml.ts';
import { serviceEntry } from './service-entry-yaml.ts';
import { httpRoute, meshConfigMap, to, virtualService } from './virtual-service-yaml.ts';

const ML = 'ml-service.llmoptimizer.svc.cluster.local';
const GATEWAY = `---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: main, namespace: istio-ingress }
spec: { servers: [] }
`;
const SUBSETS = destinationRule('subsets: [{ name: v1, labels: { version: v1 } }]');
const toSubset = (subset: string): string =>
  virtualService(`{ route: [{ destination: { host: ml-service, subset: ${subset} } }] }`);
const SELECTED = meshConfigMap(
  'discoverySelectors: [{ matchLabels: { mesh: on } }, { matchExpressions: [{ key: team, operator: In, values: [a] }] }]',
);
const namespace = (labels: string): string => `---
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { ${labels} } }
`;
const shopRoute = (rest = {}): string => virtualService(to('cart'), { namespace: 'shop', hosts: 'cart', ...rest });
const CART = service('cart', 'shop');

const pass: readonly PassExample[] = [
  { title: 'a route to a service that the baseline lists', yaml: virtualService(to('ml-service')) },
  { title: 'a route to a Service that is there', context: CART, yaml: shopRoute() },
  {
    title: 'this mesh’s own revision',
    yaml: virtualService(to(ML), { labels: 'istio.io/rev: default' }),
  },
  {
    title: 'a Gateway that is there, by all spellings',
    context: GATEWAY,
    yaml: virtualService(to(ML), {
      namespace: 'istio-ingress',
      hosts: 'api.example',
      rest: 'gateways: [main, ./main, istio-ingress/main, main.istio-ingress]',
    }),
  },
  { title: 'a subset that is there', context: SUBSETS, yaml: toSubset('v1') },
  {
    title: 'a delegate that is there',
    context: virtualService(to('ml-service'), { name: 'inner', hosts: '' }),
    yaml: virtualService('{ delegate: { name: inner } }'),
  },
  {
    title: 'the egress gateway, a listed external host, and a host of a wildcard',
    context: serviceEntry('*.example', 'shop'),
    yaml: virtualService(
      `${to('istio-egressgateway.istio-egress.svc.cluster.local')}, ${to('api.openai.com')}, ${to('a.example')}`,
    ),
  },
  { title: 'exported to a namespace that is there', context: SHOP, yaml: destinationRule('exportTo: [shop]') },
  { title: 'exported to a namespace that Kubernetes itself makes', yaml: destinationRule('exportTo: [default]') },
  {
    title: 'istiod, which is there wherever Istio is',
    yaml: virtualService(to('istiod.istio-system.svc.cluster.local'), {
      hosts: 'istiod.example',
      rest: 'gateways: [istio-ingress/main]',
    }),
    context: GATEWAY,
  },
  {
    title: 'a namespace that is selected by an expression',
    context: SELECTED + namespace('team: a') + CART,
    yaml: shopRoute(),
  },
  {
    title: 'a ServiceEntry for its callers',
    yaml: serviceEntry('api.openai.com', 'istio-egress', 'exportTo: [., llmoptimizer]'),
  },
  {
    title: 'a wildcard that covers a service',
    yaml: destinationRule('', { host: '*.llmoptimizer.svc.cluster.local' }),
  },
];

const fail: readonly FailExample[] = [
  {
    title: 'an empty revision, which is another one',
    yaml: virtualService(to(ML), { labels: 'istio.io/rev: ""' }),
    finds: ['foreign at metadata.labels[istio.io/rev]'],
  },
  {
    title: 'a route for another revision, at v1beta1',
    yaml: virtualService(to('ml-service'), { labels: 'istio.io/rev: canary', version: 'v1beta1' }),
    finds: ['foreign at metadata.labels[istio.io/rev]'],
  },
  {
    title: 'a policy that moves to another revision',
    before:
      '---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: { name: default, namespace: shop }\n',
    yaml: '---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: { name: default, namespace: shop, labels: { istio.io/rev: old } }\n',
    finds: ['foreign at metadata.labels[istio.io/rev]'],
  },
  {
    title: 'a namespace that istiod does not look at',
    context: SELECTED + namespace('mesh: "off"') + CART,
    yaml: shopRoute(),
    finds: ['undiscovered at metadata.namespace'],
  },
  {
    title: 'exported to a namespace that is not there, and to nobody',
    yaml: destinationRule('exportTo: [nowhere]') + serviceEntry('db.example', 'shop', 'exportTo: ["~"]'),
    finds: ['nobody at spec.exportTo', 'nobody at spec.exportTo'],
  },
  {
    title: 'an external host that its declared caller cannot see',
    yaml: serviceEntry('api.openai.com', 'istio-egress', 'exportTo: ["."]'),
    finds: ['hidden at spec.exportTo'],
  },
  {
    title: 'Gateways that are not there, also in a match, and one of another revision',
    context: GATEWAY.replace('name: main', 'labels: { istio.io/rev: old }, name: main'),
    yaml: virtualService(`{ match: [{ gateways: [mesh, gone] }], route: [{ destination: { host: ${ML} } }] }`, {
      rest: 'gateways: [mesh, istio-ingress/main]',
    }),
    finds: ['gateway at spec.gateways[1]', 'gateway at spec.http[0].match[0].gateways[1]'],
  },
  {
    title: 'a service that nobody has',
    yaml: virtualService(to('gone')),
    finds: ['host at spec.http[0].route[0].destination.host'],
  },
  {
    title: 'a service that nobody has, named as a host and by two routes, which is one fault',
    yaml: virtualService(`${to('gone', 'match: [{ port: 1 }]')}, ${to('gone')}`, { hosts: 'gone' }),
    finds: ['host at spec.hosts[0]'],
  },
  {
    title: 'a mirror to a subset that is not there, beside a route to another one',
    context: SUBSETS,
    yaml: virtualService(
      '{ route: [{ destination: { host: ml-service, subset: v8 } }], mirror: { host: ml-service, subset: v9 } }',
    ),
    finds: ['subset at spec.http[0].mirror.subset', 'subset at spec.http[0].route[0].destination.subset'],
  },
  {
    title: 'a service by spellings that Istio does not resolve for destinations, at v1alpha3',
    yaml: virtualService(
      `${to('ml-service.llmoptimizer', 'match: [{ port: 1 }]')}, ${to('ML-Service', 'match: [{ port: 2 }]')}, ${to(`${ML}.`)}`,
      { version: 'v1alpha3' },
    ),
    finds: [
      'host at spec.http[0].route[0].destination.host',
      'host at spec.http[1].route[0].destination.host',
      'host at spec.http[2].route[0].destination.host',
    ],
  },
  {
    title: 'mirrors to nobody',
    yaml: virtualService(to('ml-service', 'mirror: { host: gone }, mirrors: [{ destination: { host: gone-too } }]')),
    finds: ['host at spec.http[0].mirror.host', 'host at spec.http[0].mirrors[0].destination.host'],
  },
  {
    title: 'a TCP route to nobody',
    yaml: virtualService(to('gone')).replace('http: [', 'tcp: ['),
    finds: ['host at spec.tcp[0].route[0].destination.host'],
  },
  {
    title: 'a host of the mesh that nobody has',
    yaml: virtualService(to('ml-service'), { hosts: 'ml-service, gone' }),
    finds: ['host at spec.hosts[1]'],
  },
  {
    title: 'a host with a dot at its end, which is only a spelling',
    yaml: virtualService(to('ml-service'), { hosts: `${ML}.` }),
    finds: ['host at spec.hosts[0]'],
  },
  {
    title: 'a rule for a host in other letters',
    yaml: destinationRule('', { host: 'ML-Service' }),
    finds: ['host at spec.host'],
  },
  {
    title: 'a rule for the service’s short spelling',
    yaml: destinationRule('', { host: 'ml-service.llmoptimizer' }),
    finds: ['host at spec.host'],
  },
  {
    title: 'a subset that is not there',
    context: SUBSETS,
    yaml: toSubset('v9'),
    finds: ['subset at spec.http[0].route[0].destination.subset'],
  },
  {
    title: 'a delegate that is not there',
    yaml: virtualService('{ delegate: { name: gone } }'),
    finds: ['delegate at spec.http[0].delegate'],
  },
  {
    title: 'a delegate with hosts of its own, and one that is not exported',
    context:
      virtualService(to('ml-service'), { name: 'hosts' }) +
      virtualService(to(ML), { name: 'secret', namespace: 'shop', hosts: '', rest: 'exportTo: ["."]' }),
    yaml: virtualService(
      '{ match: [{ port: 1 }], delegate: { name: hosts } }, { delegate: { name: secret, namespace: shop } }',
    ),
    finds: ['delegate at spec.http[0].delegate', 'delegate at spec.http[1].delegate'],
  },
  {
    title: 'an HTTPRoute on a Gateway, and to a Service, that are not there',
    yaml: httpRoute('', { parent: 'name: gone', backend: 'gone' }),
    finds: ['gateway at spec.parentRefs[0]', 'host at spec.rules[0].backendRefs[0]'],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
