import { kindOf } from '../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf } from '../model/kube-object.ts';
import { coversHost, isWildcard, serviceHost, takeoverNames } from './hosts.ts';
import { writtenEntries } from './route-entries.ts';
import { claimedHosts, parentServices } from './routers.ts';
import type { View } from './view.ts';

/**
 * Returns the other routers of the virtual hosts that a VirtualService, an HTTPRoute or a Service claims, and their
 * delegates: what they do may come into force, or end, when that one changes.
 */
export function rivalsOf(object: KubeObject, view: View): ReadonlySet<KubeObject> {
  const { clusterDomain } = view.settings;
  const rivals = new Set<KubeObject>();
  for (const claim of new Set(claimsOf(object, view))) {
    if (!isWildcard(claim)) {
      for (const name of takeoverNames(claim, namespaceOf(object), clusterDomain)) {
        for (const one of view.lookup(`VirtualService|host|${name}`)) rivals.add(one);
        for (const one of view.lookup(`HTTPRoute|to|${name}`)) rivals.add(one);
      }
    }
    for (const one of view.lookup('VirtualService|wildcard')) {
      const names = claimedHosts(one, clusterDomain);
      if (names.some((host) => coversHost(host, claim) || coversHost(claim, host))) rivals.add(one);
    }
  }
  rivals.delete(object);
  const all = new Set(rivals);
  for (const rival of rivals) {
    if (kindOf(rival) !== 'VirtualService') continue;
    for (const { delegate } of writtenEntries(rival, clusterDomain)) {
      for (const one of delegate === undefined ? [] : view.lookup(`VirtualService|name|${delegate}`)) all.add(one);
    }
  }
  return all;
}

function claimsOf(object: KubeObject, view: View): readonly string[] {
  const { clusterDomain } = view.settings;
  const kind = kindOf(object);
  if (kind === 'VirtualService') return claimedHosts(object, clusterDomain);
  if (kind === 'Service') return [serviceHost(nameOf(object), namespaceOf(object), clusterDomain)];
  return parentServices(object, view).map(({ host }) => host);
}
