import { isPrivateAddress } from '../../mesh/addresses.ts';
import { isMeshNamespace } from '../../mesh/namespaces.ts';
import type { FieldPath } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { type JsonObject, recordOrEmpty, stringOf } from '../../model/json.ts';
import { type Kind, kindOf } from '../../model/kind.ts';
import { annotationOf, type KubeObject, nameOf, namespaceOf, specOf } from '../../model/kube-object.ts';
import { type Facts, objectRule, type Say } from '../rule.ts';
import { examples } from './no-side-exit.examples.ts';

const messages = {
  externalName:
    "`{field}` is 'ExternalName', so requests to the Service go straight to '{target}'; must be another type, and the host registered by a ServiceEntry",
  selectorless:
    '`{field}` is not set, so the Service’s addresses are whatever somebody writes down, outside of the mesh too; must select pods',
  outside: "`{field}` is '{seen}', which is no address of a private network; must be one",
} as const;

type SayIt = Say<typeof messages>;

/** MW507: no object lets requests out of the mesh under the name of something inside of it. */
export const noSideExit = objectRule({
  id: 'no-side-exit',
  code: 'MW507',
  reads: ['Service', 'WorkloadEntry', 'WorkloadGroup', 'Namespace'],
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'No Service or workload of the mesh stands for an address outside of it.',
  why: 'Istio sends requests to such a Service straight to what stands behind it: a host that nobody registered, past the egress gateway, under a name that looks like one of the mesh.',
  remedy:
    'Register the external host by a ServiceEntry with its way through the egress gateway, and call it by its own name. A Service of a namespace outside of the mesh may have the annotation `networking.istio.io/exportTo: "~"`, which hides it from the mesh. Endpoints and EndpointSlices are not watched: a Service with a selector has its addresses from Kubernetes, unless who may write EndpointSlices adds some; keep that right from tenants by RBAC.',
  absence:
    'A Service without `selector` has no endpoints of its own, but those that an Endpoints or EndpointSlice object gives it. A WorkloadEntry without `address` is behind its network’s gateway.',
  source: {
    document: '**Egress Control**: Explicit external access',
    refs: [
      'https://istio.io/latest/docs/ops/best-practices/security/',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/serviceregistry/kube/conversion.go',
    ],
  },
  numbers: ['mesh.namespaces', 'mesh.outside', 'gateways'],
  messages,
  examples,
  check(object, facts, say) {
    const kind = kindOf(object);
    return kind === undefined ? [] : (CHECKS[kind]?.(object, facts, say) ?? []);
  },
});

type Check = (object: KubeObject, facts: Facts, say: SayIt) => readonly Finding[];

const CHECKS: Partial<Record<Kind, Check>> = {
  Service: serviceFaults,
  WorkloadEntry: (object, _facts, say) => addressFaults(specOf(object), ['spec'], say),
  WorkloadGroup: (object, _facts, say) =>
    addressFaults(recordOrEmpty(specOf(object).template), ['spec', 'template'], say),
};

function serviceFaults(object: KubeObject, facts: Facts, say: SayIt): readonly Finding[] {
  if (!isSeenByMesh(object, facts) || isApiServer(object)) return [];
  const { type, externalName, selector } = specOf(object);
  if (type === 'ExternalName') {
    const target = stringOf(externalName) ?? '';
    return [say('externalName', { target }, { path: ['spec', 'type'], thing: `external name ${target}` })];
  }
  if (Object.keys(recordOrEmpty(selector)).length > 0) return [];
  return [say('selectorless', {}, { path: ['spec', 'selector'], thing: 'selector' })];
}

/** A Service of another namespace is an exit as well if the mesh sees it; the platform's own namespaces are its owner's. */
function isSeenByMesh(object: KubeObject, { view, baseline }: Facts): boolean {
  const namespace = namespaceOf(object);
  const { ingress, egress } = baseline.gateways;
  const isGateways = [...ingress, ...egress].some((gateway) => gateway.namespace === namespace);
  if (isGateways || isMeshNamespace(namespace, view, baseline)) return true;
  if (baseline.mesh.outside.includes(namespace)) return false;
  const written = (annotationOf(object, 'networking.istio.io/exportTo') ?? '').split(',').map((one) => one.trim());
  const exportTo = written.filter((one) => one !== '');
  return exportTo.length === 0 || exportTo.some((one) => one !== '~' && one !== '.' && one !== namespace);
}

/** Kubernetes writes this Service and its endpoints itself. */
function isApiServer(object: KubeObject): boolean {
  return namespaceOf(object) === 'default' && nameOf(object) === 'kubernetes';
}

function addressFaults({ address }: JsonObject, path: FieldPath, say: SayIt): readonly Finding[] {
  const written = stringOf(address) ?? '';
  if (written === '' || isPrivateAddress(written)) return [];
  return [say('outside', {}, { path: [...path, 'address'], thing: `address ${written}` })];
}
