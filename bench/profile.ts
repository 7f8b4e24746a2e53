import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord, listOf, numberOf, recordOrEmpty, stringOf } from '../src/model/json.ts';

/** Where the time went: a function's own share of all samples that were not idle, in percent. */
interface Share {
  readonly name: string;
  readonly percent: number;
}

const IDLE = new Set(['(idle)', '(program)', '(root)']);

/** Reads the CPU profiles of a folder and returns the functions that took most of the time themselves. */
export function topFunctions(folder: string, count: number): readonly Share[] {
  const own = new Map<string, number>();
  let total = 0;
  for (const file of globSync('*.cpuprofile', { cwd: folder })) {
    const profile: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    if (!isRecord(profile)) continue;
    for (const node of listOf(profile.nodes).map(recordOrEmpty)) {
      const { functionName, url } = recordOrEmpty(node.callFrame);
      const name = stringOf(functionName) ?? '';
      const hits = numberOf(node.hitCount) ?? 0;
      if (IDLE.has(name)) continue;
      total += hits;
      const key = `${name === '' ? '(anonymous)' : name} ${placeOf(stringOf(url) ?? '')}`;
      own.set(key, (own.get(key) ?? 0) + hits);
    }
  }
  return [...own]
    .toSorted(([, left], [, right]) => right - left)
    .slice(0, count)
    .map(([name, hits]) => ({ name, percent: (100 * hits) / Math.max(total, 1) }));
}

function placeOf(url: string): string {
  if (url.startsWith('node:')) return url;
  return url === '' ? '(native)' : url.slice(url.lastIndexOf('/') + 1);
}
