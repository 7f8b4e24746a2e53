import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { outboundPolicy, sidecarFor } from '../../src/mesh/outbound.ts';
import { answersSince, SINCE } from '../../src/mesh/releases.ts';
import { routesSeenBy } from '../../src/mesh/routes.ts';
import { sampling } from '../../src/mesh/sampling.ts';
import { trafficPolicy } from '../../src/mesh/traffic-policy.ts';
import { View } from '../../src/mesh/view.ts';
import { BASELINE } from '../baseline-fixture.ts';
import { objectsOf } from '../rules/example-runner.ts';

const settings = (istioVersion: string): typeof BASELINE.mesh => ({ ...BASELINE.mesh, istioVersion });
const viewOf = (yaml: string, release: string): View => View.of(objectsOf(yaml), settings(release));
const mesh = (text: string): string => `apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "${text}" }
`;

t.test('a release is read as Istio writes it', (t) => {
  t.ok(answersSince(settings('1.31'), 'defaultTrafficPolicy'));
  t.ok(answersSince(settings('1.32.4'), 'defaultTrafficPolicy'));
  t.notOk(answersSince(settings('1.9'), 'defaultTrafficPolicy'));
  t.notOk(answersSince(settings('v1.30.1'), 'defaultTrafficPolicy'));
  t.ok(answersSince(settings('latest'), 'defaultTrafficPolicy'), 'one that cannot be read is taken for the newest');
  t.end();
});

t.test('docs/model.md has a row for each answer that differs, with its release', (t) => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/model.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| .* \| 1\.(\d+) \|/gm)].map(([, name, minor]) => [name, Number(minor)]);
  t.same(Object.fromEntries(rows), SINCE);
  t.end();
});

t.test('the mesh’s default traffic policy counts from 1.31 on', (t) => {
  const breaker = (release: string): unknown => {
    const view = viewOf(mesh('defaultTrafficPolicy: {outlierDetection: {consecutive5xxErrors: 5}}'), release);
    const query = { host: 'ml.shop.svc.cluster.local', port: 80, clientNamespace: 'client' };
    return trafficPolicy(view, query).outlierDetection.value;
  };
  t.same(breaker('1.31'), { consecutive5xxErrors: 5 });
  t.equal(breaker('1.30'), undefined);
  t.end();
});

t.test('ALLOW_ANY_DYNAMIC_DNS lets requests out from 1.31 on; 1.30 reads the word and lets nothing out', (t) => {
  const mode = (release: string): string =>
    outboundPolicy(viewOf(mesh('outboundTrafficPolicy: {mode: ALLOW_ANY_DYNAMIC_DNS}'), release), 'shop').mode;
  t.equal(mode('1.31'), 'ALLOW_ANY_DYNAMIC_DNS');
  t.equal(mode('1.30'), 'REGISTRY_ONLY');
  t.equal(outboundPolicy(viewOf(mesh('outboundTrafficPolicy: {mode: ALLOW_ANY}'), '1.30'), 'shop').mode, 'ALLOW_ANY');
  t.end();
});

t.test('a Sidecar takes hosts out of what it imports from 1.31 on; in 1.30 such a host imports nothing', (t) => {
  const objects = `apiVersion: v1
kind: Service
metadata: { name: ml, namespace: shop }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: a, namespace: client }
spec: { egress: [{ hosts: ["*/*", "~/ml.shop.svc.cluster.local"] }] }
`;
  const isKnown = (release: string): boolean => {
    const view = viewOf(objects, release);
    const sidecar = sidecarFor(view, 'client');
    const viewer = { kind: 'mesh', namespace: 'client', labels: {}, port: 80 } as const;
    const seen = routesSeenBy(view, 'ml.shop.svc.cluster.local', { ...viewer, ...(sidecar && { sidecar }) });
    return seen.length > 0;
  };
  t.notOk(isKnown('1.31'));
  t.ok(isKnown('1.30'));
  t.end();
});

t.test('a Telemetry keeps the headers of a trace back from 1.30 on', (t) => {
  const telemetry = `apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: { name: a, namespace: istio-system }
spec: { tracing: [{ disableContextPropagation: true }] }
`;
  const isPropagated = (release: string): boolean =>
    sampling(viewOf(telemetry, release), { namespace: 'shop', labels: {} }).client.isPropagated;
  t.notOk(isPropagated('1.30'));
  t.ok(isPropagated('1.29'));
  t.end();
});
