import * as fc from 'fast-check';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';

/** The service that most of a mesh is about. */
export const HOST = 'ml.shop.svc.cluster.local';

/** A value that is there in one case of so many. */
export function rarely<T>(arbitrary: fc.Arbitrary<T>, oneIn = 4): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: oneIn - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

/** A value that is there in half of the cases. */
export const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => rarely(arbitrary, 2);

/** Leaves out what is undefined, as JSON does. */
export function written(record: Readonly<Record<string, unknown>>): JsonObject {
  return JSON.parse(JSON.stringify(record)) as JsonObject; // What JSON writes it reads as JSON.
}

interface Written {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaces: readonly string[];
  readonly spec: fc.Arbitrary<JsonObject>;
  /** The names that it may have; few, so that ages tie and names decide. */
  readonly names?: readonly string[];
  readonly annotations?: fc.Arbitrary<Readonly<Record<string, string>> | undefined>;
}

/** An object of Istio's with an age, and now and then of another revision. */
export function objectOf({
  apiVersion,
  kind,
  namespaces,
  spec,
  names,
  annotations,
}: Written): fc.Arbitrary<KubeObject> {
  return fc
    .record({
      name: fc.constantFrom(...(names ?? ['a', 'b', 'c', 'd', 'e'])),
      namespace: fc.constantFrom(...namespaces),
      day: fc.integer({ min: 1, max: 4 }),
      revision: rarely(fc.constantFrom('other', 'default', ''), 12),
      annotations: annotations ?? fc.constant(undefined),
      spec,
    })
    .map(({ name, namespace, day, revision, annotations: notes, spec: content }) => ({
      apiVersion,
      kind,
      ...written({
        metadata: {
          name,
          namespace,
          creationTimestamp: `2026-01-0${day}T00:00:00Z`,
          labels: revision === undefined ? undefined : { 'istio.io/rev': revision },
          annotations: notes,
        },
        spec: content,
      }),
    }));
}

/** To whom an object is exported. */
export const exportTo = rarely(
  fc.constantFrom(['.'], ['*'], ['client'], ['shop'], ['client', 'shop'], ['.', 'client'], ['istio-system'], ['other']),
  3,
);

/** A duration in one of the spellings that Go reads. */
export const duration = fc.constantFrom('1s', '500ms', '30s', '1m30s', '0.5s', '2h45m', '60s');
