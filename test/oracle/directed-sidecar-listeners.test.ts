import t from 'tap';
import { byteWaysTo } from '../../src/mesh/byte-listeners.ts';
import { answersSince, type Change } from '../../src/mesh/releases.ts';
import type { View } from '../../src/mesh/view.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { BASELINE } from '../baseline-fixture.ts';
import type { ProxyAnswer } from './answers.ts';
import { testOracle } from './client.ts';
import { CLIENT, service, sidecar, toMl, virtualService } from './directed.ts';
import { compare, SETTINGS } from './mesh-case.ts';
import { HOST } from './meshes-words.ts';
import { bytesGoTo } from './questions-layer4.ts';

/** How a proxy reaches the service: by requests, by connections, or by whichever it sees. */
type How = 'requests' | 'connections' | 'either' | 'not at all';

interface Listens {
  readonly title: string;
  readonly egress: JsonObject;
  /** Also a listener for all other ports. */
  readonly isMore?: boolean;
  readonly namespace?: string;
  /** Istio takes it since this change; releases before it are not asked. */
  readonly since?: Change;
  readonly how: How;
}

const on = (number: number, protocol?: string): JsonObject => ({
  port: { number, name: 'a', ...(protocol === undefined ? {} : { protocol }) },
  hosts: ['*/*'],
});
const named = (protocol: string, how: How): Listens => ({
  title: `a listener for ${protocol}`,
  egress: on(80, protocol),
  how,
});
const LOCAL = { bind: '127.0.0.1', captureMode: 'NONE' };

const LISTENERS: readonly Listens[] = [
  ...['HTTP', 'HTTP2', 'GRPC', 'GRPC-Web', 'http'].map((protocol) => named(protocol, 'requests')),
  ...['TCP', 'TLS', 'HTTPS', 'MONGO', 'MYSQL', 'REDIS', 'tcp'].map((protocol) => named(protocol, 'connections')),
  named('UDP', 'not at all'),
  { title: 'a listener that names no protocol', egress: on(80), how: 'either' },
  { title: 'a proxy for HTTP', egress: on(80, 'HTTP_PROXY'), how: 'requests' },
  { title: 'a listener before the one for all ports', egress: on(80, 'TCP'), isMore: true, how: 'connections' },
  { title: 'a listener for another port', egress: on(81, 'TCP'), isMore: true, how: 'requests' },
  { title: 'a listener for another port alone', egress: on(81, 'TCP'), how: 'not at all' },
  { title: 'a listener at an address', egress: { ...on(80, 'TCP'), bind: '10.9.9.9' }, how: 'connections' },
  { title: 'a listener without capture', egress: { ...on(80, 'TCP'), ...LOCAL }, how: 'connections' },
  {
    title: 'a listener at a socket',
    egress: { port: { protocol: 'TCP', name: 'a' }, bind: 'unix:///tmp/ml', hosts: ['*/*'] },
    how: 'connections',
  },
  {
    title: 'a listener that takes the service out',
    egress: { ...on(80, 'TCP'), hosts: ['*/*', `~*/${HOST}`] },
    since: 'excludedHosts',
    how: 'not at all',
  },
  {
    title: 'a listener that knows another namespace',
    egress: { ...on(80, 'TCP'), hosts: ['other/*'] },
    how: 'not at all',
  },
  { title: 'a listener of all namespaces', egress: on(80, 'TCP'), namespace: 'istio-system', how: 'connections' },
];

/** A listener at the service's own address takes what is sent there from the one for all addresses, and has routes of its own. */
function istioSays(answer: ProxyAnswer): How {
  const hasOwn = answer.layer4['10.0.0.2_80'] !== undefined;
  const isRouted = Object.entries(answer.routes)
    .filter(([name]) => !hasOwn || name === `${HOST}:80`)
    .map(([, hosts]) => hosts)
    .flat()
    .flatMap(({ routes }) => routes)
    .some(({ destinations }) => destinations.some(({ host }) => host === HOST));
  const isPassed = bytesGoTo(answer).includes(HOST);
  if (isRouted && isPassed) return 'either';
  if (isRouted) return 'requests';
  return isPassed ? 'connections' : 'not at all';
}

const MESH = { ...BASELINE, mesh: { ...BASELINE.mesh, namespaces: ['client'] } };

function modelSays(view: View): 'connections' | 'either' | undefined {
  const [way] = byteWaysTo(view, MESH, HOST);
  if (way === undefined) return undefined;
  return way.isGuessed ? 'either' : 'connections';
}

const oracle = await testOracle(t);
if (oracle !== undefined) {
  const routed = virtualService({ hosts: [HOST], http: [toMl({ timeout: '2s', retries: { attempts: 1 } })] });
  for (const { title, egress, isMore = false, namespace = 'client', since, how } of LISTENERS) {
    if (since !== undefined && !answersSince({ ...SETTINGS, istioVersion: oracle.release }, since)) continue;
    await t.test(`${title}: ${how}`, async (t) => {
      const all = isMore ? [egress, { hosts: ['*/*'] }] : [egress];
      const objects = [service(), routed, sidecar({ egress: all }, { ns: namespace })];
      const { response, view } = await compare(oracle, { objects, proxies: [CLIENT] });
      t.same(response.rejected, [], 'istiod takes every object');
      const [answer] = response.proxies;
      t.equal(answer === undefined ? undefined : istioSays(answer), how, 'Istio says so');
      const isBytes = how === 'connections' || how === 'either';
      t.equal(modelSays(view), isBytes ? how : undefined, 'and our model tells of connections');
    });
  }
}
