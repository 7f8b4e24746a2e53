import type { FieldPath } from '../model/field-path.ts';
import { isRecord, type JsonObject, recordOf, recordOrEmpty, recordsOf } from '../model/json.ts';
import { type KubeObject, specOf } from '../model/kube-object.ts';
import type { MergedRule, Subset } from './destination-rules.ts';
import { inCamelCase, meshConfig, protoField } from './mesh-config.ts';
import { answersSince } from './releases.ts';
import type { View } from './view.ts';

/** The blocks of a traffic policy that are judged. */
export const BLOCKS = ['connectionPool', 'outlierDetection', 'loadBalancer', 'tls'] as const;

/** The name of one of these blocks. */
export type BlockName = (typeof BLOCKS)[number];

/** One block of the effective policy. */
export interface Block {
  /** Absent: nothing sets it and Istio's default stands. */
  readonly value?: JsonObject;
  /** The object in which it stands, or in which it would have to; absent where no rule applies. */
  readonly object?: KubeObject;
  /** Where it stands or would have to, in that object. */
  readonly path: FieldPath;
  /** True: it comes from the mesh ConfigMap's `defaultTrafficPolicy`; `object` and `path` are where a rule would set it. */
  readonly isMeshDefault?: boolean;
}

/** The four blocks in effect. */
export type Blocks = Readonly<Record<BlockName, Block>>;

/** Returns the top's blocks, or those of its port's settings, which replace all four. */
export function baseBlocks(rule: MergedRule | undefined, port: number | undefined): Blocks {
  const object = rule?.policyOf ?? rule?.from[0];
  if (object === undefined) return blocksAt(undefined, {}, []);
  const policy = recordOrEmpty(specOf(object).trafficPolicy);
  const path: FieldPath = ['spec', 'trafficPolicy'];
  const index = portIndex(policy, port);
  return index < 0
    ? blocksAt(object, policy, path)
    : blocksAt(object, portSettings(policy)[index] ?? {}, [...path, 'portLevelSettings', index]);
}

/** Lays a subset's blocks over its base's; the subset's own settings for the port replace all four, the mesh's defaults too. */
export function subsetBlocks(base: Blocks, { object, index, value }: Subset, port: number | undefined): Blocks {
  const policy = recordOf(value.trafficPolicy);
  if (policy === undefined) return base;
  const path: FieldPath = ['spec', 'subsets', index, 'trafficPolicy'];
  const at = portIndex(policy, port);
  if (at >= 0) return blocksAt(object, portSettings(policy)[at] ?? {}, [...path, 'portLevelSettings', at]);
  return overlay(base, blocksAt(object, policy, path));
}

function overlay(base: Blocks, over: Blocks): Blocks {
  const pick = (name: BlockName): Block => (over[name].value === undefined ? base[name] : over[name]);
  return {
    connectionPool: pick('connectionPool'),
    outlierDetection: pick('outlierDetection'),
    loadBalancer: pick('loadBalancer'),
    tls: pick('tls'),
  };
}

/** Returns the blocks of one policy, as they stand at a path. */
export function blocksAt(object: KubeObject | undefined, policy: JsonObject, path: FieldPath): Blocks {
  const block = (name: BlockName): Block => ({
    ...(isRecord(policy[name]) ? { value: policy[name] } : {}),
    ...(object === undefined ? {} : { object }),
    path: [...path, name],
  });
  return {
    connectionPool: block('connectionPool'),
    outlierDetection: block('outlierDetection'),
    loadBalancer: block('loadBalancer'),
    tls: block('tls'),
  };
}

/** Returns a policy's settings by port. */
export function portSettings(policy: JsonObject): readonly JsonObject[] {
  return recordsOf(policy.portLevelSettings);
}

/** Returns which of a policy's port settings counts for a port, -1 where none does; the first of two counts. */
export function portIndex(policy: JsonObject, port: number | undefined): number {
  if (port === undefined) return -1;
  return portSettings(policy).findIndex((settings) => portNumber(settings) === port);
}

/** Returns the port that settings are for. */
export function portNumber(settings: JsonObject): number | undefined {
  const { number } = recordOrEmpty(settings.port);
  return typeof number === 'number' ? number : undefined;
}

/** Fills in the pool and the breaker of the mesh's default policy where a rule's top or port leaves them out. */
export function withMeshDefaults(view: View, blocks: Blocks): Blocks {
  const { connectionPool, outlierDetection } = meshDefaults(view);
  const fill = (block: Block, value: JsonObject | undefined): Block =>
    block.value !== undefined || value === undefined ? block : { ...block, value, isMeshDefault: true };
  return {
    ...blocks,
    connectionPool: fill(blocks.connectionPool, connectionPool),
    outlierDetection: fill(blocks.outlierDetection, outlierDetection),
  };
}

/** The blocks that the mesh ConfigMap sets for all. */
export interface MeshDefaults {
  readonly connectionPool?: JsonObject;
  readonly outlierDetection?: JsonObject;
}

const NO_DEFAULTS: MeshDefaults = Object.freeze({});

/** Returns the blocks of `meshConfig.defaultTrafficPolicy`, which stand where no rule sets them. */
export function meshDefaults(view: View): MeshDefaults {
  if (!answersSince(view.settings, 'defaultTrafficPolicy')) return NO_DEFAULTS;
  return view.settled('meshDefaults', (at) => {
    const policy = recordOrEmpty(inCamelCase(protoField(meshConfig(at).config, 'defaultTrafficPolicy')));
    return {
      ...(isRecord(policy.connectionPool) ? { connectionPool: policy.connectionPool } : {}),
      ...(isRecord(policy.outlierDetection) ? { outlierDetection: policy.outlierDetection } : {}),
    };
  });
}

/** Tells whether a load balancer sends requests to the address that the client asked for. */
export function isPassthrough(loadBalancer: unknown): boolean {
  return recordOrEmpty(loadBalancer).simple === 'PASSTHROUGH';
}
