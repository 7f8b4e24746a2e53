import type { FailExample, PassExample } from '../rule.ts';
import { service, SHOP } from './destination-rule-yaml.ts';
import { httpRoute, meshConfigMap, to, virtualService } from './virtual-service-yaml.ts';

const DOCUMENTED = 'retries: { attempts: 1, retryOn: "5xx,reset,connect-failure" }';
const route = (retries: string, version = 'v1'): string =>
  virtualService(to('api-gateway', retries), { hosts: 'api-gateway', version });
const conditions = (retryOn: string): string => route(`retries: { attempts: 1, retryOn: "${retryOn}" }`);
const ml = (match: string, retries = DOCUMENTED): string =>
  virtualService(
    `{ ${match === '' ? '' : `match: [${match}], `}route: [{ destination: { host: ml-service } }], ${retries} }`,
  );
const CART = { namespace: 'shop', hosts: 'cart' };

const pass: readonly PassExample[] = [
  { title: 'the documented conditions', yaml: route(DOCUMENTED) },
  { title: 'one of them, at v1beta1', yaml: route('retries: { attempts: 1, retryOn: 5xx }', 'v1beta1') },
  { title: 'them with spaces, which istiod takes away', yaml: conditions(' reset , 5xx') },
  { title: 'no retries need no conditions', yaml: route('retries: { attempts: 0 }') },
  { title: 'an empty block, which is none', yaml: route('retries: {}') },
  {
    title: 'the ML service retries idempotent methods',
    yaml: ml('{ method: { exact: GET } }, { method: { exact: DELETE } }'),
  },
  { title: 'methods as a regular expression of words', yaml: ml('{ method: { regex: "GET|HEAD|OPTIONS" } }') },
  { title: 'methods as the pseudo-header', yaml: ml('{ headers: { ":method": { exact: PUT } } }') },
  { title: 'the ML service’s other methods are not retried', yaml: ml('', 'retries: { attempts: 0 }') },
  {
    title: 'two retries of nobody’s asking, of a service that bears one, are another rule’s',
    yaml: virtualService(to('ml-service')),
  },
  {
    title: 'the mesh’s default has the documented conditions',
    context: meshConfigMap('default_http_retry_policy: { attempts: 2, retry_on: 5xx }'),
    yaml: virtualService(to('cart'), CART),
  },
  {
    title: 'an HTTPRoute’s conditions are istiod’s',
    yaml: httpRoute('retry: { codes: [500] }', { backend: 'api-gateway', parent: 'name: gateway' }),
  },
  {
    title: 'an HTTPRoute without retry, where the mesh retries on what `retry` would put in as well',
    context: meshConfigMap("defaultHttpRetryPolicy: { attempts: 2, retryOn: '5xx,refused-stream' }"),
    yaml: httpRoute('', { backend: 'api-gateway', parent: 'name: gateway' }),
  },
  {
    title: 'an HTTPRoute that retries GET of the ML service',
    yaml: httpRoute('matches: [{ method: GET }], retry: { attempts: 1 }'),
  },
];

const ON = 'spec.http[0].retries.retryOn';

const fail: readonly FailExample[] = [
  { title: 'a condition too many', yaml: conditions('5xx,gateway-error'), finds: [`surplus at ${ON}`] },
  { title: 'a status code, which is no 5xx to Envoy', yaml: conditions('503'), finds: [`surplus at ${ON}`] },
  {
    title: 'a word that only looks like one of them, after an UPDATE, at v1alpha3',
    before: route(DOCUMENTED, 'v1alpha3'),
    yaml: route('retries: { attempts: 1, retryOn: "reset-before-request" }', 'v1alpha3'),
    finds: [`surplus at ${ON}`],
  },
  { title: 'no retryOn', yaml: route('retries: { attempts: 1 }'), finds: [`unset at ${ON}`] },
  { title: 'an empty retryOn, which is Istio’s own', yaml: conditions(''), finds: [`unset at ${ON}`] },
  { title: 'no retries where two are allowed', yaml: virtualService(to('cart'), CART), finds: [`unset at ${ON}`] },
  {
    title: 'two entries, each with its own fault',
    yaml: virtualService(
      `{ match: [{ uri: { prefix: /a } }], ${to('api-gateway', 'retries: { attempts: 1 }').slice(2)}, ${to('api-gateway', 'retries: { attempts: 1, retryOn: "409" }')}`,
      { hosts: 'api-gateway' },
    ),
    finds: [`unset at ${ON}`, 'surplus at spec.http[1].retries.retryOn'],
  },
  {
    title: 'the delegate’s conditions count',
    yaml:
      virtualService(`{ delegate: { name: inner }, ${DOCUMENTED} }`, { hosts: 'api-gateway' }) +
      virtualService(to('api-gateway', 'retries: { attempts: 1, retryOn: cancelled }'), { name: 'inner', hosts: '' }),
    finds: [`surplus at ${ON}`],
  },
  { title: 'the ML service retries every method', yaml: ml(''), finds: ['anyMethod at spec.http[0].match'] },
  {
    title: 'one of several matches lets in POST, one everything',
    yaml:
      ml('{ method: { exact: GET } }, { method: { exact: POST } }') +
      ml('{ method: { exact: GET } }, { uri: { prefix: /v1 } }')
        .replace('name: ml-service', 'name: other')
        .replace('hosts: [ml-service]', 'hosts: [other.example.com]'),
    finds: ['anyMethod at spec.http[0].match', 'anyMethod at spec.http[0].match'],
  },
  {
    title: 'a regular expression that says more than words',
    yaml: ml('{ method: { regex: "GET|P.*" } }'),
    finds: ['anyMethod at spec.http[0].match'],
  },
  {
    title: 'a service without a VirtualService is retried on Istio’s own conditions',
    yaml: SHOP + service('cart', 'shop'),
    finds: ['missing'],
  },
  {
    title: 'the VirtualService goes',
    deletes: true,
    context: service('api-gateway', 'llmoptimizer') + route(DOCUMENTED),
    yaml: route(DOCUMENTED),
    finds: ['missing'],
  },
  {
    title: 'the mesh retries every method of the ML service once',
    context: meshConfigMap('defaultHttpRetryPolicy: { attempts: 1, retryOn: 5xx }'),
    yaml: service('ml-service', 'llmoptimizer'),
    finds: ['everyMethod'],
  },
  {
    title: 'exportTo hides the VirtualService',
    context: SHOP + service('api-gateway', 'llmoptimizer'),
    before: route(DOCUMENTED),
    yaml: route(DOCUMENTED).replace('hosts:', 'exportTo: ["."], hosts:'),
    finds: ['bypassed at spec.exportTo'],
  },
  {
    title: 'an HTTPRoute without retry, where two are allowed',
    yaml: httpRoute('', { backend: 'api-gateway', parent: 'name: gateway' }),
    finds: ['noBlock at spec.rules[0].retry'],
  },
  {
    title: 'an HTTPRoute that retries every method of the ML service',
    yaml: httpRoute('retry: { attempts: 1 }'),
    finds: ['anyMethod at spec.rules[0].matches'],
  },
];

/** Examples of MW402. */
export const examples = { pass, fail };
