import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { until } from '../../src/edge/cluster/component.ts';
import { freePorts } from '../../src/edge/cluster/free-ports.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

/** A `meshwarden serve` of a test, as a process of its own. */
export interface ServeProcess {
  readonly port: number;
  /** Returns `/readyz?verbose`, or why there is no answer. */
  readonly readiness: () => Promise<string>;
  readonly metrics: () => Promise<string>;
  /** The lines of its log so far, parsed. */
  readonly log: () => readonly Readonly<Record<string, unknown>>[];
  readonly stderr: () => string;
  /** Undefined while it runs. */
  readonly exitCode: () => number | null | undefined;
  /** Sends a signal and returns the exit code. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | null>;
}

/** Starts `meshwarden serve` on free ports of 127.0.0.1; `{port}` in an argument becomes the port of reviews. */
export async function serveProcess(
  kubeconfig: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<ServeProcess> {
  const [port = 0, health = 0, metrics = 0] = await freePorts(3);
  const ports = ['--port', port, '--health-port', health, '--metrics-port', metrics].map(String);
  const rest = args.map((arg) => arg.replace('{port}', String(port)));
  const command = [MAIN, 'serve', '--kubeconfig', kubeconfig, '--host', '127.0.0.1', ...ports, ...rest];
  const child: ChildProcess = spawn(process.execPath, command, {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  let code: number | null | undefined;
  const ended = new Promise<number | null>((done) => {
    child.once('close', (status) => {
      code = status;
      done(status);
    });
  });
  const read = async (url: string): Promise<string> => {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      return String(error);
    }
  };
  return {
    port,
    readiness: () => read(`http://127.0.0.1:${health}/readyz?verbose`),
    metrics: () => read(`http://127.0.0.1:${metrics}/metrics`),
    log: () =>
      stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    stderr: () => stderr,
    exitCode: () => code,
    end: (signal = 'SIGTERM') => {
      if (code === undefined) child.kill(signal);
      return ended;
    },
  };
}

/** Waits until a server is ready for reviews. @throws Error with its readiness and what it wrote when it is not. */
export async function ready(server: ServeProcess): Promise<void> {
  try {
    await until('readiness', async () => /^(\[\+\] .*\n)+$/.test(await server.readiness()), { seconds: 30 });
  } catch (error) {
    const lines = server
      .log()
      .slice(-5)
      .map((line) => JSON.stringify(line));
    throw new Error(`${await server.readiness()}\n${lines.join('\n')}\n${server.stderr()}`, { cause: error });
  }
}
