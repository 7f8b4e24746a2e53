import type { FailExample, PassExample } from '../rule.ts';
import { destinationRule } from './destination-rule-yaml.ts';
import { header, split, target } from './split-yaml.ts';
import { virtualService } from './virtual-service-yaml.ts';

const CONTENT = 'content-service.llmoptimizer.svc.cluster.local';
const ML = 'ml-service.llmoptimizer.svc.cluster.local';
const CANARY = header('x-version', 'canary');
/** What other rules demand of every route. */
const BOUNDED = 'timeout: 20s, retries: { attempts: 0 }';
const pinned = (match = CANARY, subset = 'canary'): string =>
  split([target(CONTENT, subset)], `match: [${match}], ${BOUNDED}`);
const weighted = (rest = ''): string =>
  split([target(CONTENT, 'stable', 95), target(CONTENT, 'canary', 5)], `${rest === '' ? '' : `${rest}, `}${BOUNDED}`);
const SUBSETS = destinationRule(
  'subsets: [{ name: stable, labels: { version: stable } }, { name: canary, labels: { version: canary } }]',
  {
    name: 'content-service',
    host: CONTENT,
  },
);
const content = (http: string, rest = {}): string =>
  virtualService(http, { name: 'content-service', hosts: CONTENT, ...rest });
const group = (value: string, subset: string): string =>
  split([target(ML, subset)], `match: [${header('x-user-group', value)}], ${BOUNDED}`);
const HALVES = split([target(ML, 'v1', 1), target(ML, 'v2', 1)], BOUNDED);
const AT_GATEWAY = { hosts: 'api.example', rest: 'gateways: [istio-ingress/main]' };

const pass: readonly PassExample[] = [
  { title: 'the pinned route first', yaml: content(`${pinned()}, ${weighted()}`) },
  { title: 'no pinned route', yaml: content(weighted()) },
  {
    title: 'both groups before the halves, at v1beta1',
    yaml: virtualService(`${group('control', 'v1')}, ${group('experiment', 'v2')}, ${HALVES}`, { version: 'v1beta1' }),
  },
  {
    title: 'behind a route for other methods',
    yaml: content(
      `${weighted('match: [{ method: { exact: GET } }]')}, ${pinned(header('x-version', 'canary', 'method: { exact: POST }'))}, ${weighted()}`,
    ),
  },
  {
    title: 'behind a route for another value, one without the header, and one for other paths',
    yaml: content(
      [
        split(
          [target(CONTENT, 'stable')],
          `match: [${header('x-version', 'stable')}, { withoutHeaders: { x-version: {} } }]`,
        ),
        weighted('match: [{ uri: { prefix: /old } }]'),
        pinned(header('x-version', 'canary', 'uri: { prefix: /new }')),
      ].join(', '),
    ),
  },
  {
    title: 'behind a route to another service',
    yaml: content(`${split([target('cart', '')], 'match: [{ uri: { prefix: /cart } }]')}, ${pinned()}, ${weighted()}`),
  },
  {
    title: 'a list of values as an expression',
    yaml: content(`${pinned('{ headers: { x-version: { regex: "canary|next" } } }')}, ${weighted()}`),
  },
  {
    title: 'in a newer VirtualService of the gateway, as a route for all comes last anyway',
    context: virtualService(weighted(), { ...AT_GATEWAY, name: 'older', day: '01' }),
    yaml: virtualService(pinned(), { ...AT_GATEWAY, name: 'newer', day: '02' }),
  },
];

const behind = (index: number): string => `behind at spec.http[${index}]`;
const wrong = (entry: number, index: number): string => `wrongSubset at spec.http[${entry}].route[${index}]`;

const fail: readonly FailExample[] = [
  {
    title: 'the pinned route behind the weighted one',
    yaml: content(`${weighted()}, ${pinned()}`),
    finds: [behind(1)],
  },
  {
    title: 'the order is turned, at v1alpha3',
    before: content(`${pinned()}, ${weighted()}`, { version: 'v1alpha3' }),
    yaml: content(`${weighted()}, ${pinned()}`, { version: 'v1alpha3' }),
    finds: [behind(1)],
  },
  {
    title: 'both groups behind the halves',
    yaml: virtualService(`${HALVES}, ${group('control', 'v1')}, ${group('experiment', 'v2')}`),
    finds: [behind(1), behind(2)],
  },
  {
    title: 'behind a weighted route for some paths',
    yaml: content(`${weighted('match: [{ uri: { prefix: /api } }]')}, ${pinned()}, ${weighted()}`),
    finds: [behind(1)],
  },
  {
    title: 'behind a weighted route for some methods, one of which it has too',
    yaml: content(
      `${weighted('match: [{ method: { regex: "GET|HEAD" } }]')}, ${pinned(header('x-version', 'canary', 'method: { exact: HEAD }'))}, ${weighted()}`,
    ),
    finds: [behind(1)],
  },
  {
    title: 'behind a route that asks only whether the header is there',
    yaml: content(`${split([target(CONTENT, 'stable')], 'match: [{ headers: { x-version: {} } }]')}, ${pinned()}`),
    finds: [behind(1)],
  },
  { title: 'to the other subset', yaml: content(`${pinned(CANARY, 'stable')}, ${weighted()}`), finds: [wrong(0, 0)] },
  { title: 'to no subset', yaml: content(`${pinned(CANARY, '')}, ${weighted()}`), finds: [wrong(0, 0)] },
  { title: 'to the split', yaml: content(`${weighted(`match: [${CANARY}]`)}, ${weighted()}`), finds: [wrong(0, 0)] },
  {
    title: 'partly to another service',
    yaml: content(
      `${split([target(CONTENT, 'canary', 1), target('cart', '', 1)], `match: [${CANARY}]`)}, ${weighted()}`,
    ),
    finds: [wrong(0, 1)],
  },
  {
    title: 'the two groups are exchanged, one of them by a prefix and in upper case',
    yaml: virtualService(
      `${split([target(ML, 'v2')], 'match: [{ headers: { X-User-Group: { prefix: contr } } }]')}, ${group('experiment', 'v1')}, ${HALVES}`,
    ),
    finds: [wrong(0, 0), wrong(1, 0)],
  },
  {
    title: 'the header in the root, the wrong subset in its delegate',
    context:
      SUBSETS + virtualService(`{ match: [${CANARY}], delegate: { name: inner } }, ${weighted()}`, { hosts: CONTENT }),
    yaml: virtualService(split([target(CONTENT, 'stable')]), { name: 'inner', hosts: '' }),
    finds: [wrong(0, 0)],
  },
  {
    title: 'the wrong order inside of a delegate',
    context: virtualService('{ delegate: { name: inner } }', { hosts: CONTENT }),
    yaml: virtualService(`${weighted()}, ${pinned()}`, { name: 'inner', hosts: '' }),
    finds: [behind(1)],
  },
  {
    title: 'the delegate with the pinned route behind the one with the weighted',
    context: virtualService(pinned(), { name: 'inner', hosts: '' }),
    yaml: virtualService(`${weighted()}, { delegate: { name: inner } }`, { hosts: CONTENT }),
    finds: [behind(1)],
  },
  {
    title: 'at a gateway, behind an older VirtualService for the same host',
    context: virtualService(weighted('match: [{ uri: { prefix: /api } }]'), {
      ...AT_GATEWAY,
      name: 'older',
      day: '01',
    }),
    yaml: virtualService(pinned(), { ...AT_GATEWAY, name: 'newer', day: '02' }),
    finds: ['behindOther at spec.http[0]'],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
