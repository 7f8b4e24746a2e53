import type { Baseline } from '../model/baseline.ts';
import { stringsOf } from '../model/json.ts';
import { namespaceOf, specOf } from '../model/kube-object.ts';
import { coversHost, isWildcard } from './hosts.ts';
import { isMeshNamespace } from './namespaces.ts';
import type { View } from './view.ts';

/**
 * Whose a host is for somebody who names it: his own, another namespace's, of several namespaces at once (a wildcard),
 * or nobody's that is known.
 */
export type Ownership =
  | { readonly kind: 'own' | 'several' | 'nobodys' }
  | { readonly kind: 'others'; readonly namespaces: readonly [string, ...string[]] };

/**
 * Tells whose a host is. A Service belongs to the namespace in its name, an external host to those of its ServiceEntries
 * and, where the baseline lists it, to the egress gateways'.
 * @param host A full name, another spelling of it or a wildcard, lower case, without a trailing dot.
 */
export function ownershipOf(host: string, namespace: string, view: View, baseline: Baseline): Ownership {
  const inside = namespaceIn(host, view, baseline);
  if (inside !== undefined) {
    if (inside === '') return { kind: 'several' };
    return inside === namespace ? { kind: 'own' } : { kind: 'others', namespaces: [inside] };
  }
  const covered = isWildcard(host) ? coveredBy(host, view, baseline) : [];
  const all = [host, ...covered].map((one) => externalOwners(one, view, baseline));
  const strange = all.find((owners) => owners.size > 0 && !owners.has(namespace));
  const [first, ...rest] = strange ?? [];
  if (first !== undefined) return { kind: 'others', namespaces: [first, ...rest] };
  return { kind: all.some((owners) => owners.size > 0) ? 'own' : 'nobodys' };
}

/**
 * Returns the namespace that a name inside of the mesh says, in any of its spellings (`S.N`, `S.N.svc`, the full name, a
 * headless pod's, a wildcard of one namespace); empty where it may be any; undefined for a host outside.
 */
function namespaceIn(host: string, view: View, baseline: Baseline): string | undefined {
  const suffix = `.svc.${view.settings.clusterDomain}`;
  if (isWildcard(host) && coversHost(host, `a.a${suffix}`)) return '';
  for (const end of [suffix, '.svc']) {
    if (!host.endsWith(end)) continue;
    const labels = host.slice(0, -end.length).split('.');
    const last = labels.at(-1) ?? '';
    return labels.length < 2 || isWildcard(last) ? '' : last;
  }
  const labels = host.split('.');
  const last = labels.at(-1) ?? '';
  const isNamespace = (): boolean =>
    view.get('Namespace', '', last) !== undefined || isMeshNamespace(last, view, baseline);
  return labels.length === 2 && isNamespace() ? last : undefined;
}

function externalOwners(host: string, view: View, baseline: Baseline): ReadonlySet<string> {
  const wildcards = view
    .lookup('ServiceEntry|wildcard')
    .filter((entry) => stringsOf(specOf(entry).hosts).some((known) => coversHost(known.toLowerCase(), host)));
  const owners = new Set([...view.lookup(`ServiceEntry|host|${host}`), ...wildcards].map(namespaceOf));
  if (baseline.externalHosts.some((known) => coversHost(known.toLowerCase(), host))) {
    for (const gateway of baseline.gateways.egress) owners.add(gateway.namespace);
  }
  return owners;
}

function coveredBy(wildcard: string, view: View, baseline: Baseline): readonly string[] {
  const written = view.list('ServiceEntry').flatMap((entry) => stringsOf(specOf(entry).hosts));
  const all = [...written, ...baseline.externalHosts].map((host) => host.toLowerCase());
  return all.filter((host) => host !== wildcard && coversHost(wildcard, host));
}
