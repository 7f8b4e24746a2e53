import { type JsonObject, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { annotationOf, type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { compareServiceAge } from './age.ts';
import { isWildcard } from './hosts.ts';
import { meshSetting } from './mesh-config.ts';
import type { View } from './view.ts';

/** A port of a service. */
export interface ServicePort {
  readonly number: number;
  /** False where Istio is told that it carries something else than plain HTTP; true also where Istio would find out by itself. */
  readonly mayBeHttp: boolean;
}

/** Tells whether a port is one that is asked about: undefined and 0, a listener for all ports, ask about all of them. */
export function isPort(number: number, asked: number | undefined): boolean {
  return asked === undefined || asked === 0 || asked === number;
}

/** A host as Istio's registry knows it: from a Service, or from a ServiceEntry. */
export interface KnownService {
  readonly object: KubeObject;
  readonly namespace: string;
  readonly isKubernetes: boolean;
  /** Outside of the mesh: no automatic mTLS. */
  readonly isExternal: boolean;
  /** Headless, or resolution NONE or DYNAMIC_DNS: requests go to the address, or the name, that the client asked for. */
  readonly isPassthrough: boolean;
  readonly ports: readonly ServicePort[];
}

/** Returns every service of a host's name: Services first, then ServiceEntries, oldest first. */
export function servicesNamed(view: View, host: string): readonly KnownService[] {
  const compute = (): readonly KnownService[] => {
    const entries = isWildcard(host)
      ? view.lookup('ServiceEntry|wildcard').filter((entry) => hostsOf(entry).includes(host))
      : view.lookup(`ServiceEntry|host|${host}`);
    const sorted = entries.length < 2 ? entries : [...entries].sort(compareServiceAge);
    return [...view.lookup(`Service|host|${host}`).map(fromService), ...sorted.map(fromEntry)];
  };
  return view.memo(`servicesNamed|${host}`, compute);
}

/**
 * Returns the service that a client's proxy knows by a host's name: one of its own namespace, else a Service, else the
 * oldest ServiceEntry that is exported to it, those for everybody last. To gateways their own namespace is like any
 * other. A Sidecar that hides it is not looked at.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/sidecar.go `selectServices`
 */
export function serviceSeenBy(
  view: View,
  host: string,
  clientNamespace: string,
  { isGateway = false }: { readonly isGateway?: boolean } = {},
): KnownService | undefined {
  const visible = servicesNamed(view, host).filter((service) => isExportedTo(service, clientNamespace, view));
  const [first] = visible;
  if (first === undefined || visible.length === 1) return first;
  const chosen = chosenAmong(visible, clientNamespace, view, { isGateway }) ?? first;
  // Those beside it in its namespace add their ports; to a gateway only to a ServiceEntry.
  if (isGateway && chosen.isKubernetes) return chosen;
  const beside = visible.filter((one) => one !== chosen && one.namespace === chosen.namespace);
  const known = new Set(chosen.ports.map(({ number }) => number));
  const ports = beside.flatMap((one) => one.ports.filter(({ number }) => !known.has(number)));
  return ports.length === 0 ? chosen : { ...chosen, ports: [...chosen.ports, ...ports] };
}

/** Returns which of several services of one name a client's proxy takes; those beside it in its namespace come with it. */
export function chosenAmong(
  services: readonly KnownService[],
  clientNamespace: string,
  view: View,
  { isGateway = false }: { readonly isGateway?: boolean } = {},
): KnownService | undefined {
  const isForFew = (service: KnownService): boolean => !exportsOf(service, view).includes('*');
  const own = isGateway ? [] : services.filter(({ namespace }) => namespace === clientNamespace);
  const among = own.length > 0 ? own : services;
  return among.find(({ isKubernetes }) => isKubernetes) ?? among.find(isForFew) ?? among[0];
}

function hostsOf(entry: KubeObject): readonly string[] {
  return stringsOf(specOf(entry).hosts).map((host) => host.toLowerCase());
}

/** Tells whether a service is exported to a client's namespace. */
export function isExportedTo(service: KnownService, client: string, view: View): boolean {
  const exportTo = exportsOf(service, view);
  if (exportTo.includes('*') || exportTo.includes(client)) return true;
  return client === service.namespace && exportTo.includes('.');
}

const EVERYBODY: readonly string[] = ['*'];

function exportsOf({ object, isKubernetes }: KnownService, view: View): readonly string[] {
  const written = isKubernetes
    ? (annotationOf(object, 'networking.istio.io/exportTo') ?? '').split(',').map((one) => one.trim())
    : stringsOf(specOf(object).exportTo);
  const own = written.filter((one) => one !== '');
  if (own.length > 0) return own;
  const byDefault = stringsOf(meshSetting(view, 'defaultServiceExportTo'));
  return byDefault.length > 0 ? byDefault : EVERYBODY;
}

function fromService(object: KubeObject): KnownService {
  const { type, clusterIP, externalName, ports } = specOf(object);
  return {
    object,
    namespace: namespaceOf(object),
    isKubernetes: true,
    isExternal: type === 'ExternalName' && typeof externalName === 'string' && externalName !== '',
    isPassthrough: clusterIP === 'None',
    ports: recordsOf(ports).flatMap((port) => portOf(port, port.port, servicePortMayBeHttp(port))),
  };
}

function fromEntry(object: KubeObject): KnownService {
  const { location, resolution, ports } = specOf(object);
  return {
    object,
    namespace: namespaceOf(object),
    isKubernetes: false,
    isExternal: location !== 'MESH_INTERNAL',
    isPassthrough: ['NONE', 'DYNAMIC_DNS'].includes(stringOf(resolution) ?? 'NONE'),
    ports: recordsOf(ports).flatMap((port) =>
      portOf(port, port.number, HTTP_PROTOCOLS.has((stringOf(port.protocol) ?? '').toLowerCase())),
    ),
  };
}

function portOf(port: JsonObject, number: unknown, mayBeHttp: boolean): readonly ServicePort[] {
  return typeof number === 'number' && port.protocol !== 'UDP' && port.protocol !== 'SCTP'
    ? [{ number, mayBeHttp }]
    : [];
}

const HTTP_PROTOCOLS: ReadonlySet<string> = new Set(['http', 'http2', 'grpc', 'grpc-web', 'http_proxy']);
const OTHER_PROTOCOLS: ReadonlySet<string> = new Set([
  'https',
  'tls',
  'tcp',
  'mongo',
  'mysql',
  'redis',
  'udp',
  'hbone',
]);
const TCP_BY_NUMBER: ReadonlySet<unknown> = new Set([25, 53, 3306, 27017]);

/** @see https://github.com/istio/istio/blob/1.31.0/pkg/config/kube/conversion.go `ConvertProtocol` */
function servicePortMayBeHttp(port: JsonObject): boolean {
  const said = stringOf(port.appProtocol);
  if (said === 'kubernetes.io/wss') return false;
  const name = (said ?? stringOf(port.name) ?? '').toLowerCase();
  if (said === 'kubernetes.io/h2c' || said === 'kubernetes.io/ws' || name.startsWith('grpc-web')) return true;
  const prefix = name.split('-', 1)[0] ?? '';
  if (HTTP_PROTOCOLS.has(prefix)) return true;
  return !OTHER_PROTOCOLS.has(prefix) && !TCP_BY_NUMBER.has(port.port);
}
