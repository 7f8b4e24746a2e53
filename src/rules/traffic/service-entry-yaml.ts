/** Writes a ServiceEntry for an example; `rest` in flow style. */
export function serviceEntry(host: string, namespace: string, rest = ''): string {
  return `---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: entry, namespace: ${namespace} }
spec: { hosts: ["${host}"], ports: [{ number: 443, name: tls, protocol: TLS }], resolution: DNS${rest === '' ? '' : `, ${rest}`} }
`;
}
