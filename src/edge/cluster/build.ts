import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithUs } from './watchdog.ts';

/** Tells a person what is going on; one line at a time. */
export type Progress = (line: string) => void;

/** What to build with Go, from which module folder, and how long a first build takes. */
export interface GoBuild {
  /** The file's name in the cache folder, with every version in it. */
  readonly name: string;
  readonly moduleFolder: string;
  /** A package, as `go build` takes it. */
  readonly target: string;
  readonly ldflags: string;
  /** Of a first build on two cores. */
  readonly minutes: number;
}

/** Returns where built binaries are kept: `$XDG_CACHE_HOME/meshwarden`, else `~/.cache/meshwarden`. */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  return join(environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache'), 'meshwarden');
}

const HEARTBEAT_MS = 2000;
/** A lock that nobody touched for so long belongs to a build that was killed. */
const ABANDONED_MS = 10 * HEARTBEAT_MS;
const SAY_EVERY_MS = 30_000;

/**
 * Returns a built binary, from the cache folder if it is there. A build goes to a temporary name and is renamed, so an
 * interrupted one leaves nothing in its place; of two at once the second waits for the first.
 * @throws Error with one sentence and Go's last lines, when it cannot be built.
 */
export async function builtBinary(build: GoBuild, environment: NodeJS.ProcessEnv, progress: Progress): Promise<string> {
  const path = join(cacheFolder(environment), build.name);
  mkdirSync(dirname(path), { recursive: true });
  const lock = `${path}.lock`;
  for (let waited = 0; !existsSync(path); waited += HEARTBEAT_MS) {
    if (takeLock(lock)) return buildLocked(build, path, { lock, environment, progress });
    if (waited % SAY_EVERY_MS === 0) progress(`waiting for another build of ${build.name}`);
    await sleep(HEARTBEAT_MS);
  }
  return path;
}

interface BuildSite {
  readonly lock: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly progress: Progress;
}

async function buildLocked(build: GoBuild, path: string, site: BuildSite): Promise<string> {
  const partial = `${path}.${process.pid}.partial`;
  const started = performance.now();
  const seconds = (): number => Math.round((performance.now() - started) / 1000);
  const heartbeat = setInterval(() => touch(site.lock), HEARTBEAT_MS);
  const talk = setInterval(() => site.progress(`still building ${build.name} (${seconds()} s)`), SAY_EVERY_MS);
  try {
    // The other build may have ended between our look and our lock.
    if (existsSync(path)) return path;
    removePartials(path);
    site.progress(
      `building ${build.name} with Go; the first time takes about ${build.minutes} minutes on two cores, then it is kept in ${dirname(path)}`,
    );
    await runGo(['build', '-trimpath', '-ldflags', build.ldflags, '-o', partial, build.target], build, site);
    renameSync(partial, path);
    site.progress(`built ${build.name} in ${seconds()} s`);
    return path;
  } finally {
    clearInterval(heartbeat);
    clearInterval(talk);
    rmSync(partial, { force: true });
    rmSync(site.lock, { force: true });
  }
}

function takeLock(lock: string): boolean {
  const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  // Two that remove the same dead lock may both build; each has its own temporary name, so that only costs time.
  if (age > ABANDONED_MS) rmSync(lock, { force: true });
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

function touch(lock: string): void {
  try {
    const now = new Date();
    utimesSync(lock, now, now);
  } catch {
    // Whoever removed it may build as well, which does no harm.
  }
}

/** Removes what builds that were killed left behind; the caller holds the lock. */
function removePartials(path: string): void {
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(`${basename(path)}.`) && name.endsWith('.partial')) rmSync(join(dirname(path), name));
  }
}

function runGo(args: readonly string[], build: GoBuild, { environment }: BuildSite): Promise<void> {
  return new Promise((done, fail) => {
    const child = spawn('go', args, { cwd: build.moduleFolder, env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
    // Interrupted, Go removes its own temporary folder.
    const callOff = child.pid === undefined ? undefined : endWithUs(child.pid, 'INT');
    const lines: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => lines.push(text));
    child.on('error', () => fail(new Error('Go is not on PATH')));
    child.on('close', (code) => {
      callOff?.();
      if (code === 0) return done();
      const tail = lines.join('').trim().split('\n').slice(-8).join('\n');
      return fail(new Error(`go build of ${build.target} ended with ${code} in ${build.moduleFolder}:\n${tail}`));
    });
  });
}
