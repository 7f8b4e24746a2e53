import { type JsonObject, numberOf, recordOf, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { type KubeObject, specOf } from '../model/kube-object.ts';
import { chosenAmong, isExportedTo, type KnownService, servicesNamed } from './known-service.ts';
import { meshConfig, protoField } from './mesh-config.ts';
import type { MeshViewer, Place } from './route-types.ts';
import { knows } from './sidecar-scope.ts';
import type { View } from './view.ts';

/** A port of a ServiceEntry by which a client knows a host, as the client's proxy listens to it. */
export interface RegisteredPort {
  readonly entry: KubeObject;
  /** As the entry writes it. */
  readonly host: string;
  /** What the client calls; 0 for a socket. */
  readonly number: number;
  readonly isTls: boolean;
  readonly mayBeHttp: boolean;
  /** True: it may carry something else than plain HTTP. */
  readonly isOther: boolean;
  /** True: its listener is for all ports of the host, and no route that asks for a port fits there. */
  readonly isFree: boolean;
  /** True: it is there only where no other service takes its place, which is not looked at. */
  readonly isDoubtful: boolean;
  /** The client as it is to be asked about HTTP routes. */
  readonly viewer: MeshViewer;
  /** The Sidecar's own listener for it, or the mesh's, which goes before what the entry says of the port. */
  readonly listener?: Place;
}

const HTTP: ReadonlySet<string> = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'HTTP_PROXY']);
const TLS: ReadonlySet<string> = new Set(['HTTPS', 'TLS']);
const TCP: ReadonlySet<string> = new Set(['TCP', 'MONGO', 'MYSQL', 'REDIS', 'HBONE']);
/** A protocol that Istio does not know is found out by looking, and so may be anything. */
const mayBeHttp = (protocol: string): boolean => HTTP.has(protocol) || !(TLS.has(protocol) || TCP.has(protocol));

/**
 * Returns the ports of all ServiceEntries by which a client knows a host; where two of one namespace name the same port,
 * both are returned. A Sidecar's listener for a port says what the port is taken for; one that is a proxy for HTTP, or a
 * socket, is there for all ports of a host, and no route that asks for a port fits there.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/listener.go `buildSidecarOutboundListeners`
 */
export function registeredPorts(view: View, host: string, client: MeshViewer): readonly RegisteredPort[] {
  const listeners = client.sidecar === undefined ? [] : listenersOf(client.sidecar);
  const free = [...listeners.filter(({ isFree }) => isFree), ...meshListeners(view)];
  const visible = servicesNamed(view, host)
    .filter((one) => isExportedTo(one, client.namespace, view))
    .map((service) => ({ service, written: writtenIn(service, host) }));
  return visible.flatMap(({ service, written }) => {
    if (service.isKubernetes) return [];
    const { object } = service;
    const isSeen = (sidecar: KubeObject | undefined, number?: number, needsPort = false): boolean => {
      const known = visible
        .filter((one) => one.written === written)
        .map((one) => one.service)
        .filter(
          ({ namespace, ports }) =>
            knows(sidecar, client.namespace, number, { namespace, hosts: [written], fit: 'covered' }) &&
            !(needsPort && !ports.some((port) => port.number === number)),
        );
      return known.includes(service) && chosenAmong(known, client.namespace, view)?.namespace === service.namespace;
    };
    const named: Named = { entry: object, host: written, isSeen };
    const ports = portsOf(specOf(object));
    return [
      ...ports.flatMap((port) => ordinary(named, port, client, listeners)),
      ...free.flatMap((listener) => atFree(named, ports, client, listener)),
    ];
  });
}

/** Letters of another case make another host of it. */
function writtenIn({ object, isKubernetes }: KnownService, host: string): string {
  if (isKubernetes) return host;
  return stringsOf(specOf(object).hosts).find((one) => one.toLowerCase() === host) ?? host;
}

interface Named {
  readonly entry: KubeObject;
  readonly host: string;
  /** Tells whether the proxies of a Sidecar take this entry when they call a port; `needsPort`: of those that have the port. */
  readonly isSeen: (sidecar: KubeObject | undefined, number?: number, needsPort?: boolean) => boolean;
}

interface Port {
  readonly number: number;
  readonly protocol: string;
}

function ordinary(
  named: Named,
  port: Port,
  client: MeshViewer,
  listeners: readonly Listener[],
): readonly RegisteredPort[] {
  const { isSeen, ...rest } = named;
  const { number, protocol } = port;
  const own = listeners.find((one) => one.number === number);
  if (own?.isFree === true || !isSeen(client.sidecar, number, own !== undefined)) {
    return own === undefined ? [] : behindOwn(named, port, client);
  }
  const listens = own?.protocol ?? protocol;
  const first: RegisteredPort = {
    ...rest,
    number,
    isTls: TLS.has(listens),
    mayBeHttp: mayBeHttp(protocol) && mayBeHttp(listens),
    isOther: !HTTP.has(listens),
    isFree: false,
    isDoubtful: false,
    viewer: { ...client, port: number },
    ...(own === undefined ? {} : { listener: own.at }),
  };
  return own === undefined || takesFrom(own, rest.entry) ? [first] : [first, ...behindOwn(named, port, client)];
}

/** Tells whether a listener for a port that knows a host takes the place at which the one for all ports would listen for it. */
function takesFrom({ isBound, protocol }: Listener, entry: KubeObject): boolean {
  return !isBound && !(HTTP.has(protocol) && stringsOf(specOf(entry).addresses).length > 0);
}

/**
 * A listener for a port takes it from the one for all ports at the addresses of the services that it knows on it, and all
 * HTTP; whether it knows one at the same address is not looked at: what is no HTTP is taken to leave by the other one too.
 */
function behindOwn(
  { isSeen, ...rest }: Named,
  { number, protocol }: Port,
  client: MeshViewer,
): readonly RegisteredPort[] {
  const general = client.sidecar === undefined ? undefined : generalOf(client.sidecar);
  if (HTTP.has(protocol) || general === undefined || !isSeen(general, number)) return [];
  const viewer = { ...client, sidecar: general, port: number };
  const told = { number, isTls: TLS.has(protocol), mayBeHttp: false, isOther: true, isFree: false, isDoubtful: true };
  return [{ ...rest, ...told, viewer }];
}

function atFree(
  { isSeen, ...named }: Named,
  ports: readonly Port[],
  client: MeshViewer,
  { number, protocol, at, alone }: Listener,
): readonly RegisteredPort[] {
  const sidecar = alone ?? client.sidecar;
  const isHttp = mayBeHttp(protocol);
  const isThere = ports.some((one) => !isHttp || mayBeHttp(one.protocol));
  if (!isThere || !isSeen(sidecar)) return [];
  const viewer = { ...client, port: 0, ...(sidecar === undefined ? {} : { sidecar }) };
  const isOther = !HTTP.has(protocol);
  return [
    {
      ...named,
      number,
      isTls: TLS.has(protocol),
      mayBeHttp: isHttp,
      isOther,
      isFree: true,
      isDoubtful: false,
      viewer,
      listener: at,
    },
  ];
}

function portsOf({ ports }: JsonObject): readonly Port[] {
  return recordsOf(ports).flatMap(({ number, protocol }) => {
    const name = (stringOf(protocol) ?? '').toUpperCase();
    return typeof number !== 'number' || name === 'UDP' ? [] : [{ number, protocol: name }];
  });
}

interface Listener {
  readonly number: number;
  readonly protocol: string;
  /** True: not for one port of the services. */
  readonly isFree: boolean;
  readonly at: Place;
  /** True: it listens at an address of its own. */
  readonly isBound: boolean;
  /** For a free one the Sidecar as if it had nothing else. */
  readonly alone?: KubeObject;
}

/** @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/sidecar.go `needsPortMatch` */
function listenersOf(sidecar: KubeObject): readonly Listener[] {
  return recordsOf(specOf(sidecar).egress).flatMap((listener, index) => {
    const port = recordOf(listener.port);
    if (port === undefined) return [];
    const number = numberOf(port.number) ?? 0;
    const protocol = (stringOf(port.protocol) ?? '').toUpperCase();
    const at = { object: sidecar, path: ['spec', 'egress', index, 'port'] };
    const isFree = number === 0 || protocol === 'HTTP_PROXY';
    const isBound = listener.captureMode === 'NONE' || (stringOf(listener.bind) ?? '') !== '';
    return [{ number, protocol, isFree, at, isBound, ...(isFree ? { alone: aloneOf(sidecar, listener) } : {}) }];
  });
}

/** Returns a Sidecar as if it had only its listener for all ports; undefined where it has none. */
function generalOf(sidecar: KubeObject): KubeObject | undefined {
  const general = recordsOf(specOf(sidecar).egress).find(({ port }) => recordOf(port) === undefined);
  return general === undefined ? undefined : aloneOf(sidecar, general);
}

/** By listener; in a file an alias may put one into two Sidecars. */
const ALONE = new WeakMap<JsonObject, { readonly of: KubeObject; readonly alone: KubeObject }>();

function aloneOf(sidecar: KubeObject, listener: JsonObject): KubeObject {
  const known = ALONE.get(listener);
  if (known?.of === sidecar) return known.alone;
  const alone: KubeObject = { ...sidecar, spec: { ...specOf(sidecar), egress: [{ hosts: listener.hosts }] } };
  ALONE.set(listener, { of: sidecar, alone });
  return alone;
}

/** The mesh ConfigMap may open a proxy for HTTP on every sidecar. */
function meshListeners(view: View): readonly Listener[] {
  const { object, config } = meshConfig(view);
  const number = Number(protoField(config, 'proxyHttpPort') ?? 0);
  if (object === undefined || number === 0) return [];
  return [{ number, protocol: 'HTTP_PROXY', isFree: true, at: { object, path: ['data', 'mesh'] }, isBound: true }];
}
