import type { FailExample, PassExample } from '../rule.ts';
import { service, SHOP } from './destination-rule-yaml.ts';
import { PASSED_LISTENERS, REFUSED_LISTENERS } from './http-declared.listeners.ts';

const ML = 'ml-service.llmoptimizer.svc.cluster.local';
const port = (text: string): string => service('ml-service', 'llmoptimizer', `ports: [{ ${text} }]`);

function tcpRoute(protocol: string, host: string, namespace = 'llmoptimizer'): string {
  const match = protocol === 'tls' ? 'match: [{ port: 443, sniHosts: [ml.example] }], ' : '';
  return `---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: bytes, namespace: ${namespace} }
spec: { hosts: [ml.example], ${protocol}: [{ ${match}route: [{ destination: { host: ${host} } }] }] }
`;
}

const pass: readonly PassExample[] = [
  { title: 'a port named http', yaml: port('name: http, port: 8080') },
  { title: 'a port named grpc-api', yaml: port('name: grpc-api, port: 8080') },
  { title: 'a port named grpc-web', yaml: port('name: grpc-web, port: 8080') },
  { title: 'appProtocol goes before the name', yaml: port('name: tcp-api, port: 8080, appProtocol: http') },
  { title: 'HTTP/2 in Kubernetes’ words', yaml: port('name: api, port: 8080, appProtocol: kubernetes.io/h2c') },
  {
    title: 'a UDP port',
    yaml: service(
      'ml-service',
      'llmoptimizer',
      'ports: [{ name: http, port: 80 }, { name: dns, port: 53, protocol: UDP }]',
    ),
  },
  {
    title: 'a database, which the baseline does not list',
    yaml: service('postgres', 'llmoptimizer-data', 'ports: [{ name: tcp-postgres, port: 5432 }]'),
  },
  {
    title: 'a TCP route to such a one',
    context: SHOP,
    yaml: tcpRoute('tcp', 'postgres.llmoptimizer-data.svc.cluster.local'),
  },
  ...PASSED_LISTENERS,
];

const fail: readonly FailExample[] = [
  { title: 'a port named tcp', yaml: port('name: tcp-api, port: 8080'), finds: ['notHttp at spec.ports[0].name'] },
  {
    title: 'a port named https, whose requests nobody sees',
    yaml: port('name: https, port: 8443'),
    finds: ['notHttp at spec.ports[0].name'],
  },
  {
    title: 'appProtocol says TCP beside a good name',
    yaml: port('name: http, port: 8080, appProtocol: tcp'),
    finds: ['notHttp at spec.ports[0].appProtocol'],
  },
  { title: 'a port without a name', yaml: port('port: 8080'), finds: ['undeclared at spec.ports[0].name'] },
  {
    title: 'a name that only begins alike',
    yaml: port('name: httpapi, port: 8080'),
    finds: ['undeclared at spec.ports[0].name'],
  },
  {
    title: 'a port number that Istio takes for a database’s',
    yaml: port('name: api, port: 3306'),
    finds: ['notHttp at spec.ports[0].name'],
  },
  {
    title: 'the second port of a service that was right',
    before: port('name: http, port: 8080'),
    yaml: service('ml-service', 'llmoptimizer', 'ports: [{ name: http, port: 8080 }, { name: tls-api, port: 8443 }]'),
    finds: ['notHttp at spec.ports[1].name'],
  },
  {
    title: 'a TCP route to the service from another namespace',
    yaml: tcpRoute('tcp', ML, 'shop'),
    finds: ['asBytes at spec.tcp[0].route[0].destination'],
  },
  {
    title: 'a TLS route to it by its short name',
    yaml: tcpRoute('tls', 'ml-service'),
    finds: ['asBytes at spec.tls[0].route[0].destination'],
  },
  ...REFUSED_LISTENERS,
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
