import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { service, serviceEntry, sidecar, virtualService } from './directed.ts';
import { EGRESS_GATEWAY } from './egress-words.ts';
import type { Question } from './questions.ts';

/** A host outside of the mesh. */
export const OUTSIDE = 'api.example.com';
/** The ways out to it. */
export const WAYS: Question = { ask: 'egress', host: OUTSIDE };
/** How a way by the gateway reads. */
export const BY_GATEWAY = `gateway ${EGRESS_GATEWAY}/external`;
/** How a way that a host leaves by itself reads. */
export const STRAIGHT = `direct ${OUTSIDE}/`;

type Head = NonNullable<Parameters<typeof serviceEntry>[1]>;

export const HTTP: JsonObject = { number: 80, name: 'http', protocol: 'HTTP' };
export const TLS: JsonObject = { number: 443, name: 'tls', protocol: 'TLS' };
export const TCP: JsonObject = { number: 9000, name: 'tcp', protocol: 'TCP' };

/** The egress gateway's Service, and one that is always there on port 80. */
export const GATEWAY: readonly KubeObject[] = [
  service(
    'istio-egressgateway',
    {
      clusterIP: '10.0.9.1',
      ports: [
        { name: 'https', port: 443, targetPort: 8443, protocol: 'TCP' },
        { name: 'tls', port: 15443, targetPort: 15443, protocol: 'TCP' },
      ],
    },
    { ns: 'istio-egress' },
  ),
  service(),
];

/** A ServiceEntry for the host. */
export function entry(ports: readonly JsonObject[], rest: JsonObject = {}, head: Head = {}): KubeObject {
  return serviceEntry({ hosts: [OUTSIDE], ports, resolution: 'DNS', ...rest }, { ns: 'istio-egress', ...head });
}

const route = [{ destination: { host: EGRESS_GATEWAY, subset: 'external', port: { number: 443 } } }];
const gateways = ['mesh', 'istio-egress/egress-gateway'];

/** A VirtualService that sends the host's requests, or its connections, by the gateway. */
export function door(
  protocol: 'http' | 'tls' | 'tcp',
  match: JsonObject = {},
  rest: JsonObject = {},
  head: Head = {},
): KubeObject {
  const [name = OUTSIDE] = Array.isArray(rest.hosts) ? rest.hosts : [];
  const names = protocol === 'tls' ? { sniHosts: [name] } : {};
  const spec = {
    hosts: [OUTSIDE],
    gateways,
    [protocol]: [{ match: [{ gateways: ['mesh'], ...names, ...match }], route }],
  };
  return virtualService({ ...spec, ...rest }, { ns: 'istio-egress', ...head });
}

/** The client's Sidecar. */
export const scope = (spec: JsonObject): KubeObject => sidecar(spec, { ns: 'client' });
/** Nothing leaves but what is known. */
export const CLOSED: KubeObject = scope({ outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' } });
