/** An object that comes, and breaks exactly one demand by being there. */
export interface Arrival {
  readonly code: string;
  readonly title: string;
  readonly yaml: string;
}

const AUTH = 'auth-service.llmoptimizer.svc.cluster.local';

/** What breaks rules by coming. */
export const ARRIVALS: readonly Arrival[] = [
  {
    code: 'MW003',
    title: 'a port that is a text',
    yaml: `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: odd, namespace: llmoptimizer }
spec:
  hosts: [odd.llmoptimizer.example]
  gateways: [istio-ingress/llmoptimizer-gateway]
  http:
    - match: [{ port: "80" }]
      route: [{ destination: { host: ${AUTH} } }]
      timeout: 15s
      retries: { attempts: 0 }`,
  },
  {
    code: 'MW413',
    title: 'a route to another namespace’s service',
    yaml: `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: capture, namespace: llmoptimizer-data }
spec:
  hosts: [${AUTH}]
  http: [{ route: [{ destination: { host: ${AUTH} } }], timeout: 15s, retries: { attempts: 0 } }]`,
  },
  {
    code: 'MW414',
    title: 'a policy for another namespace’s service',
    yaml: `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: shadow, namespace: llmoptimizer-data }
spec:
  host: ${AUTH}
  trafficPolicy:
    tls: { mode: ISTIO_MUTUAL }
    connectionPool: { tcp: { maxConnections: 10 }, http: { http2MaxRequests: 10 } }
    outlierDetection: { consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s, maxEjectionPercent: 50 }`,
  },
  {
    code: 'MW502',
    title: 'a tenant’s gateway on the shared pods',
    yaml: `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: mine, namespace: llmoptimizer }
spec:
  selector: { istio: ingressgateway }
  servers:
    - port: { number: 443, name: https, protocol: HTTPS }
      hosts: [./mine.llmoptimizer.example]
      tls: { mode: SIMPLE, credentialName: mine, minProtocolVersion: TLSV1_2 }`,
  },
  {
    code: 'MW507',
    title: 'an alias of a host outside',
    yaml: `
apiVersion: v1
kind: Service
metadata: { name: exit, namespace: llmoptimizer }
spec: { type: ExternalName, externalName: evil.example }`,
  },
  {
    code: 'MW703',
    title: 'a thread for every CPU',
    yaml: `
apiVersion: networking.istio.io/v1beta1
kind: ProxyConfig
metadata: { name: all, namespace: llmoptimizer }
spec: { concurrency: 0 }`,
  },
  {
    code: 'MW704',
    title: 'an Ingress past the gateway’s rules',
    yaml: `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: past, namespace: llmoptimizer }
spec:
  ingressClassName: istio
  rules:
    - host: past.llmoptimizer.example
      http:
        paths: [{ path: /, pathType: Prefix, backend: { service: { name: api-gateway, port: { number: 8080 } } } }]`,
  },
  {
    code: 'MW705',
    title: 'client TLS of its own for a service',
    yaml: `
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: own, namespace: llmoptimizer }
spec:
  targetRefs: [{ group: "", kind: Service, name: ml-service }]
  validation: { hostname: evil.example, wellKnownCACertificates: System }`,
  },
  {
    code: 'MW308',
    title: 'a namespace of the mesh without a network policy',
    yaml: `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { istio-injection: enabled } }`,
  },
  {
    code: 'MW306',
    title: 'a policy that only pretends',
    yaml: `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: pretend, namespace: llmoptimizer, annotations: { istio.io/dry-run: "true" } }
spec:
  action: DENY
  rules: [{ to: [{ operation: { paths: [/admin] } }] }]`,
  },
];
