import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { builtBinary, type Progress } from '../../src/edge/cluster/build.ts';
import { ISTIO_BUILD } from '../../src/edge/cluster/versions.ts';
import type { OracleRequest, OracleResponse } from './answers.ts';

/** Istio's own generator, in a process of its own that ends with ours. */
export interface Oracle {
  /** The minor release of Istio that it is of, such as `1.31`. */
  readonly release: string;
  /** Asks about one mesh; rejects with what the generator said where it has no answer. */
  readonly ask: (request: OracleRequest) => Promise<OracleResponse>;
  readonly stop: () => void;
}

interface Waiting {
  readonly done: (response: OracleResponse) => void;
  readonly fail: (error: Error) => void;
}

/** The release that `go.mod` pins. */
const PINNED = '1.31';

/** Returns the releases beside which the model can be compared, the pinned one first. */
export function knownReleases(): readonly [string, ...string[]] {
  const modules = globSync('release-*.mod', { cwd: import.meta.dirname }).sort();
  return [PINNED, ...modules.map((name) => name.slice('release-'.length, -'.mod'.length))];
}

/**
 * Builds the generator unless it is built, and starts it.
 * @param release Another one than the pinned has its own module file here, `release-1.30.mod`; it is compared by hand only.
 * @throws Error as builtBinary.
 */
export async function startOracle(progress: Progress, release: string = PINNED): Promise<Oracle> {
  const binary = await oracleBinary(progress, release);
  let running = run(binary);
  return {
    release,
    ask: (request) => {
      // A panic outside of the goroutine that is watched ends the program; the next case shall not suffer for it.
      if (running.hasEnded()) running = run(binary);
      return running.ask(request);
    },
    stop: () => running.stop(),
  };
}

function oracleBinary(progress: Progress, release: string): Promise<string> {
  const folder = import.meta.dirname;
  const modules = `release-${release}.mod`;
  const isPinned = release === PINNED;
  if (!isPinned && !existsSync(join(folder, modules))) throw new Error(`there is no test/oracle/${modules}`);
  const hash = createHash('sha256');
  for (const name of globSync('*.go', { cwd: folder }).sort()) hash.update(readFileSync(join(folder, name)));
  if (!isPinned) hash.update(readFileSync(join(folder, modules)));
  const name = `oracle-${isPinned ? ISTIO_BUILD : release}-${hash.digest('hex').slice(0, 12)}`;
  const build = { name, moduleFolder: folder, target: '.', ldflags: '-s -w', minutes: 4 };
  const flags = [process.env.GOFLAGS ?? '', isPinned ? '' : `-modfile=${modules}`].join(' ').trim();
  return builtBinary(build, { ...process.env, GOFLAGS: flags }, progress);
}

interface Running extends Omit<Oracle, 'release'> {
  readonly hasEnded: () => boolean;
}

function run(binary: string): Running {
  const child: ChildProcessWithoutNullStreams = spawn(binary, [], { stdio: 'pipe' });
  const waiting = new Map<string, Waiting>();
  let ended = false;
  let last = '';
  let count = 0;
  child.stderr.setEncoding('utf8').on('data', (text: string) => (last = (last + text).slice(-4000)));
  createInterface({ input: child.stdout }).on('line', (line) => settle(waiting, line));
  const end = (why: string): void => {
    ended = true;
    for (const { fail } of waiting.values()) fail(new Error(`${why}\n${last}`));
    waiting.clear();
  };
  child.on('error', (error) => end(`the oracle cannot be started: ${error.message}`));
  child.on('close', (code) => end(`the oracle ended with ${code}`));
  child.stdin.on('error', () => undefined);
  return {
    hasEnded: () => ended,
    ask: (request) =>
      new Promise((done, fail) => {
        count += 1;
        const id = String(count);
        waiting.set(id, { done, fail });
        child.stdin.write(`${JSON.stringify({ id, ...request })}\n`);
      }),
    stop: () => void child.stdin.end(),
  };
}

function settle(waiting: Map<string, Waiting>, line: string): void {
  // It is our own program that writes these lines; answers.ts says how.
  const { id, error, rejected, proxies } = JSON.parse(line) as {
    readonly id: string;
    readonly error?: string;
  } & Partial<OracleResponse>;
  const asked = waiting.get(id);
  waiting.delete(id);
  if (error !== undefined && error !== '') asked?.fail(new Error(error));
  else asked?.done({ rejected: rejected ?? [], proxies: proxies ?? [] });
}

/** The parts of a tap test that are used here. */
interface Tests {
  readonly pass: (message: string, extra: { readonly skip: string }) => boolean;
  readonly teardown: (work: () => void) => void;
}

/**
 * Returns an oracle that ends with the test; where none can be had the test is skipped, or fails with `CI` set.
 * `ORACLE_ISTIO=1.30` in the environment asks that release.
 */
export async function testOracle(t: Tests): Promise<Oracle | undefined> {
  try {
    const oracle = await startOracle((line) => console.error(`# ${line}`), process.env.ORACLE_ISTIO);
    t.teardown(oracle.stop);
    return oracle;
  } catch (error) {
    // A program of ours that does not compile is no missing tool.
    if (process.env.CI || String(error).includes('# meshwarden.io/test/oracle')) throw error;
    console.error(`NO ORACLE: NOTHING IS COMPARED WITH ISTIO. ${String(error)}`);
    t.pass('needs Go and the module istio.io/istio', { skip: 'no oracle' });
    return undefined;
  }
}
