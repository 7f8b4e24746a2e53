import * as fc from 'fast-check';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { layer4Servers } from './meshes-layer4.ts';
import { rarely, written } from './meshes-words.ts';

const server = (number: number): unknown => ({
  port: { number, name: `http-${number}`, protocol: 'HTTP' },
  hosts: ['*'],
});

/** The Gateway that VirtualServices of a mesh are bound to, where it is there. */
export const gateways: fc.Arbitrary<readonly KubeObject[]> = rarely(
  fc.record({
    selector: fc.constantFrom({ istio: 'ingress' }, undefined),
    servers: fc.constantFrom(
      [server(80)],
      [server(80), server(9090)],
      [server(80), ...layer4Servers],
      layer4Servers.slice(1),
    ),
  }),
  3,
).map((spec) =>
  spec === undefined
    ? []
    : [
        {
          apiVersion: 'networking.istio.io/v1',
          kind: 'Gateway',
          metadata: { name: 'gw', namespace: 'shop', creationTimestamp: '2026-01-01T00:00:00Z' },
          ...written({ spec }),
        },
      ],
);
