import type { FailExample, PassExample } from '../rule.ts';
import { serviceEntry, TLS_PORT } from './egress-yaml.ts';

const HTTP_PORT = '{ number: 80, name: http, protocol: HTTP }';
const WILD = '"*.googleapis.com"';
const HOST = 'api.openai.com';
const entry = (hosts: string, rest = 'resolution: DNS', ports = HTTP_PORT): string =>
  serviceEntry(hosts, ports, { rest });

const pass: readonly PassExample[] = [
  { title: 'registered hosts', yaml: entry(`${HOST}, api.anthropic.com`) },
  {
    title: 'a name within a registered wildcard, at v1beta1',
    yaml: serviceEntry('storage.googleapis.com', undefined, { version: 'v1beta1' }),
  },
  { title: 'a registered wildcard on a TLS port, by the client’s address', yaml: entry(WILD, '', TLS_PORT) },
  {
    title: 'a registered wildcard on a TLS port, looked up on the way',
    yaml: entry(WILD, 'resolution: DYNAMIC_DNS', TLS_PORT),
  },
  {
    title: 'a registered host that stands for another',
    yaml: entry(HOST, 'resolution: DNS, endpoints: [{ address: api.anthropic.com }]'),
  },
  { title: 'in turns', yaml: entry(HOST, 'resolution: DNS_ROUND_ROBIN') },
  { title: 'a wrong one goes', yaml: entry('evil.example'), deletes: true },
];

const FOREIGN: readonly (readonly [string, string])[] = [
  ['a host that nobody registered', 'evil.example'],
  ['a host that ends like a registered one', 'evilapi.openai.com'],
  ['the parent of a registered wildcard', 'googleapis.com'],
  ['a wider wildcard', '"*.com"'],
  ['a narrower wildcard', '"*.storage.googleapis.com"'],
  ['a part of a label', '"*googleapis.com"'],
  ['a registered host in upper case', 'API.OpenAI.com'],
  ['a registered host with a trailing dot', 'api.openai.com.'],
  ['an address', '"[2001:db8::1]"'],
];

const IN_MESH: readonly (readonly [string, string])[] = [
  ['a service of the mesh', 'ml-service.llmoptimizer.svc.cluster.local'],
  ['a service of the mesh in upper case', 'ML-Service.llmoptimizer.svc.cluster.local'],
  ['a service of the mesh with a trailing dot', 'ml-service.llmoptimizer.svc.cluster.local.'],
  ['a short spelling', 'ml-service.llmoptimizer.svc'],
  ['a bare name', 'ml-service'],
  ['a wildcard of a namespace', '"*.llmoptimizer.svc.cluster.local"'],
  ['a wildcard above the mesh', '"*.local"'],
  ['everything', '"*"'],
];

const fail: readonly FailExample[] = [
  ...FOREIGN.map(
    ([title, host]): FailExample => ({ title, yaml: entry(host), finds: ['unregistered at spec.hosts[0]'] }),
  ),
  ...IN_MESH.map(([title, host]): FailExample => ({ title, yaml: entry(host), finds: ['inMesh at spec.hosts[0]'] })),
  {
    title: 'a second host, at v1alpha3',
    before: entry(HOST),
    yaml: serviceEntry(`${HOST}, evil.example`, HTTP_PORT, { version: 'v1alpha3' }),
    finds: ['unregistered at spec.hosts[1]'],
  },
  {
    title: 'a foreign host of another revision, whose label may go tomorrow',
    yaml: serviceEntry('evil.example', HTTP_PORT, { labels: '{ istio.io/rev: canary }' }),
    finds: ['unregistered at spec.hosts[0]'],
  },
  { title: 'no resolution', yaml: entry(HOST, ''), finds: ['original at spec.resolution'] },
  {
    title: 'the resolution NONE',
    yaml: entry(HOST, 'resolution: NONE', TLS_PORT),
    finds: ['original at spec.resolution'],
  },
  {
    title: 'no resolution, and addresses instead',
    yaml: entry(HOST, 'addresses: [203.0.113.0/24]', '{ number: 22, name: ssh, protocol: TCP }'),
    finds: ['addresses at spec.addresses', 'original at spec.resolution'],
  },
  { title: 'a wildcard in plain HTTP', yaml: entry(WILD, 'resolution: NONE'), finds: ['original at spec.resolution'] },
  {
    title: 'a wildcard with a TCP port beside its TLS port',
    before: entry(WILD, 'resolution: NONE', TLS_PORT),
    yaml: entry(WILD, 'resolution: NONE', `${TLS_PORT}, { number: 9000, name: tcp, protocol: TCP }`),
    finds: ['original at spec.resolution'],
  },
  {
    title: 'a whole name beside a wildcard',
    yaml: entry(`${WILD}, ${HOST}`, 'resolution: NONE', TLS_PORT),
    finds: ['original at spec.resolution'],
  },
  {
    title: 'a name that is looked up on the way',
    yaml: entry('storage.googleapis.com', 'resolution: DYNAMIC_DNS', TLS_PORT),
    finds: ['dynamic at spec.resolution'],
  },
  {
    title: 'addresses',
    yaml: entry(HOST, 'resolution: DNS, addresses: [10.96.0.10]'),
    finds: ['addresses at spec.addresses'],
  },
  {
    title: 'addresses in IPv6 and as a network',
    yaml: entry(HOST, 'resolution: DNS, addresses: ["fd00::/8"]'),
    finds: ['addresses at spec.addresses'],
  },
  {
    title: 'endpoints elsewhere, the second one',
    yaml: entry(HOST, `resolution: STATIC, endpoints: [{ address: ${HOST} }, { address: 203.0.113.7 }]`),
    finds: ['endpoint at spec.endpoints[1].address'],
  },
  {
    title: 'an endpoint of the network without an address',
    yaml: entry(HOST, 'resolution: STATIC, endpoints: [{ network: vpn }]'),
    finds: ['endpoint at spec.endpoints[0].address'],
  },
  {
    title: 'pods of the mesh in the place of the host',
    yaml: entry(HOST, 'resolution: STATIC, workloadSelector: { labels: { app: proxy } }'),
    finds: ['selector at spec.workloadSelector'],
  },
];

export const examples = { pass, fail };
