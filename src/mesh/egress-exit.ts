import type { Baseline } from '../model/baseline.ts';
import type { Exit } from './egress.ts';
import { parseServiceHost } from './hosts.ts';
import { servicesNamed } from './known-service.ts';
import type { RouteHost } from './route-types.ts';
import type { View } from './view.ts';

/** A destination, as far as it decides about the exit. */
export type SentTo = Pick<RouteHost, 'host' | 'written'>;

/** Returns by which exit requests go that are sent to hosts; of several the most open one. */
export function routeExit(view: View, baseline: Baseline, hosts: readonly SentTo[]): Exit {
  const exits = new Set(hosts.map((host) => hostExit(view, baseline, host)));
  return MOST_OPEN_FIRST.find((exit) => exits.has(exit)) ?? 'blocked';
}

const MOST_OPEN_FIRST: readonly Exit[] = ['direct', 'gateway', 'inside'];

/** Where Istio finds no service by the name to the letter, requests get 503; one in lower case may still come. */
function hostExit(view: View, { gateways }: Baseline, { host, written }: SentTo): Exit {
  const known = servicesNamed(view, host);
  // Also where a ServiceEntry takes the egress gateway's own name.
  if (known.some(({ isKubernetes, isExternal }) => !isKubernetes || isExternal)) return 'direct';
  if (gateways.egress.some((gateway) => gateway.host === written)) return 'gateway';
  return known.length > 0 || parseServiceHost(host, view.settings.clusterDomain) !== undefined ? 'inside' : 'blocked';
}
