import type { FailExample, PassExample } from '../rule.ts';
import { SHOP } from './destination-rule-yaml.ts';
import { serviceEntry } from './service-entry-yaml.ts';
import { httpRoute, to, virtualService } from './virtual-service-yaml.ts';

const ML = 'ml-service.llmoptimizer.svc.cluster.local';
const vs = (namespace: string, hosts: string, rest = ''): string =>
  virtualService(to('cart'), { name: 'mine', namespace, hosts, rest });
const AT_FIRST = 'at spec.hosts[0]';

const pass: readonly PassExample[] = [
  { title: 'a short name, which is one of the route’s own namespace', yaml: vs('shop', 'ml-service') },
  {
    title: 'its own service by every spelling',
    yaml: vs('llmoptimizer', `${ML}, ${ML}., ML-service.llmoptimizer, ml-service.llmoptimizer.svc`),
  },
  {
    title: 'a wildcard of its own namespace, at v1beta1',
    yaml: vs('shop', '"*.shop.svc.cluster.local"').replace('/v1', '/v1beta1'),
  },
  { title: 'any host at a gateway', yaml: vs('shop', `${ML}, api.example`, 'gateways: [istio-ingress/main]') },
  {
    title: 'bound to the mesh, but every match is for a gateway',
    yaml: virtualService('{ match: [{ gateways: [main] }], route: [{ destination: { host: cart } }] }', {
      namespace: 'shop',
      hosts: ML,
      rest: 'gateways: [mesh, main]',
    }),
  },
  { title: 'a delegate, which has no hosts', yaml: vs('shop', '') },
  {
    title: 'an external host of its own ServiceEntry',
    context: serviceEntry('db.example', 'shop'),
    yaml: vs('shop', 'db.example'),
  },
  {
    title: 'a listed external host in the egress gateway’s namespace',
    yaml: vs('istio-egress', 'api.openai.com, "*.googleapis.com"'),
  },
  { title: 'an HTTPRoute on a Service of its own namespace', yaml: httpRoute('') },
  {
    title: 'an HTTPRoute at a gateway',
    yaml: httpRoute('', { namespace: 'shop', parent: 'name: main, namespace: istio-ingress' }),
  },
];

const fail: readonly FailExample[] = [
  {
    title: 'a namespace that the baseline lets route one service, and another service',
    yaml: vs('edge', `api-gateway.llmoptimizer, ${ML}`),
    finds: ['notOwn at spec.hosts[1]'],
  },
  { title: 'another namespace’s service', yaml: vs('shop', ML), finds: [`notOwn ${AT_FIRST}`] },
  {
    title: 'with the mesh named, beside a gateway, at v1alpha3',
    yaml: vs('shop', ML, 'gateways: [main, mesh]').replace('/v1', '/v1alpha3'),
    finds: [`notOwn ${AT_FIRST}`],
  },
  {
    title: 'by the spellings that proxies match as well, in upper case and with a dot',
    yaml: vs(
      'shop',
      'cart, ML-Service.llmoptimizer, ml-service.llmoptimizer.svc, ML-SERVICE.LLMOPTIMIZER.SVC.CLUSTER.LOCAL.',
    ),
    finds: ['notOwn at spec.hosts[1]', 'notOwn at spec.hosts[2]', 'notOwn at spec.hosts[3]'],
  },
  {
    title: 'a short spelling of a service in a namespace that is known',
    context: SHOP,
    yaml: vs('llmoptimizer', 'cart.shop'),
    finds: [`notOwn ${AT_FIRST}`],
  },
  {
    title: 'only for its own namespace’s callers',
    yaml: vs('shop', ML, 'exportTo: ["."]'),
    finds: [`notOwn ${AT_FIRST}`],
  },
  {
    title: 'a wildcard of another namespace',
    yaml: vs('shop', '"*.llmoptimizer.svc.cluster.local"'),
    finds: [`notOwn ${AT_FIRST}`],
  },
  {
    title: 'part of a name in another namespace',
    yaml: vs('shop', '"*-service.llmoptimizer"'),
    finds: [`notOwn ${AT_FIRST}`],
  },
  {
    title: 'a wildcard of all namespaces, and everything',
    yaml: vs('shop', '"*.svc.cluster.local", "*.local", "*"'),
    finds: [`several ${AT_FIRST}`, 'several at spec.hosts[1]', 'several at spec.hosts[2]'],
  },
  {
    title: 'a pod of another namespace’s headless service',
    yaml: vs('shop', 'db-0.db.data.svc.cluster.local'),
    finds: [`notOwn ${AT_FIRST}`],
  },
  {
    title: 'another namespace’s external host',
    context: serviceEntry('db.example', 'data'),
    yaml: vs('shop', 'db.example'),
    finds: [`notOwn ${AT_FIRST}`],
  },
  {
    title: 'a wildcard that covers another namespace’s external host',
    context: serviceEntry('db.example', 'data'),
    yaml: vs('shop', '"*.example"'),
    finds: [`notOwn ${AT_FIRST}`],
  },
  {
    title: 'a listed external host outside of the egress gateway’s namespace',
    yaml: vs('shop', 'api.openai.com'),
    finds: [`notOwn ${AT_FIRST}`],
  },
  {
    title: 'a host that nothing declares, and an address',
    yaml: vs('shop', 'db.example, 10.0.0.7'),
    finds: [`nobodys ${AT_FIRST}`, 'nobodys at spec.hosts[1]'],
  },
  {
    title: 'a TLS route',
    yaml: vs('shop', ML).replace('http: [', 'tls: ['),
    finds: [`notOwn ${AT_FIRST}`],
  },
  {
    title: 'a route for a gateway that is bound to the mesh',
    before: vs('shop', ML, 'gateways: [main]'),
    yaml: vs('shop', ML),
    finds: [`notOwn ${AT_FIRST}`],
  },
  {
    title: 'an HTTPRoute on another namespace’s Service, which its own callers take',
    yaml: httpRoute('', {
      namespace: 'shop',
      parent: 'group: "", kind: Service, name: ml-service, namespace: llmoptimizer',
    }),
    finds: ['notOwn at spec.parentRefs[0].namespace'],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
