import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DockerfileParser } from 'dockerfile-ast';
import t from 'tap';
import { valueAt } from '../../src/model/json.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const built = mkdtempSync(join(tmpdir(), 'meshwarden-'));
t.teardown(() => rmSync(built, { recursive: true }));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  command: readonly string[],
  { cwd, input = '' }: { readonly cwd: string; readonly input?: string },
): Ended {
  const [program = '', ...args] = command;
  // The test runner's NODE_OPTIONS are not for the program under test.
  const { NODE_OPTIONS: _, ...env } = process.env;
  return spawnSync(program, args, { cwd, input, encoding: 'utf8', env });
}

/** How the image starts it, with our own Node and the place where it was built. */
function asInTheImage(folder: string): readonly string[] {
  const instructions = DockerfileParser.parse(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')).getInstructions();
  const entry = instructions.find((each) => each.getKeyword() === 'ENTRYPOINT')?.getArgumentsContent() ?? '[]';
  const words: readonly string[] = JSON.parse(entry);
  return words.map((word) => (word === '/nodejs/bin/node' ? process.execPath : word.replace('/app/', `${folder}/`)));
}

t.setTimeout(180_000);

t.test('the bundle', { timeout: 120_000 }, (t) => {
  const out = join(built, 'dist');
  const build = run([process.execPath, join(ROOT, 'scripts/build.ts'), out], { cwd: ROOT });
  t.equal(build.status, 0, build.stderr);
  // Away from the checkout, as in the image: nothing beside it but what is copied there.
  const elsewhere = join(built, 'app');
  for (const name of ['meshwarden.mjs', 'policies'])
    cpSync(join(out, name), join(elsewhere, name), { recursive: true });
  const start = asInTheImage(elsewhere);
  const command = (...args: readonly string[]): Ended => run([...start, ...args], { cwd: tmpdir() });

  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  t.equal(command('--version').stdout, `${version}\n`, 'says its version');
  t.equal(run([join(out, 'meshwarden.mjs'), '--version'], { cwd: tmpdir() }).status, 0, 'may be started by its name');
  t.match(command('explain', 'MW401').stdout, /^MW401 bounded-retries/, 'explains a rule');
  t.match(command('baseline', 'validate').stdout, /keeps its schema/, 'finds the policies beside it');

  const manifest = readFileSync(join(ROOT, 'policies/istio/security/mtls-policies.yaml'), 'utf8');
  const check = (input: string): Ended => run([...start, 'check', '-', '-o', 'json'], { cwd: tmpdir(), input });
  const right = check(manifest);
  t.equal(right.status, 0, right.stderr);
  t.same(valueAt(JSON.parse(right.stdout), ['findings']), [], 'judges what is right');
  const wrong = check(manifest.replace('mode: STRICT', 'mode: PERMISSIVE'));
  t.equal(wrong.status, 1);
  t.equal(valueAt(JSON.parse(wrong.stdout), ['findings', 0, 'code']), 'MW201', 'and what is not');
  const serve = command('serve', '--kubeconfig', '/nonexistent');
  t.equal(serve.status, 2);
  t.match(serve.stderr, /^meshwarden: cannot read the kubeconfig '\/nonexistent'/, 'loads what the server needs');
  const demo = command('demo', '--once', '--kubeconfig', '/nonexistent');
  t.match(demo.stderr, 'the demo cannot go on', 'and what the demo needs');

  const licences = readFileSync(join(out, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
  for (const name of ['fastify', 'yaml', 'ajv', '@kubernetes/client-node', 'pino']) {
    t.match(licences, new RegExp(`^${name} \\d`, 'm'), `the licence of ${name} goes with it`);
  }
  t.end();
});
