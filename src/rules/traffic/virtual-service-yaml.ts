interface Written {
  readonly name?: string;
  readonly namespace?: string;
  readonly hosts?: string;
  /** Of January 2026, its age. */
  readonly day?: string;
  readonly version?: string;
  readonly labels?: string;
  /** More of `spec`, in flow style. */
  readonly rest?: string;
}

/** Writes a VirtualService for an example; `http` is the list's inside in flow style. */
export function virtualService(
  http: string,
  {
    name = 'ml-service',
    namespace = 'llmoptimizer',
    hosts = 'ml-service',
    day = '',
    version = 'v1',
    labels = '',
    rest = '',
  }: Written = {},
): string {
  const age = day === '' ? '' : `, creationTimestamp: "2026-01-${day}T00:00:00Z"`;
  const label = labels === '' ? '' : `, labels: { ${labels} }`;
  const named = hosts === '' ? '' : `hosts: [${hosts}], `;
  return `---
apiVersion: networking.istio.io/${version}
kind: VirtualService
metadata: { name: ${name}, namespace: ${namespace}${age}${label} }
spec: { ${named}${rest === '' ? '' : `${rest}, `}http: [${http}] }
`;
}

/** Writes an `http` entry to a host; `rest` in flow style. */
export function to(host: string, rest = ''): string {
  return `{ route: [{ destination: { host: "${host}" } }]${rest === '' ? '' : `, ${rest}`} }`;
}

/** Writes an HTTPRoute for an example: one rule with one backend. */
export function httpRoute(
  rule: string,
  {
    namespace = 'llmoptimizer',
    parent = 'group: "", kind: Service, name: ml-service',
    backend = 'ml-service',
    day = '',
  } = {},
): string {
  const age = day === '' ? '' : `, creationTimestamp: "2026-01-${day}T00:00:00Z"`;
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: route, namespace: ${namespace}${age} }
spec: { parentRefs: [{ ${parent} }], rules: [{ backendRefs: [{ name: ${backend}, namespace: llmoptimizer, port: 8080 }]${rule === '' ? '' : `, ${rule}`} }] }
`;
}

/** Writes a Sidecar for an example that lets its namespace know some hosts. */
export function sidecar(namespace: string, hosts: string): string {
  return `---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: default, namespace: ${namespace} }
spec: { egress: [{ hosts: [${hosts}] }] }
`;
}

/** Writes the mesh ConfigMap for an example. */
export function meshConfigMap(mesh: string): string {
  return `---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "${mesh}" }
`;
}
