import type { Hop } from './call-graph.ts';

/** A caller that leaves before the one that it calls has to be done. */
export interface EarlyLeave {
  /** From outside down to the called one. */
  readonly path: readonly Hop[];
  readonly caller: Hop;
  readonly callerMs: number;
  readonly called: Hop;
  readonly calledMs: number;
}

/** Returns each call whose caller may have left before its answer must be there, with the shortest path to it. */
export function earlyLeaves(hops: readonly Hop[]): readonly EarlyLeave[] {
  return hops.flatMap((caller): readonly EarlyLeave[] =>
    hops.flatMap((called) => {
      const [callerMs, calledMs] = [caller.shortestMs, called.longestMs];
      if (called.from !== caller.to || callerMs === undefined || calledMs === undefined) return [];
      return calledMs > callerMs
        ? [{ path: [...pathTo(hops, caller), called], caller, callerMs, called, calledMs }]
        : [];
    }),
  );
}

/** Returns the shortest way of declared calls that ends with a step. */
function pathTo(hops: readonly Hop[], end: Hop): readonly Hop[] {
  const queue: (readonly Hop[])[] = [[end]];
  const seen = new Set([end]);
  for (const path of queue) {
    const [first] = path;
    if (first === undefined || first.from === '') return path;
    for (const hop of hops) {
      if (hop.to !== first.from || seen.has(hop)) continue;
      seen.add(hop);
      queue.push([hop, ...path]);
    }
  }
  return [end];
}

/** A path along which one request is tried too often. */
export interface ManyTries {
  readonly path: readonly Hop[];
  readonly product: number;
}

/** A graph with more paths than this is no baseline that a person wrote; what is found by then is said. */
const MOST_STEPS = 10_000;

/** Returns each path from outside up to the step that makes its tries more than a bound; a call back is followed once. */
export function tooManyTries(hops: readonly Hop[], bound: number): readonly ManyTries[] {
  const found: ManyTries[] = [];
  let steps = 0;
  const walk = (path: readonly Hop[], product: number): void => {
    steps += 1;
    if (product > bound) {
      found.push({ path, product });
      return;
    }
    const end = path.at(-1)?.to ?? '';
    for (const hop of hops) {
      if (hop.from !== end || path.some(({ to }) => to === hop.to) || steps >= MOST_STEPS) continue;
      walk([...path, hop], product * hop.tries);
    }
  };
  walk([], 1);
  return found;
}
