import type { FailExample, PassExample } from '../rule.ts';
import { service } from './destination-rule-yaml.ts';
import { httpRoute, sidecar, to, virtualService } from './virtual-service-yaml.ts';

const full = (name: string): string => `${name}.llmoptimizer.svc.cluster.local`;
const retries = (attempts: number): string => `retries: { attempts: ${attempts} }`;
const route = (name: string, rest: string, more = {}): string =>
  virtualService(to(name, rest), { name, hosts: name, ...more });
const timed = (name: string, timeout: string, attempts = 0, more = {}): string =>
  route(name, `timeout: ${timeout}, ${retries(attempts)}`, more);
const INGRESS = { name: 'ingress', hosts: 'api.example', rest: 'gateways: [istio-ingress/main]' };
const ingress = (timeout: string, attempts = 0): string =>
  virtualService(to('api-gateway', `timeout: ${timeout}, ${retries(attempts)}`), INGRESS);
const SERVICES = ['api-gateway', 'content-service', 'ml-service'].map((name) => service(name, 'llmoptimizer')).join('');

/** The two legs of a call to outside. */
const outside = (leg: string, provider: string, attempts = 0): string =>
  virtualService(
    [
      `{ match: [{ gateways: [mesh] }], route: [{ destination: { host: istio-egressgateway.istio-egress.svc.cluster.local } }], timeout: ${leg}, ${retries(0)} }`,
      `{ match: [{ gateways: [istio-egress/egress] }], route: [{ destination: { host: api.openai.com } }], timeout: ${provider}, ${retries(attempts)} }`,
    ].join(', '),
    {
      name: 'openai',
      namespace: 'istio-egress',
      hosts: 'api.openai.com',
      rest: 'gateways: [mesh, istio-egress/egress]',
    },
  );

const SHIPPED =
  ingress('30s', 1) +
  timed('api-gateway', '30s', 1) +
  timed('content-service', '28s', 1) +
  timed('ml-service', '26s', 1);

const pass: readonly PassExample[] = [
  { title: 'each hop has less time than its caller, and two tries', yaml: SHIPPED + outside('25s', '24s', 1) },
  { title: 'as much time as the caller', yaml: ingress('30s') + timed('content-service', '30s') },
  {
    title: 'a caller without a timeout, which MW403 says',
    yaml: virtualService(to('api-gateway', retries(0)), INGRESS) + timed('ml-service', '120s'),
  },
  { title: 'nothing is known of the caller', yaml: timed('ml-service', '120s') },
  { title: 'services that do not call each other', yaml: timed('auth-service', '1s') + timed('ml-service', '26s') },
  {
    title: 'a caller who does not see the longer route',
    context: SERVICES + ingress('30s'),
    yaml: timed('ml-service', '120s', 0, { namespace: 'shop', hosts: full('ml-service'), rest: 'exportTo: ["."]' }),
  },
  {
    title: 'a service that the baseline does not list',
    yaml: ingress('30s') + timed('cart', '120s', 3, { namespace: 'shop' }),
  },
];

const AT_TIMEOUT = 'order at spec.http[0].timeout';
const AT_RETRIES = 'tries at spec.http[0].retries';

const fail: readonly FailExample[] = [
  {
    title: 'the document’s own numbers, written down as they stand',
    yaml:
      ingress('30s') +
      timed('api-gateway', '30s') +
      timed('auth-service', '15s') +
      timed('content-service', '60s') +
      timed('ml-service', '120s'),
    finds: [AT_TIMEOUT, AT_TIMEOUT],
  },
  {
    title: 'the document’s own retries: 4 x 4 x 2 tries',
    yaml:
      ingress('30s', 3) +
      timed('api-gateway', '30s', 3) +
      timed('content-service', '28s', 3) +
      timed('ml-service', '26s', 1),
    finds: [AT_RETRIES],
  },
  {
    title: 'one millisecond too long, at v1beta1',
    context: ingress('30s'),
    yaml: timed('content-service', '30001ms', 0, { version: 'v1beta1' }),
    finds: [AT_TIMEOUT],
  },
  {
    title: 'the caller is given less time, and is blamed',
    context: timed('content-service', '28s'),
    before: ingress('30s'),
    yaml: ingress('20s'),
    finds: [AT_TIMEOUT],
  },
  {
    title: 'one of the caller’s routes is shorter',
    context: ingress('30s') + timed('ml-service', '26s'),
    yaml: virtualService(
      `${to('content-service', 'match: [{ method: { exact: GET } }], timeout: 5s')}, ${to('content-service', 'timeout: 28s')}`,
      { name: 'content-service', hosts: 'content-service', version: 'v1alpha3' },
    ),
    finds: [AT_TIMEOUT],
  },
  {
    title: 'one of the routes to the called service is longer',
    context: ingress('30s'),
    yaml: virtualService(
      `${to('ml-service', 'match: [{ method: { exact: GET } }], timeout: 26s')}, ${to('ml-service', 'timeout: 31s')}`,
    ),
    finds: ['order at spec.http[1].timeout'],
  },
  {
    title: 'the leg to the egress gateway, and the one behind it',
    context: timed('ml-service', '20s'),
    yaml: outside('25s', '26s'),
    finds: [AT_TIMEOUT, 'order at spec.http[1].timeout'],
  },
  {
    title: 'the gateway’s own retries are one hop more',
    context: SHIPPED,
    yaml: outside('25s', '24s', 2),
    finds: ['tries at spec.http[1].retries'],
  },
  {
    title: 'no retries set, which is three tries',
    context: ingress('30s', 1) + timed('ml-service', '26s', 1),
    before: timed('content-service', '28s', 1),
    yaml: route('content-service', 'timeout: 28s') + outside('25s', '24s', 1),
    finds: [AT_RETRIES],
  },
  {
    title: 'a delegate',
    context: ingress('30s') + virtualService('{ delegate: { name: inner } }', { name: 'ml-service' }),
    yaml: virtualService(to('ml-service', 'timeout: 60s'), { name: 'inner', hosts: '' }),
    finds: [AT_TIMEOUT],
  },
  {
    title: 'an HTTPRoute',
    context: SERVICES + ingress('30s'),
    yaml: httpRoute('timeouts: { request: 60s }'),
    finds: ['order at spec.rules[0].timeouts.request'],
  },
  {
    title: 'a Sidecar hides the right route, and an older wrong one of the caller’s comes into force',
    context:
      SERVICES +
      ingress('30s') +
      timed('ml-service', '26s', 0, { name: 'theirs', namespace: 'shop', hosts: full('ml-service'), day: '01' }) +
      timed('ml-service', '60s', 0, { day: '02' }),
    yaml: sidecar('llmoptimizer', '"./*"'),
    finds: [AT_TIMEOUT],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
