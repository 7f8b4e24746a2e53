import * as fc from 'fast-check';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { HOST, maybe, objectOf, rarely, written } from './meshes-words.ts';

/** What a generated Service is made of. */
export interface ServiceWords {
  readonly namespace: string;
  readonly name: string;
  readonly address: string;
  readonly ports: readonly (readonly [name: string, port: number, target: number])[];
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

function service({ namespace, name, address, ports, annotations }: ServiceWords): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    ...written({
      metadata: { name, namespace, creationTimestamp: '2026-01-01T00:00:00Z', annotations },
      spec: {
        clusterIP: address,
        selector: { app: name },
        ports: ports.map(([portName, port, targetPort]) => ({ name: portName, port, targetPort, protocol: 'TCP' })),
      },
    }),
  };
}

const hidden = rarely(
  fc.constantFrom('.', 'shop', 'client,shop').map((value) => ({ 'networking.istio.io/exportTo': value })),
  12,
);
const ports = fc.constantFrom<ServiceWords['ports']>(
  [['http', 80, 8080]],
  [
    ['http', 80, 8080],
    ['http-metrics', 9090, 9090],
  ],
  [
    ['http', 80, 8080],
    ['tcp-raw', 9090, 9090],
  ],
  [['grpc', 80, 8080]],
  [['tcp', 80, 8080]],
  [
    ['http', 80, 8080],
    ['tls-raw', 443, 8443],
    ['https', 9090, 9090],
  ],
);
const isHeadless = fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

const pods = rarely(fc.constantFrom<readonly (string | undefined)[]>(['istio'], ['istio', undefined], [undefined]), 3);

function pod(tlsMode: string | undefined, index: number): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    ...written({
      metadata: {
        name: `ml-${index}`,
        namespace: 'shop',
        labels: { app: 'ml', 'security.istio.io/tlsMode': tlsMode },
      },
      status: { podIP: `10.1.0.${index + 1}`, phase: 'Running' },
    }),
  };
}

/** The services of a mesh: `ml` and `web` in `shop`, now and then headless, hidden or with another port, and a namesake. */
export const services: fc.Arbitrary<readonly KubeObject[]> = servicesOn(ports);

/** The same with other ports of `ml`. */
export function servicesOn(own: fc.Arbitrary<ServiceWords['ports']>): fc.Arbitrary<readonly KubeObject[]> {
  return fc
    .record({ ports: own, isHeadless, hidden, hasWeb: fc.boolean(), hasNamesake: rarely(fc.constant(true), 6), pods })
    .map(({ ports: given, isHeadless: headless, hidden: annotations, hasWeb, hasNamesake, pods: tlsModes }) => {
      const http = [['http', 80, 8080]] as const;
      const ml = { namespace: 'shop', name: 'ml', address: headless ? 'None' : '10.0.0.1', ports: given, annotations };
      const web = { namespace: 'shop', name: 'web', address: '10.0.0.2', ports: http, annotations: undefined };
      const namesake = { namespace: 'client', name: 'ml', address: '10.0.0.3', ports: http, annotations: undefined };
      return [
        service(ml),
        ...(hasWeb ? [service(web)] : []),
        ...(hasNamesake === undefined ? [] : [service(namesake)]),
        ...(tlsModes ?? []).map(pod),
      ];
    });
}

const entrySpec = fc
  .record({
    host: fc.constantFrom('api.example.com', 'api.example.com', HOST, '*.example.com', 'web.shop.svc.cluster.local'),
    location: maybe(fc.constantFrom('MESH_INTERNAL', 'MESH_EXTERNAL')),
    resolution: fc.constantFrom(undefined, 'NONE', 'STATIC', 'DNS'),
    ports: fc.constantFrom(
      [{ number: 80, name: 'http', protocol: 'HTTP' }],
      [
        { number: 80, name: 'http', protocol: 'HTTP' },
        { number: 443, name: 'https', protocol: 'TLS' },
      ],
      [{ number: 443, name: 'tls', protocol: 'TLS' }],
    ),
    exportTo: rarely(fc.constantFrom(['.'], ['*'], ['client'], ['~']), 3),
  })
  .map(({ host, location, resolution, ports: list, exportTo: reach }) =>
    written({
      hosts: [host],
      location,
      resolution,
      ports: list,
      exportTo: reach,
      endpoints: resolution === 'STATIC' ? [{ address: '192.0.2.1' }] : undefined,
    }),
  );

/** Hosts outside, and some that take a service's name. */
export const serviceEntries: fc.Arbitrary<readonly KubeObject[]> = fc.uniqueArray(
  objectOf({
    apiVersion: 'networking.istio.io/v1',
    kind: 'ServiceEntry',
    namespaces: ['shop', 'client', 'other', 'istio-system'],
    spec: entrySpec,
  }),
  // Of one age it is not determined which of them counts.
  { maxLength: 2, selector: ({ metadata }) => (metadata as JsonObject).creationTimestamp },
);
