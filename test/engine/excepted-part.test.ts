import t from 'tap';
import { judge } from '../../src/engine/judge.ts';
import { View } from '../../src/mesh/view.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { RULES } from '../../src/rules/index.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';
import { objectsOf } from '../rules/example-runner.ts';

/** What somebody who may except everything has granted, and what somebody who may except nothing makes of it. */
interface Step {
  readonly title: string;
  readonly rule: string;
  readonly granted: string;
  readonly changed: string;
  /** Whether the exception goes on counting. */
  readonly kept: boolean;
  readonly context?: string;
}

const head = (api: string, kind: string, rule: string): string => `
apiVersion: ${api}
kind: ${kind}
metadata: { name: it, namespace: shop, annotations: { meshwarden.io/exempt: "${rule} until 2027-01-31 -- OPS-1" } }
`;
const route = (rule: string, spec: string): string => `${head('networking.istio.io/v1', 'VirtualService', rule)}
spec: ${spec}
`;
const entry = (spec: string): string => `${head('networking.istio.io/v1', 'ServiceEntry', 'registered-external-host')}
spec: { hosts: [partner.example], location: MESH_EXTERNAL, resolution: DNS, exportTo: [.], ${spec} }
`;
const destination = (labels: string): string => `${head('networking.istio.io/v1', 'DestinationRule', 'mesh-client-tls')}
spec: { host: web, subsets: [{ name: legacy, labels: ${labels}, trafficPolicy: { tls: { mode: DISABLE } } }] }
`;
const WEB = `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [{ name: http, port: 80 }] }
`;
const THEIRS = WEB.replaceAll('name: shop', 'name: llmoptimizer').replace(
  'name: web, namespace: shop',
  'name: ml-service, namespace: llmoptimizer',
);
const TO_WEB = 'route: [{ destination: { host: web } }]';
const FAULT = `fault: { abort: { percentage: { value: 100 }, httpStatus: 503 } }, ${TO_WEB}`;
const TESTED = 'match: [{ headers: { x-test: { exact: "1" } } }]';
const tested = (match: string, labels = ''): string =>
  route('no-fault-injection', `{ hosts: [web], http: [{ ${match} name: test, ${FAULT} ${labels} }] }`);
const theirs = (host: string): string =>
  route(
    'host-ownership',
    `{ hosts: [ml-service.llmoptimizer.svc.cluster.local], http: [{ route: [{ destination: { host: ${host} } }] }] }`,
  );
const TLS = '{ number: 443, name: tls, protocol: TLS }';

const STEPS: readonly Step[] = [
  {
    title: 'a fault for some requests comes to all',
    rule: 'no-fault-injection',
    granted: tested(`${TESTED},`),
    changed: tested(''),
    kept: false,
  },
  {
    title: 'the same requests, another field',
    rule: 'no-fault-injection',
    granted: tested(`${TESTED},`),
    changed: tested(`${TESTED},`, ', timeout: 3s'),
    kept: true,
  },
  {
    title: 'one more port of an excepted host',
    rule: 'registered-external-host',
    granted: entry(`ports: [${TLS}]`),
    changed: entry(`ports: [${TLS}, { number: 22, name: tcp, protocol: TCP }]`),
    kept: false,
  },
  {
    title: 'other addresses for an excepted host',
    rule: 'registered-external-host',
    granted: entry(`ports: [${TLS}]`),
    changed: entry(`ports: [${TLS}], endpoints: [{ address: 203.0.113.7 }]`),
    kept: false,
  },
  {
    title: 'a subset comes to be all pods',
    rule: 'mesh-client-tls',
    granted: destination('{ version: legacy }'),
    changed: destination('{}'),
    context: WEB,
    kept: false,
  },
  {
    title: 'another way for somebody else’s host',
    rule: 'host-ownership',
    granted: theirs('ml-service.llmoptimizer.svc.cluster.local'),
    changed: theirs('web.shop.svc.cluster.local'),
    context: `${WEB}---${THEIRS}`,
    kept: false,
  },
];

t.test('an exception is for what was granted, not for what can be made of it', (t) => {
  for (const { title, rule: id, granted, changed, context = '', kept } of STEPS) {
    const rules = RULES.filter((rule) => rule.id === id);
    const judged = (before: KubeObject | undefined, text: string, mayExempt: readonly string[]) => {
      const [after] = objectsOf(text);
      const there = [...objectsOf(context), ...(before === undefined ? [] : [before])];
      const requester = { username: 'somebody', groups: [] };
      const change = {
        operation: before === undefined ? 'CREATE' : 'UPDATE',
        requester,
        mayExempt: new Set(mayExempt),
      };
      const objects = { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
      const bench = { view: View.of(there, BASELINE.mesh), baseline: BASELINE, rules, now: NOW };
      return judge([{ ...change, ...objects } as never], bench);
    };
    t.match(judged(undefined, granted, [id]), { decision: 'allow', exceptions: [{ rule: id }] }, `${title}: granted`);
    const [before] = objectsOf(granted);
    const codes = judged(before, changed, []).findings.map(({ code, severity }) => `${code} ${severity}`);
    t.equal(!codes.includes('MW902 error'), kept, `${title}: ${kept ? 'kept' : 'asked for again'}`);
    t.match(judged(before, changed, [id]), { decision: 'allow' }, `${title}: by somebody who may`);
  }
  t.end();
});
