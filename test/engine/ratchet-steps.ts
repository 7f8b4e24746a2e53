import * as fc from 'fast-check';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { destinationRules } from '../oracle/meshes-destination-rules.ts';
import { authorizationPolicies, peerAuthentications } from '../oracle/meshes-security.ts';
import { serviceEntries, services } from '../oracle/meshes-services.ts';
import { sidecars, telemetries } from '../oracle/meshes-settings.ts';
import { virtualServices } from '../oracle/meshes-virtual-services.ts';

/** What somebody does to a mesh; numbers choose among what is there. */
export type Step =
  | { readonly does: 'create'; readonly object: KubeObject }
  | { readonly does: 'break'; readonly which: number; readonly place: number }
  | { readonly does: 'set'; readonly which: number; readonly place: number; readonly value: unknown }
  | { readonly does: 'delete'; readonly which: number }
  | { readonly does: 'restore'; readonly which: number }
  | { readonly does: 'move'; readonly which: number }
  | { readonly does: 'copy'; readonly which: number }
  | { readonly does: 'label'; readonly which: number; readonly revision: string | undefined }
  | { readonly does: 'join'; readonly label: 'enabled' | 'disabled' }
  | { readonly does: 'export'; readonly which: number; readonly to: readonly string[] | undefined };

/** The generators of the oracle speak of a small shop; the same words in the shipped mesh. */
const WORDS: Readonly<Record<string, string>> = {
  ml: 'ml-service',
  web: 'content-service',
  shop: 'llmoptimizer',
  client: 'llmoptimizer-data',
  other: 'team',
  caller: 'postgres',
};

function translated(object: KubeObject): KubeObject {
  const text = JSON.stringify(object)
    .replaceAll(/(?<![\w-])(ml|web|shop|client|other|caller)(?![\w-])/g, (word) => WORDS[word] ?? word)
    .replaceAll('api.example.com', 'api.openai.com')
    .replaceAll('"v2"', '"canary"');
  return JSON.parse(text) as KubeObject; // The same shape with other words.
}

const parent = fc.constantFrom(
  { group: '', kind: 'Service', name: 'ml-service' },
  { group: '', kind: 'Service', name: 'ml-service', namespace: 'llmoptimizer' },
  { name: 'llmoptimizer-gateway', namespace: 'istio-ingress' },
);

const httpRoutes = fc
  .record({
    namespace: fc.constantFrom('llmoptimizer', 'llmoptimizer-data', 'team'),
    kind: fc.constantFrom('HTTPRoute', 'HTTPRoute', 'GRPCRoute'),
    parent,
    retry: fc.constantFrom({}, { retry: { attempts: 9 } }, { retry: { attempts: 1 } }, { retry: {} }),
    timeouts: fc.constantFrom({}, { timeouts: { request: '1s' } }, { timeouts: { request: '0s' } }),
    backend: fc.constantFrom('ml-service', 'content-service', 'nobody'),
  })
  .map(({ namespace, kind, parent: to, retry, timeouts, backend }) => [
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind,
      metadata: { name: 'r', namespace },
      spec: { parentRefs: [to], rules: [{ ...retry, ...timeouts, backendRefs: [{ name: backend, port: 8080 }] }] },
    },
  ]);

/** Objects of all kinds that a mesh is made of, in words of the shipped one. */
export const objects: fc.Arbitrary<KubeObject> = fc
  .oneof(
    virtualServices,
    virtualServices,
    destinationRules,
    destinationRules,
    peerAuthentications,
    authorizationPolicies,
    serviceEntries,
    services,
    sidecars,
    telemetries,
    httpRoutes,
  )
  .filter((some) => some.length > 0)
  .map((some) => translated(some[0] as KubeObject));

const created: fc.Arbitrary<Step> = objects.map((object) => ({ does: 'create', object }));

/** Words that mean something somewhere. */
const TEXTS =
  '* ~ . mesh 0s 1h None tcp-raw TCP enabled disabled other PERMISSIVE DISABLE UNSET PASSTHROUGH ALLOW DENY SIMPLE RANDOM ' +
  'ml-service llmoptimizer team ml-service.llmoptimizer ML-service.llmoptimizer.svc.cluster.local. ' +
  '*.llmoptimizer.svc.cluster.local *ml-service.llmoptimizer.svc.cluster.local';
/** Values that mostly are nothing; `undefined` leaves the field out. */
const OTHERS = [
  undefined,
  null,
  '',
  0,
  1,
  3,
  100,
  true,
  false,
  {},
  [],
  [{}],
  ['*'],
  ['~'],
  ['.'],
  ['mesh'],
  { app: 'a' },
];
const VALUES: readonly unknown[] = [...TEXTS.split(' '), ...OTHERS];

const which = fc.nat(9999);

/** A few changes, one after another. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: created },
    { weight: 4, arbitrary: fc.record({ does: fc.constant('break' as const), which, place: which }) },
    {
      weight: 5,
      arbitrary: fc.record({
        does: fc.constant('set' as const),
        which,
        place: which,
        value: fc.constantFrom(...VALUES),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        does: fc.constantFrom('delete' as const, 'restore' as const, 'move' as const, 'copy' as const),
        which,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        does: fc.constant('label' as const),
        which,
        revision: fc.constantFrom(undefined, 'other', 'default', ''),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        does: fc.constant('join' as const),
        label: fc.constantFrom('enabled' as const, 'enabled' as const, 'disabled' as const),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        does: fc.constant('export' as const),
        which,
        to: fc.constantFrom(undefined, ['.'], ['*'], ['llmoptimizer-data'], ['llmoptimizer'], ['~']),
      }),
    },
  ),
  { minLength: 1, maxLength: 6 },
);
