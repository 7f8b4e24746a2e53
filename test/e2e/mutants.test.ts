import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import t from 'tap';
import { parseBaseline } from '../../src/baseline/parse.ts';
import { judge } from '../../src/engine/judge.ts';
import { View } from '../../src/mesh/view.ts';
import { recordsOf, valueAt } from '../../src/model/json.ts';
import { RULES } from '../../src/rules/index.ts';
import { NOW } from '../baseline-fixture.ts';
import { ALL_BREAKS, explainedSurvivor } from '../mutants/all-breaks.ts';
import { mutantsOf } from '../mutants/mutants.ts';
import { shippedObjects } from '../mutants/shipped-objects.ts';
import { apiOf } from './api.ts';
import { startGovernedCluster } from './governed-cluster.ts';
import { escape, MENDED, NOT_OURS, sendDryRun } from './mutant-answers.ts';

t.setTimeout(900_000);

const known = new Set<string>(RULES.map(({ code }) => code));

t.test('every mutant of the shipped manifests, on a real API server', { timeout: 900_000 }, async (t) => {
  const cluster = await startGovernedCluster();
  if (cluster === undefined) {
    t.pass('needs a control plane', { skip: 'no control plane' });
    return;
  }
  t.teardown(cluster.stop);
  await t.test('audit of the cluster finds nothing, and says so with 0', async (t) => {
    const main = resolve(import.meta.dirname, '../../src/main.ts');
    const args = [main, 'audit', '--kubeconfig', cluster.plane.kubeconfig, '-o', 'json'];
    const { stdout, code } = await run(process.execPath, args);
    const report: unknown = JSON.parse(stdout);
    const lines = recordsOf(valueAt(report, ['findings'])).map(
      (one) => `${String(one.code)} ${String(one.severity)} ${String(one.message)}`,
    );
    t.same(lines, []);
    t.equal(code, 0);
    t.ok(Number(valueAt(report, ['summary', 'objects'])) > 100);
  });
  const api = apiOf(cluster.plane.kubeconfig);
  t.teardown(api.close);
  const objects = shippedObjects();
  const mutants = mutantsOf(objects, {
    breaks: ALL_BREAKS.breaks.filter(({ code }) => known.has(code)),
    losses: ALL_BREAKS.losses.filter(({ code }) => known.has(code)),
    arrivals: ALL_BREAKS.arrivals.filter(({ code }) => known.has(code)),
  });
  const counts = { found: 0, mended: 0, byApiServer: 0, explained: 0 };
  const escaped: string[] = [];
  for (const mutant of mutants) {
    const answer = await sendDryRun(mutant, api);
    const how = escape(mutant, answer);
    if (how === undefined) counts.found += 1;
    else if (how === MENDED) counts.mended += 1;
    else if (how === NOT_OURS) counts.byApiServer += 1;
    else if (explainedSurvivor(mutant.title, how)) counts.explained += 1;
    else escaped.push(`${mutant.title}: ${how}`);
  }
  t.comment(
    `${mutants.length} mutants: ${counts.found} found by their rule, ${counts.mended} mended by the mutating webhook, ${counts.byApiServer} refused by the API server itself, ${counts.explained} explained, ${escaped.length} escaped`,
  );
  t.same(escaped, []);
  t.ok(counts.found > 100);
});

function run(program: string, args: readonly string[]): Promise<{ readonly stdout: string; readonly code: number }> {
  return new Promise((done) => {
    execFile(program, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout) => {
      done({ stdout, code: error === null ? 0 : Number(error.code) });
    });
  });
}

t.test('the tree that mutants are made of keeps every rule', (t) => {
  const file = resolve(import.meta.dirname, '../../policies/baseline.yaml');
  const parsed = parseBaseline(readFileSync(file, 'utf8'), { sha256: '0'.repeat(64), now: NOW });
  t.ok(parsed.ok);
  if (parsed.ok) {
    const objects = shippedObjects();
    const view = View.of([], parsed.baseline.mesh);
    const changes = objects.map((after) => ({ operation: 'CREATE' as const, after }));
    const { findings } = judge(changes, { view, baseline: parsed.baseline, rules: RULES, now: NOW, complete: true });
    t.same(
      findings.map(({ code, message }) => `${code} ${message}`),
      [],
      'as a whole mesh',
    );
  }
  t.end();
});
