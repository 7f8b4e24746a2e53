import type { Baseline } from '../model/baseline.ts';
import { isRecord, type JsonObject, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { expandHost, isWildcard, parseServiceHost } from './hosts.ts';
import { externalHosts, hostOf } from './known-hosts.ts';
import type { View } from './view.ts';

/**
 * Returns the hosts, and perhaps some more, on whose connections something of the mesh configuration's default traffic
 * policy may count: all but the Services that a single DestinationRule beside them gives both blocks of it, for all
 * clients and on all ports.
 * @param isOpen Whether DestinationRules that do not say so are for all namespaces.
 */
export function hostsOfDefaultPolicy(view: View, baseline: Baseline, isOpen: boolean): ReadonlySet<string> {
  return view.memo(`hostsOfDefaultPolicy|${baseline.sha256}|${isOpen ? 'open' : 'closed'}`, () => {
    const hosts = new Set<string>([...externalHosts(view), ...baseline.services.map(({ host }) => host)]);
    const whole = wholeRules(view, isOpen);
    for (const service of view.list('Service')) {
      const host = hostOf(service, view.settings);
      if (whole.get(host) !== true) hosts.add(host);
    }
    return hosts;
  });
}

/** By host, whether its one DestinationRule leaves nothing to the mesh. */
function wholeRules(view: View, isOpen: boolean): ReadonlyMap<string, boolean> {
  const { clusterDomain } = view.settings;
  const whole = new Map<string, boolean>();
  const suffixes: string[] = [];
  for (const rule of view.list('DestinationRule')) {
    const host = expandHost(stringOf(specOf(rule).host) ?? '', namespaceOf(rule), clusterDomain);
    if (isWildcard(host)) suffixes.push(host.slice(1));
    else whole.set(host, !whole.has(host) && isWhole(rule, host, clusterDomain, isOpen));
  }
  if (suffixes.length === 0) return whole;
  for (const host of whole.keys()) if (suffixes.some((suffix) => host.endsWith(suffix))) whole.set(host, false);
  return whole;
}

function isWhole(rule: KubeObject, host: string, clusterDomain: string, isOpen: boolean): boolean {
  const { workloadSelector, exportTo, trafficPolicy } = specOf(rule);
  if (isRecord(workloadSelector) || !isRecord(trafficPolicy)) return false;
  const written = stringsOf(exportTo);
  if (written.length === 0 ? !isOpen : !written.includes('*')) return false;
  if (parseServiceHost(host, clusterDomain)?.namespace !== namespaceOf(rule)) return false;
  return [trafficPolicy, ...recordsOf(trafficPolicy.portLevelSettings)].every(hasBoth);
}

function hasBoth({ connectionPool, outlierDetection }: JsonObject): boolean {
  return isRecord(connectionPool) && isRecord(outlierDetection);
}
