import t from 'tap';
import { judge } from '../../src/engine/judge.ts';
import { touchedBy } from '../../src/mesh/touched.ts';
import { View } from '../../src/mesh/view.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { RULES } from '../../src/rules/index.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';

const SERVICES = 1500;

/** So many services with nothing else, each of which lacks much. */
const view = View.of(
  [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { 'istio-injection': 'enabled' } } },
    ...Array.from({ length: SERVICES }, (_, at) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `service-${at}`, namespace: 'shop' },
      spec: { ports: [{ name: 'http', port: 80 }] },
    })),
  ],
  BASELINE.mesh,
);

function route(gateways: readonly string[], annotations: object = {}): KubeObject {
  const http = [{ route: [{ destination: { host: 'service-1' } }] }];
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'wide', namespace: 'shop', annotations },
    spec: { hosts: ['*.svc.cluster.local'], gateways, http },
  };
}

function verdictOn(after: KubeObject): Verdict {
  const change = { operation: 'CREATE', after } as const;
  return judge([change], { view, baseline: BASELINE, rules: RULES, now: NOW });
}

t.test('a change that is refused for itself is not judged for each of very many hosts', (t) => {
  const { decision, findings } = verdictOn(route(['mesh']));
  t.equal(decision, 'deny');
  t.ok(findings.some(({ code }) => code === 'MW413'));
  t.ok(findings.every(({ subject }) => subject.kind === 'object'));
  t.end();
});

t.test('what an exception covers is known of all of them', (t) => {
  const exempt = { 'meshwarden.io/exempt': 'host-ownership until=2026-12-01 reason=moving' };
  const { findings } = verdictOn(route(['mesh'], exempt));
  t.ok(findings.some(({ subject }) => subject.kind === 'host'));
  t.end();
});

t.test('a wildcard at a gateway alone touches only where it leads', (t) => {
  const object = route(['shop/own']);
  const { hosts } = touchedBy(object, view.with({ add: [object] }), BASELINE);
  t.same([...hosts], ['service-1.shop.svc.cluster.local']);
  t.end();
});
