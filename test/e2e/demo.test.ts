import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { until } from '../../src/edge/cluster/component.ts';
import { kubectl, mustKubectl } from '../../src/edge/cluster/kubectl.ts';
import { CHANGES } from '../../src/edge/demo/changes.ts';
import { startTestControlPlane } from './cluster.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const LIMIT = { timeout: 300_000 };

t.setTimeout(900_000);

/** A `meshwarden demo` in a session of its own, as a shell starts it, with a folder for temporary files of its own. */
interface Demo {
  readonly text: () => string;
  readonly errors: () => string;
  /** Sends Ctrl-C as a terminal does: to all processes of the group. */
  readonly interrupt: () => void;
  /** Ends it as nothing can be done about. */
  readonly kill: () => void;
  readonly ended: Promise<number | null>;
  readonly leftFiles: () => readonly string[];
}

function startDemo(...args: readonly string[]): Demo {
  const temporary = mkdtempSync(join(tmpdir(), 'meshwarden-'));
  const child: ChildProcess = spawn(process.execPath, [MAIN, 'demo', ...args], {
    env: { ...process.env, NODE_OPTIONS: '', TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let [text, errors] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const ended = new Promise<number | null>((done) => {
    child.once('close', done);
  });
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(temporary, { recursive: true, force: true });
  });
  return {
    text: () => text,
    errors: () => errors,
    interrupt: () => void (child.pid !== undefined && process.kill(-child.pid, 'SIGINT')),
    kill: () => void child.kill('SIGKILL'),
    ended,
    leftFiles: () => readdirSync(temporary),
  };
}

function answers(url: string): Promise<boolean> {
  return new Promise((done) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => {
      socket.destroy();
      done(true);
    });
    socket.on('error', () => done(false));
  });
}

/** The lines that the README says kubectl prints. */
function shownInReadme(): readonly string[] {
  const readme = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```console\n(\$ kubectl [^]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.trimEnd().split('\n'));
}

t.test('a kubeconfig that is not right is one clear sentence, with exit code 2', async (t) => {
  const none = startDemo('--once', '--kubeconfig', '/nonexistent/config');
  t.equal(await none.ended, 2);
  t.match(
    none.errors().split('\n').at(-2),
    /^meshwarden: the demo cannot go on: the cluster of --kubeconfig \/nonexistent\/config does not answer \(.*\); give one that does$/,
  );
  t.equal(none.text(), '');
  t.same(none.leftFiles(), []);
});

t.test('demo, on a real API server', LIMIT, async (t) => {
  const plane = await startTestControlPlane();
  if (plane === undefined) {
    t.pass('needs a control plane', { skip: 'no control plane' });
    return;
  }
  t.teardown(plane.stop);
  const { kubeconfig } = plane;
  const kinds = 'namespaces,crds,mutatingwebhookconfigurations,validatingwebhookconfigurations';
  const everything = (): Promise<string> => mustKubectl(kubeconfig, ['get', kinds, '-o', 'name']);
  const before = await everything();

  await t.test(
    '--once in a cluster that is given: each change gets its verdict, and nothing stays',
    LIMIT,
    async (t) => {
      const run = startDemo('--once', '--kubeconfig', kubeconfig);
      t.equal(await run.ended, 0, run.errors());
      t.equal(run.text().match(/^  ✓ /gm)?.length, CHANGES.length, run.text());
      t.notMatch(run.text(), '✗');
      t.notMatch(run.text(), '\u001b', 'no colours where nobody looks');
      for (const line of shownInReadme()) t.ok(run.text().includes(line), `the README shows what came: ${line}`);
      t.equal(await everything(), before, 'the cluster is as it was found');
      t.same(run.leftFiles(), []);
    },
  );

  await t.test('interrupted half-way, the cluster is put back as well', LIMIT, async (t) => {
    const run = startDemo('--once', '--kubeconfig', kubeconfig);
    await until('the baseline', () => run.errors().includes('security: '), { seconds: 60 });
    run.interrupt();
    t.equal(await run.ended, 2, run.errors());
    t.match(run.errors(), 'interrupted before everything was tried');
    t.equal(await everything(), before);
    t.same(run.leftFiles(), []);
  });

  await t.test('killed, it leaves no webhook that the cluster would wait for', LIMIT, async (t) => {
    const run = startDemo('--once', '--kubeconfig', kubeconfig);
    await until('the baseline', () => run.errors().includes('namespaces.yaml: '), { seconds: 60 });
    run.kill();
    await run.ended;
    const left = async (): Promise<boolean> => !(await everything()).includes('webhookconfiguration');
    await until('the webhooks to go', left, { seconds: 20 });
    t.pass('they are gone');
  });

  await t.test('what was there before is not touched', LIMIT, async (t) => {
    const found = await everything();
    const run = startDemo('--once', '--kubeconfig', kubeconfig);
    t.equal(await run.ended, 2);
    t.match(
      run.errors(),
      /the cluster has .*namespace llmoptimizer,.* already, and what was there before is not touched/,
    );
    t.equal(await everything(), found);
  });
});

t.test('demo with a control plane of its own stays up until Ctrl-C, and leaves nothing', LIMIT, async (t) => {
  const run = startDemo();
  await until('the end of the changes', () => run.text().includes('It stays up until Ctrl-C'), { seconds: 240 });
  const kubeconfig = /export KUBECONFIG=(\S+)/.exec(run.text())?.[1] ?? '';
  const folder = /cd (\S+)/.exec(run.text())?.[1] ?? '';
  const reviews = /it answers at (\S+);/.exec(run.errors())?.[1] ?? '';
  const server = await mustKubectl(kubeconfig, ['config', 'view', '-o', 'jsonpath={.clusters[0].cluster.server}']);
  const again = await kubectl(kubeconfig, ['apply', '--dry-run=server', '-f', 'allow-all.yaml'], { folder });
  t.match(again.stderr, '[MW302]', 'what it says to type works');
  t.ok((await answers(server)) && (await answers(reviews)));

  run.interrupt();
  t.equal(await run.ended, 0, run.errors());
  t.same(run.leftFiles(), [], 'no file');
  t.notOk((await answers(server)) || (await answers(reviews)), 'no process');
});
