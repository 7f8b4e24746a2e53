// Measures `meshwarden serve` beside two references in one run, interleaved, each pinned to one core; prints ratios.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { until } from '../src/edge/cluster/component.ts';
import { startControlPlane } from '../src/edge/cluster/control-plane.ts';
import { controlPlaneBinaries } from '../src/edge/cluster/control-plane-binaries.ts';
import { freePorts } from '../src/edge/cluster/free-ports.ts';
import { installIstioCrds } from '../src/edge/cluster/istio-module.ts';
import { mustKubectl } from '../src/edge/cluster/kubectl.ts';
import { type Body, bodies } from './bodies.ts';
import { meshOfServices } from './mesh-of-services.ts';
import { topFunctions } from './profile.ts';
import { measureRootChanges } from './root-change.ts';

const ROOT = resolve(import.meta.dirname, '..');
const NODE = join(ROOT, 'node_modules/.bin/node');
const execute = promisify(execFile);
/** With --profile the server writes a CPU profile, which costs it some speed; the ratios are then not to be quoted. */
const PROFILES = process.argv.includes('--profile');
/** With --quick the spread is wide; for a look while working, not for figures to quote. */
const [ROUNDS, SECONDS, WARM_SECONDS] = process.argv.includes('--quick') ? [3, 1, 2] : [5, 2, 40];
const [CONNECTIONS, SERVICES, RATE] = [16, 1000, 1000];

interface Server {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
}

interface Measure {
  readonly perSecond: number;
  readonly cpuMicroseconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface LoadResult {
  readonly requests: number;
  readonly failed: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const say = (line: string): void => console.error(line);
const folder = mkdtempSync(join(tmpdir(), 'meshwarden-bench-'));
const children: ReturnType<typeof spawn>[] = [];

/** Starts a server pinned to core 0, its output to a file as a container's would go. */
function start(name: string, command: string, args: readonly string[]): number {
  const shell = 'exec taskset -c 0 "$0" "$@" > "$LOG" 2>&1';
  // As in the Dockerfile, for all alike.
  const env = { ...process.env, LOG: join(folder, `${name}.log`), NODE_ENV: 'production', MALLOC_ARENA_MAX: '2' };
  const child = spawn('sh', ['-c', shell, command, ...args], { env, stdio: 'ignore' });
  children.push(child);
  return child.pid ?? -1;
}

function isUp(url: string, body: string): Promise<boolean> {
  return new Promise((done) => {
    // The servers' certificates are made for this run; the bench measures, it does not trust.
    const ask = request(
      url,
      { method: 'POST', rejectUnauthorized: false, headers: { 'content-type': 'application/json' } },
      (answer) => {
        answer.setEncoding('utf8').on('data', (text: string) => {
          if (text.includes('"allowed":true')) done(true);
          else say(`${url} answered ${text.slice(0, 600)}`);
        });
        answer.on('end', () => done(false));
      },
    );
    ask.on('error', () => done(false));
    ask.end(body);
  });
}

async function load(server: Server, body: Body, options: readonly string[]): Promise<LoadResult> {
  const file = join(folder, 'body.json');
  writeFileSync(file, body.json);
  const args = ['-c', '1', join(folder, 'load'), '-url', server.url, '-body', file, ...options];
  const { stdout } = await execute('taskset', args);
  // Our own program prints exactly this form.
  const result = JSON.parse(stdout) as LoadResult;
  if (result.failed > 0)
    throw new Error(`${server.name}: ${result.failed} of ${result.requests} requests failed on ${body.name}`);
  return result;
}

/** Returns the CPU time that a process has used, in seconds: user and system, in ticks of 10 ms. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}

async function measure(server: Server, body: Body): Promise<Measure> {
  const before = cpuSeconds(server.pid);
  const result = await load(server, body, ['-seconds', String(SECONDS), '-connections', String(CONNECTIONS)]);
  const cpu = cpuSeconds(server.pid) - before;
  return {
    perSecond: result.requests / result.seconds,
    cpuMicroseconds: (cpu / result.requests) * 1e6,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

const spread = (values: readonly number[], digits = 2): string =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;

async function compare(servers: readonly Server[]): Promise<void> {
  for (const body of bodies()) {
    const rows = new Map<string, Measure[]>(servers.map(({ name }) => [name, []]));
    // A server runs for days; until its code is compiled, some 50,000 reviews, Node's are up to three times as slow.
    for (const server of servers)
      await load(server, body, ['-seconds', String(WARM_SECONDS), '-connections', String(CONNECTIONS)]);
    for (let round = 0; round < ROUNDS; round += 1) {
      // Each round begins with another server, so that none always runs on a warmed or tired machine.
      const order = servers.map((_, at) => servers[(at + round) % servers.length]);
      for (const server of order) if (server !== undefined) rows.get(server.name)?.push(await measure(server, body));
    }
    const bare = rows.get('bare node:https') ?? [];
    const peer = rows.get('Go net/http') ?? [];
    console.log(
      `\n${body.name} (${body.json.length} bytes), ${ROUNDS} rounds of ${SECONDS} s, ${CONNECTIONS} connections`,
    );
    for (const [name, list] of rows) {
      const ratio = (other: readonly Measure[]): string =>
        spread(list.map(({ perSecond }, round) => perSecond / (other[round]?.perSecond ?? Number.NaN)));
      const cpu = spread(
        list.map(({ cpuMicroseconds }) => cpuMicroseconds),
        0,
      );
      console.log(
        `  ${name.padEnd(16)} ${spread(
          list.map(({ perSecond }) => perSecond),
          0,
        ).padEnd(20)}/s   CPU ${cpu} µs   of bare ${ratio(bare)}   of Go ${ratio(peer)}`,
      );
    }
  }
  await atFixedRate(servers);
}

async function atFixedRate(servers: readonly Server[]): Promise<void> {
  const [, body] = bodies();
  if (body === undefined) return;
  console.log(`\n${RATE} reviews a second, ${body.name}, 5 s, latency from the time each was due`);
  for (const server of servers) {
    const result = await load(server, body, ['-seconds', '5', '-rate', String(RATE), '-connections', '32']);
    console.log(`  ${server.name.padEnd(16)} p50 ${result.p50Ms.toFixed(2)} ms   p99 ${result.p99Ms.toFixed(2)} ms`);
  }
  console.log('\nresident memory');
  for (const server of servers) console.log(`  ${server.name.padEnd(16)} ${residentMiB(server.pid).toFixed(0)} MiB`);
}

/** Several kubectl at a time: one makes some 50 objects a second. */
async function create(kubeconfig: string, documents: string): Promise<void> {
  const lines = documents.split('\n');
  const isNamespace = (line: string): boolean => line.includes('"kind":"Namespace"');
  const apply = (some: readonly string[]) => mustKubectl(kubeconfig, ['create', '-f', '-'], { stdin: some.join('\n') });
  await apply(lines.filter(isNamespace));
  const rest = lines.filter((line) => !isNamespace(line));
  await Promise.all([0, 1, 2, 3].map((part) => apply(rest.filter((_, at) => at % 4 === part))));
}

async function main(): Promise<void> {
  if (availableParallelism() < 2) throw new Error('the bench needs two cores: one for the server, one for the load');
  // And with it all that it starts, the control plane too; the servers are sent to core 0.
  await execute('taskset', ['-acp', '1', String(process.pid)]);
  say('building');
  await execute('go', ['build', '-trimpath', '-o', `${folder}/`, './...'], { cwd: join(ROOT, 'bench/go') });
  await execute(NODE, ['scripts/build.ts'], { cwd: ROOT });
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const subject = ['-subj', '/CN=bench', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await execute('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert]);
  say('starting a control plane');
  const plane = await startControlPlane(await controlPlaneBinaries(process.env, say));
  try {
    await installIstioCrds(plane.kubeconfig, undefined);
    say(`creating ${SERVICES} services with their routes and rules`);
    await create(plane.kubeconfig, meshOfServices(SERVICES));
    const [own = 0, health = 0, metrics = 0, bare = 0, peer = 0] = await freePorts(5);
    const serve = [
      'serve',
      '--kubeconfig',
      plane.kubeconfig,
      '--baseline',
      join(ROOT, 'policies/baseline.yaml'),
      '--host',
      '127.0.0.1',
    ];
    const ports = ['--port', String(own), '--health-port', String(health), '--metrics-port', String(metrics)];
    // As in the Dockerfile, with the memory limit of deploy/base, of which the heap gets half.
    const flags = ['--disable-proto=delete', '--max-old-space-size=128', '--max-semi-space-size=16'];
    const profiling = PROFILES ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : [];
    const ownPid = start('meshwarden', NODE, [
      ...flags,
      ...profiling,
      join(ROOT, 'dist/meshwarden.mjs'),
      ...serve,
      ...ports,
    ]);
    const barePid = start('bare', NODE, [join(ROOT, 'bench/bare-server.ts'), String(bare), cert, key]);
    const peerArgs = ['-listen', `127.0.0.1:${peer}`, '-cert', cert, '-key', key, '-services', String(SERVICES)];
    const peerPid = start('peer', join(folder, 'peer'), peerArgs);
    const servers: readonly Server[] = [
      { name: 'meshwarden', url: `https://127.0.0.1:${own}/validate`, pid: ownPid },
      { name: 'bare node:https', url: `https://127.0.0.1:${bare}/validate`, pid: barePid },
      { name: 'Go net/http', url: `https://127.0.0.1:${peer}/validate`, pid: peerPid },
    ];
    await until('meshwarden', async () => (await fetch(`http://127.0.0.1:${health}/readyz`)).ok, { seconds: 60 });
    for (const { name, url } of servers) {
      for (const { json, name: body } of bodies())
        await until(`${name} to allow ${body}`, () => isUp(url, json), { seconds: 10 });
    }
    await compare(servers);
    measureRootChanges();
  } finally {
    for (const child of children) child.kill('SIGTERM');
    await sleep(PROFILES ? 10_000 : 300);
    if (PROFILES) {
      console.log('\nwhere the time of meshwarden goes: own time of each function, idle left out');
      for (const { name, percent } of topFunctions(folder, 25))
        console.log(`  ${percent.toFixed(1).padStart(5)} %  ${name}`);
    }
    await plane.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
