import type { KubeObject } from '../model/kube-object.ts';
import { coversHost, isWildcard } from './hosts.ts';
import { claimedHosts, virtualServicesNaming } from './routers.ts';
import type { MeshViewer, Route } from './route-types.ts';
import { routesSeenBy } from './routes.ts';
import type { View } from './view.ts';

/** The port on which a VirtualService counts for names that nobody has registered. */
const PORT = 80;

/** The routes of a name that nobody has registered. */
export interface UnknownRoutes {
  readonly routes: readonly Route[];
  /** True: a wildcard's, which is no name of its own where the client knows a service that it covers; that is not looked at. */
  readonly isDoubtful: boolean;
}

/**
 * Returns the routes for a host that a client does not know on port 80: those of VirtualServices for the name itself, else
 * for the longest wildcard that covers it.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/route/route.go `separateVSHostsAndServices`
 */
export function unknownHttpRoutes(view: View, host: string, client: MeshViewer): UnknownRoutes {
  for (const name of [host, ...wildcardsOver(view, host)]) {
    const routes = routesSeenBy(view, name, { ...client, port: PORT }).filter(({ root }) => claims(view, root, name));
    if (routes.length > 0) return { routes, isDoubtful: isWildcard(name) };
  }
  return { routes: [], isDoubtful: false };
}

/** Returns the wildcards over a host that VirtualServices are for, the longest first. */
function wildcardsOver(view: View, host: string): readonly string[] {
  const claimed = virtualServicesNaming(view, host).flatMap((one) => claimedHosts(one, view.settings.clusterDomain));
  return [...new Set(claimed)]
    .filter((name) => isWildcard(name) && name !== host && coversHost(name, host))
    .sort((left, right) => right.length - left.length);
}

/** Tells whether what owns a route is for a name to the letter, as an HTTPRoute is. */
export function claims(view: View, root: KubeObject | undefined, name: string): boolean {
  if (root?.kind !== 'VirtualService') return root !== undefined;
  return claimedHosts(root, view.settings.clusterDomain).includes(name);
}
