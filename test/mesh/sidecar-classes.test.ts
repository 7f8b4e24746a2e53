import * as fc from 'fast-check';
import t from 'tap';
import { usesElsewhere } from '../../src/mesh/sidecar-classes.ts';
import { type Importable, knows, sidecarsOf, tellsPortsApart } from '../../src/mesh/sidecar-scope.ts';
import { View } from '../../src/mesh/view.ts';
import { type KubeObject, nameOf, namespaceOf } from '../../src/model/kube-object.ts';
import { BASELINE } from '../baseline-fixture.ts';

const THINGS: readonly Importable[] = [
  { namespace: 'shop', hosts: ['ml.shop.svc.cluster.local'], fit: 'covered' },
  { namespace: 'other', hosts: ['ml.shop.svc.cluster.local', '*.example.com'], fit: 'either' },
];
const HOMES = THINGS.map(({ namespace }) => namespace);

const IMPORTS =
  './* */* shop/* client/* shop/ml.shop.svc.cluster.local */ml.shop.svc.cluster.local istio-system/* ~/* other/* ' +
  '*/api.example.com x1/* x2/* ~shop/* shop/*.shop.svc.cluster.local shop';

const sidecar = fc
  .record({
    namespace: fc.constantFrom('shop', 'other', 'client', 'web', 'x1', 'x2', 'x3', 'x4', 'istio-system'),
    name: fc.constantFrom('a', 'b'),
    hosts: fc.array(fc.constantFrom(...IMPORTS.split(' ')), { maxLength: 3 }),
    port: fc.constantFrom({}, {}, {}, {}, { port: { number: 80 } }, { port: {} }),
    selector: fc.constantFrom({}, {}, { workloadSelector: { labels: { app: 'a' } } }),
    imports: fc.constantFrom(true, true, true, false),
  })
  .map(({ namespace, name, hosts, port, selector, imports }): KubeObject => {
    const egress = imports ? { egress: [{ hosts, ...port }] } : {};
    const metadata = { name, namespace, creationTimestamp: '2026-01-01T00:00:00Z' };
    return { apiVersion: 'networking.istio.io/v1', kind: 'Sidecar', metadata, spec: { ...selector, ...egress } };
  });

function sortOf(one: KubeObject | undefined, namespace: string): string {
  if (one !== undefined && tellsPortsApart(one)) return `${namespace}/${nameOf(one)}`;
  return THINGS.map((thing) => (knows(one, namespace, undefined, thing) ? '1' : '0')).join('');
}

t.test('of every sort of Sidecar one use is found, though not all of thousands are asked', (t) => {
  const isElsewhere = (namespace: string): boolean => !HOMES.includes(namespace);
  const property = fc.property(fc.array(sidecar, { maxLength: 12 }), (objects) => {
    const view = View.of(objects, BASELINE.mesh);
    const namespaces = new Set(view.list('Sidecar').map(namespaceOf).filter(isElsewhere));
    const all = [...namespaces].flatMap((one) => sidecarsOf(view, one).map((of) => sortOf(of, one)));
    const uses = [...usesElsewhere(view, HOMES, isElsewhere)];
    const found = uses.map((use) => sortOf(use.sidecar, use.namespace));
    const [due, got] = [all, found].map((list) => [...new Set(list)].sort().join(' '));
    if (due !== got) throw new Error(`found ${got} of ${due}`);
    if (uses.some(({ namespace }) => !isElsewhere(namespace))) throw new Error('a use at home');
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500 }));
  t.end();
});
