import type { FailExample, PassExample } from '../rule.ts';
import { httpRoute, to, virtualService } from './virtual-service-yaml.ts';

function grpcRoute(spec: string, namespace = 'llmoptimizer'): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: route, namespace: ${namespace} }
spec: { ${spec} }
`;
}

function ingress(spec: string, namespace = 'llmoptimizer'): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ingress, namespace: ${namespace} }
spec: { ${spec} }
`;
}

const backend = (name: string): string => `backend: { service: { name: ${name}, port: { number: 8080 } } }`;
const paths = (...names: readonly string[]): string =>
  `rules: [{ http: { paths: [${names.map((name) => `{ path: /, pathType: Prefix, ${backend(name)} }`).join(', ')}] } }]`;

const pass: readonly PassExample[] = [
  { title: 'a VirtualService', yaml: virtualService(to('ml-service')) },
  { title: 'an HTTPRoute, which other rules judge', yaml: httpRoute('') },
  { title: 'an Ingress to a service that the baseline does not list', yaml: ingress(paths('docs')) },
  { title: 'an Ingress to a namesake in another namespace', yaml: ingress(paths('ml-service'), 'shop') },
  {
    title: 'an Ingress to something that is no Service',
    yaml: ingress('defaultBackend: { resource: { kind: Bucket, name: ml-service } }'),
  },
  {
    title: 'a GRPCRoute to a service that the baseline does not list',
    yaml: grpcRoute('rules: [{ backendRefs: [{ name: docs, port: 80 }] }]'),
  },
];

const fail: readonly FailExample[] = [
  {
    title: 'a GRPCRoute to the ML service',
    yaml: grpcRoute(
      'parentRefs: [{ name: main }], rules: [{ backendRefs: [{ name: docs, port: 80 }, { name: ml-service, port: 80 }] }]',
    ),
    finds: ['grpcRoute at spec.rules[0].backendRefs[1]'],
  },
  {
    title: 'one to it as a Service of several clusters',
    yaml: grpcRoute(
      'rules: [{ backendRefs: [{ group: multicluster.x-k8s.io, kind: ServiceImport, name: ml-service, port: 80 }] }]',
    ),
    finds: ['grpcRoute at spec.rules[0].backendRefs[0]'],
  },
  {
    title: 'one of another namespace that hangs on it',
    yaml: grpcRoute('parentRefs: [{ kind: Service, group: "", name: ml-service, namespace: llmoptimizer }]', 'shop'),
    finds: ['grpcRoute at spec.parentRefs[0]'],
  },
  {
    title: 'one that mirrors to it',
    yaml: grpcRoute(
      'rules: [{ filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: ml-service, port: 80 } } }] }]',
    ),
    finds: ['grpcRoute at spec.rules[0].filters[0].requestMirror'],
  },
  {
    title: 'an Ingress, by its second path',
    yaml: ingress(paths('docs', 'api-gateway')),
    finds: ['ingress at spec.rules[0].http.paths[1].backend'],
  },
  {
    title: 'an Ingress whose default is changed to the ML service',
    before: ingress(`defaultBackend: { service: { name: docs, port: { number: 80 } } }`),
    yaml: ingress(`defaultBackend: { service: { name: ml-service, port: { number: 80 } } }`),
    finds: ['ingress at spec.defaultBackend'],
  },
  {
    title: 'an Ingress to two services',
    yaml: ingress(paths('auth-service', 'content-service')),
    finds: ['ingress at spec.rules[0].http.paths[0].backend', 'ingress at spec.rules[0].http.paths[1].backend'],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
