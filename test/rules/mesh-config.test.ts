import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { cacheFolder } from '../../src/edge/cluster/build.ts';
import { ISTIO_BUILD } from '../../src/edge/cluster/versions.ts';
import { judge } from '../../src/engine/judge.ts';
import { View } from '../../src/mesh/view.ts';
import { valueAt } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { RULES } from '../../src/rules/index.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';
import { objectsOf } from './example-runner.ts';

const OPERATOR = join(resolve(import.meta.dirname, '../..'), 'policies/istio/base/istio-operator.yaml');

const configMap = (name: string, data: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'istio-system' },
  data,
});

function found(...objects: readonly KubeObject[]): readonly string[] {
  const changes = objects.map((after) => ({ operation: 'CREATE' as const, after }));
  const view = View.of([], BASELINE.mesh);
  const { findings } = judge(changes, { view, baseline: BASELINE, rules: RULES, now: NOW });
  return findings.map(({ severity, message, code }) => `${severity} ${code} ${message}`);
}

t.test('the mesh configuration that we ship keeps every rule', (t) => {
  const mesh = valueAt(parse(readFileSync(OPERATOR, 'utf8')), ['spec', 'meshConfig']);
  t.same(found(configMap('istio', { mesh: stringify(mesh) })), []);
  t.same(found(configMap('istio', { mesh: JSON.stringify(mesh) })), [], 'in JSON as well');
  t.end();
});

t.test('what Istio’s chart makes of it keeps every rule', (t) => {
  const istioctl = join(cacheFolder(process.env), `istioctl-${ISTIO_BUILD}`);
  if (!existsSync(istioctl)) {
    t.pass('the rendered ConfigMaps', { skip: 'istioctl is not built yet; the end-to-end tests build it' });
    t.end();
    return;
  }
  // A development build names a registry of its own; a release names the one that the baseline lists.
  const hub = 'values.global.hub=registry.istio.io/release';
  const rendered = spawnSync(istioctl, ['manifest', 'generate', '-f', OPERATOR, '--set', hub], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  t.equal(rendered.status, 0);
  const maps = objectsOf(rendered.stdout).filter(({ kind }) => kind === 'ConfigMap');
  t.ok(maps.length >= 2);
  t.same(found(...maps), []);
  t.end();
});

t.test('any data is survived, and none of it is fine that cannot be read', (t) => {
  const odd: readonly unknown[] = [
    null,
    5,
    [],
    {},
    '',
    '\t',
    '- a',
    '{',
    'a: &a [*a]',
    'a: b: c',
    '__proto__: { a: b }',
  ];
  for (const value of odd) {
    const data = { mesh: value, config: value, values: value } as Readonly<Record<string, string>>; // wrong on purpose
    for (const name of ['istio', 'istio-x', 'istio-sidecar-injector']) {
      const faults = found(configMap(name, data));
      t.notOk(
        faults.some((fault) => fault.includes('MW001')),
        `${name} with ${JSON.stringify(value)}`,
      );
      const isText = typeof value === 'string' && /^(-|\{|a:)/.test(value);
      if (isText) t.ok(faults.some((fault) => /MW702.*can be read/.test(fault)));
    }
  }
  const nested =
    'defaultConfig: 5\nextensionProviders: { a: b }\ndefaultProviders: [x]\nmeshMTLS: no\naccessLogFormat: 7\n';
  t.notOk(found(configMap('istio', { mesh: nested })).some((fault) => fault.includes('MW001')));
  t.end();
});
