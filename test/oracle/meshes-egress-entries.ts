import * as fc from 'fast-check';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { maybe, objectOf, rarely, written } from './meshes-words.ts';

/** The namespaces in which what leads out may stand. */
export const NAMESPACES = ['istio-egress', 'istio-egress', 'shop', 'client', 'other'];

/** The hosts outside, each with a port and an address of its own for TCP: of two at one place Istio keeps the first. */
const OUTSIDE: readonly { readonly host: string; readonly tcp: number; readonly address: string }[] = [
  { host: 'api.example.com', tcp: 9001, address: '192.0.2.1' },
  { host: 'api.example.com', tcp: 9001, address: '192.0.2.1' },
  { host: '*.example.com', tcp: 9002, address: '192.0.2.2' },
  { host: 'db.example.org', tcp: 9003, address: '192.0.2.3' },
  { host: 'v1.api.example.com', tcp: 9004, address: '198.51.100.0/24' },
];

type Port = 'http' | 'grpc' | 'http8080' | 'tls' | 'https' | 'tcp';

const PORTS: Readonly<Record<Port, JsonObject>> = {
  http: { number: 80, name: 'http', protocol: 'HTTP' },
  grpc: { number: 80, name: 'grpc', protocol: 'GRPC' },
  http8080: { number: 8080, name: 'http-8080', protocol: 'http2' },
  tls: { number: 443, name: 'tls', protocol: 'TLS' },
  https: { number: 443, name: 'https', protocol: 'HTTPS' },
  tcp: { name: 'tcp', protocol: 'TCP' },
};

const ports = fc.constantFrom<readonly Port[]>(
  ['http'],
  ['http', 'tls'],
  ['tls'],
  ['https'],
  ['tcp'],
  ['http', 'tls', 'tcp'],
  ['http8080'],
  ['http', 'http8080'],
  ['grpc'],
);

const entrySpec = fc
  .record({
    outside: fc.constantFrom(...OUTSIDE),
    hasAddress: fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    location: maybe(fc.constantFrom('MESH_INTERNAL', 'MESH_EXTERNAL')),
    resolution: fc.constantFrom(undefined, 'NONE', 'STATIC', 'DNS'),
    ports,
    exportTo: rarely(fc.constantFrom(['.'], ['*'], ['client'], ['~'], ['shop', 'istio-system']), 3),
  })
  .map(({ outside: { host, tcp, address }, hasAddress, location, resolution, ports: list, exportTo }) =>
    written({
      hosts: [host],
      addresses: hasAddress ? [address] : undefined,
      location,
      resolution,
      ports: list.map((port) => ({ number: tcp, ...PORTS[port] })),
      exportTo,
      endpoints: resolution === 'STATIC' ? [{ address: '203.0.113.1' }] : undefined,
    }),
  );

/** One to three ServiceEntries, of which several may be for one host. */
export const externalEntries: fc.Arbitrary<readonly KubeObject[]> = fc.uniqueArray(
  objectOf({ apiVersion: 'networking.istio.io/v1', kind: 'ServiceEntry', namespaces: NAMESPACES, spec: entrySpec }),
  // Of one age it is not determined which of them counts.
  { minLength: 1, maxLength: 3, selector: ({ metadata }) => (metadata as JsonObject).creationTimestamp },
);
