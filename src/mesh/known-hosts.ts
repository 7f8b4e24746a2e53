import type { Baseline } from '../model/baseline.ts';
import { stringsOf } from '../model/json.ts';
import { type KubeObject, nameOf, namespaceOf, specOf } from '../model/kube-object.ts';
import { coversHost, isWildcard, serviceHost } from './hosts.ts';
import type { MeshSettings, View } from './view.ts';

interface Named {
  readonly clusterDomain: string;
  readonly host: string;
}

/** Every one of thousands is asked for its name whenever all are. */
const NAMED = new WeakMap<KubeObject, Named>();

/** Returns the full name of a Service. */
export function hostOf(service: KubeObject, { clusterDomain }: MeshSettings): string {
  const known = NAMED.get(service);
  if (known !== undefined && known.clusterDomain === clusterDomain) return known.host;
  const host = serviceHost(nameOf(service), namespaceOf(service), clusterDomain);
  NAMED.set(service, { clusterDomain, host });
  return host;
}

/** Returns every host that the mesh knows: Services, ServiceEntry hosts and the baseline's services; lower case. */
export function knownHosts(view: View, baseline: Baseline): ReadonlySet<string> {
  const compute = (): ReadonlySet<string> => {
    const hosts = new Set(baseline.services.map(({ host }) => host));
    for (const service of view.list('Service')) hosts.add(hostOf(service, view.settings));
    for (const host of externalHosts(view)) hosts.add(host);
    return hosts;
  };
  return view.memo(`knownHosts|${baseline.sha256}`, compute);
}

/** Tells whether a host is a Service in the view, a service of the baseline, or named by a ServiceEntry. */
export function isKnownHost(host: string, view: View, baseline: Baseline): boolean {
  return (
    view.lookup(`Service|host|${host}`).length > 0 ||
    view.lookup(`ServiceEntry|host|${host}`).length > 0 ||
    baseline.services.some((service) => service.host === host)
  );
}

/** Returns every host that a ServiceEntry names, wildcards with their asterisk; lower case. */
export function externalHosts(view: View): ReadonlySet<string> {
  const compute = (): ReadonlySet<string> => {
    const entries = view.list('ServiceEntry').flatMap((entry) => stringsOf(specOf(entry).hosts));
    return new Set(entries.map((host) => host.toLowerCase()));
  };
  return view.memo('externalHosts', compute);
}

/** Returns the wildcards among the hosts that ServiceEntries name. */
export function externalWildcards(view: View): readonly string[] {
  return view.memo('externalWildcards', () => [...externalHosts(view)].filter(isWildcard));
}

/** Adds a host, or in place of a wildcard all known hosts that it covers. */
export function addKnown(hosts: Set<string>, host: string, view: View, baseline: Baseline): void {
  if (!isWildcard(host)) hosts.add(host);
  else for (const known of knownHosts(view, baseline)) if (coversHost(host, known)) hosts.add(known);
}
