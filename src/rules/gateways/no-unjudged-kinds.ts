import { isMeshNamespace } from '../../mesh/namespaces.ts';
import type { FieldPath } from '../../model/field-path.ts';
import { recordsOf, stringOf } from '../../model/json.ts';
import { kindOf } from '../../model/kind.ts';
import { type KubeObject, namespaceOf, specOf } from '../../model/kube-object.ts';
import { type Facts, objectRule } from '../rule.ts';

const UNJUDGED = ['TCPRoute', 'TLSRoute', 'BackendTLSPolicy', 'ListenerSet'] as const;

const object = (kind: string, spec: string, namespace = 'llmoptimizer', version = 'v1'): string => `---
apiVersion: gateway.networking.k8s.io/${version}
kind: ${kind}
metadata: { name: around, namespace: ${namespace} }
spec: { ${spec} }
`;
const backend = (namespace = ''): string =>
  `rules: [{ backendRefs: [{ name: ml-service, port: 8080${namespace === '' ? '' : `, namespace: ${namespace}`} }] }]`;
const OTHER = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: other }\n';

/** MW705: what Istio obeys and no rule judges does not reach the mesh. */
export const noUnjudgedKinds = objectRule({
  id: 'no-unjudged-kinds',
  code: 'MW705',
  reads: [...UNJUDGED, 'Namespace'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary:
    'No TCPRoute, TLSRoute, BackendTLSPolicy or ListenerSet stands in a namespace of the mesh or of its gateways, or points to one.',
  why: 'Istio makes routes, client TLS and listeners of them: a TCPRoute on a service takes its requests out of every HTTP rule, a BackendTLSPolicy replaces mutual TLS, a ListenerSet opens a gateway for hosts that its Gateway does not name.',
  remedy:
    'Use the kinds that the baseline judges: VirtualService or HTTPRoute for routes, DestinationRule for client TLS, the Gateway itself for listeners.',
  absence: 'Without such objects the kinds that are judged decide alone.',
  source: {
    refs: [
      'https://gateway-api.sigs.k8s.io/reference/spec/#gateway.networking.k8s.io/v1.BackendTLSPolicy',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/config/kube/gateway/controller.go',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/config/kube/gateway/backend_policies.go',
    ],
  },
  numbers: ['mesh.namespaces', 'gateways'],
  messages: {
    stands: "{kind} in namespace '{namespace}' does what no rule judges; must be {instead}",
    pointsTo: "`{field}` makes a {kind} reach namespace '{namespace}', which no rule judges; must be {instead}",
  },
  check(object, facts, say) {
    const kind = kindOf(object);
    if (kind === undefined || !isUnjudged(kind)) return [];
    const own = namespaceOf(object);
    const instead = INSTEAD[kind];
    if (isGuarded(own, facts)) {
      return [say('stands', { kind, namespace: own, instead }, { path: ['metadata', 'namespace'], thing: kind })];
    }
    return pointers(object)
      .filter(({ namespace }) => isGuarded(namespace, facts))
      .map(({ namespace, path }) => {
        const about = { path, thing: `${kind} to ${namespace}` };
        return say('pointsTo', { kind, namespace, instead }, about);
      });
  },
  examples: {
    pass: [
      {
        title: 'a TCPRoute of a namespace outside of the mesh',
        context: OTHER,
        yaml: object('TCPRoute', backend(), 'other'),
      },
      {
        title: 'a kind of another group',
        yaml: object('TCPRoute', backend()).replace('gateway.networking.k8s.io', 'example.com'),
      },
      { title: 'one goes', yaml: object('TCPRoute', backend()), deletes: true },
    ],
    fail: [
      { title: 'a TCPRoute in the mesh', yaml: object('TCPRoute', backend()), finds: ['stands at metadata.namespace'] },
      {
        title: 'a TLSRoute at an older version',
        yaml: object('TLSRoute', backend(), 'llmoptimizer', 'v1alpha2'),
        finds: ['stands at metadata.namespace'],
      },
      {
        title: 'client TLS of its own for a service',
        yaml: object('BackendTLSPolicy', 'targetRefs: [{ group: "", kind: Service, name: ml-service }]'),
        finds: ['stands at metadata.namespace'],
      },
      {
        title: 'listeners beside the ingress gateway’s',
        yaml: object('ListenerSet', 'parentRef: { name: main }', 'istio-ingress'),
        finds: ['stands at metadata.namespace'],
      },
      {
        title: 'a route of another namespace that leads into the mesh, by its second backend',
        context: OTHER,
        yaml: object(
          'TCPRoute',
          `rules: [{ backendRefs: [{ name: a }, { name: b, namespace: llmoptimizer }] }]`,
          'other',
        ),
        finds: ['pointsTo at spec.rules[0].backendRefs[1].namespace'],
      },
      {
        title: 'a route of another namespace that hangs on a service of the mesh',
        context: OTHER,
        yaml: object('TLSRoute', 'parentRefs: [{ kind: Service, name: b, namespace: llmoptimizer }]', 'other'),
        finds: ['pointsTo at spec.parentRefs[0].namespace'],
      },
      {
        title: 'listeners of another namespace for the ingress gateway',
        context: OTHER,
        yaml: object('ListenerSet', 'parentRef: { name: main, namespace: istio-ingress }', 'other'),
        finds: ['pointsTo at spec.parentRef.namespace'],
      },
      {
        title: 'one that begins to point there',
        context: OTHER,
        before: object('TCPRoute', backend(), 'other'),
        yaml: object('TCPRoute', backend('llmoptimizer'), 'other'),
        finds: ['pointsTo at spec.rules[0].backendRefs[0].namespace'],
      },
    ],
  },
});

type Unjudged = (typeof UNJUDGED)[number];

const INSTEAD: Readonly<Record<Unjudged, string>> = {
  TCPRoute: 'a VirtualService or an HTTPRoute',
  TLSRoute: 'a VirtualService or an HTTPRoute',
  BackendTLSPolicy: 'a DestinationRule',
  ListenerSet: 'a listener or server of the Gateway itself',
};

function isUnjudged(kind: string): kind is Unjudged {
  return UNJUDGED.some((one) => one === kind);
}

function isGuarded(namespace: string, { view, baseline }: Facts): boolean {
  const { ingress, egress } = baseline.gateways;
  const isGateways = [...ingress, ...egress].some((gateway) => gateway.namespace === namespace);
  return isGateways || isMeshNamespace(namespace, view, baseline);
}

/** Returns every reference that names a namespace; one without means the object's own. */
function pointers(object: KubeObject): readonly { readonly namespace: string; readonly path: FieldPath }[] {
  const spec = specOf(object);
  const found: { readonly namespace: string; readonly path: FieldPath }[] = [];
  const add = (reference: Readonly<Record<string, unknown>>, path: FieldPath): void => {
    const namespace = stringOf(reference.namespace) ?? '';
    if (namespace !== '') found.push({ namespace, path: [...path, 'namespace'] });
  };
  for (const list of ['parentRefs', 'targetRefs'] as const) {
    for (const [at, reference] of recordsOf(spec[list]).entries()) add(reference, ['spec', list, at]);
  }
  for (const reference of recordsOf([spec.parentRef])) add(reference, ['spec', 'parentRef']);
  for (const [at, rule] of recordsOf(spec.rules).entries()) {
    for (const [index, reference] of recordsOf(rule.backendRefs).entries()) {
      add(reference, ['spec', 'rules', at, 'backendRefs', index]);
    }
  }
  return found;
}
