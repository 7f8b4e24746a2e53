const AT = (day: string): string => `creationTimestamp: "2026-01-${day}T00:00:00Z"`;

/** Writes a DestinationRule for an example; `spec` without `host` in flow style, `day` of January 2026 its age. */
export function destinationRule(
  spec: string,
  { name = 'ml-service', namespace = 'llmoptimizer', host = 'ml-service', day = '', version = 'v1' } = {},
): string {
  const age = day === '' ? '' : `, ${AT(day)}`;
  const rest = spec === '' ? '' : `, ${spec}`;
  return `---
apiVersion: networking.istio.io/${version}
kind: DestinationRule
metadata: { name: ${name}, namespace: ${namespace}${age} }
spec: { host: "${host}"${rest} }
`;
}

/** Writes a Service for an example. */
export function service(name: string, namespace: string, rest = 'ports: [{ name: http, port: 8080 }]'): string {
  return `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { ${rest} }
`;
}

/** Namespaces of which `shop` asks for injection and `other` does not. */
export const SHOP = `---
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: Namespace
metadata: { name: other }
`;
