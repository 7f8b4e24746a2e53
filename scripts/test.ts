import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { Parser } from 'tap-parser';

const ROOT = resolve(import.meta.dirname, '..');
const BIN = join(ROOT, 'node_modules/.bin');
const MINUTES = 60_000;

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a test says of itself, such as a count; not the runner's own remarks. */
const COMMENT = /^ *# ((?!time=|Subtest|failed|todo|skip|\{).+)$/gm;

const total: Tally = { passed: 0, failed: 0, skipped: 0 };

function run(command: string, args: readonly string[], limitMs: number, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((done) => {
    const path = `${BIN}:${process.env.PATH ?? ''}`;
    const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, PATH: path, ...env } });
    const out: string[] = [];
    const err: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err.push(text);
      if (process.stderr.isTTY) process.stderr.write(text);
    });
    const timer = setTimeout(() => child.kill('SIGTERM'), limitMs);
    child.on('error', (error) => err.push(String(error)));
    child.on('close', (code) => {
      clearTimeout(timer);
      done({ code: code ?? 1, stdout: out.join(''), stderr: err.join('') });
    });
  });
}

/** Runs a check that is one test: it passes when its tool ends with 0. */
async function check(title: string, tool: string, ...args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await run(join(BIN, tool), args, 5 * MINUTES);
  total[code === 0 ? 'passed' : 'failed'] += 1;
  console.log(`${code === 0 ? 'ok' : 'NOT OK'}  ${title}`);
  if (code !== 0) console.log(`${stdout}${stderr}`);
}

/** Runs one test file and adds its assertions; a file that dies, runs out of time or asserts nothing has failed. */
async function runFile(file: string, limitMs: number, env: NodeJS.ProcessEnv): Promise<void> {
  const started = performance.now();
  const { code, stdout, stderr } = await run(join(BIN, 'node'), [file], limitMs, env);
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  const faults: string[] = [];
  const results = Parser.parse(stdout, { flat: true });
  for (const event of results) {
    if (event[0] !== 'assert') continue;
    const { ok, skip, todo, fullname, name, diag } = event[1];
    if (skip !== false || todo !== false) tally.skipped += 1;
    else if (ok) tally.passed += 1;
    else {
      tally.failed += 1;
      faults.push(`    ${fullname} > ${name}\n${JSON.stringify(diag ?? {}, undefined, 2).slice(0, 4000)}`);
    }
  }
  const died = tally.failed === 0 && (code !== 0 || tally.passed + tally.skipped === 0);
  if (died) tally.failed += 1;
  total.passed += tally.passed;
  total.failed += tally.failed;
  total.skipped += tally.skipped;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const counts = `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`;
  console.log(`${tally.failed === 0 ? 'ok' : 'NOT OK'}  ${file}: ${counts} (${seconds} s)`);
  for (const [, comment] of stdout.matchAll(COMMENT)) console.log(`    ${comment}`);
  for (const fault of faults) console.log(fault);
  if (died) console.log(`    ended with code ${code}\n${stdout.slice(-3000)}\n${stderr.slice(-3000)}`);
  else if (tally.skipped > 0) console.log(stderr.slice(-600));
}

async function runFiles(files: readonly string[], workers: number, env: NodeJS.ProcessEnv = {}): Promise<void> {
  const waiting = [...files];
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) await runFile(file, 20 * MINUTES, env);
  };
  await Promise.all(Array.from({ length: workers }, work));
}

/** Tests that need a control plane, istiod or istioctl: minutes, and one after another. */
const SLOW = ['test/e2e/**/*.test.ts', 'test/oracle/**/*.test.ts'];

/** One cluster with istiod for the files that leave it as they found it; the others start one of their own. */
async function runSlowFiles(files: readonly string[]): Promise<void> {
  const { startSharedCluster } = await import('../test/e2e/cluster.ts');
  // Where it cannot be had, each file says why itself, and is skipped or has failed.
  const shared = await startSharedCluster().catch(() => undefined);
  try {
    await runFiles(files, 1, shared?.environment);
  } finally {
    await shared?.stop();
  }
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const wanted = args.filter((arg) => !arg.startsWith('-'));
  const glob = (pattern: string | readonly string[]): readonly string[] => globSync(pattern, { cwd: ROOT }).sort();
  if (wanted.length > 0) await runFiles(glob(wanted), availableParallelism());
  else {
    await check('types', 'tsc', '-p', 'tsconfig.json');
    await check('types of the pure folders, without Node', 'tsc', '-p', 'tsconfig.pure.json');
    await check('lint', 'oxlint', '--type-aware', '--quiet', '.');
    await check('format', 'biome', 'format', '.');
    await check('derived files are current', 'node', 'scripts/generate.ts', '--check');
    const slow = new Set(glob(SLOW));
    await runFiles(
      glob('test/**/*.test.ts').filter((file) => !slow.has(file)),
      availableParallelism(),
    );
    if (!args.includes('--unit')) await runSlowFiles([...slow]);
  }
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed === 0 ? 0 : 1;
}

await main();
