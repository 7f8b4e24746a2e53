import type { Baseline } from '../model/baseline.ts';
import type { Change } from '../model/change.ts';
import type { Facts, Rule } from '../rules/rule.ts';
import type { Blamed } from './blamed.ts';
import { isOn } from './compare.ts';
import { isExempted } from './exempted-objects.ts';

/** Which of the many hosts or namespaces that one change touches need not be judged, as another one like them was. */
export interface Alike {
  readonly isSettled: (input: string) => boolean;
  /** Notes what a change is blamed for in one of them. */
  readonly settle: (input: string, blamed: readonly Blamed[]) => void;
}

/** For so few hosts it is not worth the while to find out which are alike. */
const FEW_HOSTS = 20;

/** What a rule is asked about. */
export interface Asked {
  readonly changes: readonly Change[];
  readonly before: Facts;
  readonly after: Facts;
  /** How many hosts or namespaces it is asked about. */
  readonly count: number;
}

/**
 * Returns which hosts or namespaces a rule need not be asked about for a single change, so that the verdict is the same to the
 * letter: those that are, before and after, like one for which nothing was blamed, or only what is one fault however many
 * have it. Undefined: the rule is to be asked about all.
 */
export function alikeFor(rule: Rule, { changes, before, after, count }: Asked): Alike | undefined {
  const [change, ...more] = changes;
  if (rule.alike === undefined || change === undefined || more.length > 0) return undefined;
  if (count <= (rule.subject === 'host' ? FEW_HOSTS : 1)) return undefined;
  const [keysBefore, keysAfter] = [rule.alike(before), rule.alike(after)];
  const keyOf = (input: string): string | undefined => {
    const key = keysAfter.get(input);
    if (key === undefined || keysBefore === keysAfter) return key;
    const old = keysBefore.get(input);
    return old === undefined || old === key ? old : JSON.stringify([old, key]);
  };
  const settled = new Set<string>();
  const isOne = (one: Blamed): boolean => isOneFault(one, change, after.baseline);
  return {
    isSettled: (input) => {
      const key = settled.size === 0 ? undefined : keyOf(input);
      return key !== undefined && settled.has(key);
    },
    settle: (input, blamed) => {
      const key = blamed.every(isOne) ? keyOf(input) : undefined;
      if (key !== undefined) settled.add(key);
    },
  };
}

/**
 * Tells whether what is found of many is said once, of the first: it stands at one place of the changed object, no namespace
 * has a say in how severe it is, and no exception is used up by it.
 */
function isOneFault({ finding, rule }: Blamed, change: Change, baseline: Baseline): boolean {
  const { before, after } = change;
  if (finding.code !== rule.code || !isOn(finding.responsible, change)) return false;
  if ((baseline.rules[rule.id]?.overrides ?? []).length > 0) return false;
  return !isExempted(before) && !isExempted(after);
}
