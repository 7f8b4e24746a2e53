import type { FailExample, PassExample } from '../rule.ts';
import { BYPASSES } from './bounded-retries.bypasses.ts';
import { service, SHOP } from './destination-rule-yaml.ts';
import { httpRoute, meshConfigMap, sidecar, to, virtualService } from './virtual-service-yaml.ts';

const ONE = 'retries: { attempts: 1 }';
const NONE = 'retries: { attempts: 0 }';
const ML = 'ml-service.llmoptimizer.svc.cluster.local';
const SERVICE = service('ml-service', 'llmoptimizer');
const OWNER = virtualService(to('ml-service', NONE), { day: '02' });

const pass: readonly PassExample[] = [
  { title: 'the ML service retries once', yaml: virtualService(to('ml-service', ONE)) },
  { title: 'an empty block, which is none', yaml: virtualService(to('ml-service', 'retries: {}')) },
  {
    title: 'a service that the baseline does not list retries three times, at v1beta1',
    yaml: virtualService(to('cart', 'retries: { attempts: 3 }'), {
      namespace: 'shop',
      hosts: 'cart',
      version: 'v1beta1',
    }),
  },
  {
    title: 'no retries set is two, which the auth service may',
    yaml: virtualService(to('auth-service'), { hosts: 'auth-service' }),
  },
  { title: 'a service without a VirtualService, where two are allowed', yaml: SHOP + service('cart', 'shop') },
  {
    title: 'a route that answers by itself',
    yaml: virtualService('{ redirect: { uri: / } }'),
  },
  {
    title: 'the root’s retries count where the delegate has none',
    yaml:
      virtualService(`{ delegate: { name: inner }, ${NONE} }`) +
      virtualService(to('ml-service'), { name: 'inner', hosts: '' }),
  },
  {
    title: 'the mesh retries nothing by default',
    context: meshConfigMap('default_http_retry_policy: {}'),
    yaml: virtualService(to('ml-service')),
  },
  {
    title: 'only a mirror goes to the ML service, and mirrors are not retried',
    yaml: virtualService(
      `{ route: [{ destination: { host: cart } }], mirror: { host: ${ML} }, retries: { attempts: 3 } }`,
      {
        namespace: 'shop',
        hosts: 'cart',
      },
    ),
  },
  {
    title: 'a newer VirtualService for the same host, which has no effect',
    context: OWNER + SERVICE,
    yaml: virtualService(to(ML), { name: 'mine', namespace: 'shop', hosts: ML, day: '03' }),
  },
  {
    title: 'a port that is not HTTP has no default route',
    yaml: service('ml-service', 'llmoptimizer', 'ports: [{ name: tcp-rpc, port: 8080 }]'),
  },
  {
    title: 'a Sidecar that knows neither the service nor its VirtualService',
    context: OWNER + SERVICE + SHOP,
    yaml: sidecar('shop', '"./*"'),
  },
  {
    title: 'an HTTPRoute that retries once',
    context: SERVICE,
    yaml: httpRoute('retry: { attempts: 1 }'),
  },
  {
    title: 'an HTTPRoute that retries nothing, at v1beta1',
    context: SERVICE,
    yaml: httpRoute('retry: { attempts: 0 }').replace('io/v1', 'io/v1beta1'),
  },
];

const TOO_MANY = 'tooMany at spec.http[0].retries.attempts';
const UNSET = 'unset at spec.http[0].retries.attempts';

const fail: readonly FailExample[] = [
  {
    title: 'the ML service retries twice',
    yaml: virtualService(to('ml-service', 'retries: { attempts: 2 }')),
    finds: [TOO_MANY],
  },
  {
    title: 'an UPDATE of a right route, at v1alpha3',
    before: virtualService(to('ml-service', ONE), { version: 'v1alpha3' }),
    yaml: virtualService(to('ml-service', 'retries: { attempts: 10 }'), { version: 'v1alpha3' }),
    finds: [TOO_MANY],
  },
  {
    title: 'no retries set, which is two, in the second entry of two',
    yaml: virtualService(
      `{ match: [{ uri: { prefix: /a } }], route: [{ destination: { host: ml-service } }], ${ONE} }, ${to('ml-service')}`,
    ),
    finds: ['unset at spec.http[1].retries.attempts'],
  },
  {
    title: 'four retries of a service that the baseline does not list, and of the auth service',
    yaml: virtualService(
      `{ match: [{ uri: { prefix: /a } }], ${to(`auth-service.llmoptimizer.svc.cluster.local`, 'retries: { attempts: 3 }').slice(2)}, ${to('cart', 'retries: { attempts: 4 }')}`,
      {
        namespace: 'shop',
        hosts: 'cart',
      },
    ),
    finds: [TOO_MANY, 'tooMany at spec.http[1].retries.attempts'],
  },
  {
    title: 'a VirtualService that is named for another host leads there',
    yaml: virtualService(to(ML, 'retries: { attempts: 3 }'), { namespace: 'shop', hosts: 'models.example.com' }),
    finds: [TOO_MANY],
  },
  {
    title: 'one of two destinations is the ML service',
    yaml: virtualService(
      `{ route: [{ destination: { host: cart.shop.svc.cluster.local }, weight: 9 }, { destination: { host: ml-service }, weight: 1 }], retries: { attempts: 3 } }`,
      { hosts: 'auth-service' },
    ),
    finds: [TOO_MANY],
  },
  {
    title: 'spellings that mean the service',
    yaml: virtualService(to('ML-Service.llmoptimizer.svc', 'retries: { attempts: 3 }'), {
      hosts: 'ML-SERVICE.llmoptimizer.svc.cluster.local.',
    }),
    finds: [TOO_MANY],
  },
  {
    title: 'a delegate’s retries count, not the root’s',
    yaml:
      virtualService(`{ delegate: { name: inner, namespace: shop }, ${NONE} }`) +
      virtualService(to(ML, 'retries: { attempts: 3 }'), { name: 'inner', namespace: 'shop', hosts: '' }),
    finds: [TOO_MANY],
  },
  {
    title: 'neither the root nor the delegate sets them',
    context: virtualService('{ delegate: { name: inner } }'),
    yaml: virtualService(to('ml-service'), { name: 'inner', hosts: '' }),
    finds: [UNSET],
  },
  {
    title: 'the delegate goes, and with it the only route',
    deletes: true,
    context:
      SERVICE +
      virtualService(`{ delegate: { name: inner } }`) +
      virtualService(to('ml-service', NONE), { name: 'inner', hosts: '' }),
    yaml: virtualService(to('ml-service', NONE), { name: 'inner', hosts: '' }),
    finds: ['bypassed at spec.http[0].delegate'],
  },
  ...BYPASSES,
];

/** Examples of MW401. */
export const examples = { pass, fail };
