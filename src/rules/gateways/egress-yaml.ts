/** A ServiceEntry for an example; `ports` and the rest of `spec` in flow style. */
export function serviceEntry(
  hosts: string,
  ports = '{ number: 80, name: http, protocol: HTTP, targetPort: 443 }',
  { rest = 'resolution: DNS', name = 'external', namespace = 'istio-egress', version = 'v1', labels = '' } = {},
): string {
  return `---
apiVersion: networking.istio.io/${version}
kind: ServiceEntry
metadata: { name: ${name}, namespace: ${namespace}${labels === '' ? '' : `, labels: ${labels}`} }
spec: { hosts: [${hosts}], ports: [${ports}]${rest === '' ? '' : `, ${rest}`} }
`;
}

/** The TLS port of a wildcard. */
export const TLS_PORT = '{ number: 443, name: tls, protocol: TLS }';

/** A VirtualService for an example; its routes in flow style. */
export function virtualService(
  hosts: string,
  routes: string,
  {
    gateways = '[mesh, istio-egress/egress-gateway]',
    name = 'external',
    namespace = 'istio-egress',
    rest = '',
    labels = '',
    version = 'v1',
  } = {},
): string {
  return `---
apiVersion: networking.istio.io/${version}
kind: VirtualService
metadata: { name: ${name}, namespace: ${namespace}${labels === '' ? '' : `, labels: ${labels}`} }
spec: { hosts: [${hosts}], gateways: ${gateways}, ${routes}${rest} }
`;
}

/** The full name of the egress gateway's Service. */
export const EGRESS_SERVICE = 'istio-egressgateway.istio-egress.svc.cluster.local';

/** The two HTTP routes of an external host: to the egress gateway, and from there. */
export function httpWay(host: string, mesh = 'gateways: [mesh], port: 80'): string {
  return `http: [{ match: [{ ${mesh} }], route: [{ destination: { host: ${EGRESS_SERVICE}, subset: external, port: { number: 443 } } }] }, { match: [{ gateways: [istio-egress/egress-gateway], port: 443 }], route: [{ destination: { host: "${host}", port: { number: 80 } } }] }]`;
}

/** The two TLS routes of a wildcard. */
export function tlsWay(host: string, sniHosts = `["${host}"]`): string {
  return `tls: [{ match: [{ gateways: [mesh], port: 443, sniHosts: ${sniHosts} }], route: [{ destination: { host: ${EGRESS_SERVICE}, port: { number: 15443 } } }] }, { match: [{ gateways: [istio-egress/egress-gateway], port: 15443, sniHosts: ["${host}"] }], route: [{ destination: { host: "${host}", port: { number: 443 } } }] }]`;
}

/** The Gateway on the egress gateway. */
export const EGRESS_GATEWAY = `---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: egress-gateway, namespace: istio-egress }
spec: { selector: { istio: egressgateway }, servers: [{ port: { number: 443, name: https, protocol: HTTPS }, hosts: ["*"], tls: { mode: ISTIO_MUTUAL } }] }
`;

/** A Sidecar for an example. */
export function sidecar(spec: string, { name = 'default', namespace = 'llmoptimizer', day = '' } = {}): string {
  const age = day === '' ? '' : `, creationTimestamp: "2026-01-${day}T00:00:00Z"`;
  return `---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: ${name}, namespace: ${namespace}${age} }
spec: { ${spec} }
`;
}
