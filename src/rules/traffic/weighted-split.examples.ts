import type { FailExample, PassExample } from '../rule.ts';
import { destinationRule, SHOP } from './destination-rule-yaml.ts';
import { header, split, target } from './split-yaml.ts';
import { httpRoute, sidecar, to, virtualService } from './virtual-service-yaml.ts';

const CONTENT = 'content-service';
const ML = 'ml-service';
const at = (host: string, http: string, rest = {}): string =>
  virtualService(http, { name: host, hosts: host, ...rest });
const content = (...weights: readonly [string, number][]): string =>
  at(CONTENT, split(weights.map(([subset, weight]) => target(CONTENT, subset, weight))));
const ml = (v1: number, v2: number): string => split([target(ML, 'v1', v1), target(ML, 'v2', v2)]);
const subsets = (v1: string, v2: string): string =>
  destinationRule(`subsets: [{ name: v1, labels: { ${v1} } }, { name: v2, labels: { ${v2} } }, { name: old }]`);

const pass: readonly PassExample[] = [
  { title: '95 and 5', yaml: content(['stable', 95], ['canary', 5]) },
  { title: '19 and 1, which is the same', yaml: content(['stable', 19], ['canary', 1]) },
  { title: 'a smaller canary, and a weight of 0', yaml: content(['stable', 98], ['canary', 2], ['canary', 0]) },
  { title: 'no canary at all', yaml: content(['stable', 1]) },
  {
    title: 'shares that add up over several destinations',
    yaml: content(['stable', 50], ['canary', 5], ['stable', 45]),
  },
  { title: 'halves by any sum, at v1beta1', yaml: at(ML, ml(1, 1), { version: 'v1beta1' }) },
  {
    title: 'halves of the part that goes to the service',
    yaml: at(ML, split([target(ML, 'v1', 20), target(ML, 'v2', 20), target('cart', '', 60)])),
  },
  {
    title: 'a pinned route goes whole to its subset',
    yaml: at(ML, `${split([target(ML, 'v1')], `match: [${header('x-user-group', 'control')}]`)}, ${ml(50, 50)}`),
  },
  { title: 'a service without a split', yaml: virtualService(to('auth-service'), { hosts: 'auth-service' }) },
  { title: 'nothing routes the service, which MW403 says', yaml: SHOP + sidecar('shop', '"./*"') },
  { title: 'subsets that tell their pods apart', yaml: subsets('version: v1', 'app: ml, version: v2') },
];

const route = (entry: number, index: number): string => `at spec.http[${entry}].route[${index}]`;

const fail: readonly FailExample[] = [
  {
    title: 'a canary of 6, at v1alpha3',
    yaml: content(['stable', 94], ['canary', 6]).replace('/v1', '/v1alpha3'),
    finds: [`tooSmall ${route(0, 0)}`, `tooGreat ${route(0, 1)}`],
  },
  {
    title: 'weights whose sum is not 100 and whose shares are others',
    yaml: content(['stable', 95], ['canary', 6]),
    finds: [`tooSmall ${route(0, 0)}`, `tooGreat ${route(0, 1)}`],
  },
  {
    title: 'a canary that is there twice',
    yaml: content(['canary', 5], ['stable', 90], ['canary', 5]),
    finds: [`tooGreat ${route(0, 0)}`, `tooSmall ${route(0, 1)}`],
  },
  { title: 'all to the canary', yaml: content(['canary', 1]), finds: [`tooGreat ${route(0, 0)}`] },
  { title: 'no subset', yaml: at(CONTENT, to(CONTENT)), finds: [`noSubset ${route(0, 0)}`] },
  {
    title: 'some to a subset that the split does not know',
    yaml: content(['stable', 95], ['old', 5]),
    finds: [`noSubset ${route(0, 1)}`],
  },
  {
    title: 'two halves of one version',
    yaml: at(ML, split([target(ML, 'v1', 50), target(ML, 'v1', 50)])),
    finds: [`tooGreat ${route(0, 0)}`],
  },
  {
    title: 'an entry without weights, which gets nothing beside others',
    yaml: at(ML, split([target(ML, 'v1'), target(ML, 'v2', 100)])),
    finds: [`tooGreat ${route(0, 1)}`],
  },
  {
    title: 'the second of two routes',
    before: at(
      ML,
      `${split([target(ML, 'v1', 1), target(ML, 'v2', 1)], 'name: a, match: [{ method: { exact: GET } }]')}, ${ml(1, 1)}`,
    ),
    yaml: at(
      ML,
      `${split([target(ML, 'v1', 1), target(ML, 'v2', 1)], 'name: a, match: [{ method: { exact: GET } }]')}, ${ml(49, 51)}`,
    ),
    finds: [`tooSmall ${route(1, 0)}`, `tooGreat ${route(1, 1)}`],
  },
  {
    title: 'another header than the pinned ones',
    yaml: at(CONTENT, split([target(CONTENT, 'canary')], `match: [${header('x-debug', 'canary')}]`)),
    finds: [`tooGreat ${route(0, 0)}`],
  },
  {
    title: 'a pinned header beside a match without it',
    yaml: at(
      CONTENT,
      split([target(CONTENT, 'canary')], `match: [${header('x-version', 'canary')}, { uri: { prefix: /new } }]`),
    ),
    finds: [`tooGreat ${route(0, 0)}`],
  },
  {
    title: 'a VirtualService that is named for another host',
    yaml: virtualService(split([target('ml-service.llmoptimizer.svc.cluster.local', 'v1')]), {
      namespace: 'shop',
      hosts: 'models',
    }),
    finds: [`tooGreat ${route(0, 0)}`],
  },
  {
    title: 'a delegate',
    context: virtualService('{ delegate: { name: inner } }'),
    yaml: virtualService(ml(60, 40), { name: 'inner', hosts: '' }),
    finds: [`tooGreat ${route(0, 0)}`, `tooSmall ${route(0, 1)}`],
  },
  {
    title: 'an HTTPRoute, which cannot name a subset',
    yaml: httpRoute(''),
    finds: ['cannotSplit at spec.rules[0].backendRefs[0]'],
  },
  {
    title: 'two subsets with the same pods',
    yaml: subsets('version: v1', 'version: v1'),
    finds: ['sameEndpoints at spec.subsets[1].labels'],
  },
  {
    title: 'one subset whose labels the other’s pods may have as well',
    yaml: subsets('app: ml-service', 'version: v2'),
    finds: ['sameEndpoints at spec.subsets[1].labels'],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
