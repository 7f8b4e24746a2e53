import * as fc from 'fast-check';
import t from 'tap';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { auditOf, faultsOf, lineOf, SHIPPED } from './ratchet.ts';
import { steps } from './ratchet-steps.ts';

/** Milliseconds of fuzzing; `MESHWARDEN_RATCHET_SEED` repeats what an earlier run printed. */
const BUDGET_MS = Number(process.env.MESHWARDEN_RATCHET_MS ?? 9_000);
const SEED = process.env.MESHWARDEN_RATCHET_SEED;

const istio = (kind: string, namespace: string, spec: object): KubeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name: 'a', namespace },
  spec,
});

t.setTimeout(BUDGET_MS * 4 + 60_000);

t.test('the mesh that all sequences begin with is right', (t) => {
  // The control plane brings its own configuration.
  const faults = [...auditOf(SHIPPED).values()].filter(({ code }) => code !== 'MW702');
  t.same(faults.map(lineOf), []);
  t.end();
});

t.test('what reviews were silent about once', (t) => {
  const rule = istio('DestinationRule', 'llmoptimizer', { host: '*ml-service.llmoptimizer.svc.cluster.local' });
  t.same(faultsOf([{ does: 'create', object: rule }], 0), [], 'a wildcard with a whole name behind its asterisk');
  const route = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'waiting', namespace: 'team' },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'cart' }],
      rules: [{ retry: { attempts: 1 }, backendRefs: [{ name: 'cart', port: 8080 }] }],
    },
  };
  const joins = [
    { does: 'create', object: route },
    { does: 'join', label: 'enabled' },
  ] as const;
  t.same(faultsOf(joins, 0), [], 'a namespace joins in which an HTTPRoute waits for its service');
  t.end();
});

t.test('what the audit newly finds after a change, the review of that change has said, and nothing else', (t) => {
  const seed = SEED === undefined ? Date.now() % 2 ** 31 : Number(SEED);
  let runs = 0;
  const property = fc.property(steps, fc.integer({ min: 0, max: 2 }), (list, legacy) => {
    runs += 1;
    const wrong = faultsOf(list, legacy);
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  });
  const result = fc.check(property, { seed, numRuns: 1_000_000, interruptAfterTimeLimit: BUDGET_MS });
  t.comment(`seed ${seed}: ${runs} sequences of changes`);
  t.notOk(result.failed, fc.defaultReportMessage(result) ?? 'every review told the truth');
  t.ok(runs > 5);
  t.end();
});
