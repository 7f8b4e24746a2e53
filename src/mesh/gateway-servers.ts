import type { Baseline } from '../model/baseline.ts';
import type { FieldPath } from '../model/field-path.ts';
import {
  isRecord,
  type JsonObject,
  numberOf,
  recordOf,
  recordOrEmpty,
  recordsOf,
  stringOf,
  stringsOf,
} from '../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { isSubset } from './workload-selector.ts';

/** The `tls.mode` of an Istio Gateway's server. */
export type ServerTlsMode =
  | 'PASSTHROUGH'
  | 'SIMPLE'
  | 'MUTUAL'
  | 'AUTO_PASSTHROUGH'
  | 'ISTIO_MUTUAL'
  | 'OPTIONAL_MUTUAL';

/** What a gateway listens to, in the words of Istio's Gateway, whichever kind it was written in. */
export interface GatewayServer {
  readonly path: FieldPath;
  /** For people and identities: its name, else its port. */
  readonly label: string;
  /** Upper case: `HTTP`, `HTTPS`, `TLS`, `TCP` … */
  readonly protocol: string;
  readonly protocolPath: FieldPath;
  /** One of `ServerTlsMode`, or a word that Istio does not know; absent: no `tls` block. */
  readonly mode?: string;
  readonly modePath: FieldPath;
  readonly redirects: boolean;
  /** Its hosts without the namespace before the slash, each with its field; `*` where none is named and all are meant. */
  readonly hosts: readonly { readonly host: string; readonly path: FieldPath }[];
  readonly tls?: JsonObject;
}

/**
 * Returns an Istio Gateway's servers.
 * @see https://istio.io/latest/docs/reference/config/networking/gateway/#Server
 */
export function istioServers(gateway: KubeObject): readonly GatewayServer[] {
  return recordsOf(specOf(gateway).servers).map((server, index) => {
    const path: FieldPath = ['spec', 'servers', index];
    const port = recordOrEmpty(server.port);
    const tls = recordOf(server.tls);
    const label = stringOf(server.name) || stringOf(port.name) || `port ${numberOf(port.number) ?? index}`;
    const mode = stringOf(tls?.mode) ?? (tls === undefined ? undefined : 'PASSTHROUGH');
    return {
      path,
      label,
      protocol: (stringOf(port.protocol) ?? '').toUpperCase(),
      protocolPath: [...path, 'port', 'protocol'],
      modePath: [...path, 'tls', 'mode'],
      redirects: tls?.httpsRedirect === true,
      hosts: stringsOf(server.hosts).map((host, at) => ({
        host: host.slice(host.indexOf('/') + 1),
        path: [...path, 'hosts', at],
      })),
      ...(mode === undefined ? {} : { mode }),
      ...(tls === undefined ? {} : { tls }),
    };
  });
}

const TERMINATE_MODE = 'gateway.istio.io/tls-terminate-mode';

/**
 * Returns a Gateway API Gateway's listeners but those of a waypoint's tunnel.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/config/kube/gateway/conversion.go `buildTLS`
 */
export function kubernetesServers(gateway: KubeObject): readonly GatewayServer[] {
  return recordsOf(specOf(gateway).listeners).flatMap((listener, index) => {
    const protocol = (stringOf(listener.protocol) ?? '').toUpperCase();
    if (protocol === 'HBONE') return [];
    const path: FieldPath = ['spec', 'listeners', index];
    const tls = recordOf(listener.tls);
    const options = recordOrEmpty(tls?.options);
    const isTerminated = (stringOf(tls?.mode) ?? 'Terminate') === 'Terminate';
    const terminated = Object.hasOwn(options, TERMINATE_MODE) ? options[TERMINATE_MODE] : undefined;
    const mode = isTerminated ? (TERMINATED.get(terminated) ?? 'SIMPLE') : 'PASSTHROUGH';
    const hostname = stringOf(listener.hostname);
    return [
      {
        path,
        label: stringOf(listener.name) || `port ${numberOf(listener.port) ?? index}`,
        protocol,
        protocolPath: [...path, 'protocol'],
        modePath: isTerminated ? [...path, 'tls', 'options', TERMINATE_MODE] : [...path, 'tls', 'mode'],
        redirects: false,
        // The API server takes no hostname on these, as nothing there could tell hosts apart.
        hosts: NAMELESS.has(protocol)
          ? []
          : [{ host: hostname === undefined || hostname === '' ? '*' : hostname, path: [...path, 'hostname'] }],
        ...(tls === undefined ? {} : { mode, tls }),
      },
    ];
  });
}

/** @see https://github.com/kubernetes-sigs/gateway-api/blob/v1.6.0/apis/v1/gateway_types.go `GatewaySpec.Listeners` */
const NAMELESS: ReadonlySet<string> = new Set(['TCP', 'UDP']);

const TERMINATED: ReadonlyMap<unknown, ServerTlsMode> = new Map([
  ['MUTUAL', 'MUTUAL'],
  ['OPTIONAL_MUTUAL', 'OPTIONAL_MUTUAL'],
  ['ISTIO_SIMPLE', 'SIMPLE'],
  ['ISTIO_MUTUAL', 'ISTIO_MUTUAL'],
]);

/** Tells whether an Istio Gateway selects egress gateway pods only: its labels include all of one's. */
export function isEgressGateway(gateway: KubeObject, { gateways }: Baseline): boolean {
  const { selector } = specOf(gateway);
  return isRecord(selector) && gateways.egress.some(({ matchLabels }) => isSubset(matchLabels, selector));
}

/**
 * Returns the Services that a Gateway API Gateway hangs on, by full name, lower case and without a trailing dot; none for
 * one whose pods Istio deploys.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/config/kube/gateway/conversion.go `extractGatewayServices`
 */
export function kubernetesGatewayHosts(
  gateway: KubeObject,
  clusterDomain: string,
): readonly { readonly host: string; readonly path: FieldPath }[] {
  return recordsOf(specOf(gateway).addresses).flatMap(({ type, value }, index) => {
    if ((type ?? 'Hostname') !== 'Hostname' || typeof value !== 'string') return [];
    const plain = value.toLowerCase().replace(/\.$/, '');
    const host = plain.includes('.') ? plain : `${plain}.${namespaceOf(gateway)}.svc.${clusterDomain}`;
    return [{ host, path: ['spec', 'addresses', index, 'value'] }];
  });
}

/** Tells whether a Gateway API Gateway hangs on an egress gateway's Service, by the one address that it names. */
export function isKubernetesEgressGateway(gateway: KubeObject, { gateways, mesh }: Baseline): boolean {
  const addresses = recordsOf(specOf(gateway).addresses);
  const address = stringOf(addresses[0]?.value) ?? '';
  if (addresses.length !== 1 || addresses[0]?.type !== 'Hostname') return false;
  const host = address.includes('.') ? address : `${address}.${namespaceOf(gateway)}.svc.${mesh.clusterDomain}`;
  return gateways.egress.some((egress) => egress.host === host);
}
