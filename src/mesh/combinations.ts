import type { FieldPath } from '../model/field-path.ts';
import { isRecord, recordOrEmpty, recordsOf, stringOf } from '../model/json.ts';
import { type KubeObject, specOf } from '../model/kube-object.ts';
import { mergesOf, rulesNaming, type Subset } from './destination-rules.ts';
import {
  type Block,
  type BlockName,
  type Blocks,
  blocksAt,
  portIndex,
  portNumber,
  portSettings,
  subsetBlocks,
  withMeshDefaults,
} from './policy-blocks.ts';
import type { View } from './view.ts';

/** One way in which a DestinationRule can come to apply, on its own terms: whether or not another one hides it now. */
export interface Combination {
  /** The rule whose host names the service. */
  readonly object: KubeObject;
  readonly port?: number;
  readonly subset?: string;
  /** For people and identities: empty, `port 80`, `subset 'v1'` or both. */
  readonly where: string;
  readonly blocks: Blocks;
}

/**
 * Returns what each DestinationRule that names a host would do: its top, each of its ports, each of its subsets, and each
 * subset on each port that its own settings or the top's name. Where it has no policy of its own, that of the rule
 * which it is merged with stands.
 */
export function combinations(view: View, host: string): readonly Combination[] {
  const compute = (): readonly Combination[] =>
    rulesNaming(view, host).flatMap((object) => combinationsOf(view, host, object));
  return view.memo(`combinations|${host}`, compute);
}

function combinationsOf(view: View, host: string, object: KubeObject): readonly Combination[] {
  const { trafficPolicy: own, subsets } = specOf(object);
  const holder = isRecord(own)
    ? object
    : (mergesOf(view, host, object).find(({ policyOf }) => policyOf)?.policyOf ?? object);
  const policy = recordOrEmpty(specOf(holder).trafficPolicy);
  const path: FieldPath = ['spec', 'trafficPolicy'];
  const top = withMeshDefaults(view, blocksAt(holder, policy, path));
  const ports = portSettings(policy).map((settings, index) => ({
    port: portNumber(settings),
    blocks: withMeshDefaults(view, blocksAt(holder, settings, [...path, 'portLevelSettings', index])),
  }));
  const all: Combination[] = [combination(object, top, undefined, undefined)];
  for (const { port, blocks } of ports) all.push(combination(object, blocks, port, undefined));
  for (const [index, value] of recordsOf(subsets).entries()) {
    const subset: Subset = { object, index, name: stringOf(value.name) ?? '', value };
    const ownPolicy = recordOrEmpty(value.trafficPolicy);
    all.push(combination(object, subsetBlocks(top, subset, undefined), undefined, subset.name));
    for (const [at, settings] of portSettings(ownPolicy).entries()) {
      const blocks = blocksAt(object, settings, ['spec', 'subsets', index, 'trafficPolicy', 'portLevelSettings', at]);
      all.push(combination(object, blocks, portNumber(settings), subset.name));
    }
    for (const { port, blocks } of ports) {
      if (portIndex(ownPolicy, port) >= 0) continue;
      all.push(combination(object, subsetBlocks(blocks, subset, undefined), port, subset.name));
    }
  }
  return all;
}

function combination(
  object: KubeObject,
  blocks: Blocks,
  port: number | undefined,
  subset: string | undefined,
): Combination {
  const where = [port === undefined ? '' : `port ${port}`, subset === undefined ? '' : `subset '${subset}'`];
  return {
    object,
    ...(port === undefined ? {} : { port }),
    ...(subset === undefined ? {} : { subset }),
    where: where.filter((part) => part !== '').join(' of '),
    blocks,
  };
}

/** A block that stands, or would have to stand, in a rule, and the first of the combinations for which it counts. */
export interface PlacedBlock extends Block {
  readonly object: KubeObject;
  /** As in a combination. */
  readonly where: string;
}

/** Returns the blocks of one name among all combinations, each place once. */
export function placedBlocks(view: View, host: string, name: BlockName): readonly PlacedBlock[] {
  const compute = (): readonly PlacedBlock[] => {
    const seen = new Map<KubeObject, Set<string>>();
    return combinations(view, host).flatMap(({ where, blocks }) => {
      const { object, ...block } = blocks[name];
      if (object === undefined) return [];
      const paths = seen.get(object) ?? new Set<string>();
      seen.set(object, paths);
      const path = block.path.join('/');
      if (paths.has(path)) return [];
      paths.add(path);
      return [{ ...block, object, where }];
    });
  };
  return view.memo(`placedBlocks|${name}|${host}`, compute);
}
