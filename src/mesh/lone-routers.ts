import { recordsOf, stringsOf } from '../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { coversHost, isWildcard, parseServiceHost, takeoverNames } from './hosts.ts';
import { externalHosts } from './known-hosts.ts';
import { exportedTo } from './route-delegates.ts';
import { boundTo, claimedHosts, expandedHosts } from './routers.ts';
import type { View } from './view.ts';

/** What a VirtualService claims, whatever the mesh is. */
interface Claim {
  readonly clusterDomain: string;
  readonly isOfMesh: boolean;
  /** Each full name that it may take over, wildcards left out. */
  readonly names: readonly string[];
  readonly wildcards: readonly string[];
  /** Its one host, where that is the full name of a Service beside it and no route asks where a request comes from. */
  readonly loneHost?: string;
  readonly isForAll: boolean | undefined;
}

const CLAIMS = new WeakMap<KubeObject, Claim>();

function claimOf(object: KubeObject, clusterDomain: string): Claim {
  const known = CLAIMS.get(object);
  if (known !== undefined && known.clusterDomain === clusterDomain) return known;
  const namespace = namespaceOf(object);
  const claimed = claimedHosts(object, clusterDomain);
  const plain = claimed.filter((host) => !isWildcard(host));
  const [host = ''] = expandedHosts(object, clusterDomain);
  const isLone =
    claimed.length === 1 &&
    claimed[0] === host &&
    parseServiceHost(host, clusterDomain)?.namespace === namespace &&
    !recordsOf(specOf(object).http).some(asksForSource);
  const exportTo = stringsOf(specOf(object).exportTo);
  const claim: Claim = {
    clusterDomain,
    isOfMesh: boundTo(object).includes('mesh'),
    names: [...new Set(plain.flatMap((one) => takeoverNames(one, namespace, clusterDomain)))],
    wildcards: claimed.filter(isWildcard),
    isForAll: exportTo.length === 0 ? undefined : exportTo.includes('*'),
    ...(isLone ? { loneHost: host } : {}),
  };
  CLAIMS.set(object, claim);
  return claim;
}

function asksForSource({ match }: ReturnType<typeof specOf>): boolean {
  return recordsOf(match).some(({ sourceNamespace }) => typeof sourceNamespace === 'string');
}

/** The VirtualServices that are bound to the mesh. */
export interface Routers {
  /**
   * By namespace, those that are for everybody and alone claim one Service beside them: whoever knows the Service knows them,
   * and who does not know them knows nothing of that name.
   */
  readonly lone: ReadonlyMap<string, readonly KubeObject[]>;
  readonly others: ReadonlySet<KubeObject>;
}

/** Returns the VirtualServices that are bound to the mesh, each sort oldest first. */
export function meshRouters(view: View): Routers {
  return view.memo('meshRouters', () => {
    const { clusterDomain } = view.settings;
    const objects = view.list('VirtualService');
    const claimants = new Map<string, number>();
    for (const object of objects) {
      for (const name of claimOf(object, clusterDomain).names) claimants.set(name, (claimants.get(name) ?? 0) + 1);
    }
    const wildcards = objects.flatMap((object) => claimOf(object, clusterDomain).wildcards);
    const external = externalHosts(view);
    const isAlone = (host: string): boolean =>
      claimants.get(host) === 1 &&
      !external.has(host) &&
      !wildcards.some((wildcard) => coversHost(wildcard, host)) &&
      (!hasHttpRoutes || view.lookup(`HTTPRoute|to|${host}`).length === 0);
    const hasHttpRoutes = view.list('HTTPRoute').length > 0;
    const lone = new Map<string, KubeObject[]>();
    const others = new Set<KubeObject>();
    for (const object of objects) {
      const { isOfMesh, loneHost, isForAll } = claimOf(object, clusterDomain);
      if (!isOfMesh) continue;
      const isOpen = isForAll ?? exportedTo(view, object).has('*');
      if (loneHost === undefined || !isOpen || !isAlone(loneHost)) others.add(object);
      else {
        const there = lone.get(namespaceOf(object));
        if (there === undefined) lone.set(namespaceOf(object), [object]);
        else there.push(object);
      }
    }
    return { lone, others };
  });
}
