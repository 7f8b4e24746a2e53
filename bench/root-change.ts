// Measures the CPU that a change in the root namespace costs, which reaches every namespace: in process, no server.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseBaseline } from '../src/baseline/parse.ts';
import { judge } from '../src/engine/judge.ts';
import { View } from '../src/mesh/view.ts';
import type { Baseline } from '../src/model/baseline.ts';
import type { Change } from '../src/model/change.ts';
import type { KubeObject } from '../src/model/kube-object.ts';
import { RULES } from '../src/rules/index.ts';

const ROOT = resolve(import.meta.dirname, '..');
const RUNS = 15;

/** One change of the root namespace, and how it is called. */
interface RootChange {
  readonly name: string;
  readonly change: Change;
}

const object = (
  apiVersion: string,
  kind: string,
  name: string,
  spec: unknown,
  namespace = 'istio-system',
): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec,
});

/** Services with a route and a rule each, as the baseline demands; or alone, so that Istio's and the mesh's defaults count. */
type Services = 'whole' | 'bare';

function mesh(namespaces: number, services: number, are: Services): readonly KubeObject[] {
  const objects: KubeObject[] = [
    object('security.istio.io/v1', 'PeerAuthentication', 'default', { mtls: { mode: 'STRICT' } }),
    object('security.istio.io/v1', 'AuthorizationPolicy', 'deny', {}),
  ];
  for (let at = 0; at < namespaces; at += 1) {
    const metadata = { name: `team-${at}`, labels: { 'istio-injection': 'enabled' } };
    objects.push({ apiVersion: 'v1', kind: 'Namespace', metadata });
    objects.push(object('security.istio.io/v1', 'AuthorizationPolicy', 'deny', {}, `team-${at}`));
  }
  for (let at = 0; at < services; at += 1) {
    const [name, namespace] = [`service-${at}`, `team-${at % namespaces}`];
    const host = `${name}.${namespace}.svc.cluster.local`;
    const retries = { attempts: 0 };
    const trafficPolicy = {
      connectionPool: { tcp: { maxConnections: 100 }, http: { http2MaxRequests: 100 } },
      outlierDetection: { consecutive5xxErrors: 5, interval: '10s', baseEjectionTime: '30s', maxEjectionPercent: 50 },
    };
    objects.push(
      object('v1', 'Service', name, { selector: { app: name }, ports: [{ name: 'http', port: 80 }] }, namespace),
    );
    if (are === 'bare') continue;
    objects.push(
      object(
        'networking.istio.io/v1',
        'VirtualService',
        name,
        { hosts: [host], http: [{ route: [{ destination: { host } }], timeout: '15s', retries }] },
        namespace,
      ),
      object('networking.istio.io/v1', 'DestinationRule', name, { host, trafficPolicy }, namespace),
    );
  }
  return objects;
}

function changes(): readonly RootChange[] {
  const policy = (kind: string, spec: unknown): KubeObject =>
    object('security.istio.io/v1', kind, kind === 'PeerAuthentication' ? 'default' : 'deny', spec);
  const strict = policy('PeerAuthentication', { mtls: { mode: 'STRICT' } });
  const open = policy('PeerAuthentication', { mtls: { mode: 'PERMISSIVE' } });
  const deny = policy('AuthorizationPolicy', {});
  const sidecar = (mode: string): KubeObject =>
    object('networking.istio.io/v1', 'Sidecar', 'default', {
      outboundTrafficPolicy: { mode },
      egress: [{ hosts: ['*/*'] }],
    });
  const narrow = object('networking.istio.io/v1', 'Sidecar', 'default', {
    egress: [{ hosts: ['./*', 'istio-system/*'] }],
  });
  const telemetry = (percent: number): KubeObject =>
    object('telemetry.istio.io/v1', 'Telemetry', 'mesh-default', {
      tracing: [{ providers: [{ name: 'zipkin' }], randomSamplingPercentage: percent }],
      accessLogging: [{ providers: [{ name: 'envoy' }] }],
    });
  return [
    { name: 'PeerAuthentication STRICT to PERMISSIVE', change: update(strict, open) },
    { name: 'AuthorizationPolicy deleted', change: { operation: 'DELETE', before: deny } },
    { name: 'Sidecar created, imports everything', change: { operation: 'CREATE', after: sidecar('REGISTRY_ONLY') } },
    { name: 'Sidecar created, imports own namespace', change: { operation: 'CREATE', after: narrow } },
    { name: 'Telemetry, sampling 1 to 1.5', change: update(telemetry(1), telemetry(1.5)) },
    ...configChanges(),
  ];
}

const update = (before: KubeObject, after: KubeObject): Change => ({ operation: 'UPDATE', before, after });
/** Changes of single fields of the mesh configuration. */
function configChanges(): readonly RootChange[] {
  const before = meshConfig({});
  const policy = { connectionPool: { tcp: { maxConnections: 50 }, http: { http2MaxRequests: 50 } } };
  return [
    { name: 'ConfigMap, access log as text', change: update(before, meshConfig({ accessLogEncoding: 'TEXT' })) },
    {
      name: 'ConfigMap, outbound traffic ALLOW_ANY',
      change: update(before, meshConfig({ outboundTrafficPolicy: { mode: 'ALLOW_ANY' } })),
    },
    {
      name: 'ConfigMap, default retries 5',
      change: update(before, meshConfig({ defaultHttpRetryPolicy: { attempts: 5 } })),
    },
    { name: 'ConfigMap, default traffic policy', change: update(before, meshConfig({ defaultTrafficPolicy: policy })) },
  ];
}

/** The mesh configuration; JSON is YAML. */
function meshConfig(fields: Readonly<Record<string, unknown>>): KubeObject {
  const config = {
    enableAutoMtls: true,
    outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' },
    accessLogFile: '/dev/stdout',
    accessLogEncoding: 'JSON',
    ...fields,
  };
  const { spec: _, ...configMap } = object('v1', 'ConfigMap', 'istio', undefined);
  return { ...configMap, data: { mesh: JSON.stringify(config) } };
}

/** Prints the median CPU of each change whose name has a text in it, over so many namespaces and services. */
export function measureRootChanges(text = '', namespaces = 1000, services = 10_000): void {
  const parsed = parseBaseline(readFileSync(join(ROOT, 'policies/baseline.yaml'), 'utf8'), {
    sha256: '0'.repeat(64),
    now: Date.now(),
  });
  if (!parsed.ok) throw new Error('the shipped baseline cannot be used');
  const { baseline } = parsed;
  console.log(
    `\nA change in the root namespace over ${namespaces} namespaces and ${services} services, CPU of one judgement, ${RUNS} runs`,
  );
  for (const [are, title] of [
    ['whole', 'each with a VirtualService and a DestinationRule'],
    ['bare', 'without any'],
  ] as const) {
    console.log(` services ${title}`);
    const objects = mesh(namespaces, services, are);
    for (const { name, change } of changes()) {
      if (name.includes(text)) console.log(`  ${name.padEnd(40)} ${measured(change, objects, baseline)}`);
    }
  }
}

function measured(change: Change, objects: readonly KubeObject[], baseline: Baseline): string {
  const times: number[] = [];
  let findings = 0;
  for (let run = 0; run < RUNS; run += 1) {
    // A view that nobody has asked anything yet, as after each event of a watch.
    const view = View.of(objects, baseline.mesh);
    const before = process.cpuUsage();
    findings = judge([change], { view, baseline, rules: RULES, now: Date.now() }).findings.length;
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  const sorted = times.toSorted((left, right) => left - right);
  const [least = 0, middle = 0, most = 0] = [sorted[0], sorted[RUNS >> 1], sorted.at(-1)];
  return `${middle.toFixed(0)} ms (${least.toFixed(0)}–${most.toFixed(0)}), ${findings} findings`;
}

if (import.meta.main) measureRootChanges(process.argv[2]);
