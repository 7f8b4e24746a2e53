import t from 'tap';
import { judge } from '../../src/engine/judge.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { formatSubject } from '../../src/model/subject.ts';
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
const hostOf = (name: string): string => `${name}.llmoptimizer.svc.cluster.local`;
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

t.test('what a service lacks is said of the service, whatever comes with it and before it', (t) => {
  const yaml = `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: front, namespace: llmoptimizer }
spec:
  hosts: ["*"]
  gateways: [front]
  http:
  - timeout: 5s
    retries: { attempts: 0 }
    route: [{ destination: { host: shop } }, { destination: { host: cart }, weight: 1 }]
---
apiVersion: v1
kind: Service
metadata: { name: cart, namespace: llmoptimizer }
spec: { selector: { app: cart }, ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: shop, namespace: llmoptimizer }
spec: { selector: { app: shop }, ports: [{ name: http, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: outside, namespace: llmoptimizer }
spec: { hosts: [API.openai.com], resolution: DNS, ports: [{ number: 80, name: http, protocol: HTTP }] }
`;
  const changes = objectsOf(yaml).map((after) => ({ operation: 'CREATE', after }) as const);
  const bench = { view: viewOf(''), baseline: BASELINE, rules: RULES, now: NOW };
  const said = judge(changes, bench).findings.filter(({ responsible }) => responsible === undefined);
  t.same(
    said.map(({ code, severity, object, subject }) => [code, severity, object.name, formatSubject(subject)].join(' ')),
    [
      ...['cart', 'shop'].flatMap((name) =>
        ['MW402', 'MW403', 'MW406', 'MW407'].map((code) => `${code} warning ${name} ${hostOf(name)}`),
      ),
      'MW505 warning outside api.openai.com',
    ],
  );
  t.end();
});
