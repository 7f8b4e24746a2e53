/** Writes a Deployment of one container that says nothing of its sidecar. */
export function deployment(name: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: llmoptimizer }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata:
      labels: { app: ${name} }
    spec:
      containers:
        - { name: app, image: "registry.example/${name}:1.0" }
`;
}

/** Writes the DestinationRule and the VirtualService that a service must have. */
export function rightTraffic(service: string): string {
  const host = `${service}.llmoptimizer.svc.cluster.local`;
  return `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: ${service}, namespace: llmoptimizer }
spec:
  host: ${host}
  trafficPolicy:
    tls: { mode: ISTIO_MUTUAL }
    loadBalancer: { simple: LEAST_REQUEST }
    connectionPool:
      tcp: { maxConnections: 50 }
      http: { http2MaxRequests: 50 }
    outlierDetection:
      consecutive5xxErrors: 5
      interval: 10s
      baseEjectionTime: 30s
      maxEjectionPercent: 50
      minHealthPercent: 50
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ${service}, namespace: llmoptimizer }
spec:
  hosts: [${host}]
  http:
    - route:
        - destination: { host: ${host} }
      timeout: 10s
      retries:
        attempts: 1
        perTryTimeout: 5s
        retryOn: 5xx,reset,connect-failure
`;
}

/** A Deployment that was there before Meshwarden came: what was wrong before is not blamed on a later change. */
export const LEGACY = `apiVersion: v1
kind: Namespace
metadata:
  name: llmoptimizer
  labels: { istio-injection: enabled }
---
${deployment('legacy-reports')}`;
