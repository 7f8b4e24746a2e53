import t from 'tap';
import { judge } from '../../src/engine/judge.ts';
import { routesTo } from '../../src/mesh/routes.ts';
import { View } from '../../src/mesh/view.ts';
import type { Change } from '../../src/model/change.ts';
import { formatRef, type KubeObject, refOf } from '../../src/model/kube-object.ts';
import { RULES } from '../../src/rules/index.ts';
import { NOW } from '../baseline-fixture.ts';
import { ALL_BREAKS } from '../mutants/all-breaks.ts';
import { mutantsOf } from '../mutants/mutants.ts';
import { baseline, SHIPPED } from './ratchet.ts';

const bench = { baseline, rules: RULES, now: NOW };

const verdictOn = (change: Change, view: View): string => JSON.stringify(judge([change], { ...bench, view }));
const keyOf = (object: KubeObject): string => formatRef(refOf(object));

/** The mesh after a change: as the server's view that saw it, and as one that was never asked anything. */
function viewsAfter({ before, after }: Change, view: View): readonly [View, View] {
  const mesh = new Map(SHIPPED);
  if (before !== undefined) mesh.delete(keyOf(before));
  if (after !== undefined) mesh.set(keyOf(after), after);
  const followed =
    after === undefined ? view.with({ remove: before === undefined ? [] : [before] }) : view.with({ add: [after] });
  return [followed.compact(), View.of(mesh.values(), baseline.mesh)];
}

function undone({ operation, before, after }: Change): Change {
  if (operation === 'CREATE') return { operation: 'DELETE', ...(after === undefined ? {} : { before: after }) };
  const restored = before === undefined ? {} : { after: before };
  return after === undefined ? { operation: 'CREATE', ...restored } : { operation, before: after, ...restored };
}

t.test('what a view remembers from before a change is never the answer after it', (t) => {
  const view = View.of(SHIPPED.values(), baseline.mesh);
  // Every answer is remembered before the first change.
  for (const object of SHIPPED.values()) {
    verdictOn({ operation: 'UPDATE', before: object, after: object }, view);
    verdictOn({ operation: 'DELETE', before: object }, view);
  }
  const changes = mutantsOf([...SHIPPED.values()], ALL_BREAKS).map(({ change }) => change);
  t.ok(changes.length > 300, `${changes.length} changes`);
  const stale: string[] = [];
  for (const [at, change] of changes.entries()) {
    const [followed, fresh] = viewsAfter(change, view);
    // Going back asks about what was changed, another change about what stands beside it.
    const other = changes[(at * 7 + 3) % changes.length] ?? change;
    for (const probe of [undone(change), other]) {
      const [known, anew] = [verdictOn(probe, followed), verdictOn(probe, fresh)];
      if (known !== anew) stale.push(`change ${at}: ${known} instead of ${anew}`);
    }
  }
  t.same(stale, []);
  t.end();
});

const OTHERS = ['d', 'e', 'f', 'g', 'h', 'i'];

function routing(name: string, hosts: readonly string[], target: string): KubeObject {
  const http = [{ route: [{ destination: { host: target } }] }];
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name, namespace: 'llmoptimizer' },
    spec: { hosts, http },
  };
}

t.test('a route by two names is one, however many others are read between the two looks at it', (t) => {
  const objects = [routing('two', ['a', 'b'], 'c'), ...OTHERS.map((name) => routing(name, [name], name))];
  const view = View.of(objects, baseline.mesh);
  const read = (name: string): readonly unknown[] => routesTo(view, baseline, `${name}.llmoptimizer.svc.cluster.local`);
  read('a');
  for (const name of OTHERS) read(name);
  t.equal(read('c').length, 1);
  t.end();
});
