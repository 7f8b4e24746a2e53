import type { FailExample, PassExample } from '../rule.ts';
import { service, SHOP } from './destination-rule-yaml.ts';
import { httpRoute, sidecar, to, virtualService } from './virtual-service-yaml.ts';

const ML = 'ml-service.llmoptimizer.svc.cluster.local';
const AUTH = 'auth-service.llmoptimizer.svc.cluster.local';
const SERVICE = service('ml-service', 'llmoptimizer');
const GOOD = virtualService(to('ml-service', 'timeout: 120s'), { day: '02' });
const ml = (timeout: string, version = 'v1'): string =>
  virtualService(to('ml-service', `timeout: ${timeout}`), { version });
const auth = (timeout: string): string =>
  virtualService(to('auth-service', `timeout: ${timeout}`), { hosts: 'auth-service' });

const pass: readonly PassExample[] = [
  { title: 'the documented 120s', yaml: ml('120s') },
  { title: 'the same in other words, at v1beta1', yaml: ml('2m', 'v1beta1') },
  { title: 'fractions and sums', yaml: ml('1m59.5s') },
  { title: 'the auth service’s 15s', yaml: auth('15000ms') },
  {
    title: 'a service that the baseline does not list has the longest',
    yaml: virtualService(to('cart', 'timeout: 120s'), { namespace: 'shop', hosts: 'cart' }),
  },
  {
    title: 'a route that aborts every request, so that nobody waits for the service',
    yaml: virtualService(to('ml-service', 'fault: { abort: { httpStatus: 500, percentage: { value: 100 } } }')),
  },
  {
    title: 'a TCP route has none',
    yaml: virtualService('').replace('http: []', 'tcp: [{ route: [{ destination: { host: ml-service } }] }]'),
  },
  { title: 'a redirect leads nowhere', yaml: virtualService('{ redirect: { uri: / } }') },
  {
    title: 'the root’s timeout counts where the delegate has none',
    yaml:
      virtualService('{ delegate: { name: inner }, timeout: 90s }') +
      virtualService(to('ml-service'), { name: 'inner', hosts: '' }),
  },
  { title: 'an HTTPRoute with a timeout', context: SERVICE, yaml: httpRoute('timeouts: { request: 100s }') },
  {
    title: 'an HTTPRoute whose backendRequest takes the timeout’s place',
    context: SERVICE,
    yaml: httpRoute('timeouts: { backendRequest: 100s }'),
  },
  { title: 'a service of a namespace outside the mesh', context: SHOP, yaml: service('cart', 'other') },
  { title: 'a headline service without HTTP', yaml: SHOP + service('cart', 'shop', 'ports: [{ name: tcp, port: 1 }]') },
];

const UNSET = 'unset at spec.http[0].timeout';
const LONG = 'tooLong at spec.http[0].timeout';

const fail: readonly FailExample[] = [
  { title: 'no timeout, which is none at all', yaml: virtualService(to('ml-service')), finds: [UNSET] },
  {
    title: 'an UPDATE takes it away, at v1alpha3',
    before: ml('120s', 'v1alpha3'),
    yaml: virtualService(to('ml-service'), { version: 'v1alpha3' }),
    finds: [UNSET],
  },
  { title: '0s, which is none', yaml: ml('0s'), finds: ['none at spec.http[0].timeout'] },
  { title: 'a second too long', yaml: ml('121s'), finds: [LONG] },
  { title: 'a millisecond too long for the auth service', yaml: auth('15.001s'), finds: [LONG] },
  {
    title: 'the API gateway at the ingress gateway',
    yaml: virtualService(to('api-gateway', 'timeout: 31s'), {
      hosts: 'api.llmoptimizer.example',
      rest: 'gateways: [istio-ingress/llmoptimizer-gateway]',
    }),
    finds: [LONG],
  },
  {
    title: 'two entries, one too long and one without',
    yaml: virtualService(
      `{ match: [{ uri: { prefix: /a } }], ${to('ml-service', 'timeout: 1h').slice(2)}, ${to('ml-service')}`,
    ),
    finds: [LONG, 'unset at spec.http[1].timeout'],
  },
  {
    title: 'of two destinations the stricter counts',
    yaml: virtualService(
      `{ route: [{ destination: { host: ml-service }, weight: 99 }, { destination: { host: auth-service }, weight: 1 }], timeout: 60s }`,
      { hosts: 'api-gateway' },
    ),
    finds: [LONG],
  },
  {
    title: 'a mirror takes the route’s timeout',
    yaml: virtualService(`{ route: [{ destination: { host: ml-service } }], mirror: { host: ${AUTH} }, timeout: 60s }`),
    finds: [LONG],
  },
  {
    title: 'one of several mirrors, of a VirtualService of another namespace',
    yaml: virtualService(
      `{ route: [{ destination: { host: cart } }], mirrors: [{ destination: { host: cart } }, { destination: { host: ${AUTH} } }], timeout: 60s }`,
      { namespace: 'shop', hosts: 'cart' },
    ),
    finds: [LONG],
  },
  {
    title: 'the delegate’s timeout counts, not the root’s',
    yaml:
      virtualService('{ delegate: { name: inner }, timeout: 10s }') +
      virtualService(to('ml-service', 'timeout: 10m'), { name: 'inner', hosts: '' }),
    finds: [LONG],
  },
  { title: 'a service without a VirtualService', yaml: SHOP + service('cart', 'shop'), finds: ['missing'] },
  { title: 'the VirtualService goes', deletes: true, context: GOOD + SERVICE, yaml: GOOD, finds: ['missing'] },
  {
    title: 'exportTo hides the VirtualService from other namespaces',
    context: SERVICE + SHOP,
    before: GOOD,
    yaml: virtualService(to('ml-service', 'timeout: 120s'), { day: '02', rest: 'exportTo: ["."]' }),
    finds: ['bypassed at spec.exportTo'],
  },
  {
    title: 'a Sidecar hides the VirtualService and not the service',
    context: SERVICE + SHOP + virtualService(to(ML, 'timeout: 120s'), { namespace: 'routes', hosts: ML }),
    yaml: sidecar('shop', '"llmoptimizer/*"'),
    finds: ['bypassed at spec.egress'],
  },
  {
    title: 'an older wildcard does not help where a newer exact name has no timeout',
    context:
      SERVICE +
      virtualService(to(ML, 'timeout: 60s'), { name: 'wild', hosts: '"*.llmoptimizer.svc.cluster.local"', day: '01' }),
    yaml: virtualService(to(ML), { day: '02' }),
    finds: [UNSET],
  },
  {
    title: 'a route that aborts most requests, and two that abort none for want of a percentage or a status',
    yaml: virtualService(
      ['percentage: { value: 99.9 }, httpStatus: 500', 'httpStatus: 500', 'percentage: { value: 100 }']
        .map((abort, index) =>
          to('ml-service', `match: [{ uri: { exact: /${index} } }], fault: { abort: { ${abort} } }`),
        )
        .join(', '),
    ),
    finds: [UNSET, 'unset at spec.http[1].timeout', 'unset at spec.http[2].timeout'],
  },
  {
    title: 'an HTTPRoute without timeouts',
    context: SERVICE,
    yaml: httpRoute(''),
    finds: ['unset at spec.rules[0].timeouts.request'],
  },
  {
    title: 'an HTTPRoute with retry: backendRequest bounds one try only',
    context: SERVICE,
    yaml: httpRoute('timeouts: { backendRequest: 10s }, retry: { attempts: 1 }'),
    finds: ['unset at spec.rules[0].timeouts.request'],
  },
  {
    title: 'an HTTPRoute that says 0s, at a gateway',
    yaml: httpRoute('timeouts: { request: 0s }', { parent: 'name: gateway' }),
    finds: ['none at spec.rules[0].timeouts.request'],
  },
];

/** Examples of MW403. */
export const examples = { pass, fail };
