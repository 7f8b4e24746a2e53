import { isAbsent, sameJson } from '../model/json.ts';
import { meshConfig, protoField, protoKey } from './mesh-config.ts';
import type { View } from './view.ts';

/** The fields of the mesh configuration on which anything that a host is judged by depends. */
export const HOST_SETTINGS = [
  'defaultDestinationRuleExportTo',
  'defaultHttpRetryPolicy',
  'defaultServiceExportTo',
  'defaultTrafficPolicy',
  'defaultVirtualServiceExportTo',
  'proxyHttpPort',
] as const;

/** The name of one of these fields. */
export type HostSetting = (typeof HOST_SETTINGS)[number];

/** The fields that routes depend on. */
export const ROUTE_SETTINGS = [
  'defaultHttpRetryPolicy',
  'defaultServiceExportTo',
  'defaultVirtualServiceExportTo',
] as const satisfies readonly HostSetting[];

/** The fields that DestinationRules depend on, apart from the policy that stands where they say nothing. */
export const RULE_SETTINGS = [
  'defaultDestinationRuleExportTo',
  'defaultServiceExportTo',
] as const satisfies readonly HostSetting[];

/** The fields that connection pools and circuit breakers depend on. */
export const POLICY_SETTINGS = [...RULE_SETTINGS, 'defaultTrafficPolicy'] as const satisfies readonly HostSetting[];

/** The fields by which the ConfigMap itself can be what is wrong with a host. */
const BLAMED: ReadonlySet<HostSetting> = new Set<HostSetting>(['defaultHttpRetryPolicy', 'proxyHttpPort']);

/**
 * Returns the fields that are not the same in both views, and those for which the mesh configuration is blamed as it
 * stands: of the changed object also what is no worse than before is said.
 */
export function changedSettings(before: View, after: View): ReadonlySet<HostSetting> {
  const { config: old } = meshConfig(before);
  const { config: current } = meshConfig(after);
  const isChanged = (name: HostSetting): boolean =>
    // The spelling is part of the place where something is said to stand.
    protoKey(old, name) !== protoKey(current, name) || !sameJson(protoField(old, name), protoField(current, name));
  const isBlamed = (name: HostSetting): boolean => BLAMED.has(name) && !isAbsent(protoField(current, name));
  return new Set(HOST_SETTINGS.filter((name) => isChanged(name) || isBlamed(name)));
}
