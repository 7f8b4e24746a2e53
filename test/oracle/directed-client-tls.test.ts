import t from 'tap';
import type { JsonObject } from '../../src/model/json.ts';
import { testOracle } from './client.ts';
import {
  CLUSTER,
  destinationRule,
  type Directed,
  meshSettings,
  peerAuthentication,
  service,
  serviceEntry,
  showAll,
} from './directed.ts';
import { HOST } from './meshes-words.ts';

const ml = service();
const policy = (trafficPolicy: JsonObject): ReturnType<typeof destinationRule> =>
  destinationRule({ host: HOST, trafficPolicy });
const tls = (block: JsonObject): ReturnType<typeof destinationRule> => policy({ tls: block });
const headless = service('ml', { clusterIP: 'None' });
const transport = (words: string): JsonObject => ({ transport: words });

const TRANSPORT: readonly Directed[] = [
  { title: 'automatic mTLS chooses by endpoint', mesh: [ml], ask: CLUSTER, says: transport('AUTO') },
  { title: '`tls: {}` is DISABLE', mesh: [ml, tls({})], ask: CLUSTER, says: transport('PLAINTEXT') },
  {
    title: '`tls` with a name only is DISABLE',
    mesh: [ml, tls({ sni: 'x' })],
    ask: CLUSTER,
    says: transport('PLAINTEXT'),
  },
  {
    title: 'SIMPLE is not the mesh’s mTLS',
    mesh: [ml, tls({ mode: 'SIMPLE' })],
    ask: CLUSTER,
    says: transport('TLS'),
  },
  {
    title: 'SIMPLE with a credentialName and no workloadSelector is plaintext',
    mesh: [ml, tls({ mode: 'SIMPLE', credentialName: 'secret' })],
    ask: CLUSTER,
    says: transport('PLAINTEXT'),
  },
  {
    title: 'ISTIO_MUTUAL is mTLS to every endpoint',
    mesh: [ml, tls({ mode: 'ISTIO_MUTUAL' })],
    ask: CLUSTER,
    says: transport('ISTIO_MUTUAL'),
  },
  {
    title: 'PASSTHROUGH without endpoints has no automatic mTLS',
    mesh: [ml, policy({ loadBalancer: { simple: 'PASSTHROUGH' } })],
    ask: CLUSTER,
    says: transport('PLAINTEXT'),
  },
  {
    title: 'a headless Service without endpoints has no automatic mTLS',
    mesh: [headless],
    ask: CLUSTER,
    says: { transport: 'PLAINTEXT', balancer: 'CLUSTER_PROVIDED' },
  },
  {
    title: 'a headless Service with ISTIO_MUTUAL written has mTLS',
    mesh: [headless, tls({ mode: 'ISTIO_MUTUAL' })],
    ask: CLUSTER,
    says: transport('ISTIO_MUTUAL'),
  },
  {
    title: 'a namespace whose mode is DISABLE has no automatic mTLS',
    mesh: [ml, peerAuthentication({ mtls: { mode: 'DISABLE' } })],
    ask: CLUSTER,
    says: transport('PLAINTEXT'),
  },
  {
    title: 'a workload whose mode is DISABLE does not show in the cluster',
    mesh: [ml, peerAuthentication({ selector: { matchLabels: { app: 'ml' } }, mtls: { mode: 'DISABLE' } })],
    ask: CLUSTER,
    says: transport('AUTO'),
  },
  {
    title: '`enableAutoMtls: false` is plaintext where no rule writes tls',
    mesh: [ml, meshSettings('enableAutoMtls: false')],
    ask: CLUSTER,
    says: transport('PLAINTEXT'),
  },
  {
    title: 'a ServiceEntry with the service’s name in the client’s namespace takes it over, without automatic mTLS',
    mesh: [
      ml,
      serviceEntry(
        {
          hosts: [HOST],
          resolution: 'DNS',
          ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
          endpoints: [{ address: 'evil.example.com' }],
        },
        { ns: 'client' },
      ),
    ],
    ask: CLUSTER,
    says: transport('PLAINTEXT'),
  },
  {
    title: 'a ServiceEntry with the service’s name in another namespace does not',
    mesh: [
      ml,
      serviceEntry(
        {
          hosts: [HOST],
          resolution: 'DNS',
          ports: [{ number: 80, name: 'http', protocol: 'HTTP' }],
          endpoints: [{ address: 'evil.example.com' }],
        },
        { ns: 'other' },
      ),
    ],
    ask: CLUSTER,
    says: transport('AUTO'),
  },
  {
    title:
      'a ServiceEntry without location is outside of the mesh, and without resolution goes to the address asked for',
    mesh: [serviceEntry({ hosts: ['api.example.com'], ports: [{ number: 80, name: 'http', protocol: 'HTTP' }] })],
    ask: { ask: 'cluster', host: 'api.example.com', port: 80, subset: '' },
    says: { transport: 'PLAINTEXT', balancer: 'CLUSTER_PROVIDED' },
  },
];

const oracle = await testOracle(t);
if (oracle !== undefined) {
  await t.test('the client’s TLS', (t) => showAll(t, oracle, TRANSPORT));
}
