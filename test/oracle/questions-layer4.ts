import { recordsOf, stringOf } from '../../src/model/json.ts';
import { nameOf, namespaceOf, specOf } from '../../src/model/kube-object.ts';
import { serviceHost } from '../../src/mesh/hosts.ts';
import { servicesNamed } from '../../src/mesh/known-service.ts';
import { sidecarFor } from '../../src/mesh/outbound.ts';
import { tellsPortsApart } from '../../src/mesh/sidecar-scope.ts';
import type { View } from '../../src/mesh/view.ts';
import type { DestinationAnswer, Layer4Chain, ProxyAnswer, ProxyQuestion } from './answers.ts';

/** Where connections to a Service's port go that are not read as HTTP. */
export interface Layer4Question {
  readonly ask: 'layer 4';
  readonly host: string;
  readonly port: number;
  /** The Service's own address, at which a proxy listens for it alone. */
  readonly address: string;
  readonly isTls: boolean;
}

/** One way of connections: the names in their TLS hello, empty for any, and the destinations with their shares of 100. */
export interface Layer4Words {
  readonly names: readonly string[];
  readonly destinations: Readonly<Record<string, number>>;
}

const OTHER = /^(tls|https|tcp)(-|$)/;

/** Returns the ports of Services that carry something else than HTTP, of those that have their name for themselves. */
export function layer4Questions(view: View, { namespace, labels }: ProxyQuestion): readonly Layer4Question[] {
  // What a listener for one port leaves to the one for all ports is not looked at.
  const sidecar = sidecarFor(view, namespace, labels);
  if (sidecar !== undefined && tellsPortsApart(sidecar)) return [];
  return view.list('Service').flatMap((service) => {
    const { clusterIP, ports } = specOf(service);
    const host = serviceHost(nameOf(service), namespaceOf(service), view.settings.clusterDomain);
    const address = stringOf(clusterIP) ?? 'None';
    if (address === 'None' || servicesNamed(view, host).length > 1) return [];
    return recordsOf(ports).flatMap(({ name, port }): readonly Layer4Question[] => {
      const [, protocol] = OTHER.exec(stringOf(name) ?? '') ?? [];
      if (protocol === undefined || typeof port !== 'number') return [];
      return [{ ask: 'layer 4', host, port, address, isTls: protocol !== 'tcp' }];
    });
  });
}

/** Says what Istio's proxy does with connections to a port; undefined: it has no listener for it. */
export function istioLayer4({ layer4 }: ProxyAnswer, { address, port }: Layer4Question): unknown {
  return layer4[`${address}_${port}`]?.map(chainWords).sort(byWords);
}

function chainWords({ serverNames, destinations }: Layer4Chain): Layer4Words {
  return { names: [...serverNames].sort(), destinations: shares(destinations) };
}

/** Adds up what equal destinations get; a weight counts only beside others. */
export function shares(all: readonly DestinationAnswer[]): Readonly<Record<string, number>> {
  const sum = all.reduce((total, { weight = 0 }) => total + weight, 0);
  const found: Record<string, number> = {};
  for (const { host, subset = '', port, weight = 0 } of all) {
    const name = `${host}|${subset}|${port}`;
    found[name] = Math.round(((found[name] ?? 0) + (sum === 0 ? 100 : (weight / sum) * 100)) * 1e6) / 1e6;
  }
  return found;
}

export const byWords = (left: Layer4Words, right: Layer4Words): number =>
  JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;

/** Returns the hosts to which a proxy passes on bytes. */
export function bytesGoTo({ layer4 }: ProxyAnswer): readonly string[] {
  const hosts = Object.values(layer4).flatMap((chains) =>
    chains.flatMap(({ destinations }) => destinations.map(({ host }) => host)),
  );
  return [...new Set(hosts)].filter((host) => host !== '').sort();
}
