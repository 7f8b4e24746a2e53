import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { listOf, recordOrEmpty, stringsOf, valueAt } from '../../src/model/json.ts';
import { KINDS, type Kind } from '../../src/model/kind.ts';
import { shippedService, watchRights, webhookConfigurations } from '../../src/report/webhook-configurations.ts';
import { deployManifests } from '../../scripts/deploy-manifests.ts';
import { objectRule } from '../../src/rules/rule.ts';

const rule = (reads: readonly Kind[], mutates = false) =>
  objectRule({
    id: 'x',
    code: 'MW990',
    reads,
    mode: 'enforce',
    onDelete: 'refuse',
    exceptable: true,
    summary: '',
    why: '',
    remedy: '',
    absence: '',
    source: { refs: [] },
    numbers: [],
    messages: {},
    examples: { pass: [], fail: [] },
    check: () => [],
    ...(mutates ? { mutate: () => undefined } : {}),
  });
// Object.keys widens to string; these are exactly the kinds.
const EVERY_KIND = Object.keys(KINDS) as Kind[];

t.test('rules that read every kind make what stands in deploy/base', (t) => {
  const file = resolve(import.meta.dirname, '../../deploy/base/webhooks.yaml');
  const shipped = parseAllDocuments(readFileSync(file, 'utf8')).map((document): unknown => document.toJS());
  const made = webhookConfigurations([rule(EVERY_KIND, true)], shippedService, { guarded: true });
  for (const [at, one] of made.entries()) {
    const other = shipped[at];
    t.same(valueAt(one, ['metadata']), valueAt(other, ['metadata']));
    const sorted = (object: unknown): unknown =>
      listOf(valueAt(object, ['webhooks'])).map((hook) => ({
        ...recordOrEmpty(hook),
        matchConditions: JSON.stringify(valueAt(hook, ['matchConditions']) ?? null).replaceAll(/\s+/g, ' '),
        rules: listOf(valueAt(hook, ['rules']))
          .map((each) =>
            JSON.stringify(
              { ...recordOrEmpty(each), resources: stringsOf(valueAt(each, ['resources'])).toSorted() },
              Object.keys(recordOrEmpty(each)).toSorted(),
            ),
          )
          .toSorted(),
      }));
    t.same(sorted(one), sorted(other));
  }
  t.end();
});

t.test('what no rule reads is not asked for, and what none completes is not sent to the mutating side', (t) => {
  const [mutating, validating] = webhookConfigurations([rule(['Pod', 'VirtualService'])], shippedService, {
    guarded: true,
  });
  t.same(valueAt(mutating, ['webhooks']), []);
  const names = listOf(valueAt(validating, ['webhooks'])).map((hook) => valueAt(hook, ['name']));
  t.same(names, ['workloads.validate.meshwarden.io', 'istio.validate.meshwarden.io']);
  t.same(valueAt(validating, ['webhooks', 0, 'rules']), [
    {
      apiGroups: [''],
      apiVersions: ['*'],
      resources: ['pods', 'pods/ephemeralcontainers', 'pods/resize'],
      operations: ['CREATE', 'UPDATE'],
      scope: '*',
    },
  ]);
  t.end();
});

t.test('the rights to watch are for what rules look up: no workloads, and ConfigMaps of one namespace', (t) => {
  const { cluster, rootNamespace } = watchRights([rule(['Pod', 'Deployment', 'VirtualService', 'ConfigMap'])]);
  const verbs = ['get', 'list', 'watch'];
  t.same(cluster, [
    { apiGroups: [''], resources: ['namespaces', 'services'], verbs },
    { apiGroups: ['networking.istio.io'], resources: ['virtualservices'], verbs },
  ]);
  t.same(rootNamespace, [{ apiGroups: [''], resources: ['configmaps'], verbs }]);
  t.end();
});

t.test('the written manifests say exactly that, without anchors, and with a comment where a person needs one', (t) => {
  const rules = [rule(EVERY_KIND, true)];
  const files = deployManifests(rules);
  const webhooks = files.get('deploy/base/webhooks.yaml') ?? '';
  const read = parseAllDocuments(webhooks).map((document): unknown => document.toJS());
  t.same(read, webhookConfigurations(rules, shippedService, { guarded: true }));
  t.notMatch(webhooks, /[&*]a1/);
  for (const [, text] of files) t.match(text, /^# /);
  const roles = parseAllDocuments(files.get('deploy/base/rbac-watch.yaml') ?? '').map((document): unknown =>
    document.toJS(),
  );
  t.same(
    roles.map((role) => valueAt(role, ['kind'])),
    ['ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding'],
  );
  t.same(valueAt(roles[0], ['rules']), watchRights(rules).cluster);
  t.end();
});
