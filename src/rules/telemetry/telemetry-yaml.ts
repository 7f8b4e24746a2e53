/** What an example's Telemetry has besides its name and spec. */
export interface TelemetryParts {
  readonly namespace?: string;
  /** The day of January on which it was made; absent: it is the newest. */
  readonly day?: string;
  readonly version?: string;
  readonly metadata?: string;
}

/** Writes a Telemetry; `spec` in flow style, without the outer braces. */
export function telemetry(name: string, spec: string, parts: TelemetryParts = {}): string {
  const { namespace = 'llmoptimizer', day, version = 'v1', metadata } = parts;
  const age = day === undefined ? '' : `, creationTimestamp: "2026-01-${day}T00:00:00Z"`;
  return `---
apiVersion: telemetry.istio.io/${version}
kind: Telemetry
metadata: { name: ${name}, namespace: ${namespace}${age}${metadata === undefined ? '' : `, ${metadata}`} }
spec: { ${spec} }
`;
}

/** Writes the ConfigMap that holds the mesh configuration; `mesh` is its text. */
export function meshConfigMap(mesh: string, name = 'istio'): string {
  const indented = mesh.trimEnd().replaceAll('\n', '\n    ');
  return `---
apiVersion: v1
kind: ConfigMap
metadata: { name: ${name}, namespace: istio-system }
data:
  mesh: |
    ${indented}
`;
}

/** The overrides of a Telemetry that gives all metrics the baseline's dimensions, in flow style. */
export const DIMENSIONS = `[{ tagOverrides: { ${['user_tier', 'api_version', 'model_name']
  .map((name) => `${name}: { operation: UPSERT, value: "request.headers['${name}']" }`)
  .join(', ')} } }]`;

/** A mesh configuration that keeps every rule. */
export const MESH = `defaultConfig:
  concurrency: 2
  tracing:
    # the document's number
    sampling: 1
accessLogFile: /dev/stdout
accessLogFormat: "%START_TIME% %TRACE_ID%"
outboundTrafficPolicy: { mode: REGISTRY_ONLY }
defaultProviders:
  tracing: [zipkin]
  metrics: [prometheus]
  accessLogging: [envoy]
extensionProviders:
- name: zipkin
  zipkin: { service: zipkin.istio-system.svc.cluster.local, port: 9411 }
`;
