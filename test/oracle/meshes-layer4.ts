import * as fc from 'fast-check';
import type { JsonObject } from '../../src/model/json.ts';
import { HOST, maybe, rarely, written } from './meshes-words.ts';

/** What matches of `tcp` and `tls` routes have in common. */
const common = {
  port: rarely(fc.constantFrom(80, 443, 9090), 2),
  destinationSubnets: rarely(fc.constantFrom(['10.0.0.0/8'], ['192.0.2.1/32', '10.0.0.1']), 6),
  sourceLabels: rarely(fc.constantFrom({ app: 'caller' }, { app: 'ml' }), 5),
  sourceNamespace: rarely(fc.constantFrom('client', 'shop'), 6),
  gateways: rarely(fc.constantFrom(['mesh'], ['gw'], ['mesh', 'shop/gw']), 5),
};

const tcpMatch = fc.record(common).map(written);

/** istiod refuses names that none of the VirtualService's hosts covers. */
const sniHosts = fc.constantFrom(
  [HOST],
  [HOST],
  [HOST],
  ['api.example.com'],
  ['*.shop.svc.cluster.local'],
  ['web.shop.svc.cluster.local', HOST],
);

const tlsMatch = fc.record({ sniHosts, ...common }).map(written);

/** Entries of `tcp` and of `tls`, each in one of so many; `route` is what they send to. */
export function layer4Entries(
  route: fc.Arbitrary<readonly JsonObject[]>,
  oneIn = 4,
): {
  readonly tcp: fc.Arbitrary<readonly JsonObject[] | undefined>;
  readonly tls: fc.Arbitrary<readonly JsonObject[] | undefined>;
} {
  const tcp = fc.record({ match: maybe(fc.array(tcpMatch, { minLength: 1, maxLength: 2 })), route }).map(written);
  const tls = fc.record({ match: fc.array(tlsMatch, { minLength: 1, maxLength: 2 }), route }).map(written);
  return {
    tcp: rarely(fc.array(tcp, { minLength: 1, maxLength: 2 }), oneIn),
    tls: rarely(fc.array(tls, { minLength: 1, maxLength: 2 }), oneIn),
  };
}

/** Servers of a Gateway that do not read requests. */
export const layer4Servers: readonly JsonObject[] = [
  { port: { number: 443, name: 'tls', protocol: 'TLS' }, tls: { mode: 'PASSTHROUGH' }, hosts: ['*'] },
  {
    port: { number: 8443, name: 'https', protocol: 'HTTPS' },
    tls: { mode: 'PASSTHROUGH' },
    hosts: ['ml.shop.svc.cluster.local', 'shop/*.example.com'],
  },
  { port: { number: 9000, name: 'tcp', protocol: 'TCP' }, hosts: ['*'] },
];
