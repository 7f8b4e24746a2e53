import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { startComponent, until } from '../../../src/edge/cluster/component.ts';
import { startControlPlane } from '../../../src/edge/cluster/control-plane.ts';
import { freePorts } from '../../../src/edge/cluster/free-ports.ts';
import { installIstioCrds } from '../../../src/edge/cluster/istio-module.ts';

const FOLDER = resolve(import.meta.dirname, '../../../src/edge/cluster');
const SOON = { seconds: 20 };
const FOREVER = 'while :; do sleep 0.05; done';

function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'meshwarden-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

t.test('a component', async (t) => {
  await t.test('that dies while it is waited for is told with its last lines', async (t) => {
    const component = startComponent('fragile', ['/bin/sh', '-c', 'echo out; echo boom >&2; exit 3'], {
      folder: place(),
    });
    await t.rejects(
      until('the answer', () => false, { ...SOON, component }),
      {
        message: 'fragile ended with 3 while waiting for the answer:\nout\nboom',
      },
    );
    await t.resolves(component.stop(), 'and may be stopped all the same');
  });

  await t.test('that is not there is told', async (t) => {
    const component = startComponent('absent', ['/nonexistent/program'], { folder: place() });
    const late = until('the answer', () => false, { ...SOON, component });
    await t.rejects(late, { message: /^absent ended with -1 while waiting for the answer:\nspawn .* ENOENT$/ });
  });

  await t.test('that is late is told with how long it had', async (t) => {
    const component = startComponent('slow', ['/bin/sh', '-c', `echo busy; ${FOREVER}`], { folder: place() });
    await until('its first line', () => component.tail() === 'busy', SOON);
    const late = until('the answer', () => Promise.reject(new Error('refused')), { seconds: 0, component });
    const message = 'the answer did not come within 0 seconds; the last lines of slow:\nbusy';
    await t.rejects(late, { message, cause: new Error('refused') });
    t.ok(isAlive(component.pid));
    await component.stop();
    t.notOk(isAlive(component.pid), 'a stop ends it');
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await t.test(
      `goes with its parent when that gets ${signal}, and so do its files`,
      { timeout: 60_000 },
      async (t) => {
        const folder = place();
        const own = mkdtempSync(join(tmpdir(), 'meshwarden-'));
        const script = `
        import { writeFileSync } from 'node:fs';
        import { startComponent } from ${JSON.stringify(join(FOLDER, 'component.ts'))};
        import { removeWithUs } from ${JSON.stringify(join(FOLDER, 'watchdog.ts'))};
        removeWithUs(${JSON.stringify(own)});
        const { pid } = startComponent('child', ['/bin/sh', '-c', ${JSON.stringify(FOREVER)}], { folder: ${JSON.stringify(own)} });
        writeFileSync(${JSON.stringify(join(folder, 'pid'))}, String(pid));
        setInterval(() => undefined, 1000);`;
        const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: 'ignore' });
        t.teardown(() => parent.kill('SIGKILL'));
        const pidFile = join(folder, 'pid');
        await until('the child', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '', SOON);
        const pid = Number(readFileSync(pidFile, 'utf8'));
        t.ok(isAlive(pid));
        parent.kill(signal);
        await until('the child to go', () => !isAlive(pid), SOON);
        await until('its folder to go', () => !existsSync(own), SOON);
        t.pass('both are gone');
      },
    );
  }

  await t.test('does not keep its parent alive', { timeout: 60_000 }, async (t) => {
    const script = `
      import { removeWithUs } from ${JSON.stringify(join(FOLDER, 'watchdog.ts'))};
      removeWithUs(${JSON.stringify(join(place(), 'nothing'))});`;
    const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: 'ignore' });
    t.teardown(() => parent.kill('SIGKILL'));
    await until('its end', () => parent.exitCode !== null, SOON);
    t.equal(parent.exitCode, 0);
  });
});

t.test('a control plane whose API server dies says so with its last lines, and leaves nothing', async (t) => {
  const before = place();
  const etcd = ['/bin/sh', '-c', `echo $PWD $$ > ${before}/etcd; ${FOREVER}`] as const;
  const apiserver = ['/bin/sh', '-c', 'echo "E1: bind: address already in use" >&2; exit 1'] as const;
  const late = startControlPlane({ etcd, apiserver, controllerManager: undefined, origin: 'a test' });
  await t.rejects(late, {
    message: 'kube-apiserver ended with 1 while waiting for the API server:\nE1: bind: address already in use',
  });
  const [folder = '', pid = ''] = readFileSync(join(before, 'etcd'), 'utf8').trim().split(' ');
  t.notOk(isAlive(Number(pid)), 'etcd is ended');
  t.match(folder, /meshwarden-cluster-/);
  t.notOk(existsSync(folder), 'and the folder removed');
});

t.test('free ports differ', async (t) => {
  const ports = await freePorts(20);
  t.equal(new Set(ports).size, 20);
  t.notOk(ports.includes(0));
});

t.test('CRDs that are given', async (t) => {
  const folder = place();
  await t.rejects(installIstioCrds('unused', join(folder, 'none.yaml')), {
    message: `--crds names ${join(folder, 'none.yaml')}, which does not exist; give it a file or a folder`,
  });
  writeFileSync(join(folder, 'a.yaml'), 'kind: ConfigMap\n');
  await t.rejects(installIstioCrds('unused', folder), {
    message: `${folder} holds no CustomResourceDefinition; give --crds a file or folder of them`,
  });
});
