import type { Baseline } from '../model/baseline.ts';
import { isRecord, type JsonObject, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { annotationOf, type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { parseServiceHost, takeoverNames } from './hosts.ts';
import { routeServiceHosts } from './indexes.ts';
import { externalHosts, hostOf } from './known-hosts.ts';
import { boundTo, expandedHosts } from './routers.ts';
import type { View } from './view.ts';

/** What a VirtualService says of retries and of routes for everybody, whatever the mesh is. */
interface Said {
  readonly clusterDomain: string;
  /** The hosts to which it has routes that leave their retries to the mesh, in all spellings. */
  readonly unset: readonly string[];
  /** The Services of its own namespace that it routes for every client that it is exported to. */
  readonly routed: readonly string[];
  /** Undefined: it leaves that to the mesh. */
  readonly isForAll: boolean | undefined;
}

const SAID = new WeakMap<KubeObject, Said>();

/**
 * Returns the hosts, and perhaps some more, to which requests are retried as the mesh configuration says: by a route without
 * retries of its own, or by the default route, which is there for whoever has no other; and those of the declared calls,
 * along which retries are counted together. Some may be hosts that nobody knows.
 * @param isOpen Whether VirtualServices that do not say so are for all namespaces.
 */
export function hostsOfDefaultRetries(view: View, baseline: Baseline, isOpen: boolean): ReadonlySet<string> {
  return view.memo(`hostsOfDefaultRetries|${baseline.sha256}|${isOpen ? 'open' : 'closed'}`, () => {
    const hosts = new Set<string>(externalHosts(view));
    const { services, gateways } = baseline;
    for (const { host, calls } of services) for (const one of [host, ...calls]) hosts.add(one);
    for (const { host } of gateways.egress) hosts.add(host);
    const { clusterDomain } = view.settings;
    const routed = new Set<string>();
    for (const object of view.list('VirtualService')) {
      const said = saidBy(object, clusterDomain);
      for (const host of said.unset) hosts.add(host);
      if (said.isForAll ?? isOpen) for (const host of said.routed) routed.add(host);
    }
    for (const object of view.list('HTTPRoute')) {
      const rules = recordsOf(specOf(object).rules);
      if (rules.length > 0 && rules.every(({ retry }) => isRecord(retry))) continue;
      for (const host of routeServiceHosts(object, namespaceOf(object), view.settings)) hosts.add(host);
    }
    for (const service of view.list('Service')) {
      const host = hostOf(service, view.settings);
      if (!routed.has(host)) hosts.add(host);
    }
    return hosts;
  });
}

function saidBy(object: KubeObject, clusterDomain: string): Said {
  const known = SAID.get(object);
  if (known !== undefined && known.clusterDomain === clusterDomain) return known;
  const { http, exportTo } = specOf(object);
  const namespace = namespaceOf(object);
  const unset = recordsOf(http).flatMap((entry) => targetsWithoutRetries(entry));
  const written = stringsOf(exportTo);
  const said: Said = {
    clusterDomain,
    unset: unset.flatMap((host) => takeoverNames(host, namespace, clusterDomain)),
    routed: isRoutedForAll(object) ? ownServices(object, clusterDomain) : [],
    isForAll: written.length === 0 ? undefined : written.includes('*'),
  };
  SAID.set(object, said);
  return said;
}

function targetsWithoutRetries(entry: JsonObject): readonly string[] {
  const hostOf = (destination: unknown): string | readonly string[] =>
    stringOf(recordOrEmpty(destination).host) ?? NOWHERE;
  const mirrors = [entry.mirror, ...recordsOf(entry.mirrors).map(({ destination }) => destination)].flatMap(hostOf);
  // What hands over may lend its mirrors to a delegate's route without retries.
  if (isRecord(entry.retries)) return isRecord(entry.delegate) ? mirrors : NOWHERE;
  return [...recordsOf(entry.route).flatMap(({ destination }) => hostOf(destination)), ...mirrors];
}

const NOWHERE: readonly string[] = Object.freeze([]);

/** Tells whether a VirtualService routes its hosts for every client in the mesh that it is exported to: an entry asks for nothing. */
function isRoutedForAll(object: KubeObject): boolean {
  if (!boundTo(object).includes('mesh')) return false;
  if (annotationOf(object, 'internal.istio.io/route-semantics') !== undefined) return false;
  const entries = recordsOf(specOf(object).http);
  if (entries.some(({ delegate }) => isRecord(delegate))) return false;
  return entries.some(({ match }) => recordsOf(match).length === 0);
}

/** A Sidecar that imports a Service imports what stands for its full name beside it, too. */
function ownServices(object: KubeObject, clusterDomain: string): readonly string[] {
  const namespace = namespaceOf(object);
  return expandedHosts(object, clusterDomain).filter(
    (host) => host === host.toLowerCase() && parseServiceHost(host, clusterDomain)?.namespace === namespace,
  );
}
