import type { FailExample, PassExample } from '../rule.ts';

const GROUPS: Readonly<Record<string, string>> = {
  Deployment: 'apps/v1',
  Namespace: 'v1',
  ConfigMap: 'v1',
  PeerAuthentication: 'security.istio.io/v1',
  AuthorizationPolicy: 'security.istio.io/v1',
  HTTPRoute: 'gateway.networking.k8s.io/v1',
};

function object(kind: string, spec: string, rest = ''): string {
  return `
apiVersion: ${GROUPS[kind] ?? 'networking.istio.io/v1'}
kind: ${kind}
metadata: { name: a, namespace: llmoptimizer${rest} }
spec: ${spec}
`;
}

const pass: readonly PassExample[] = [
  {
    title: 'every field as its API says, null and unknown ones too',
    yaml: object(
      'VirtualService',
      '{ hosts: [a], http: [{ timeout: 1m30s, retries: { attempts: 3, perTryTimeout: null }, other: [1] }] }',
    ),
  },
  { title: 'no spec at all, at v1beta1', yaml: object('PeerAuthentication', 'null').replace('/v1', '/v1beta1') },
  {
    title: 'quantities as numbers',
    yaml: object(
      'Deployment',
      '{ template: { spec: { containers: [{ name: a, resources: { limits: { cpu: 1 } } }] } } }',
    ),
  },
];

const fail: readonly FailExample[] = [
  { title: 'a number for a list', yaml: object('VirtualService', '{ http: 7 }'), finds: ['misfit at spec.http'] },
  { title: 'a list for the spec', yaml: object('DestinationRule', '[]'), finds: ['misfit at spec'] },
  {
    title: 'a number in quotes, and a duration of days in the second route',
    yaml: object('VirtualService', '{ http: [{ retries: { attempts: "4" } }, { timeout: 1d }] }'),
    finds: ['misfit at spec.http[0].retries.attempts', 'misfit at spec.http[1].timeout'],
  },
  {
    title: 'half a retry, at v1alpha3',
    yaml: object('VirtualService', '{ http: [{ retries: { attempts: 1.5 } }] }').replace('/v1', '/v1alpha3'),
    finds: ['misfit at spec.http[0].retries.attempts'],
  },
  {
    title: 'a mode in small letters',
    yaml: object('PeerAuthentication', '{ portLevelMtls: { "80": { mode: strict } } }'),
    finds: ['misfit at spec.portLevelMtls[80].mode'],
  },
  {
    title: 'a load balancer that does not exist',
    yaml: object('DestinationRule', '{ subsets: [{ trafficPolicy: { loadBalancer: { simple: CONSISTENT_HASH } } }] }'),
    finds: ['misfit at spec.subsets[0].trafficPolicy.loadBalancer.simple'],
  },
  {
    title: 'a text for a list of texts',
    yaml: object('AuthorizationPolicy', '{ rules: [{ from: [{ source: { principals: a } }] }] }'),
    finds: ['misfit at spec.rules[0].from[0].source.principals'],
  },
  {
    title: 'an annotation that is a number, and a label that is a flag',
    yaml: object('Namespace', '{}', ', annotations: { a: 1 }, labels: { istio-injection: true }'),
    finds: ['misfit at metadata.labels[istio-injection]', 'misfit at metadata.annotations.a'],
  },
  {
    title: 'a number among a template’s annotations, and a quantity that is none',
    yaml: object(
      'Deployment',
      '{ template: { metadata: { annotations: { sidecar.istio.io/proxyCPU: 1 } }, spec: { containers: [{ resources: { limits: { cpu: lots } } }] } } }',
    ),
    finds: [
      'misfit at spec.template.metadata.annotations[sidecar.istio.io/proxyCPU]',
      'misfit at spec.template.spec.containers[0].resources.limits.cpu',
    ],
  },
  {
    title: 'a map for the text of the mesh’s settings',
    yaml: object('ConfigMap', 'null').replace('spec: null', 'data: { mesh: { enableAutoMtls: true } }'),
    finds: ['misfit at data.mesh'],
  },
  {
    title: 'a timeout of a route that is a number',
    yaml: object('HTTPRoute', '{ rules: [{ timeouts: { request: 30 } }] }'),
    finds: ['misfit at spec.rules[0].timeouts.request'],
  },
];

/** The objects that show this rule. */
export const examples = { pass, fail };
