import t from 'tap';
import { isAtLeast } from '../../src/mesh/releases.ts';
import { trafficPolicy } from '../../src/mesh/traffic-policy.ts';
import { View } from '../../src/mesh/view.ts';
import { BASELINE } from '../baseline-fixture.ts';
import { objectsOf } from '../rules/example-runner.ts';

const settings = (istioVersion: string): typeof BASELINE.mesh => ({ ...BASELINE.mesh, istioVersion });

t.test('a release is read as Istio writes it', (t) => {
  t.ok(isAtLeast(settings('1.31'), 31));
  t.ok(isAtLeast(settings('1.32.4'), 31));
  t.notOk(isAtLeast(settings('1.9'), 31));
  t.notOk(isAtLeast(settings('v1.30.1'), 31));
  t.ok(isAtLeast(settings('latest'), 31), 'one that cannot be read is taken for the newest');
  t.end();
});

t.test('the mesh’s default traffic policy counts from 1.31 on', (t) => {
  const objects = objectsOf(`apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "defaultTrafficPolicy: {outlierDetection: {consecutive5xxErrors: 5}}" }
`);
  const breaker = (release: string): unknown => {
    const query = { host: 'ml.shop.svc.cluster.local', port: 80, clientNamespace: 'client' };
    return trafficPolicy(View.of(objects, settings(release)), query).outlierDetection.value;
  };
  t.same(breaker('1.31'), { consecutive5xxErrors: 5 });
  t.equal(breaker('1.30'), undefined);
  t.end();
});
