import t from 'tap';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { noSideExit } from '../../src/rules/gateways/no-side-exit.ts';
import { noUnlistedExtension } from '../../src/rules/mesh/no-unlisted-extension.ts';
import type { Rule } from '../../src/rules/rule.ts';
import { noRetryHeaders } from '../../src/rules/traffic/no-retry-headers.ts';
import { judge } from '../../src/engine/judge.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';
import type { ProxyAnswer } from './answers.ts';
import { testOracle } from './client.ts';
import { CLIENT, type Directed, ROUTES, service, showAll, toMl, virtualService } from './directed.ts';
import { compare } from './mesh-case.ts';
import { HOST } from './meshes-words.ts';

/** A way around that our model does not follow: Istio takes it, and a rule refuses it. */
interface LeftOut {
  readonly title: string;
  readonly mesh: readonly KubeObject[];
  /** The object that is the way around; it stands in the mesh. */
  readonly object: KubeObject;
  readonly rule: Rule;
  /** Reads what Istio makes of it. */
  readonly read: (answer: ProxyAnswer) => unknown;
  readonly says: unknown;
  /** The questions to which our model has Istio's answer without the object. */
  readonly differs: readonly string[];
}

const routeOf = (answer: ProxyAnswer): unknown =>
  answer.routes['80']?.find(({ domains }) => domains.includes(HOST))?.routes[0];

const headers = virtualService({
  hosts: [HOST],
  http: [
    toMl({
      timeout: '2s',
      retries: { attempts: 1 },
      headers: { request: { set: { 'x-envoy-max-retries': '9' }, add: { 'X-Envoy-Retry-On': '5xx' } } },
    }),
  ],
});

const short = virtualService({ hosts: [HOST], http: [toMl({ timeout: '2s', retries: { attempts: 1 } })] });

const filter: KubeObject = {
  apiVersion: 'networking.istio.io/v1alpha3',
  kind: 'EnvoyFilter',
  metadata: { name: 'a', namespace: 'client', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    configPatches: [
      {
        applyTo: 'HTTP_ROUTE',
        match: { context: 'SIDECAR_OUTBOUND' },
        patch: { operation: 'MERGE', value: { route: { timeout: '99s', retry_policy: { num_retries: 9 } } } },
      },
    ],
  },
};

const alias = service('outside', { type: 'ExternalName', externalName: 'api.example.com', clusterIP: undefined });

const CASES: readonly LeftOut[] = [
  {
    title: 'a route that sets Envoy’s own retry headers keeps the retries that they beat',
    mesh: [service(), headers],
    object: headers,
    rule: noRetryHeaders,
    read: routeOf,
    says: { retries: { attempts: 1 }, requestHeaders: ['X-Envoy-Retry-On', 'x-envoy-max-retries'] },
    differs: [],
  },
  {
    title: 'an EnvoyFilter changes timeout and retries after all that was made of the VirtualService',
    mesh: [service(), short, filter],
    object: filter,
    rule: noUnlistedExtension,
    read: routeOf,
    says: { timeoutMs: 99_000, retries: { attempts: 9 } },
    differs: ['routes'],
  },
  {
    title: 'nothing listens for a Service that is another name for a host outside',
    mesh: [service(), alias],
    object: alias,
    rule: noSideExit,
    read: ({ routes }) => Object.values(routes).flatMap((hosts) => hosts.map(({ name }) => name)),
    says: ['allow_any', `${HOST}:80`],
    differs: ['routes'],
  },
];

const toWaypoint = { 'istio.io/use-waypoint': 'waypoint' };
const waypoint: KubeObject = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: 'waypoint', namespace: 'shop', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { gatewayClassName: 'istio-waypoint', listeners: [{ name: 'mesh', port: 15008, protocol: 'HBONE' }] },
};

/** Ways around that lead nowhere for a sidecar, so that there is nothing to follow. */
const NOTHING: readonly Directed[] = [
  {
    title: 'a waypoint and the label that sends a service’s requests to it change nothing for a sidecar',
    full: true,
    mesh: [service('ml', {}, { labels: toWaypoint }), short, waypoint],
    ask: ROUTES,
    says: [{ timeoutMs: 2000, retries: { attempts: 1 } }],
  },
  {
    title: 'nor does the label that takes the service out of it again',
    full: true,
    mesh: [service('ml', {}, { labels: { 'istio.io/use-waypoint': 'none' } }), short, waypoint],
    ask: ROUTES,
    says: [{ timeoutMs: 2000, retries: { attempts: 1 } }],
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  await t.test('what changes nothing', (t) => showAll(t, oracle, NOTHING));
  for (const { title, mesh, object, rule, read, says, differs } of CASES) {
    await t.test(title, async (t) => {
      const { response, view, differences } = await compare(oracle, { objects: mesh, proxies: [CLIENT] });
      t.same(response.rejected, [], 'istiod takes every object');
      const [answer] = response.proxies;
      t.match(answer === undefined ? undefined : read(answer), says, 'Istio says so');
      const asked = new Set(differences.map(({ question }) => /: (\w+)/.exec(question)?.[1]));
      t.same([...asked], differs, 'our model does not');
      const { findings } = judge([{ operation: 'CREATE', after: object }], {
        view,
        baseline: BASELINE,
        rules: [rule],
        now: NOW,
      });
      t.match(findings, [{ code: rule.code, severity: 'error' }], 'and a rule refuses it');
    });
  }
}
