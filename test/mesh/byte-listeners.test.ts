import t from 'tap';
import { byteWaysTo, isHttpOnly } from '../../src/mesh/byte-listeners.ts';
import { nameOf } from '../../src/model/kube-object.ts';
import { httpDeclared } from '../../src/rules/traffic/http-declared.ts';
import { BASELINE } from '../baseline-fixture.ts';
import { runExample, viewOf } from '../rules/example-runner.ts';

const ML = 'ml-service.llmoptimizer.svc.cluster.local';
const DATA = 'data.llmoptimizer-data.svc.cluster.local';

const service = (name: string, namespace: string, ports: string): string => `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { ports: [${ports}] }
`;
const sidecar = (name: string, namespace: string, egress: string, rest = ''): string => `---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: ${name}, namespace: ${namespace} }
spec: { ${rest}egress: [${egress}] }
`;
const TCP = '{ port: { number: 8080, protocol: TCP }, hosts: ["*/*"] }';
const SERVICE = service('ml-service', 'llmoptimizer', '{ name: http, port: 8080 }, { name: http-b, port: 8081 }');

t.test('each listener that leads to the service is told once, with the first namespace that has it', (t) => {
  const view = viewOf(
    SERVICE +
      sidecar('default', 'istio-system', `${TCP}, { port: { number: 8081 }, hosts: ["*/*"] }`) +
      sidecar('some', 'llmoptimizer', TCP, 'workloadSelector: { labels: { app: a } }, '),
  );
  const ways = byteWaysTo(view, BASELINE, ML).map(
    ({ sidecar: { metadata }, index, port, isGuessed, namespace }) =>
      `${nameOf({ apiVersion: '', kind: '', metadata })} ${index} ${port} ${isGuessed} ${namespace}`,
  );
  t.same(ways, [
    'some 0 8080 false llmoptimizer',
    'default 0 8080 false llmoptimizer',
    'default 1 8081 true llmoptimizer',
  ]);
  t.end();
});

t.test('a Sidecar of the root namespace with a selector is for its own pods alone', (t) => {
  const selector = 'workloadSelector: { labels: { app: a } }, ';
  t.same(byteWaysTo(viewOf(SERVICE + sidecar('default', 'istio-system', TCP, selector)), BASELINE, ML), []);
  t.end();
});

t.test('a port number is for HTTP only if nothing else is said of it by any service', (t) => {
  const isOnly = (ports: string): boolean =>
    isHttpOnly(viewOf(SERVICE + service('data', 'llmoptimizer-data', ports)), [ML, DATA], 8080);
  t.ok(isOnly('{ name: http, port: 8080 }'));
  t.ok(isOnly('{ name: tcp, port: 5432 }'));
  t.ok(isOnly('{ name: dns, port: 8080, protocol: UDP }'));
  t.notOk(isOnly('{ name: tcp, port: 8080 }'));
  t.end();
});

t.test('there is a fix for a listener whose port carries nothing but HTTP', (t) => {
  const fixes = (more: string, egress: string): unknown =>
    runExample({ title: '', context: SERVICE + more, yaml: sidecar('default', 'llmoptimizer', egress) }, [
      httpDeclared,
    ]).map(({ fix }) => fix);
  const op = { op: 'add', path: '/spec/egress/0/port/protocol', value: 'HTTP' };
  t.same(fixes('', TCP), [[op]]);
  t.same(fixes('', '{ port: { number: 8080 }, hosts: ["*/*"] }'), [[op]]);
  t.same(fixes(service('data', 'llmoptimizer-data', '{ name: tcp, port: 8080 }'), TCP), [undefined]);
  t.same(fixes('', '{ port: { protocol: TCP }, bind: "unix:///tmp/ml", hosts: ["*/*"] }'), [undefined]);
  t.end();
});
