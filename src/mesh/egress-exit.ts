import type { Baseline } from '../model/baseline.ts';
import type { Exit } from './egress.ts';
import { parseServiceHost } from './hosts.ts';
import { type KnownService, serviceSeenBy, servicesNamed } from './known-service.ts';
import type { MeshViewer, RouteHost } from './route-types.ts';
import type { View } from './view.ts';

/** A destination, as far as it decides about the exit. */
export interface SentTo extends Pick<RouteHost, 'host' | 'written'> {
  readonly subset?: string;
}

/** Returns by which exit a client's requests go that are sent to hosts; of several the most open one. */
export function routeExit(view: View, baseline: Baseline, client: MeshViewer, hosts: readonly SentTo[]): Exit {
  const exits = new Set(hosts.map((host) => hostExit(view, baseline, client, host)));
  return MOST_OPEN_FIRST.find((exit) => exits.has(exit)) ?? 'blocked';
}

const MOST_OPEN_FIRST: readonly Exit[] = ['direct', 'gateway', 'inside'];

/** Where Istio finds no service by the name to the letter, requests get 503; one in lower case may still come. */
function hostExit(view: View, { gateways }: Baseline, client: MeshViewer, { host, written }: SentTo): Exit {
  const known = servicesFor(view, host, client);
  // Also where a ServiceEntry takes the egress gateway's own name.
  if (known.some(({ isKubernetes, isExternal }) => !isKubernetes || isExternal)) return 'direct';
  if (gateways.egress.some((gateway) => gateway.host === written)) return 'gateway';
  return known.length > 0 || parseServiceHost(host, view.settings.clusterDomain) !== undefined ? 'inside' : 'blocked';
}

/** Which of several services of one name a Sidecar imports is not looked at, so it may be any of them. */
function servicesFor(view: View, host: string, { namespace, sidecar }: MeshViewer): readonly KnownService[] {
  const seen = sidecar === undefined ? serviceSeenBy(view, host, namespace) : undefined;
  return seen === undefined ? servicesNamed(view, host) : [seen];
}
