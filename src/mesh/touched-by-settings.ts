import type { Baseline } from '../model/baseline.ts';
import type { Change } from '../model/change.ts';
import { stringsOf } from '../model/json.ts';
import { hostsOfDefaultPolicy } from './default-policy.ts';
import { hostsOfDefaultRetries } from './default-retries.ts';
import { changedSettings, type HostSetting } from './host-settings.ts';
import { externalHosts, knownHosts } from './known-hosts.ts';
import { meshSetting } from './mesh-config.ts';
import { isMeshConfigMap, meshWide, type Touched } from './touched.ts';
import type { View } from './view.ts';

/** What a change of the mesh's ConfigMaps touches; which hosts, depends on who asks. */
export interface TouchedBySettings extends Pick<Touched, 'namespaces' | 'gateways'> {
  /**
   * Returns the known hosts for which settings that a rule reads are others than before and may count, in the order of
   * `knownHosts`.
   * @param settings The fields of the mesh configuration that the rule reads; absent: any.
   */
  readonly hostsFor: (settings: readonly HostSetting[] | undefined) => ReadonlySet<string>;
}

interface Mesh {
  readonly before: View;
  readonly after: View;
  readonly baseline: Baseline;
}

/** Returns what a change of one of the mesh's ConfigMaps touches, where nothing else changes; undefined for any other object. */
export function touchedBySettings(change: Change, mesh: Mesh): TouchedBySettings | undefined {
  const { after, baseline } = mesh;
  const isMeant = [change.before, change.after].some((one) => one !== undefined && isMeshConfigMap(one, baseline));
  if (!isMeant) return undefined;
  const known = new Map<readonly HostSetting[] | undefined, ReadonlySet<string>>();
  const hostsFor = (settings: readonly HostSetting[] | undefined): ReadonlySet<string> => {
    const hosts = known.get(settings) ?? hostsTouched(mesh, settings);
    known.set(settings, hosts);
    return hosts;
  };
  return { hostsFor, ...meshWide(after, baseline) };
}

function hostsTouched(mesh: Mesh, settings: readonly HostSetting[] | undefined): ReadonlySet<string> {
  const { before, after, baseline } = mesh;
  const all = knownHosts(after, baseline);
  if (settings === undefined) return all;
  const changed = changedSettings(before, after);
  const hosts = new Set<string>();
  for (const setting of settings) {
    const reached = changed.has(setting) ? REACHED[setting](mesh) : NOBODY;
    if (reached === 'all') return all;
    for (const host of reached) hosts.add(host);
  }
  return hosts.size === 0 ? hosts : new Set([...all].filter((host) => hosts.has(host)));
}

const NOBODY: ReadonlySet<string> = new Set<string>();

/** The hosts for which a field of the mesh configuration may count, and perhaps some more, also unknown ones. */
const REACHED: Readonly<Record<HostSetting, (mesh: Mesh) => ReadonlySet<string> | 'all'>> = {
  defaultDestinationRuleExportTo: () => 'all',
  defaultServiceExportTo: () => 'all',
  defaultVirtualServiceExportTo: () => 'all',
  defaultHttpRetryPolicy: (mesh) =>
    hostsOfDefaultRetries(mesh.after, mesh.baseline, isOpen(mesh, 'defaultVirtualServiceExportTo')),
  defaultTrafficPolicy: (mesh) =>
    hostsOfDefaultPolicy(mesh.after, mesh.baseline, isOpen(mesh, 'defaultDestinationRuleExportTo')),
  proxyHttpPort: ({ after }) => externalHosts(after),
};

/** Tells whether objects that do not say whom they are for are for all, before and after. */
function isOpen({ before, after }: Mesh, setting: HostSetting): boolean {
  return [before, after].every((view) => {
    const written = meshSetting(view, setting);
    if (!Array.isArray(written) || written.length === 0) return true;
    const names = stringsOf(written);
    // VirtualServices go by the asterisk, DestinationRules by the dot.
    return names.includes('*') && !names.includes('.');
  });
}
