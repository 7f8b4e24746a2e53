import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import t from 'tap';
import { parseAllDocuments } from 'yaml';
import { listOf, stringsOf, valueAt } from '../../src/model/json.ts';

const ROOT = resolve(import.meta.dirname, '../..');

function render(folder: string): readonly unknown[] {
  const { stdout, stderr, status } = spawnSync('kubectl', ['kustomize', join(ROOT, folder)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`kubectl kustomize ${folder}: ${stderr}`);
  return parseAllDocuments(stdout).map((document): unknown => document.toJS());
}
const base = render('deploy/base');
const find = (kind: string, name: string, objects = base): unknown =>
  objects.find((object) => valueAt(object, ['kind']) === kind && valueAt(object, ['metadata', 'name']) === name);
const mutate = find('MutatingWebhookConfiguration', '00-meshwarden-mutate');
const validate = find('ValidatingWebhookConfiguration', 'meshwarden-validate');
const hooks = [...listOf(valueAt(mutate, ['webhooks'])), ...listOf(valueAt(validate, ['webhooks']))];
const nameOf = (hook: unknown): string => String(valueAt(hook, ['name']));

t.test('the base renders with the real kubectl and carries the baseline file as it stands in policies/', (t) => {
  const configMap = find('ConfigMap', 'meshwarden-baseline');
  t.equal(valueAt(configMap, ['data', 'baseline.yaml']), readFileSync(join(ROOT, 'policies/baseline.yaml'), 'utf8'));
  t.equal(valueAt(configMap, ['metadata', 'namespace']), 'meshwarden-system');
  t.end();
});

t.test('no Secret that is shipped holds anything', (t) => {
  const secrets = base.filter((object) => valueAt(object, ['kind']) === 'Secret');
  t.ok(secrets.length > 0);
  for (const secret of secrets) {
    t.equal(valueAt(secret, ['data']), undefined);
    t.equal(valueAt(secret, ['stringData']), undefined);
  }
  t.end();
});

t.test(
  'every webhook is free of side effects, bounded in time, blind to API versions, and has no caBundle of its own',
  (t) => {
    t.ok(hooks.length >= 7);
    for (const hook of hooks) {
      t.match(hook, { sideEffects: 'None', matchPolicy: 'Equivalent', admissionReviewVersions: ['v1'] }, nameOf(hook));
      t.equal(valueAt(hook, ['clientConfig', 'caBundle']), undefined, `${nameOf(hook)} has no caBundle`);
      t.match(valueAt(hook, ['clientConfig', 'service']), {
        name: 'meshwarden',
        namespace: 'meshwarden-system',
        port: 443,
      });
      for (const rule of listOf(valueAt(hook, ['rules']))) {
        t.same(valueAt(rule, ['apiVersions']), ['*'], `${nameOf(hook)} takes every version`);
        const names = [...stringsOf(valueAt(rule, ['resources'])), ...stringsOf(valueAt(rule, ['apiGroups']))];
        t.notOk(
          names.some((name) => name.includes('*')),
          `${nameOf(hook)} names what it takes`,
        );
      }
    }
    t.equal(new Set(hooks.map(nameOf)).size, hooks.length);
    t.end();
  },
);

t.test('the mutating side fails open, may be asked again and is called before Istio’s injector', (t) => {
  const [hook] = listOf(valueAt(mutate, ['webhooks']));
  t.match(hook, { failurePolicy: 'Ignore', reinvocationPolicy: 'IfNeeded', timeoutSeconds: 2 });
  for (const istio of ['istio-sidecar-injector', 'istio-revision-tag-default']) {
    t.ok('00-meshwarden-mutate' < istio, `the API server sorts it before ${istio}`);
  }
  t.end();
});

t.test('the validating side fails closed', (t) => {
  for (const hook of listOf(valueAt(validate, ['webhooks'])))
    t.match(hook, { failurePolicy: 'Fail', timeoutSeconds: 3 });
  t.end();
});

t.test('workloads of the system are left out by the label that nobody can set, Istio’s objects nowhere', (t) => {
  const left = (name: string): unknown => {
    const hook = hooks.find((each) => nameOf(each) === name);
    return valueAt(hook, ['namespaceSelector', 'matchExpressions', 0]);
  };
  for (const name of ['workloads.mutate.meshwarden.io', 'workloads.validate.meshwarden.io']) {
    const expression = left(name);
    t.match(expression, { key: 'kubernetes.io/metadata.name', operator: 'NotIn' });
    for (const namespace of ['kube-system', 'istio-system', 'meshwarden-system']) {
      t.ok(stringsOf(valueAt(expression, ['values'])).includes(namespace), `${name} leaves ${namespace} out`);
    }
  }
  t.equal(left('istio.validate.meshwarden.io'), undefined);
  t.end();
});

t.test('the service may read no Secret but its own and write nothing but what it owns', (t) => {
  const roles = base.filter((object) => /^(Cluster)?Role$/.test(String(valueAt(object, ['kind']))));
  const people = ['meshwarden-exempt', 'meshwarden-manage', 'meshwarden-break-glass'];
  for (const role of roles) {
    if (people.includes(String(valueAt(role, ['metadata', 'name'])))) continue;
    for (const rule of listOf(valueAt(role, ['rules']))) {
      const resources = stringsOf(valueAt(rule, ['resources']));
      const verbs = stringsOf(valueAt(rule, ['verbs']));
      t.notOk([...resources, ...verbs, ...stringsOf(valueAt(rule, ['apiGroups']))].includes('*'), 'no wildcard');
      const reads = verbs.every((verb) => ['get', 'list', 'watch'].includes(verb));
      const named = stringsOf(valueAt(rule, ['resourceNames'])).length > 0;
      const asks = resources.every((resource) => resource === 'subjectaccessreviews');
      t.ok((reads && !resources.includes('secrets')) || named || asks, `${resources.join()} ${verbs.join()}`);
    }
  }
  t.end();
});

t.test('what the service may watch is what the webhooks take, but for workloads, which stand for themselves', (t) => {
  const watched = listOf(valueAt(find('ClusterRole', 'meshwarden-watch'), ['rules'])).flatMap(pairs);
  const taken = listOf(valueAt(validate, ['webhooks'])).flatMap((hook) =>
    nameOf(hook).startsWith('workloads.') ? [] : listOf(valueAt(hook, ['rules'])).flatMap(pairs),
  );
  const whole = taken.filter((pair) => pair !== '/configmaps');
  t.same([...new Set(whole)].toSorted(), [...new Set(watched)].toSorted());
  t.end();
});

t.test(
  'glass can be broken by nobody until somebody is put into its group; its policies see all that the webhooks do',
  (t) => {
    const binding = find('ClusterRoleBinding', 'meshwarden-break-glass');
    t.match(valueAt(binding, ['subjects']), [{ kind: 'Group', name: 'meshwarden:break-glass' }]);
    t.equal(listOf(valueAt(binding, ['subjects'])).length, 1);
    const requests = (rule: unknown): readonly string[] =>
      pairs(rule).flatMap((pair) =>
        stringsOf(valueAt(rule, ['operations'])).map((operation) => `${operation} ${pair}`),
      );
    const taken = listOf(valueAt(validate, ['webhooks'])).flatMap((hook) =>
      listOf(valueAt(hook, ['rules'])).flatMap(requests),
    );
    // An annotation cannot be changed by way of these two.
    const whole = new Set(taken.filter((request) => !/\/(ephemeralcontainers|resize)$/.test(request)));
    for (const name of ['meshwarden-break-glass', 'meshwarden-break-glass-seen']) {
      const rules = listOf(
        valueAt(find('ValidatingAdmissionPolicy', name), ['spec', 'matchConstraints', 'resourceRules']),
      );
      const seen = new Set(rules.flatMap(requests));
      for (const request of whole) {
        t.ok(seen.has(request) || seen.has(request.replace(/\/.*/, '/*')), `${name} sees ${request}`);
      }
      t.notOk(seen.has('DELETE /pods'), 'a deletion that nobody judges is in nobody’s way');
    }
    for (const hook of hooks) t.match(valueAt(hook, ['matchConditions', 0]), { name: 'not-break-glass' }, nameOf(hook));
    const enforced = find('ValidatingAdmissionPolicyBinding', 'meshwarden-break-glass');
    t.match(valueAt(enforced, ['spec']), {
      validationActions: ['Deny', 'Audit'],
      paramRef: { parameterNotFoundAction: 'Deny' },
    });
    t.equal(valueAt(find('ValidatingAdmissionPolicy', 'meshwarden-break-glass'), ['spec', 'failurePolicy']), 'Fail');
    t.end();
  },
);

t.test('who may except is nobody until it is bound; the example is for one rule in one namespace', (t) => {
  t.match(valueAt(find('ClusterRole', 'meshwarden-exempt'), ['rules']), [
    { apiGroups: ['meshwarden.io'], resources: ['rules'], verbs: ['exempt'] },
  ]);
  const bound = base.filter((object) => valueAt(object, ['roleRef', 'name']) === 'meshwarden-exempt');
  t.same(bound, []);
  const example = parseAllDocuments(readFileSync(join(ROOT, 'deploy/examples/exempt-one-rule.yaml'), 'utf8'));
  const [role, binding] = example.map((document): unknown => document.toJS());
  t.match(role, {
    kind: 'Role',
    rules: [{ resources: ['rules'], resourceNames: ['bounded-retries'], verbs: ['exempt'] }],
  });
  t.match(binding, { kind: 'RoleBinding', roleRef: { kind: 'Role', name: valueAt(role, ['metadata', 'name']) } });
  t.end();
});

t.test('the pod is what `restricted` demands, in two copies, with its probes', (t) => {
  const deployment = find('Deployment', 'meshwarden');
  const pod = valueAt(deployment, ['spec', 'template', 'spec']);
  t.equal(valueAt(deployment, ['spec', 'replicas']), 2);
  t.match(valueAt(pod, ['securityContext']), { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  t.match(valueAt(pod, ['containers', 0, 'securityContext']), {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  t.match(valueAt(pod, ['containers', 0, 'readinessProbe', 'httpGet']), { path: '/readyz', port: 'health' });
  t.match(valueAt(find('Service', 'meshwarden'), ['spec', 'ports', 0]), { port: 443, targetPort: 'webhook' });
  t.end();
});

t.test('with cert-manager the CA is injected, and the service keeps neither a Secret nor the right to one', (t) => {
  const overlay = render('deploy/overlays/cert-manager');
  for (const [kind, name] of [
    ['MutatingWebhookConfiguration', '00-meshwarden-mutate'],
    ['ValidatingWebhookConfiguration', 'meshwarden-validate'],
  ] as const) {
    const annotations = valueAt(find(kind, name, overlay), ['metadata', 'annotations']);
    t.same(annotations, { 'cert-manager.io/inject-ca-from': 'meshwarden-system/meshwarden-serving' });
  }
  t.ok(find('Certificate', 'meshwarden-serving', overlay));
  t.equal(find('Secret', 'meshwarden-certificates', overlay), undefined);
  t.equal(find('Role', 'meshwarden', overlay), undefined);
  t.equal(find('RoleBinding', 'meshwarden', overlay), undefined);
  const args = stringsOf(
    valueAt(find('Deployment', 'meshwarden', overlay), ['spec', 'template', 'spec', 'containers', 0, 'args']),
  );
  t.ok(args.includes('--cert-mode=cert-manager'));
  t.ok(args.includes('--cert-dir=/var/run/meshwarden/certificates'));
  t.end();
});

t.test('the development CA', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'meshwarden-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const script = join(ROOT, 'certs/development-ca.sh');
  const certs = join(folder, 'new', 'certs');
  const run = (...args: readonly string[]): ReturnType<typeof spawnSync> =>
    spawnSync(script, args, { encoding: 'utf8' });
  const read = (name: string): string => readFileSync(join(certs, name), 'utf8');
  const openssl = (...args: readonly string[]): string =>
    spawnSync('openssl', args, { encoding: 'utf8', cwd: certs }).stdout;

  const made = run(certs);
  t.equal(made.status, 0, String(made.stderr));
  t.equal(String(made.stdout).trim(), Buffer.from(read('ca.crt')).toString('base64'), 'prints the caBundle');
  t.same(readdirSync(certs).toSorted(), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key']);
  for (const name of readdirSync(certs))
    t.equal(statSync(join(certs, name)).mode & 0o077, 0, `${name} is the owner's only`);
  const strict = openssl(
    'verify',
    '-x509_strict',
    '-purpose',
    'sslserver',
    '-verify_hostname',
    'meshwarden.meshwarden-system.svc',
    '-CAfile',
    'ca.crt',
    'tls.crt',
  );
  t.equal(strict, 'tls.crt: OK\n', 'stands up to a strict verification for the name of the Service');
  t.match(openssl('verify', '-x509_strict', '-verify_ip', '127.0.0.1', '-CAfile', 'ca.crt', 'tls.crt'), 'OK');
  t.doesNotThrow(() => createSecureContext({ cert: read('tls.crt'), key: read('tls.key') }), 'the key belongs to it');

  const before = { ca: read('ca.crt'), leaf: read('tls.crt') };
  t.equal(run('--name', 'webhook.example', '--name', '192.0.2.7', certs).status, 0);
  t.equal(read('ca.crt'), before.ca, 'a second run keeps the CA');
  t.not(read('tls.crt'), before.leaf, 'and renews the rest');
  t.match(
    openssl('x509', '-in', 'tls.crt', '-noout', '-ext', 'subjectAltName'),
    /DNS:webhook\.example.*IP Address:192\.0\.2\.7/,
  );

  t.equal(run().status, 2, 'a folder must be given');
  t.equal(run('--days', '0', certs).status, 2, 'days are above 0');
  t.equal(run('--name', 'a,DNS:b', certs).status, 2, 'a name cannot bring another with it');
  const inside = join(folder, 'repository', 'certs');
  spawnSync('git', ['init', '--quiet', join(folder, 'repository')]);
  t.match(run(inside).stderr, /is part of a git working tree/, 'keys do not come near a working tree');
  t.end();
});

function pairs(rule: unknown): readonly string[] {
  const groups = stringsOf(valueAt(rule, ['apiGroups']));
  return groups.flatMap((group) => stringsOf(valueAt(rule, ['resources'])).map((resource) => `${group}/${resource}`));
}
