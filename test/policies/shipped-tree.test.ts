import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { parseAllDocuments, parseDocument, stringify } from 'yaml';
import { parseBaseline } from '../../src/baseline/parse.ts';
import { cacheFolder } from '../../src/edge/cluster/build.ts';
import { ISTIO_BUILD } from '../../src/edge/cluster/versions.ts';
import { parseDurationMs } from '../../src/model/duration.ts';
import { isRecord, listOf, stringsOf, valueAt } from '../../src/model/json.ts';
import { NOW } from '../baseline-fixture.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TREE = join(ROOT, 'policies/istio');
const DOCUMENT_TREE = [
  'base/istio-operator.yaml',
  'base/namespaces.yaml',
  'gateways/main-gateway.yaml',
  'install.sh',
  'security/authorization-policies.yaml',
  'security/jwt-authentication.yaml',
  'security/mtls-policies.yaml',
  'telemetry/telemetry-v2.yaml',
  'traffic-management/destination-rules.yaml',
  'traffic-management/retry-timeout-policies.yaml',
  'traffic-management/virtual-services.yaml',
];
const APPLIED = DOCUMENT_TREE.filter((file) => file.endsWith('.yaml') && file !== 'base/istio-operator.yaml');

interface Shipped {
  readonly file: string;
  readonly object: unknown;
}

const shipped: readonly Shipped[] = APPLIED.flatMap((file) =>
  parseAllDocuments(readFileSync(join(TREE, file), 'utf8')).map((document) => {
    if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0]?.message}`);
    return { file, object: document.toJS() };
  }),
);
const ofKind = (kind: string): readonly unknown[] =>
  shipped.map(({ object }) => object).filter((object) => valueAt(object, ['kind']) === kind);
const text = (object: unknown, ...path: readonly (string | number)[]): string => String(valueAt(object, path));
const baselineText = readFileSync(join(ROOT, 'policies/baseline.yaml'), 'utf8');
const parsed = parseBaseline(baselineText, { sha256: '0'.repeat(64), now: NOW });

t.test('the tree is the one of the document, file for file', (t) => {
  const files = globSync('**/*', { cwd: TREE }).filter((file) => statSync(join(TREE, file)).isFile());
  t.same(files.toSorted(), DOCUMENT_TREE);
  t.end();
});

t.test('every object names its version, kind, name and namespace, and stands there once', (t) => {
  const keys = shipped.map(
    ({ object }) =>
      `${text(object, 'kind')} ${text(object, 'metadata', 'namespace')}/${text(object, 'metadata', 'name')}`,
  );
  t.equal(new Set(keys).size, keys.length);
  const loose = keys.filter((key) => key.includes('undefined') && !key.startsWith('Namespace '));
  t.same(loose, []);
  t.ok(keys.length > 80, `${keys.length} objects`);
  t.end();
});

t.test('every HTTP route of every VirtualService says its timeout and its retries, and they fit', (t) => {
  const routes = ofKind('VirtualService').flatMap((object) =>
    listOf(valueAt(object, ['spec', 'http'])).map((route) => ({ name: text(object, 'metadata', 'name'), route })),
  );
  t.ok(routes.length > 20);
  for (const { name, route } of routes) {
    const attempts = Number(text(route, 'retries', 'attempts'));
    const timeoutMs = parseDurationMs(text(route, 'timeout')) ?? 0;
    const perTryMs = attempts === 0 ? 0 : (parseDurationMs(text(route, 'retries', 'perTryTimeout')) ?? Number.NaN);
    t.ok(timeoutMs > 0 && (attempts + 1) * perTryMs <= timeoutMs, `${name} ${text(route, 'name')}`);
    if (attempts > 0) t.equal(text(route, 'retries', 'retryOn'), '5xx,reset,connect-failure');
  }
  t.end();
});

t.test('along the way of a request every hop gives up before its caller does', (t) => {
  const timeout = (name: string, route: number): number => {
    const object = ofKind('VirtualService').find((each) => text(each, 'metadata', 'name') === name);
    return parseDurationMs(text(object, 'spec', 'http', route, 'timeout')) ?? Number.NaN;
  };
  const path = [
    timeout('api-gateway-ingress', 0),
    timeout('content-service', 0),
    timeout('ml-service', 0),
    timeout('openai', 0),
    timeout('openai', 1),
  ];
  t.same(
    path,
    path.toSorted((left, right) => right - left),
  );
  t.equal(new Set(path).size, path.length);
  t.ok((path[0] ?? 0) <= 30_000, 'the ingress waits no longer than the document says');
  t.end();
});

t.test('the baseline file parses without a warning, and the shipped objects name what it names', (t) => {
  if (!parsed.ok) {
    t.same(parsed.problems, []);
    t.end();
    return;
  }
  const { baseline, warnings } = parsed;
  t.same(warnings, []);
  t.same(
    baseline.services.map(({ name, timeoutMs, retries, maxConnections }) => [name, timeoutMs, retries, maxConnections]),
    [
      ['api-gateway', 30_000, 3, 100],
      ['auth-service', 15_000, 2, 50],
      ['content-service', 60_000, 3, 100],
      ['ml-service', 120_000, 1, 20],
    ],
    'the numbers of the document',
  );
  const registered = ofKind('ServiceEntry').flatMap((object) => stringsOf(valueAt(object, ['spec', 'hosts'])));
  t.same([...registered].toSorted(), [...baseline.externalHosts].toSorted(), 'the external hosts');
  const permissive = ofKind('PeerAuthentication').filter((object) => JSON.stringify(object).includes('PERMISSIVE'));
  t.same(
    permissive.map((object) => valueAt(object, ['spec', 'selector', 'matchLabels'])),
    baseline.databases.map(({ matchLabels }) => matchLabels),
    'the databases in migration',
  );
  t.end();
});

t.test('the EnvoyFilters are exactly those that the baseline lists, by the hash of their spec', (t) => {
  const hashes = ofKind('EnvoyFilter').map((object) => ({
    kind: 'EnvoyFilter',
    namespace: text(object, 'metadata', 'namespace'),
    name: text(object, 'metadata', 'name'),
    sha256: createHash('sha256')
      .update(JSON.stringify(sorted(valueAt(object, ['spec']))))
      .digest('hex'),
  }));
  const byName = <T extends { readonly name: string }>(all: readonly T[]): readonly T[] =>
    all.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  t.same(byName(hashes), byName(parsed.ok ? parsed.baseline.extensions : []));
  t.equal(hashes.length, 2);
  t.end();
});

t.test('every number of the baseline stands below a comment that quotes the document or says that it is ours', (t) => {
  const lines = baselineText.split('\n');
  const numbers = lines.flatMap((line, at) =>
    /^\s*[a-z][A-Za-z0-9]*: *"?[0-9]/.test(line) || /\{.*[0-9]/.test(line) ? [at] : [],
  );
  t.ok(numbers.length > 25);
  const above = (at: number): boolean => {
    for (let line = at - 1; line >= 0 && at - line < 12; line -= 1) {
      if (/^\s*#.*("|Ours)/.test(lines[line] ?? '')) return true;
    }
    return false;
  };
  t.same(
    numbers.filter((at) => !above(at)).map((at) => `${at + 1}: ${lines[at]}`),
    [],
  );
  t.end();
});

t.test('the scripts', (t) => {
  const script = join(TREE, 'install.sh');
  const run = (args: readonly string[], path = process.env.PATH): ReturnType<typeof spawnSync> =>
    spawnSync(script, args, { encoding: 'utf8', env: { PATH: path } });
  t.match(run(['--help']).stdout, /--dry-run/);
  t.equal(run(['--help']).status, 0);
  t.equal(run(['--sideways']).status, 2, 'an unknown option is wrong usage');
  t.match(run(['--sideways']).stderr, /'--sideways' is not an option/);
  t.equal(run(['--context']).status, 2, 'an option without its value is wrong usage');
  const tools = mkdtempSync(join(tmpdir(), 'meshwarden-'));
  t.teardown(() => rmSync(tools, { recursive: true }));
  writeFileSync(join(tools, 'istioctl'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  writeFileSync(join(tools, 'kubectl'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const missing = run([], `${tools}:/usr/bin:/bin`);
  t.equal(missing.status, 3, 'a cluster that does not answer is a missing prerequisite');
  t.match(missing.stderr, /the cluster does not answer/);
  const old = '{"serverVersion": {\n"gitVersion": "v1.23.17"\n}}';
  writeFileSync(join(tools, 'kubectl'), `#!/bin/sh\ncat <<'END'\n${old}\nEND\n`, { mode: 0o755 });
  t.match(run([], `${tools}:/usr/bin:/bin`).stderr, /Kubernetes 1\.23; must be 1\.32 or later/);
  const found = spawnSync('shellcheck', ['--version']);
  if (found.error) t.pass('shellcheck finds nothing', { skip: 'shellcheck is not installed' });
  else {
    const { stdout, status } = spawnSync('shellcheck', [script, join(ROOT, 'certs/development-ca.sh')], {
      encoding: 'utf8',
    });
    t.equal(stdout, '');
    t.equal(status, 0, 'shellcheck finds nothing');
  }
  t.end();
});

t.test('istioctl of the pinned Istio', (t) => {
  const istioctl = join(cacheFolder(process.env), `istioctl-${ISTIO_BUILD}`);
  if (!existsSync(istioctl)) {
    t.pass('judges the files', { skip: 'istioctl is not built yet; the end-to-end tests build it' });
    t.end();
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'meshwarden-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const operator: unknown = parseDocument(readFileSync(join(TREE, 'base/istio-operator.yaml'), 'utf8')).toJS();
  const mesh = join(folder, 'mesh.yaml');
  writeFileSync(mesh, stringify(valueAt(operator, ['spec', 'meshConfig'])));
  const files = APPLIED.map((file) => join(TREE, file));
  const platform = ['platform.yaml', 'gateway-pods.yaml'].map((file) => join(import.meta.dirname, file));

  for (const file of files) {
    const { status, stderr } = spawnSync(istioctl, ['validate', '-f', file], { encoding: 'utf8' });
    t.equal(status, 0, `accepts ${file.slice(TREE.length + 1)}${status === 0 ? '' : stderr}`);
  }
  const analysis = ['analyze', '-A', '--use-kube=false', '--meshConfigFile', mesh, '-o', 'json', ...files, ...platform];
  const { stdout, status } = spawnSync(istioctl, analysis, { encoding: 'utf8' });
  t.equal(status, 0, 'finds no error in all of them together');
  const rest = listOf(JSON.parse(stdout)).filter((message) => text(message, 'level') !== 'Info');
  t.same(
    rest.map((message) => `${text(message, 'code')} ${text(message, 'origin')}`).toSorted(),
    [
      'IST0133 EnvoyFilter istio-egress/egress-wildcard-dns',
      'IST0133 EnvoyFilter istio-ingress/ingress-tier-rate-limit',
    ],
    'warns of nothing but that EnvoyFilters are what they are',
  );
  const manifest = spawnSync(istioctl, ['manifest', 'generate', '-f', join(TREE, 'base/istio-operator.yaml')], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  t.equal(manifest.status, 0, 'renders the IstioOperator file');
  t.match(manifest.stdout, 'mode: REGISTRY_ONLY');
  t.end();
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key])]),
  );
}
