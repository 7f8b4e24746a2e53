import * as fc from 'fast-check';
import type { OracleRequest, ProxyQuestion } from './answers.ts';
import { destinationRules } from './meshes-destination-rules.ts';
import { GATEWAY_LABELS, httpRoutes, kubernetesGateways } from './meshes-http-routes.ts';
import { unique, withoutRivals } from './meshes-parts.ts';
import { serviceEntries, services } from './meshes-services.ts';
import { configMap, sidecars } from './meshes-settings.ts';
import { virtualServices } from './meshes-virtual-services.ts';
import { recordsOf } from '../../src/model/json.ts';
import { type KubeObject, nameOf, namespaceOf, specOf } from '../../src/model/kube-object.ts';
import { rarely } from './meshes-words.ts';

const CALLERS: readonly ProxyQuestion[] = [
  { kind: 'sidecar', namespace: 'client', labels: { app: 'caller', version: 'v1' } },
  { kind: 'sidecar', namespace: 'shop', labels: { app: 'ml', version: 'v1' } },
  { kind: 'sidecar', namespace: 'other', labels: { app: 'other' } },
];

/** The pods of the Gateway. */
const INGRESS: ProxyQuestion = { kind: 'gateway', namespace: 'ingress', labels: GATEWAY_LABELS };

function orNone(objects: fc.Arbitrary<readonly KubeObject[]>, oneIn: number): fc.Arbitrary<readonly KubeObject[]> {
  return rarely(objects, oneIn).map((some) => some ?? []);
}

/** To our model a route on a Service that is not there is one on a Service that is yet to come; see docs/model.md. */
function withoutAbsentParents(routes: readonly KubeObject[], known: readonly KubeObject[]): readonly KubeObject[] {
  const isThere = (name: unknown, namespace: unknown): boolean =>
    known.some((one) => nameOf(one) === name && namespaceOf(one) === namespace);
  return routes.flatMap((route) => {
    const parentRefs = recordsOf(specOf(route).parentRefs).filter(
      ({ group, kind, name, namespace = namespaceOf(route) }) =>
        group !== '' || kind !== 'Service' || isThere(name, namespace),
    );
    return parentRefs.length === 0 ? [] : [{ ...route, spec: { ...specOf(route), parentRefs } }];
  });
}

/** Meshes with HTTPRoutes, which only the slow engine knows; without pods, as it would want their endpoints. */
export const gatewayApiMeshes: fc.Arbitrary<OracleRequest> = fc
  .record({
    services: services.map((all) => all.filter(({ kind }) => kind === 'Service')),
    serviceEntries: orNone(serviceEntries, 2),
    virtualServices,
    destinationRules: orNone(destinationRules, 3),
    sidecars: orNone(sidecars, 2),
    configMap: orNone(configMap, 3),
    httpRoutes,
    kubernetesGateways,
  })
  .map((parts) => {
    const hasGateway = parts.kubernetesGateways.some(({ kind }) => kind === 'Gateway');
    const grants = parts.kubernetesGateways.filter(({ kind }) => kind === 'ReferenceGrant');
    const hanging = withoutAbsentParents(parts.httpRoutes, parts.services);
    return {
      full: true,
      objects: unique(Object.values(withoutRivals({ ...parts, httpRoutes: hanging })).flat()),
      proxies: hasGateway ? [...CALLERS, { ...INGRESS, grants }] : CALLERS,
    };
  });
