import t from 'tap';
import { judge } from '../../src/engine/judge.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { RULES } from '../../src/rules/index.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';
import { objectsOf, viewOf } from '../rules/example-runner.ts';

const OPEN_MESH = `
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "outboundTrafficPolicy: { mode: ALLOW_ANY }" }
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: istio-system }
spec: { mtls: { mode: PERMISSIVE } }
`;
const first = (yaml: string): KubeObject => objectsOf(yaml)[0] ?? { apiVersion: '', kind: '' };
const namespace = (label: string): KubeObject =>
  first(`apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { istio-injection: ${label} } }`);

t.test('a namespace that comes is not to blame for what the root namespace says', (t) => {
  const bench = { view: viewOf(OPEN_MESH), baseline: BASELINE, rules: RULES, now: NOW };
  const born = judge([{ operation: 'CREATE', after: namespace('enabled') }], bench);
  t.equal(born.decision, 'allow');
  t.same(
    born.findings
      .filter(({ responsible }) => responsible !== undefined)
      .map(({ code, severity }) => `${code} ${severity}`),
    ['MW506 warning', 'MW201 warning'],
    'it is told',
  );
  const joins = judge([{ operation: 'UPDATE', before: namespace('disabled'), after: namespace('enabled') }], bench);
  t.equal(joins.decision, 'deny', 'one that joins an open mesh later is refused: it was safer outside');
  t.end();
});
