import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { builtBinary, cacheFolder, type GoBuild } from '../../../src/edge/cluster/build.ts';
import { checkoutFolder } from '../../../src/edge/cluster/checkout.ts';
import { until } from '../../../src/edge/cluster/component.ts';
import { controlPlaneBinaries } from '../../../src/edge/cluster/control-plane-binaries.ts';
import { needKubectl } from '../../../src/edge/cluster/kubectl.ts';
import { KUBERNETES_VERSION } from '../../../src/edge/cluster/versions.ts';

const BUILD = resolve(import.meta.dirname, '../../../src/edge/cluster/build.ts');
const SOON = { seconds: 20 };

/** A machine: its PATH holds the programs that are given, as shell scripts, and the few of Unix that these use. */
function machine(programs: Readonly<Record<string, string>> = {}): {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly said: string[];
  readonly say: (line: string) => void;
} {
  const folder = mkdtempSync(join(tmpdir(), 'meshwarden-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const [name, script] of Object.entries(programs)) put(bin, name, `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
  const said: string[] = [];
  const environment = { PATH: bin, HOME: folder, XDG_CACHE_HOME: join(folder, 'cache') };
  return { folder, environment, said, say: (line) => void said.push(line) };
}

function put(folder: string, name: string, text = ''): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), 0o755);
}

/** Writes what `go build -o FILE` would, after it has counted the call. */
const GO = (log: string, before = ''): string =>
  `echo "$@" >> ${log}\n${before}\nwhile [ "$1" != -o ]; do shift; done\necho binary > "$2"`;

function build(folder: string, name = 'thing-v1'): GoBuild {
  return { name, moduleFolder: folder, target: './cmd', ldflags: '-s -w', minutes: 5 };
}

t.test('kubectl is looked for before anything is started', (t) => {
  t.throws(() => needKubectl(machine().environment), { message: /^kubectl is not on PATH; install it from https:/ });
  t.throws(() => needKubectl({}), { message: /^kubectl is not on PATH/ });
  t.doesNotThrow(() => needKubectl(machine({ kubectl: '' }).environment));
  t.end();
});

t.test('a built binary', async (t) => {
  await t.test('is built once, with the time said first, and found again', async (t) => {
    const log = join(mkdtempSync(join(tmpdir(), 'meshwarden-')), 'calls');
    t.teardown(() => rmSync(resolve(log, '..'), { recursive: true }));
    const { folder, environment, said, say } = machine({ go: GO(log) });
    const path = await builtBinary(build(folder), environment, say);
    t.equal(path, join(folder, 'cache/meshwarden/thing-v1'));
    t.match(said[0], /^building thing-v1 with Go; the first time takes about 5 minutes on two cores/);
    t.equal(await builtBinary(build(folder), environment, say), path);
    t.match(readFileSync(log, 'utf8'), /^build -trimpath -ldflags -s -w -o \S+ \.\/cmd\n$/, 'Go was called once');
    t.same(readdirSync(cacheFolder(environment)), ['thing-v1'], 'and nothing else is left');
  });

  await t.test('that two want at once is built by one, and the other waits for it', async (t) => {
    const { folder, environment, say } = machine({
      go: GO('"$HOME/calls"', 'while [ ! -e "$HOME/go-on" ]; do sleep 0.05; done'),
    });
    const first = builtBinary(build(folder), environment, say);
    const waiting: string[] = [];
    const second = builtBinary(build(folder), environment, (line) => void waiting.push(line));
    t.same(waiting, ['waiting for another build of thing-v1']);
    writeFileSync(join(folder, 'go-on'), '');
    t.equal(await first, await second);
    t.equal(readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n').length, 1);
  });

  await t.test('that cannot be built leaves nothing, and Go’s last lines are told', async (t) => {
    const { folder, environment, say } = machine({ go: 'echo "cmd/main.go:3: undefined: x" >&2; exit 1' });
    await t.rejects(builtBinary(build(folder), environment, say), {
      message: `go build of ./cmd ended with 1 in ${folder}:\ncmd/main.go:3: undefined: x`,
    });
    t.same(readdirSync(cacheFolder(environment)), []);
  });

  await t.test(
    'whose build is killed is not in its place, and the next builder takes over',
    { timeout: 60_000 },
    async (t) => {
      const { folder, environment, say } = machine({
        go: `trap 'echo interrupted > "$HOME/end"; exit 1' INT; echo $$ > "$HOME/go.pid"; while :; do sleep 0.05; done`,
      });
      const script = `import { builtBinary } from ${JSON.stringify(BUILD)};
      await builtBinary(${JSON.stringify(build(folder))}, process.env, () => undefined);`;
      const options = { env: environment, stdio: 'ignore' } as const;
      const builder = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], options);
      t.teardown(() => builder.kill('SIGKILL'));
      await until('Go to run', () => existsSync(join(folder, 'go.pid')), SOON);
      builder.kill('SIGKILL');
      await until('Go to be interrupted', () => existsSync(join(folder, 'end')), SOON);
      const lock = join(cacheFolder(environment), 'thing-v1.lock');
      t.ok(existsSync(lock), 'a killed builder cannot take its lock back');
      t.notOk(existsSync(join(cacheFolder(environment), 'thing-v1')));

      put(cacheFolder(environment), 'thing-v1.77.partial', 'half');
      const anHourAgo = new Date(Date.now() - 3_600_000);
      utimesSync(lock, anHourAgo, anHourAgo);
      put(join(folder, 'bin'), 'go', `#!/bin/sh\n${GO('/dev/null')}\n`);
      await builtBinary(build(folder), environment, say);
      t.same(readdirSync(cacheFolder(environment)), ['thing-v1'], 'and what was half done is removed');
    },
  );
});

t.test('a control plane is taken from', async (t) => {
  const programs = ['etcd', 'kube-apiserver'];
  const assets = (folder: string, names: readonly string[]): string => {
    for (const name of names) put(join(folder, 'assets'), name);
    return join(folder, 'assets');
  };

  await t.test('KUBEBUILDER_ASSETS first', async (t) => {
    const { folder, environment, say } = machine();
    const place = assets(folder, [...programs, 'kube-controller-manager']);
    put(cacheFolder(environment), `control-plane-${KUBERNETES_VERSION}`);
    const found = await controlPlaneBinaries({ ...environment, KUBEBUILDER_ASSETS: place }, say);
    t.same(found, {
      etcd: [join(place, 'etcd')],
      apiserver: [join(place, 'kube-apiserver')],
      controllerManager: [join(place, 'kube-controller-manager')],
      origin: `KUBEBUILDER_ASSETS (${place})`,
    });
  });

  await t.test('KUBEBUILDER_ASSETS without controllers, unless they are needed', async (t) => {
    const { folder, environment, said, say } = machine();
    const given = { ...environment, KUBEBUILDER_ASSETS: assets(folder, programs) };
    t.equal((await controlPlaneBinaries(given, say)).controllerManager, undefined);
    put(cacheFolder(environment), `control-plane-${KUBERNETES_VERSION}`);
    const full = await controlPlaneBinaries(given, say, { withControllers: true });
    t.equal(full.origin, join(folder, `cache/meshwarden/control-plane-${KUBERNETES_VERSION}`));
    t.match(said, [/has no kube-controller-manager, which is needed here; looking further$/]);
  });

  await t.test('no folder that lacks a part', async (t) => {
    const { folder, environment, say } = machine();
    const place = assets(folder, ['etcd']);
    const late = controlPlaneBinaries({ ...environment, KUBEBUILDER_ASSETS: place }, say);
    await t.rejects(late, {
      message: `KUBEBUILDER_ASSETS names ${place}, which has no kube-apiserver; name a folder with etcd and kube-apiserver`,
    });
  });

  await t.test('one that was built before, without asking anybody', async (t) => {
    const { environment, said, say } = machine({ 'setup-envtest': 'exit 1', go: 'exit 1' });
    put(cacheFolder(environment), `control-plane-${KUBERNETES_VERSION}`);
    const { apiserver } = await controlPlaneBinaries(environment, say);
    t.same(apiserver, [join(cacheFolder(environment), `control-plane-${KUBERNETES_VERSION}`), 'apiserver']);
    t.same(said, []);
  });

  await t.test('setup-envtest, on PATH or by Go', async (t) => {
    for (const [program, test] of [
      ['setup-envtest', '[ "$*" = "use 1.36.x --print path" ] || exit 1'],
      ['go', 'case "$*" in "run sigs.k8s.io/controller-runtime/tools/setup-envtest@v"*) ;; *) exit 1;; esac'],
    ] as const) {
      const { folder, environment, say } = machine({ [program]: `${test}\nprintf %s "$HOME/assets"` });
      assets(folder, programs);
      t.equal((await controlPlaneBinaries(environment, say)).origin, `setup-envtest (${join(folder, 'assets')})`);
    }
  });

  await t.test('the Go module of the checkout, where setup-envtest has no network', async (t) => {
    const fetching = 'case "$1" in run) echo "no such host" >&2; exit 1;; esac';
    const { folder, environment, said, say } = machine({ go: `${fetching}\n${GO('"$HOME/calls"')}` });
    put(join(folder, 'test/cluster'), 'go.mod');
    const { origin } = await controlPlaneBinaries(environment, say, { checkout: folder });
    t.equal(origin, join(cacheFolder(environment), `control-plane-${KUBERNETES_VERSION}`));
    const stamp = `-X k8s.io/component-base/version.gitVersion=${KUBERNETES_VERSION}`;
    t.match(readFileSync(join(folder, 'calls'), 'utf8'), stamp, 'which is told its version');
    t.match(said, [/^looking for/, /could not fetch Kubernetes 1\.36\.x; going on$/, /^building/, /^built/]);
  });

  await t.test('nothing, and then one sentence says what to do', async (t) => {
    const { folder, environment, say } = machine();
    put(join(folder, 'test/cluster'), 'go.mod');
    await t.rejects(controlPlaneBinaries(environment, say, { checkout: folder }), {
      message:
        /^no local control plane can be had: Go is not on PATH; give --kubeconfig FILE, set KUBEBUILDER_ASSETS .*, or run this in a checkout with Go [^\n]*$/,
    });
  });

  t.equal(checkoutFolder(), resolve(import.meta.dirname, '../../..'), 'the checkout is the one that this stands in');
});
