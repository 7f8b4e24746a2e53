import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { parseBaseline } from '../../src/baseline/parse.ts';
import { judge } from '../../src/engine/judge.ts';
import { View } from '../../src/mesh/view.ts';
import type { Baseline } from '../../src/model/baseline.ts';
import { isKubeObject, type KubeObject } from '../../src/model/kube-object.ts';
import { recordOrEmpty, valueAt } from '../../src/model/json.ts';
import type { JudgedFinding } from '../../src/model/verdict.ts';
import { RULES } from '../../src/rules/index.ts';
import { NOW } from '../baseline-fixture.ts';

const POLICIES = resolve(import.meta.dirname, '../../policies');
/** The order of the document, and within a folder that of kubectl: by name. */
const ORDER = [
  'base/namespaces.yaml',
  'security/authorization-policies.yaml',
  'security/jwt-authentication.yaml',
  'security/mtls-policies.yaml',
  'traffic-management/destination-rules.yaml',
  'traffic-management/retry-timeout-policies.yaml',
  'traffic-management/virtual-services.yaml',
  'telemetry/telemetry-v2.yaml',
  'gateways/main-gateway.yaml',
];

function objectsIn(file: string): readonly KubeObject[] {
  return parseAllDocuments(readFileSync(join(POLICIES, 'istio', file), 'utf8')).flatMap((document) => {
    const value: unknown = document.toJS();
    return isKubeObject(value) ? [value] : [];
  });
}

function shippedBaseline(): Baseline {
  const text = readFileSync(join(POLICIES, 'baseline.yaml'), 'utf8');
  const parsed = parseBaseline(text, { sha256: '0'.repeat(64), now: NOW });
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
  return parsed.baseline;
}

/** The mesh ConfigMap as istioctl makes it of the IstioOperator file, which is there before anything else. */
function meshConfigMap(): KubeObject {
  const operator: unknown = parseAllDocuments(
    readFileSync(join(POLICIES, 'istio/base/istio-operator.yaml'), 'utf8'),
  )[0]?.toJS();
  const mesh = JSON.stringify(valueAt(operator, ['spec', 'meshConfig']));
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: 'istio-system' },
    data: { mesh },
  };
}

const baseline = shippedBaseline();

function create(view: View, after: KubeObject): readonly JudgedFinding[] {
  return judge([{ operation: 'CREATE', after }], { view, baseline, rules: RULES, now: NOW }).findings;
}

const errorsOf = (findings: readonly JudgedFinding[]): readonly string[] =>
  findings.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code} ${message}`);

t.test('the shipped files apply in the document’s order, object by object, and nothing is refused', (t) => {
  let view = View.of([meshConfigMap()], baseline.mesh);
  let second = 0;
  for (const file of ORDER) {
    for (const object of objectsIn(file)) {
      const name = `${object.kind} ${String(valueAt(object, ['metadata', 'name']))} of ${file}`;
      t.same(errorsOf(create(view, object)), [], name);
      second += 1;
      const creationTimestamp = new Date(NOW + second * 1000).toISOString();
      view = view.with({
        add: [{ ...object, metadata: { ...recordOrEmpty(object.metadata), creationTimestamp } }],
      });
    }
  }
  t.ok(second > 80, `${second} objects`);
  t.end();
});

t.test('a ServiceEntry before its way is the one first comer that is refused', (t) => {
  const all = ORDER.flatMap(objectsIn);
  const isEntry = ({ kind }: KubeObject): boolean => kind === 'ServiceEntry';
  const isWay = (object: KubeObject): boolean =>
    object.kind === 'VirtualService' && valueAt(object, ['metadata', 'namespace']) === 'istio-egress';
  const entries = all.filter(isEntry);
  t.equal(entries.length, 7);
  const without = View.of([meshConfigMap(), ...all.filter((one) => !isEntry(one) && !isWay(one))], baseline.mesh);
  const unruled = View.of([meshConfigMap(), ...all.filter((one) => !isEntry(one) && one.kind !== 'DestinationRule')], {
    ...baseline.mesh,
  });
  for (const entry of entries) {
    const name = String(valueAt(entry, ['metadata', 'name']));
    const codes = create(without, entry)
      .filter(({ severity }) => severity === 'error')
      .map(({ code }) => code);
    t.same(codes, ['MW504'], `${name} without its VirtualService`);
    t.same(errorsOf(create(unruled, entry)), [], `${name} without its DestinationRule is warned about`);
  }
  t.end();
});
