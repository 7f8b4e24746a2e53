import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import t from 'tap';
import { parseBaseline } from '../../src/baseline/parse.ts';
import { judgeFiles } from '../../src/edge/cli/check.ts';
import { judge } from '../../src/engine/judge.ts';
import { View } from '../../src/mesh/view.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { RULES } from '../../src/rules/index.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';
import { objectsOf } from '../rules/example-runner.ts';
import { ALL_BREAKS, explainedSurvivor } from './all-breaks.ts';
import { type Fate, fate, fateOf, type Mutant, mutantsOf } from './mutants.ts';
import { shippedObjects } from './shipped-objects.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const file = join(ROOT, 'policies/baseline.yaml');
const parsed = parseBaseline(readFileSync(file, 'utf8'), { sha256: '0'.repeat(64), now: NOW });

const known = new Set<string>(RULES.map(({ code }) => code));
const breaks = ALL_BREAKS.breaks.filter(({ code }) => known.has(code));
const losses = ALL_BREAKS.losses.filter(({ code }) => known.has(code));
const arrivals = ALL_BREAKS.arrivals.filter(({ code }) => known.has(code));

/** Says how a mutant escaped: undefined where it was found by exactly its rule. */
function escape({ code }: Mutant, { refusedBy, warnedBy }: Fate): string | undefined {
  const rule = RULES.find((one) => one.code === code);
  const found = rule?.mode === 'enforce' && refusedBy.length > 0 ? refusedBy : [...refusedBy, ...warnedBy];
  if (found.length === 1 && found[0] === code) return undefined;
  return found.length === 0 ? 'survived' : `found by ${found.join(', ')}`;
}

t.test('every mutant of the shipped manifests is found by exactly the rule that it breaks', (t) => {
  if (!parsed.ok) throw new Error('the shipped baseline cannot be used');
  const objects = shippedObjects();
  const mutants = mutantsOf(objects, { breaks, losses, arrivals });
  const { baseline } = parsed;
  const escaped = mutants.flatMap((mutant) => {
    const how = escape(mutant, fateOf(mutant, objects, { rules: RULES, baseline, now: NOW }));
    return how === undefined || explainedSurvivor(mutant.title, how) ? [] : [`${mutant.title}: ${how}`];
  });
  t.comment(`${mutants.length} mutants of ${objects.length} objects, ${escaped.length} escaped`);
  t.ok(mutants.length > 100);
  t.same(escaped, []);
  t.end();
});

t.test('every rule has a mutant', (t) => {
  const all = [...ALL_BREAKS.breaks, ...ALL_BREAKS.losses, ...ALL_BREAKS.arrivals];
  const codes = new Set(all.map(({ code }) => code));
  // What a person may do about an exception has tests of its own, with the people.
  t.same(
    RULES.map(({ code }) => code).filter((code) => !codes.has(code) && !/^MW90[1-5]$/.test(code)),
    [],
  );
  t.same(
    [...codes].filter((code) => !known.has(code)),
    [],
  );
  t.end();
});

t.test('meshwarden check says the same of each as a file', (t) => {
  if (!parsed.ok) throw new Error('the shipped baseline cannot be used');
  const { baseline } = parsed;
  const inFile = (name: string) => (object: KubeObject) => ({
    object,
    file: name,
    locate: () => ({ line: 1, column: 1 }),
  });
  const objects = shippedObjects();
  const shipped = objects.map(inFile('shipped.yaml'));
  const how = { rules: RULES, complete: false, asWritten: true, now: NOW };
  let count = 0;
  const escaped: string[] = [];
  for (const mutant of mutantsOf(objects, { breaks, losses: [], arrivals })) {
    if (mutant.change.after === undefined) continue;
    count += 1;
    const { report } = judgeFiles([inFile('mutant.yaml')(mutant.change.after)], shipped, baseline, how);
    const way = escape(mutant, fate(report.findings.map(({ finding }) => finding)));
    if (way !== undefined && !explainedSurvivor(mutant.title, way)) escaped.push(`${mutant.title}: ${way}`);
  }
  t.comment(`${count} mutants as files, ${escaped.length} escaped`);
  t.same(escaped, []);
  t.end();
});

t.test('a view that has answered many questions answers as one that was never asked', (t) => {
  if (!parsed.ok) throw new Error('the shipped baseline cannot be used');
  const { baseline } = parsed;
  const objects = shippedObjects();
  const warm = View.of(objects, baseline.mesh);
  const different: string[] = [];
  for (const { title, change } of mutantsOf(objects, { breaks, losses, arrivals })) {
    const findings = (view: View): unknown => judge([change], { view, baseline, rules: RULES, now: NOW });
    if (!isDeepStrictEqual(findings(warm), findings(View.of(objects, baseline.mesh)))) different.push(title);
  }
  t.same(different, []);
  t.end();
});

t.test('every mutant of every passing example is found by exactly its rule', (t) => {
  let count = 0;
  const escaped: string[] = [];
  for (const rule of RULES) {
    const mine = {
      breaks: breaks.filter(({ code }) => code === rule.code),
      losses: [],
      arrivals: [],
    };
    for (const example of rule.examples.pass) {
      if (example.deletes === true) continue;
      const judged = objectsOf(example.yaml);
      const all: readonly KubeObject[] = [...objectsOf(example.context ?? ''), ...judged];
      for (const mutant of mutantsOf(judged, mine)) {
        count += 1;
        const became = fateOf(mutant, all, { rules: RULES, baseline: BASELINE, now: NOW });
        const how = escape(mutant, became);
        const title = `${mutant.title} in '${example.title}'`;
        if (how !== undefined && !explainedSurvivor(title, how)) escaped.push(`${title}: ${how}`);
      }
    }
  }
  t.comment(`${count} mutants of passing examples, ${escaped.length} escaped`);
  t.ok(count > 50);
  t.same(escaped, []);
  t.end();
});
