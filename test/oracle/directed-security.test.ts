import t from 'tap';
import type { JsonObject } from '../../src/model/json.ts';
import { testOracle } from './client.ts';
import { authorizationPolicy, type Directed, peerAuthentication, SERVER, service, showAll } from './directed.ts';

const ml = service();
const ML: JsonObject = { selector: { matchLabels: { app: 'ml' } } };
const from = SERVER;
const ask = { ask: 'inbound', port: 8080 } as const;

const peers = (mode: string, rest: JsonObject = {}, head = {}): ReturnType<typeof peerAuthentication> =>
  peerAuthentication({ mtls: { mode }, ...rest }, { name: mode.toLowerCase(), ...head });
const meshWide = { ns: 'istio-system' };

const MODES: readonly Directed[] = [
  { title: 'without any policy a port takes both', mesh: [ml], from, ask, says: 'PERMISSIVE' },
  {
    title: 'the namespace’s policy counts over the mesh’s',
    mesh: [ml, peers('STRICT', {}, meshWide), peers('DISABLE')],
    from,
    ask,
    says: 'DISABLE',
  },
  {
    title: 'a policy without a mode inherits',
    mesh: [
      ml,
      peers('STRICT', {}, meshWide),
      peerAuthentication({}),
      peerAuthentication({ ...ML, mtls: {} }, { name: 'b' }),
    ],
    from,
    ask,
    says: 'STRICT',
  },
  {
    title: 'of two policies of a level the older counts, however weak',
    mesh: [ml, peers('PERMISSIVE', {}, { day: 1 }), peers('STRICT', {}, { day: 2 })],
    from,
    ask,
    says: 'PERMISSIVE',
  },
  {
    title: 'an older UNSET shadows a newer STRICT of its level',
    mesh: [ml, peers('UNSET', {}, { day: 1 }), peers('STRICT', {}, { day: 2 })],
    from,
    ask,
    says: 'PERMISSIVE',
  },
  {
    title: 'an empty selector is for the whole namespace',
    mesh: [ml, peers('STRICT', { selector: {} })],
    from,
    ask,
    says: 'STRICT',
  },
  {
    title: 'a policy with a selector counts for its pods',
    mesh: [ml, peers('STRICT'), peers('PERMISSIVE', ML)],
    from,
    ask,
    says: 'PERMISSIVE',
  },
  {
    title: 'a policy with a selector in the root namespace counts nowhere',
    mesh: [ml, peers('STRICT', ML, meshWide)],
    from,
    ask,
    says: 'PERMISSIVE',
  },
  {
    title: 'portLevelMtls counts over the workload’s mode, on the workload’s own port',
    mesh: [ml, peers('STRICT', { ...ML, portLevelMtls: { '8080': { mode: 'DISABLE' } } })],
    from,
    ask,
    says: 'DISABLE',
  },
  {
    title: 'portLevelMtls for the Service’s port has no effect',
    mesh: [ml, peers('STRICT', { ...ML, portLevelMtls: { '80': { mode: 'DISABLE' } } })],
    from,
    ask,
    says: 'STRICT',
  },
  {
    title: 'portLevelMtls works on a port without a Service',
    mesh: [ml, peers('STRICT', { ...ML, portLevelMtls: { '9090': { mode: 'PERMISSIVE' } } })],
    from,
    ask: { ask: 'inbound', port: 9090 },
    says: 'PERMISSIVE',
  },
  {
    title: 'portLevelMtls UNSET inherits',
    mesh: [ml, peers('STRICT', { ...ML, portLevelMtls: { '8080': { mode: 'UNSET' } } })],
    from,
    ask,
    says: 'STRICT',
  },
  {
    title: 'a policy of another revision is not there',
    mesh: [ml, peers('STRICT', {}, { labels: { 'istio.io/rev': 'canary' } })],
    from,
    ask,
    says: 'PERMISSIVE',
  },
];

const policies = { ask: 'authorization' } as const;
const READERS: JsonObject = { rules: [{ from: [{ source: { principals: ['cluster.local/ns/a/sa/b'] } }] }] };

const POLICIES: readonly Directed[] = [
  { title: 'without a policy nothing is denied', mesh: [ml], from, ask: policies, says: { deniesByDefault: false } },
  {
    title: 'a policy with nothing in it allows nothing',
    mesh: [ml, authorizationPolicy({})],
    from,
    ask: policies,
    says: { deniesByDefault: true, allow: ['shop/a'], allowsNothing: ['shop/a'] },
  },
  {
    title: 'an empty rule allows everything',
    mesh: [ml, authorizationPolicy({ rules: [{}] })],
    from,
    ask: policies,
    says: { deniesByDefault: true, allowsAll: ['shop/a'] },
  },
  {
    title: 'the mesh-wide one and the namespace’s add up',
    mesh: [ml, authorizationPolicy({}, { ns: 'istio-system' }), authorizationPolicy(READERS)],
    from,
    ask: policies,
    says: { allow: ['istio-system/a', 'shop/a'], allowsNothing: ['istio-system/a'] },
  },
  {
    title: 'a policy with a selector in the root namespace applies to all namespaces',
    mesh: [ml, authorizationPolicy({ ...ML, ...READERS }, { ns: 'istio-system' })],
    from,
    ask: policies,
    says: { allow: ['istio-system/a'] },
  },
  {
    title: 'a policy of another namespace, or for other pods, does not count',
    mesh: [
      ml,
      authorizationPolicy({}, { ns: 'other' }),
      authorizationPolicy({ selector: { matchLabels: { app: 'web' } } }, { name: 'b' }),
    ],
    from,
    ask: policies,
    says: { deniesByDefault: false, allow: [] },
  },
  {
    title: 'sidecars ignore a policy with targetRefs',
    mesh: [ml, authorizationPolicy({ targetRefs: [{ kind: 'Service', group: '', name: 'ml' }] })],
    from,
    ask: policies,
    says: { deniesByDefault: false, allow: [] },
  },
  ...['true', 'T', '1', 'TRUE'].map((spelling) => ({
    title: `a dry run, written ${spelling}, denies nothing`,
    mesh: [ml, authorizationPolicy({}, { annotations: { 'istio.io/dry-run': spelling } })],
    from,
    ask: policies,
    says: { deniesByDefault: false, allow: [], dryRun: ['shop/a'] },
  })),
  {
    title: 'AUDIT changes nothing, and DENY denies what it matches',
    mesh: [
      ml,
      authorizationPolicy({ action: 'AUDIT', ...READERS }),
      authorizationPolicy({ action: 'DENY', ...READERS }, { name: 'b' }),
    ],
    from,
    ask: policies,
    says: { deniesByDefault: false, audit: ['shop/a'], deny: ['shop/b'] },
  },
  {
    title: 'CUSTOM with a provider that is not there still stands in the way',
    mesh: [
      ml,
      authorizationPolicy({
        action: 'CUSTOM',
        provider: { name: 'gone' },
        rules: [{ to: [{ operation: { methods: ['GET'] } }] }],
      }),
    ],
    from,
    ask: policies,
    says: { custom: ['shop/a'] },
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  await t.test('mutual TLS', (t) => showAll(t, oracle, MODES));
  await t.test('authorization', (t) => showAll(t, oracle, POLICIES));
}
