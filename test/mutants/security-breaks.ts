import { stringOf, valueAt } from '../../src/model/json.ts';
import { type KubeObject, namespaceOf, nameOf } from '../../src/model/kube-object.ts';
import { type Break, type Loss, REMOVED } from './breaks.ts';

const isRoot = (object: KubeObject): boolean => namespaceOf(object) === 'istio-system';
const hasSelector = (object: KubeObject): boolean => valueAt(object, ['spec', 'selector']) !== undefined;
const isMeshWide = (object: KubeObject): boolean => isRoot(object) && !hasSelector(object);
const isAllow = (object: KubeObject): boolean => (stringOf(valueAt(object, ['spec', 'action'])) ?? 'ALLOW') === 'ALLOW';
const namesCallers = (object: KubeObject): boolean =>
  isAllow(object) && Array.isArray(valueAt(object, ['spec', 'rules', 0, 'from', 0, 'source', 'principals']));
const isIngress = (object: KubeObject): boolean => namespaceOf(object) === 'istio-ingress';

const POLICY = 'PeerAuthentication';
const ACCESS = 'AuthorizationPolicy';
const MODE = ['spec', 'mtls', 'mode'];
const RULE = ['spec', 'rules', '*'];

/** What breaks the rules on mutual TLS and on who may call whom. */
export const SECURITY_BREAKS: readonly Break[] = [
  { code: 'MW201', kind: POLICY, title: 'plaintext beside TLS', at: MODE, to: 'PERMISSIVE', when: strictly },
  { code: 'MW201', kind: POLICY, title: 'plaintext only', at: MODE, to: 'DISABLE', when: strictly },
  { code: 'MW201', kind: POLICY, title: 'no mode at the root', at: MODE, to: REMOVED, when: isMeshWide },
  { code: 'MW201', kind: POLICY, title: 'UNSET at the root', at: MODE, to: 'UNSET', when: isMeshWide },
  {
    code: 'MW201',
    kind: POLICY,
    title: 'a port without TLS',
    at: ['spec', 'portLevelMtls', '*', 'mode'],
    to: 'DISABLE',
  },
  ...(['DISABLE', 'SIMPLE', 'MUTUAL', REMOVED] as const).map(
    (mode): Break => ({
      code: 'MW202',
      kind: 'DestinationRule',
      title: `client TLS ${typeof mode === 'symbol' ? 'without a mode' : mode}`,
      at: ['spec', 'trafficPolicy', 'tls', 'mode'],
      to: mode,
      when: (object) =>
        (stringOf(valueAt(object, ['spec', 'host'])) ?? '').endsWith('.svc.cluster.local') &&
        valueAt(object, ['spec', 'trafficPolicy', 'tls', 'mode']) === 'ISTIO_MUTUAL',
    }),
  ),
  ...(
    [
      ['an empty rule', [{}]],
      ['any identity', [{ from: [{ source: { principals: ['*'] } }] }]],
      ['all but one', [{ from: [{ source: { notNamespaces: ['x'] } }] }]],
    ] as const
  ).map(
    ([title, rules]): Break => ({
      code: 'MW302',
      kind: ACCESS,
      title,
      at: ['spec', 'rules'],
      to: rules,
      when: namesCallers,
    }),
  ),
  {
    code: 'MW303',
    kind: ACCESS,
    title: 'a whole namespace of callers',
    at: [...RULE, 'from', '*', 'source'],
    to: { namespaces: ['llmoptimizer'] },
    when: namesCallers,
  },
  {
    code: 'MW303',
    kind: ACCESS,
    title: 'callers by prefix',
    at: [...RULE, 'from', '*', 'source', 'principals', '*'],
    to: 'cluster.local/ns/llmoptimizer/*',
    when: namesCallers,
  },
  {
    code: 'MW304',
    kind: 'RequestAuthentication',
    title: 'a token that nobody checks',
    at: ['spec', 'selector', 'matchLabels', 'istio'],
    to: 'another',
    when: isIngress,
  },
  {
    code: 'MW305',
    kind: 'RequestAuthentication',
    title: 'another issuer’s keys',
    at: ['spec', 'jwtRules', '*', 'jwksUri'],
    to: 'https://evil.example/keys',
  },
  {
    code: 'MW305',
    kind: 'RequestAuthentication',
    title: 'any audience',
    at: ['spec', 'jwtRules', '*', 'audiences'],
    to: REMOVED,
  },
  {
    code: 'MW305',
    kind: 'RequestAuthentication',
    title: 'a token in the URL',
    at: ['spec', 'jwtRules', '*', 'fromParams'],
    to: ['token'],
  },
];

/** A database in migration may be PERMISSIVE as a whole, so its policies are left out. */
function strictly(object: KubeObject): boolean {
  return valueAt(object, MODE) === 'STRICT' && !hasSelector(object);
}

/** Objects whose going breaks a rule. */
export const SECURITY_LOSSES: readonly Loss[] = [
  { code: 'MW201', kind: POLICY, when: isRoot },
  { code: 'MW301', kind: ACCESS, when: (object) => isRoot(object) && !hasSelector(object) },
  { code: 'MW304', kind: 'RequestAuthentication', when: isIngress },
  { code: 'MW304', kind: ACCESS, when: (object) => nameOf(object) === 'ingress-require-jwt' },
];
