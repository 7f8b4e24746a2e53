import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

/** Calls a watchdog off; what it watched is then somebody's own business. */
export type CallOff = () => void;

/** Ends a process when this one ends in whatever way, SIGKILL included; `signal` as kill(1) writes it. */
export function endWithUs(pid: number, signal: 'KILL' | 'INT'): CallOff {
  return whenWeAreGone('kill -"$2" "$1"', String(pid), signal);
}

/** Removes a folder of ours when this process ends in whatever way; a moment after what still writes there was ended. */
export function removeWithUs(folder: string): CallOff {
  return whenWeAreGone('sleep 1; rm -rf -- "$1"', folder);
}

/**
 * A shell waits on a pipe that nobody writes to; the kernel closes our end when we end, whatever ends us. It has a
 * session of its own, so that Ctrl-C in a terminal does not take it first.
 */
function whenWeAreGone(what: string, ...args: readonly string[]): CallOff {
  const shell = spawn('/bin/sh', ['-c', `read -r _; ${what}`, 'sh', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  // A pipe of a child process is a socket in Node, whose reference would keep this process alive.
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return () => void shell.kill('SIGKILL');
}
