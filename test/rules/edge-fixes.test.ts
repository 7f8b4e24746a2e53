import { apply_patch } from 'jsonpatch';
import t from 'tap';
import { judge } from '../../src/engine/judge.ts';
import { View } from '../../src/mesh/view.ts';
import { identityOf } from '../../src/model/finding.ts';
import { isKubeObject, type KubeObject, refOf } from '../../src/model/kube-object.ts';
import type { JudgedFinding } from '../../src/model/verdict.ts';
import { jwtOnIngress } from '../../src/rules/access/jwt-on-ingress.ts';
import { namedCallers } from '../../src/rules/access/named-callers.ts';
import { networkPolicy } from '../../src/rules/access/network-policy.ts';
import { noAllowAll } from '../../src/rules/access/no-allow-all.ts';
import { noDryRunAuthorization } from '../../src/rules/access/no-dry-run-authorization.ts';
import { egressResilience } from '../../src/rules/gateways/egress-resilience.ts';
import { egressThroughGateway } from '../../src/rules/gateways/egress-through-gateway.ts';
import { registryOnly } from '../../src/rules/gateways/registry-only.ts';
import { unreadableObject } from '../../src/rules/ourselves/unreadable-object.ts';
import type { FailExample } from '../../src/rules/rule.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';
import { deepFreeze, objectsOf } from './example-runner.ts';

/** Those that offer a fix, and those that a fix of theirs could break. */
const WITH_FIX = [jwtOnIngress, noDryRunAuthorization, networkPolicy, egressResilience, registryOnly];
const RULES = [...WITH_FIX, unreadableObject, noAllowAll, namedCallers, egressThroughGateway];

function findingsIn(objects: readonly KubeObject[]): readonly JudgedFinding[] {
  const changes = objects.map((after) => ({ operation: 'CREATE' as const, after }));
  return judge(changes, {
    view: View.of([], BASELINE.mesh),
    baseline: BASELINE,
    rules: RULES,
    now: NOW,
    complete: true,
  }).findings;
}

const keyOf = (object: KubeObject): string => JSON.stringify(Object.values(refOf(object)).slice(1));

function meshOf({ yaml, context, deletes }: FailExample): readonly KubeObject[] {
  const objects = new Map<string, KubeObject>();
  for (const object of objectsOf(context ?? '')) objects.set(keyOf(object), object);
  for (const object of objectsOf(yaml)) {
    if (deletes === true) objects.delete(keyOf(object));
    else objects.set(keyOf(object), object);
  }
  return [...objects.values()];
}

function mended(objects: readonly KubeObject[], { responsible, fix = [] }: JudgedFinding): readonly KubeObject[] {
  return objects.map((object) => {
    if (responsible === undefined || keyOf(object) !== JSON.stringify(Object.values(responsible).slice(1)))
      return object;
    const after: unknown = apply_patch(structuredClone(object), [...fix]);
    if (!isKubeObject(after)) throw new TypeError('a fix made something else of an object');
    return deepFreeze(after);
  });
}

t.test('a fix takes its finding away, brings no other, and is complete', (t) => {
  const tried = new Map<string, number>();
  for (const rule of WITH_FIX) {
    for (const example of rule.examples.fail) {
      const objects = meshOf(example);
      const before = findingsIn(objects);
      for (const finding of before) {
        if (finding.fix === undefined || finding.fix.length === 0) continue;
        tried.set(finding.code, (tried.get(finding.code) ?? 0) + 1);
        const after = findingsIn(mended(objects, finding));
        const title = `${finding.code} ${finding.messageId}, ${example.title}`;
        t.notOk(
          after.some((one) => identityOf(one) === identityOf(finding)),
          `${title}: is gone`,
        );
        const known = new Set(before.map(identityOf));
        const fresh = after.filter((one) => !known.has(identityOf(one)));
        t.same(
          fresh.map(({ code, message }) => `${code} ${message}`),
          [],
          `${title}: brings nothing new`,
        );
      }
    }
  }
  t.same(
    [...tried.keys()].toSorted(),
    WITH_FIX.map(({ code }) => code),
    'every one of them offered a fix',
  );
  t.ok([...tried.values()].reduce((sum, one) => sum + one, 0) > 30);
  t.end();
});
