import * as fc from 'fast-check';
import t from 'tap';
import { judge } from '../../src/engine/judge.ts';
import { HOST_SETTINGS } from '../../src/mesh/host-settings.ts';
import { knownHosts } from '../../src/mesh/known-hosts.ts';
import { touchedBySettings } from '../../src/mesh/touched-by-settings.ts';
import { View } from '../../src/mesh/view.ts';
import type { Finding } from '../../src/model/finding.ts';
import { RULES } from '../../src/rules/index.ts';
import type { Rule } from '../../src/rules/rule.ts';
import { NOW } from '../baseline-fixture.ts';
import { wideChanges } from './exhaustive-meshes.ts';
import {
  configMap,
  GOOD_POLICY,
  routedMeshes,
  ruledMeshes,
  unlikeChanges,
  type WideChange,
} from './exhaustive-objects.ts';
import { baseline } from './ratchet.ts';

/** Milliseconds of fuzzing; `MESHWARDEN_EXHAUSTIVE_SEED` repeats what an earlier run printed. */
const BUDGET_MS = Number(process.env.MESHWARDEN_EXHAUSTIVE_MS ?? 9_000);
const SEED = process.env.MESHWARDEN_EXHAUSTIVE_SEED;

t.setTimeout(BUDGET_MS * 4 + 60_000);

/** The same rules, each asked about every host and every namespace there is. */
const ASKED_ABOUT_ALL: readonly Rule[] = RULES.map(({ settings: _settings, alike: _alike, ...rule }) => rule);

/** Answers, but for the text of the ConfigMap, which is another one when any field is. */
function findingsOf(rule: Rule, host: string, view: View): string {
  if (rule.subject !== 'host') return '';
  const findings: readonly Finding[] = rule.check(host, { view, baseline, now: NOW });
  return JSON.stringify(findings.map(({ seen: _seen, ...rest }) => rest));
}

/** Names the rules that a change of settings gives another answer about a host that they would not be asked about. */
function missed({ view, change }: WideChange): readonly string[] {
  const { before: old, after: current } = change;
  const before = view.with({ remove: [], add: old === undefined ? [] : [old] });
  const after = view.with({ remove: old === undefined ? [] : [old], add: current === undefined ? [] : [current] });
  const touched = touchedBySettings(change, { before, after, baseline });
  if (touched === undefined) return [];
  return RULES.filter(({ subject, reads }) => subject === 'host' && reads.includes('ConfigMap')).flatMap((rule) => {
    const asked = touched.hostsFor(rule.settings);
    return [...knownHosts(after, baseline)].flatMap((host) =>
      asked.has(host) || findingsOf(rule, host, before) === findingsOf(rule, host, after) ? [] : [`${rule.id} ${host}`],
    );
  });
}

t.test('every rule on hosts that reads the mesh configuration says which fields of it', (t) => {
  for (const rule of RULES) {
    if (rule.subject !== 'host') t.same(rule.settings, undefined, rule.id);
    else if (rule.reads.includes('ConfigMap')) t.ok(rule.settings !== undefined, rule.id);
    else t.same(rule.settings, undefined, rule.id);
  }
  const read = new Set(RULES.flatMap(({ settings = [] }) => settings));
  t.same([...read].sort(), [...HOST_SETTINGS].sort(), 'no field is there for nobody');
  t.end();
});

interface Count {
  denied: number;
  warned: number;
}

/** Says in what a verdict is not the exhaustive one; undefined: in nothing. */
function differenceIn(wide: WideChange, count: Count): string | undefined {
  const bench = { view: wide.view, baseline, now: NOW };
  const whole = judge([wide.change], { ...bench, rules: ASKED_ABOUT_ALL });
  if (whole.decision === 'deny') count.denied += 1;
  else if (whole.findings.length > 0) count.warned += 1;
  const [said, due] = [JSON.stringify(judge([wide.change], { ...bench, rules: RULES })), JSON.stringify(whole)];
  if (said !== due) return `said ${said}\n due ${due}`;
  const silent = missed(wide);
  return silent.length > 0 ? `not asked: ${silent.join(', ')}` : undefined;
}

const CLOSED_ROUTES = { defaultVirtualServiceExportTo: ['.'] };
const CLOSED_RULES = { defaultDestinationRuleExportTo: ['.'] };
/** Meshes, with their configurations before and after. */
const SETTINGS = [
  [routedMeshes(), {}, { defaultHttpRetryPolicy: { attempts: 5 } }],
  [routedMeshes(), CLOSED_ROUTES, { ...CLOSED_ROUTES, defaultHttpRetryPolicy: { attempts: 5 } }],
  [ruledMeshes(), { defaultTrafficPolicy: GOOD_POLICY }, {}],
  [ruledMeshes(), { ...CLOSED_RULES, defaultTrafficPolicy: GOOD_POLICY }, CLOSED_RULES],
] as const;

t.test('wherever something is left to the mesh, another setting is asked about', (t) => {
  const count: Count = { denied: 0, warned: 0 };
  const differences = SETTINGS.flatMap(([meshes, old, current]) => {
    const [before, after] = [configMap(old), configMap(current)];
    return meshes.flatMap((objects) => {
      const view = View.of([...objects, before], baseline.mesh);
      return differenceIn({ view, change: { operation: 'UPDATE', before, after } }, count) ?? [];
    });
  });
  t.same(differences, []);
  t.comment(JSON.stringify(count));
  t.end();
});

t.test('a namespace that is not like the others is asked about, too', (t) => {
  for (const wide of unlikeChanges()) {
    const count: Count = { denied: 0, warned: 0 };
    t.equal(differenceIn(wide, count), undefined);
    t.equal(count.denied, 1, 'something is wrong with it');
  }
  t.end();
});

t.test('a change for the whole mesh gets the verdict of rules that are asked about everything', (t) => {
  const seed = SEED === undefined ? Date.now() % 2 ** 31 : Number(SEED);
  const count = { runs: 0, denied: 0, warned: 0 };
  const property = fc.property(wideChanges, (wide) => {
    count.runs += 1;
    const difference = differenceIn(wide, count);
    if (difference !== undefined) throw new Error(difference);
  });
  const result = fc.check(property, { seed, numRuns: 1_000_000, interruptAfterTimeLimit: BUDGET_MS });
  t.comment(`seed ${seed}: ${JSON.stringify(count)}`);
  t.notOk(result.failed, fc.defaultReportMessage(result) ?? 'nothing was left out');
  t.ok(count.runs > 5);
  t.end();
});
