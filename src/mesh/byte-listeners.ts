import type { Baseline } from '../model/baseline.ts';
import { numberOf, recordOf, recordsOf, stringOf } from '../model/json.ts';
import { type KubeObject, specOf } from '../model/kube-object.ts';
import { isExportedTo, isPort, servicesNamed } from './known-service.ts';
import { meshNamespaces } from './namespaces.ts';
import { isKnownAt, sidecarsOf } from './sidecar-scope.ts';
import type { View } from './view.ts';

/** A listener of a Sidecar that is for connections and not for requests, or may be. */
interface ByteListener {
  /** Its place among the Sidecar's listeners. */
  readonly index: number;
  /** 0 for a socket, which is for all ports of the services. */
  readonly port: number;
  /** True: no protocol that Istio knows is said, so that it looks at the first bytes. */
  readonly isGuessed: boolean;
}

/** Such a listener where it lets pods reach a port that speaks HTTP, or may. */
export interface ByteWay extends ByteListener {
  readonly sidecar: KubeObject;
  /** The first namespace whose pods have it. */
  readonly namespace: string;
}

const HTTP: ReadonlySet<string> = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'HTTP_PROXY']);
const BYTES: ReadonlySet<string> = new Set(['TCP', 'TLS', 'HTTPS', 'MONGO', 'MYSQL', 'REDIS']);

/**
 * Returns by which listeners of Sidecars pods of the mesh send bytes to a host's ports for HTTP, so that no HTTP route is for
 * them, or leave it to their proxies to find out. One with an address of its own counts too, and one without capture.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/networking.go `ModelProtocolToListenerProtocol`
 */
export function byteWaysTo(view: View, baseline: Baseline, host: string): readonly ByteWay[] {
  const uses = byteListeners(view, baseline);
  return [...uses].flatMap(([sidecar, { listeners, namespaces }]) =>
    listeners.flatMap((listener): readonly ByteWay[] => {
      const namespace = namespaces.find((client) => leadsTo(view, host, { ...listener, sidecar, namespace: client }));
      return namespace === undefined ? [] : [{ ...listener, sidecar, namespace }];
    }),
  );
}

function leadsTo(view: View, host: string, { sidecar, index, port, namespace: client }: ByteWay): boolean {
  return servicesNamed(view, host).some(
    (service) =>
      service.ports.some(({ number, mayBeHttp }) => mayBeHttp && isPort(number, port)) &&
      isExportedTo(service, client, view) &&
      isKnownAt(sidecar, index, client, { namespace: service.namespace, hosts: [host], fit: 'covered' }),
  );
}

interface Use {
  readonly listeners: readonly ByteListener[];
  readonly namespaces: string[];
}

/** The Sidecars that have such listeners, with the mesh namespaces whose pods may have these Sidecars. */
function byteListeners(view: View, baseline: Baseline): ReadonlyMap<KubeObject, Use> {
  return view.memo(`byteListeners|${baseline.sha256}`, () => {
    const uses = new Map<KubeObject, Use>();
    if (view.list('Sidecar').every((sidecar) => listenersOf(sidecar).length === 0)) return uses;
    for (const namespace of meshNamespaces(view, baseline)) {
      for (const sidecar of sidecarsOf(view, namespace)) {
        const listeners = sidecar === undefined ? [] : listenersOf(sidecar);
        if (sidecar === undefined || listeners.length === 0) continue;
        const there = uses.get(sidecar) ?? { listeners, namespaces: [] };
        uses.set(sidecar, there);
        there.namespaces.push(namespace);
      }
    }
    return uses;
  });
}

const READ = new WeakMap<KubeObject, readonly ByteListener[]>();

function listenersOf(sidecar: KubeObject): readonly ByteListener[] {
  const known = READ.get(sidecar);
  if (known !== undefined) return known;
  const listeners = recordsOf(specOf(sidecar).egress).flatMap((listener, index): readonly ByteListener[] => {
    const port = recordOf(listener.port);
    if (port === undefined) return [];
    const protocol = (stringOf(port.protocol) ?? '').toUpperCase();
    // For UDP istiod makes no listener at all.
    if (HTTP.has(protocol) || protocol === 'UDP') return [];
    return [{ index, port: numberOf(port.number) ?? 0, isGuessed: !BYTES.has(protocol) }];
  });
  READ.set(sidecar, listeners);
  return listeners;
}

/**
 * Tells whether HTTP is all that a port of this number can carry, by what services say of it; a port of UDP does not count.
 * Which services a listener for it knows is not looked at.
 */
export function isHttpOnly(view: View, hosts: Iterable<string>, port: number): boolean {
  for (const host of hosts) {
    for (const { ports } of servicesNamed(view, host)) {
      if (ports.some(({ number, mayBeHttp }) => number === port && !mayBeHttp)) return false;
    }
  }
  return true;
}
