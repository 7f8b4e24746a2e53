import type { MeshSettings } from '../../../src/mesh/view.ts';
import { numberOf, valueAt } from '../../../src/model/json.ts';
import { objectRule, type Rule } from '../../../src/rules/rule.ts';
import { BASELINE } from '../../baseline-fixture.ts';

const TEXT = {
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary: '',
  why: '',
  remedy: '',
  absence: '',
  source: { refs: [] },
  numbers: [],
  examples: { pass: [], fail: [] },
} as const;

/** A VirtualService may not retry more than once. */
export const FEW_TRIES: Rule = objectRule({
  ...TEXT,
  id: 'few-tries',
  code: 'MW990',
  reads: ['VirtualService'],
  messages: { many: '`{field}` is {seen}; must be less than or equal to 1' },
  check(object, _, say) {
    const path = ['spec', 'http', 0, 'retries', 'attempts'];
    const attempts = numberOf(valueAt(object, path)) ?? 0;
    return attempts > 1 ? [say('many', {}, { path, magnitude: attempts })] : [];
  },
});

/** Every workload says who pays for it; what is absent is added. */
export const PAID: Rule = objectRule({
  ...TEXT,
  id: 'paid',
  code: 'MW991',
  reads: ['Deployment', 'Pod'],
  messages: { unpaid: '`{field}` is not set; must be' },
  check: () => [],
  mutate: ({ podPath, add }) => add([...podPath, 'metadata', 'annotations', 'shop.example/payer'], 'house'),
});

/** A rule with a fault of its own: it throws for every Gateway. */
export const FAULTY: Rule = objectRule({
  ...TEXT,
  id: 'faulty',
  code: 'MW992',
  reads: ['Gateway', 'StatefulSet'],
  messages: {},
  check() {
    throw new TypeError('this rule is broken');
  },
  mutate() {
    throw new TypeError('this rule is broken');
  },
});

/** The rules of these tests, so that what is answered does not change with the catalogue. */
export const OWN_RULES: readonly Rule[] = [FEW_TRIES, PAID, FAULTY];

/** The settings of an empty mesh. */
export const SETTINGS: MeshSettings = BASELINE.mesh;

/** Builds an AdmissionReview around an object. */
export function reviewOf(request: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'b1c2',
      operation: 'CREATE',
      kind: { group: 'networking.istio.io', version: 'v1', kind: 'VirtualService' },
      resource: { group: 'networking.istio.io', version: 'v1', resource: 'virtualservices' },
      namespace: 'shop',
      name: 'web',
      userInfo: { username: 'ann', groups: ['system:authenticated'] },
      dryRun: false,
      object: null,
      oldObject: null,
      ...request,
    },
  };
}

/** A VirtualService with so many retries. */
export function virtualService(attempts: number): Record<string, unknown> {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { hosts: ['web'], http: [{ route: [{ destination: { host: 'web' } }], retries: { attempts } }] },
  };
}

/** A Deployment with a pod template. */
export function deployment(replicas: number, template: object = { metadata: {}, spec: {} }): Record<string, unknown> {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { replicas, template },
  };
}
