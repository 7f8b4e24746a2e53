import * as fc from 'fast-check';
import type { OracleRequest } from './answers.ts';
import { bytesMeshes } from './meshes-bytes.ts';
import { egressMeshes } from './meshes-egress.ts';
import { gatewayApiMeshes } from './meshes-gateway-api.ts';
import { gateways } from './meshes-gateways.ts';
import { destinationRules } from './meshes-destination-rules.ts';
import { INGRESS, PROXIES, unique, withoutRivals } from './meshes-parts.ts';
import { authorizationPolicies, peerAuthentications } from './meshes-security.ts';
import { configMap, sidecars, telemetries } from './meshes-settings.ts';
import { serviceEntries, services } from './meshes-services.ts';
import { virtualServices } from './meshes-virtual-services.ts';

/** Meshes of Istio’s own kinds. */
export const plainMeshes: fc.Arbitrary<OracleRequest> = fc
  .record({
    services,
    serviceEntries,
    virtualServices,
    destinationRules,
    peerAuthentications,
    authorizationPolicies,
    sidecars,
    telemetries,
    configMap,
    gateways,
  })
  .map((parts) => ({
    objects: unique(Object.values(withoutRivals(parts)).flat()),
    proxies: parts.gateways.length === 0 ? PROXIES : [...PROXIES, INGRESS],
  }));

/** Small meshes, biased to where Istio surprises. */
export const meshes: fc.Arbitrary<OracleRequest> = fc.oneof(
  { weight: 4, arbitrary: plainMeshes },
  { weight: 2, arbitrary: gatewayApiMeshes },
  { weight: 1, arbitrary: bytesMeshes },
  { weight: 2, arbitrary: egressMeshes },
);
