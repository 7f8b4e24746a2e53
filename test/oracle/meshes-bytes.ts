import * as fc from 'fast-check';
import { stringsOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import type { OracleRequest } from './answers.ts';
import { gateways } from './meshes-gateways.ts';
import { layer4Entries } from './meshes-layer4.ts';
import { INGRESS, PROXIES, unique } from './meshes-parts.ts';
import { type ServiceWords, servicesOn } from './meshes-services.ts';
import { sidecars } from './meshes-settings.ts';
import { virtualServices, weighted } from './meshes-virtual-services.ts';
import { exportTo, HOST, objectOf, rarely, written } from './meshes-words.ts';

const services = servicesOn(
  fc.constantFrom<ServiceWords['ports']>(
    [['tcp', 9090, 9090]],
    [['tls', 443, 8443]],
    [
      ['http', 80, 8080],
      ['tcp-raw', 9090, 9090],
      ['https', 443, 8443],
    ],
  ),
);

const spec = fc
  .record({
    hosts: fc.constantFrom([HOST], [HOST], ['ml'], ['*.shop.svc.cluster.local'], ['web.shop.svc.cluster.local', HOST]),
    gateways: rarely(fc.constantFrom(['mesh'], ['shop/gw'], ['mesh', 'shop/gw']), 2),
    exportTo,
    ...layer4Entries(weighted, 2),
  })
  .map(({ tcp, tls, ...rest }) => {
    // istiod takes only names that a host covers.
    const names = stringsOf(rest.hosts).filter((host) => host.includes('.'));
    const named = names.length === 0 ? undefined : tls?.map((entry) => ({ ...entry, match: withNames(entry, names) }));
    const isNothing = tcp === undefined && named === undefined;
    return written({ ...rest, tcp, tls: named, http: isNothing ? [{ redirect: { uri: '/' } }] : undefined });
  });

function withNames({ match }: { readonly match?: unknown }, names: readonly string[]): unknown {
  return Array.isArray(match)
    ? match.map((one: object, index) => ({ ...one, sniHosts: names.slice(0, 1 + (index % 2)) }))
    : [];
}

const routers: fc.Arbitrary<readonly KubeObject[]> = fc.array(
  objectOf({
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    namespaces: ['shop', 'shop', 'client', 'other'],
    spec,
  }),
  { minLength: 1, maxLength: 3 },
);

/** Meshes that are about connections more than about requests. */
export const bytesMeshes: fc.Arbitrary<OracleRequest> = fc
  .record({
    services,
    routers,
    virtualServices: rarely(virtualServices, 3).map((some) => some ?? []),
    sidecars: rarely(sidecars, 2).map((some) => some ?? []),
    gateways,
  })
  .map((parts) => ({
    objects: unique(Object.values(parts).flat()),
    proxies: parts.gateways.length === 0 ? PROXIES : [...PROXIES, INGRESS],
  }));
