import type { FailExample, PassExample } from '../rule.ts';
import { DETOURS, detour, ENTRY, HOST, TO_HOST, WAY } from './egress-through-gateway.detours.ts';
import {
  EGRESS_GATEWAY,
  EGRESS_SERVICE,
  httpWay,
  serviceEntry,
  sidecar,
  TLS_PORT,
  tlsWay,
  virtualService,
} from './egress-yaml.ts';

const WILD = '"*.googleapis.com"';
const WILD_ENTRY = serviceEntry(WILD, TLS_PORT, { rest: 'resolution: NONE' });
const WILD_WAY = virtualService(WILD, tlsWay('*.googleapis.com'));
const AT_PORT = 'unrouted at spec.ports[0].number';

const pass: readonly PassExample[] = [
  { title: 'the way is there, and then the host is registered', context: WAY + EGRESS_GATEWAY, yaml: ENTRY },
  { title: 'both come together', yaml: ENTRY + WAY },
  { title: 'the way of a wildcard, by its server names', context: WILD_WAY, yaml: WILD_ENTRY },
  { title: 'the way comes first', yaml: WAY },
  {
    title: 'a TCP port with a way of its own, at v1beta1',
    context: virtualService(
      HOST,
      `tcp: [{ match: [{ gateways: [mesh], port: 9000 }], route: [{ destination: { host: ${EGRESS_SERVICE}, port: { number: 9000 } } }] }]`,
    ),
    yaml: serviceEntry(HOST, '{ number: 9000, name: tcp, protocol: TCP }', { version: 'v1beta1' }),
  },
  {
    title: 'a host that is exported to its own namespace, which is none of the mesh',
    yaml: serviceEntry(HOST, undefined, { rest: 'exportTo: ["."]' }),
  },
  { title: 'the entry and its way go together', context: EGRESS_GATEWAY, yaml: ENTRY + WAY, deletes: true },
  {
    title: 'a Sidecar that knows neither the host nor its way',
    context: ENTRY + WAY,
    yaml: sidecar('egress: [{ hosts: ["./*"] }]'),
  },
  {
    title: 'workloads of the mesh that a ServiceEntry selects',
    yaml: serviceEntry('vm.llmoptimizer.example', undefined, {
      rest: 'location: MESH_INTERNAL, resolution: STATIC, workloadSelector: { labels: { app: vm } }',
    }),
  },
  {
    title: 'a route to the host at an ingress Gateway that is not there',
    context: ENTRY + WAY,
    yaml: detour(`http: [{ ${TO_HOST} }]`, '[istio-ingress/front]'),
  },
  { title: 'a redirect for the host', context: ENTRY, yaml: virtualService(HOST, 'http: [{ redirect: { uri: / } }]') },
];

const FEWER: readonly (readonly [string, string])[] = [
  ['loses the mesh', virtualService(HOST, httpWay(HOST), { gateways: '[istio-egress/egress-gateway]' })],
  ['is for another port', virtualService(HOST, httpWay(HOST, 'gateways: [mesh], port: 81'))],
  ['is exported to its own namespace alone', virtualService(HOST, httpWay(HOST), { rest: ', exportTo: ["."]' })],
  ['is of another revision', virtualService(HOST, httpWay(HOST), { labels: '{ istio.io/rev: canary }' })],
  ['is for pods of one namespace', virtualService(HOST, httpWay(HOST, 'sourceNamespace: shop'))],
  ['is for pods with a label', virtualService(HOST, httpWay(HOST, 'sourceLabels: { app: ml-service }'))],
  ['names another host', virtualService('api.github.com', httpWay(HOST))],
  ['hands over to a delegate that is not there', virtualService(HOST, 'http: [{ delegate: { name: nobody } }]')],
];

const fail: readonly FailExample[] = [
  { title: 'a ServiceEntry before its way', yaml: ENTRY, finds: [AT_PORT] },
  { title: 'the way is deleted', context: ENTRY, yaml: WAY, deletes: true, finds: [AT_PORT] },
  ...FEWER.map(
    ([how, yaml]): FailExample => ({ title: `the way ${how}`, context: ENTRY, before: WAY, yaml, finds: [AT_PORT] }),
  ),
  {
    title: 'a second port without a way',
    context: WAY,
    before: ENTRY,
    yaml: serviceEntry(HOST, `{ number: 80, name: http, protocol: HTTP, targetPort: 443 }, ${TLS_PORT}`),
    finds: ['unrouted at spec.ports[1].number'],
  },
  {
    title: 'another ServiceEntry for the host, in the client’s namespace, with another port',
    context: ENTRY + WAY,
    yaml: serviceEntry(HOST, TLS_PORT, { namespace: 'llmoptimizer' }),
    finds: [AT_PORT],
  },
  {
    title: 'TLS by an HTTP route',
    context: virtualService(WILD, httpWay('*.googleapis.com')),
    yaml: WILD_ENTRY,
    finds: [AT_PORT],
  },
  {
    title: 'a TLS host in upper case, which the way’s does not fit',
    context: virtualService(HOST, tlsWay(HOST)),
    yaml: serviceEntry('API.openai.com', TLS_PORT),
    finds: [AT_PORT],
  },
  {
    title: 'the location says that it is inside',
    yaml: serviceEntry(HOST, undefined, { rest: 'location: MESH_INTERNAL, resolution: DNS' }),
    finds: [AT_PORT],
  },
  {
    title: 'the way leads straight to the host',
    context: ENTRY,
    before: WAY,
    yaml: virtualService(HOST, `http: [{ match: [{ port: 80 }], ${TO_HOST} }]`),
    finds: ['direct at spec.http[0]'],
  },
  {
    title: 'a part of the requests leads straight to the host',
    context: ENTRY,
    before: WAY,
    yaml: virtualService(
      HOST,
      `http: [{ route: [{ destination: { host: ${EGRESS_SERVICE} }, weight: 99 }, { destination: { host: ${HOST} }, weight: 1 }] }]`,
    ),
    finds: ['direct at spec.http[0]'],
  },
  {
    title: 'a private VirtualService in the client’s namespace',
    context: ENTRY + WAY,
    yaml: virtualService(HOST, `http: [{ ${TO_HOST} }]`, { namespace: 'llmoptimizer', rest: ', exportTo: ["."]' }),
    finds: ['direct at spec.http[0]'],
  },
  {
    title: 'a server name within the wildcard',
    context: WILD_ENTRY + WILD_WAY,
    yaml: virtualService(
      'storage.googleapis.com',
      'tls: [{ match: [{ sniHosts: [storage.googleapis.com] }], route: [{ destination: { host: "*.googleapis.com", port: { number: 443 } } }] }]',
      { gateways: '[mesh]', name: 'storage', namespace: 'llmoptimizer' },
    ),
    finds: ['direct at spec.tls[0]'],
  },
  ...DETOURS,
];

export const examples = { pass, fail };
