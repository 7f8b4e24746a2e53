import t from 'tap';
import { egress } from '../../src/mesh/egress.ts';
import { sidecarFor } from '../../src/mesh/outbound.ts';
import { httpWay, serviceEntry, sidecar, TLS_PORT, virtualService } from '../../src/rules/gateways/egress-yaml.ts';
import { BASELINE } from '../baseline-fixture.ts';
import { viewOf } from '../rules/example-runner.ts';

const HOST = 'api.openai.com';
const WILD = '*.openai.com';
const HTTP = '{ number: 80, name: http, protocol: HTTP }';
const CLOSED = sidecar('outboundTrafficPolicy: { mode: REGISTRY_ONLY }');

/** Writes the ways as `perhaps port protocol exit names to`, the unregistered one without a port. */
function ways(yaml: string, host = HOST, namespace = 'llmoptimizer'): readonly string[] {
  const view = viewOf(yaml);
  const one = sidecarFor(view, namespace);
  const client = { kind: 'mesh', namespace, labels: {}, ...(one === undefined ? {} : { sidecar: one }) } as const;
  return egress(view, BASELINE, host, client).map(({ port, protocol, exit, names, to, isDoubtful }) =>
    [
      isDoubtful === true ? 'perhaps' : '',
      port,
      protocol,
      exit,
      names.join() === host ? '' : names.join(),
      ...to.map(({ written }) => written.split('.', 1)),
    ]
      .filter((part) => part !== undefined && part !== '')
      .join(' '),
  );
}

/** A VirtualService for the mesh that sends a host's requests by the gateway. */
const door = (hosts: string, head: Parameters<typeof virtualService>[2] = {}, match?: string): string =>
  virtualService(hosts, httpWay('x.openai.com', match), head);

t.test('port 80 of a host that the client does not know there', (t) => {
  t.same(ways(door(HOST) + CLOSED), ['80 HTTP gateway istio-egressgateway', 'blocked'], 'the name itself');
  const wild = door(`"${WILD}"`);
  const perhaps = ['perhaps 80 HTTP gateway istio-egressgateway', 'blocked'];
  t.same(ways(wild + CLOSED), perhaps, 'a wildcard over it');
  t.same(ways(wild + CLOSED, WILD), perhaps, 'a wildcard that is asked about');
  const known = serviceEntry('v1.openai.com', HTTP);
  t.same(ways(wild + known + CLOSED), perhaps, 'a known service of which it would be the name is not looked at');
  const registered = serviceEntry(`"${WILD}"`, HTTP, { rest: 'resolution: NONE' });
  t.same(ways(wild + registered + CLOSED), perhaps, 'nor whether it is registered itself');
  t.same(
    ways(wild + registered + CLOSED, WILD),
    ['80 HTTP gateway istio-egressgateway', 'blocked'],
    'which leaves no doubt where it is asked about',
  );
  const upper = door('API.OpenAI.com', { name: 'own', namespace: 'llmoptimizer' }, 'gateways: [mesh], port: 81');
  t.same(ways(upper + wild + CLOSED), perhaps, 'a name without a route for the client leaves it to the wildcard');
  t.end();
});

t.test('of two VirtualServices for a registered wildcard only the first is asked', (t) => {
  const entry = serviceEntry(`"${WILD}"`, HTTP, { rest: 'resolution: NONE' });
  const narrow = door(`"${WILD}"`, { name: 'a' }, 'sourceNamespace: shop');
  t.same(ways(entry + narrow + door(`"${WILD}"`, { name: 'b' }) + CLOSED, WILD), ['80 HTTP direct *', 'blocked']);
  t.same(ways(entry + door(`"${WILD}"`, { name: 'a' }) + CLOSED, WILD), [
    '80 HTTP gateway istio-egressgateway',
    'blocked',
  ]);
  t.end();
});

t.test('of ServiceEntries of several namespaces one is known', (t) => {
  const far = serviceEntry(HOST, TLS_PORT, { namespace: 'shop', name: 'far' });
  const own = serviceEntry(HOST, HTTP, { namespace: 'llmoptimizer', name: 'own' });
  t.same(ways(far + own + CLOSED), ['80 HTTP direct api', 'blocked'], 'the client’s own');
  const upper = serviceEntry('API.openai.com', TLS_PORT, { namespace: 'shop', name: 'far' });
  t.same(
    ways(upper + own + CLOSED),
    ['80 HTTP direct api', '443 TLS direct API', 'blocked'],
    'letters of another case are another host, which has its own',
  );
  t.same(ways(far + own, HOST, 'other'), ['80 HTTP direct api', 'direct'], 'the older one, or the first by name');
  t.end();
});

t.test('a Sidecar’s listener for a port and the one for all ports', (t) => {
  const listening = (rest: string): string =>
    sidecar(`outboundTrafficPolicy: {}, egress: [{ ${rest} }, { hosts: ["*/*"] }]`);
  const tls = 'port: { number: 443, protocol: TLS, name: tls }';
  const entry = serviceEntry(HOST, TLS_PORT);
  t.same(ways(entry + listening(`${tls}, hosts: ["*/*"]`)), ['443 TLS direct api', 'blocked'], 'it takes the port');
  t.same(
    ways(entry + listening(`${tls}, hosts: [shop/*]`)),
    ['perhaps 443 TLS direct api', 'blocked'],
    'of a host that it does not know only where it knows another at the address',
  );
  t.same(
    ways(entry + listening(`${tls}, captureMode: NONE, hosts: ["*/*"]`)),
    ['443 TLS direct api', 'perhaps 443 TLS direct api', 'blocked'],
    'at an address of its own it takes nothing',
  );
  t.end();
});
