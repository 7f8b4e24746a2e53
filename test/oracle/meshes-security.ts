import * as fc from 'fast-check';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { maybe, objectOf, rarely, written } from './meshes-words.ts';

const mtls = fc.constantFrom<JsonObject>(
  { mode: 'STRICT' },
  { mode: 'PERMISSIVE' },
  { mode: 'DISABLE' },
  { mode: 'UNSET' },
  {},
);

const selector = fc.constantFrom<JsonObject | undefined>(
  undefined,
  undefined,
  undefined,
  {},
  { matchLabels: {} },
  { matchLabels: { app: 'ml' } },
  { matchLabels: { app: 'ml' } },
  { matchLabels: { app: 'ml', version: 'v2' } },
  { matchLabels: { app: 'caller' } },
);

const peerSpec = fc
  .record({
    selector,
    mtls: maybe(mtls),
    ports: rarely(
      fc.dictionary(fc.constantFrom('8080', '80', '9090'), mtls, { minKeys: 1, maxKeys: 2, noNullPrototype: true }),
      3,
    ),
  })
  .map(({ selector: labels, mtls: mode, ports }) => {
    const hasLabels = Object.keys(labels?.matchLabels ?? {}).length > 0;
    return written({ selector: labels, mtls: mode, portLevelMtls: hasLabels ? ports : undefined });
  });

/** Policies of all levels, UNSET among them. */
export const peerAuthentications: fc.Arbitrary<readonly KubeObject[]> = fc.array(
  objectOf({
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    namespaces: ['istio-system', 'shop', 'shop', 'client'],
    spec: peerSpec,
  }),
  { maxLength: 4 },
);

const rule = fc.constantFrom<JsonObject>(
  {},
  { from: [{ source: { principals: ['cluster.local/ns/client/sa/a'] } }] },
  { from: [{ source: { principals: ['*'] } }] },
  { from: [{ source: { namespaces: ['client'] } }] },
  { to: [{ operation: { methods: ['GET'] } }] },
  { to: [{ operation: { paths: ['/*'] } }] },
  { to: [{ operation: { ports: ['8080'] } }] },
  { when: [{ key: 'request.headers[x]', values: ['y'] }] },
);

const policySpec = fc
  .record({
    selector,
    action: maybe(fc.constantFrom('ALLOW', 'DENY', 'AUDIT', 'CUSTOM')),
    rules: maybe(fc.array(rule, { maxLength: 2 })),
    targetRefs: rarely(fc.constant([{ group: '', kind: 'Service', name: 'ml' }]), 10),
  })
  .map(({ selector: labels, action, rules, targetRefs }) =>
    written({
      selector: targetRefs === undefined ? labels : undefined,
      action,
      rules,
      targetRefs,
      provider: action === 'CUSTOM' ? { name: 'nobody' } : undefined,
    }),
  );

const dryRun = rarely(fc.constantFrom('true', 'T', '1', 'false', 'TRUE'), 5).map((value) =>
  value === undefined ? undefined : { 'istio.io/dry-run': value },
);

/** Policies of all actions and levels, some of which only pretend. */
export const authorizationPolicies: fc.Arbitrary<readonly KubeObject[]> = fc.array(
  objectOf({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    namespaces: ['istio-system', 'shop', 'shop', 'client'],
    spec: policySpec,
    annotations: dryRun,
  }),
  { maxLength: 3 },
);
