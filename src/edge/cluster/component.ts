import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithUs } from './watchdog.ts';

/** A process of ours, ended by its own handle and never by name. */
export interface Component {
  readonly name: string;
  /** -1 where it could not be started. */
  readonly pid: number;
  /** Undefined while it runs. */
  readonly exitCode: () => number | undefined;
  /** The last lines that it wrote. */
  readonly tail: () => string;
  /** Asks it to end, and kills it after five seconds. */
  readonly stop: () => Promise<void>;
  /** Ends it at once, as a crash would. */
  readonly kill: () => Promise<void>;
}

const PATIENCE_MS = 5000;

/** What a process is given besides its command. */
export interface ComponentOptions {
  /** Its working directory. */
  readonly folder: string;
  /** Added to our environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** How it ends when this process is gone: at once, or (`INT`) in order, where it has something to put right. */
  readonly endWith?: 'KILL' | 'INT';
}

/** Starts a process whose output goes to `<folder>/<name>.log`; it is ended when this process ends in whatever way. */
export function startComponent(
  name: string,
  command: readonly [string, ...string[]],
  options: ComponentOptions,
): Component {
  const logFile = join(options.folder, `${name}.log`);
  const log = openSync(logFile, 'a');
  const [program, ...args] = command;
  const child = spawn(program, args, {
    cwd: options.folder,
    stdio: ['ignore', log, log],
    // A session of its own: Ctrl-C in a terminal is for us, who end the parts in their order.
    detached: true,
    env: { ...process.env, NODE_OPTIONS: '', ...options.env },
  });
  closeSync(log);
  const callOff = child.pid === undefined ? undefined : endWithUs(child.pid, options.endWith ?? 'KILL');
  let code: number | undefined;
  let fault = '';
  const ended = new Promise<void>((done) => {
    child.once('error', (error) => {
      fault = error.message;
      code = -1;
      done();
    });
    child.once('exit', (status) => {
      code = status ?? -1;
      callOff?.();
      done();
    });
  });
  return {
    name,
    pid: child.pid ?? -1,
    exitCode: () => code,
    tail: () => `${readFileSync(logFile, 'utf8')}${fault}`.trim().split('\n').slice(-12).join('\n'),
    stop: async () => {
      if (code !== undefined) return;
      child.kill('SIGTERM');
      await Promise.race([ended, sleep(PATIENCE_MS, undefined, { ref: false })]);
      if (code === undefined) child.kill('SIGKILL');
      await ended;
    },
    kill: async () => {
      if (code === undefined) child.kill('SIGKILL');
      await ended;
    },
  };
}

const ASK_AGAIN_MS = 100;

/**
 * Waits until a question is answered with yes; an error of the question is a no.
 * @throws Error that names what was waited for, and the component's last lines if there is one.
 */
export async function until(
  what: string,
  ask: () => Promise<boolean> | boolean,
  { seconds, component }: { readonly seconds: number; readonly component?: Component },
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  let last: unknown;
  for (;;) {
    try {
      if (await ask()) return;
    } catch (error) {
      last = error;
    }
    const code = component?.exitCode();
    if (component !== undefined && code !== undefined) {
      throw new Error(`${component.name} ended with ${code} while waiting for ${what}:\n${component.tail()}`);
    }
    if (performance.now() > end) throw new Error(lateness(what, seconds, component), { cause: last });
    await sleep(ASK_AGAIN_MS);
  }
}

function lateness(what: string, seconds: number, component: Component | undefined): string {
  const tail = component === undefined ? '' : `; the last lines of ${component.name}:\n${component.tail()}`;
  return `${what} did not come within ${seconds} seconds${tail}`;
}
