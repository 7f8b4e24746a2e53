import type { FailExample, PassExample } from '../rule.ts';
import { httpRoute, meshConfigMap, to, virtualService } from './virtual-service-yaml.ts';

const route = (timeout: string, retries: string, version = 'v1'): string =>
  virtualService(to('api-gateway', `${timeout === '' ? '' : `timeout: ${timeout}, `}retries: { ${retries} }`), {
    hosts: 'api-gateway',
    version,
  });

const pass: readonly PassExample[] = [
  { title: 'two tries of 15s in 30s', yaml: route('30s', 'attempts: 1, perTryTimeout: 15s') },
  {
    title: 'four tries in other words, at v1beta1',
    yaml: route('0.5m', 'attempts: 3, perTryTimeout: 7500ms', 'v1beta1'),
  },
  { title: 'no retries, nothing to bound', yaml: route('30s', 'attempts: 0') },
  { title: 'an empty block, which is none', yaml: route('30s', '') },
  {
    title: 'retries that nobody asked for are another rule’s',
    yaml: virtualService(to('api-gateway', 'timeout: 30s'), { hosts: 'api-gateway' }),
  },
  {
    title: 'the mesh’s default is another rule’s',
    context: meshConfigMap('defaultHttpRetryPolicy: { attempts: 3, perTryTimeout: 60s }'),
    yaml: virtualService(to('api-gateway', 'timeout: 30s'), { hosts: 'api-gateway' }),
  },
  {
    title: 'without a timeout a bounded try is all that can be asked',
    yaml: route('', 'attempts: 1, perTryTimeout: 15s'),
  },
  {
    title: 'the root’s timeout and the delegate’s retries fit',
    yaml:
      virtualService('{ delegate: { name: inner }, timeout: 30s }', { hosts: 'api-gateway' }) +
      virtualService(to('api-gateway', 'retries: { attempts: 2, perTryTimeout: 10s }'), { name: 'inner', hosts: '' }),
  },
  {
    title: 'an HTTPRoute whose tries fit',
    yaml: httpRoute('timeouts: { request: 100s, backendRequest: 50s }, retry: { attempts: 1 }'),
  },
];

const UNSET = 'unset at spec.http[0].retries.perTryTimeout';
const LONG = 'tooLong at spec.http[0].retries.perTryTimeout';

const fail: readonly FailExample[] = [
  { title: 'no perTryTimeout', yaml: route('30s', 'attempts: 1'), finds: [UNSET] },
  { title: 'neither timeout nor perTryTimeout', yaml: route('', 'attempts: 1'), finds: [UNSET] },
  { title: 'a millisecond too long', yaml: route('30s', 'attempts: 1, perTryTimeout: 15.001s'), finds: [LONG] },
  {
    title: 'as long as the whole, after an UPDATE, at v1alpha3',
    before: route('30s', 'attempts: 1, perTryTimeout: 15s', 'v1alpha3'),
    yaml: route('30s', 'attempts: 1, perTryTimeout: 30s', 'v1alpha3'),
    finds: [LONG],
  },
  {
    title: 'one retry more, which no longer fits',
    before: route('30s', 'attempts: 1, perTryTimeout: 15s'),
    yaml: route('30s', 'attempts: 2, perTryTimeout: 15s'),
    finds: [LONG],
  },
  {
    title: 'a shorter timeout, which they no longer fit into',
    before: route('30s', 'attempts: 1, perTryTimeout: 15s'),
    yaml: route('20s', 'attempts: 1, perTryTimeout: 15s'),
    finds: [LONG],
  },
  {
    title: 'two entries, each with its own fault',
    yaml: virtualService(
      `{ match: [{ uri: { prefix: /a } }], ${to('api-gateway', 'timeout: 9s, retries: { attempts: 1 }').slice(2)}, ${to('api-gateway', 'timeout: 9s, retries: { attempts: 2, perTryTimeout: 4s }')}`,
      { hosts: 'api-gateway' },
    ),
    finds: [UNSET, 'tooLong at spec.http[1].retries.perTryTimeout'],
  },
  {
    title: 'the root’s retries do not fit into the delegate’s timeout',
    yaml:
      virtualService('{ delegate: { name: inner }, retries: { attempts: 1, perTryTimeout: 10s } }', {
        hosts: 'api-gateway',
      }) + virtualService(to('api-gateway', 'timeout: 15s'), { name: 'inner', hosts: '' }),
    finds: [LONG],
  },
  {
    title: 'an HTTPRoute that retries without bounding a try',
    yaml: httpRoute('timeouts: { request: 100s }, retry: {}'),
    finds: ['unset at spec.rules[0].timeouts.backendRequest'],
  },
  {
    title: 'an HTTPRoute whose tries do not fit',
    yaml: httpRoute('timeouts: { request: 100s, backendRequest: 60s }, retry: { attempts: 1 }'),
    finds: ['tooLong at spec.rules[0].timeouts.backendRequest'],
  },
];

/** Examples of MW404. */
export const examples = { pass, fail };
