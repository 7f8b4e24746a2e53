import t from 'tap';
import { isRecord, valueAt } from '../../../src/model/json.ts';
import { noProxyOverride } from '../../../src/rules/workloads/no-proxy-override.ts';
import { sidecarResources } from '../../../src/rules/workloads/sidecar-resources.ts';
import type { Rule } from '../../../src/rules/rule.ts';
import { BASELINE } from '../../baseline-fixture.ts';
import { objectsOf } from '../../rules/example-runner.ts';
import { injectedPod } from '../../../src/rules/workloads/injected-pod-yaml.ts';
import { reviewOf } from './rules.ts';
import { subject, type Subject } from './server.ts';

const RULES: readonly Rule[] = [noProxyOverride, sidecarResources];
const POD = { kind: { group: '', version: 'v1', kind: 'Pod' }, namespace: 'llmoptimizer' };
const PROXY = { name: 'istio-proxy', image: 'mine' };
const [controller = ''] = BASELINE.workloadControllers;

const pod = (containers: readonly object[], annotations: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'llmoptimizer', annotations },
  spec: { containers: [{ name: 'web', image: 'web' }, ...containers] },
});

async function mutate(server: Subject, object: unknown, request: object = {}): Promise<unknown> {
  const { body } = await server.app.inject({
    method: 'POST',
    url: '/mutate?timeout=2s',
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(reviewOf({ ...POD, object, ...request })),
  });
  const response = valueAt(JSON.parse(body), ['response']);
  return isRecord(response) ? response : {};
}

t.test('a pod that brings a part of the injector’s own is refused before the injector merges it', async (t) => {
  const server = subject(t, { rules: RULES });
  const refused = await mutate(server, pod([PROXY]));
  t.match(refused, {
    allowed: false,
    status: {
      code: 403,
      reason: 'Forbidden',
      message: /^\[MW106\] `spec\.containers\[1\]` is a container named 'istio-proxy'/,
    },
    auditAnnotations: { decision: 'deny', rules: 'MW106' },
  });
  t.equal(valueAt(refused, ['patch']), undefined);
  t.match(server.reviews[0], { webhook: 'mutate', decision: 'deny', codes: 'MW106' });
  const metrics = await server.metrics.registry.metrics();
  t.match(metrics, 'meshwarden_rule_findings_total{rule="no-proxy-override",severity="error"} 1\n');
  t.match(await mutate(server, pod([])), { allowed: true, patchType: 'JSONPatch' }, 'another one is completed');
});

t.test('a pod that comes again after the injector is no pod that brings something', async (t) => {
  const server = subject(t, { rules: RULES });
  const [injected] = objectsOf(injectedPod());
  t.match(await mutate(server, injected), { allowed: true });
  const [changed] = objectsOf(injectedPod({ image: 'mine' }));
  t.match(await mutate(server, changed), { allowed: false }, 'but one that is not as the injector writes it');
});

t.test('what is not a person’s pod that comes is left to the validating webhook', async (t) => {
  const server = subject(t, { rules: RULES });
  const byController = await mutate(server, pod([PROXY]), { userInfo: { username: controller, groups: [] } });
  t.match(byController, { allowed: true, patchType: 'JSONPatch' }, 'a controller’s pod is completed');
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'llmoptimizer' },
    spec: { template: pod([PROXY]) },
  };
  const kind = { group: 'apps', version: 'v1', kind: 'Deployment' };
  t.match(await mutate(server, deployment, { kind }), { allowed: true, patchType: 'JSONPatch' });
});

t.test('a pod whose exception counts is completed, and one whose does not is refused', async (t) => {
  const annotations = { 'meshwarden.io/exempt': 'no-proxy-override until 2027-01-31 -- own build, OPS-311' };
  const asked: unknown[] = [];
  const server = subject(t, {
    rules: RULES,
    rights: async (requester, question) => {
      asked.push(question);
      return { mayExempt: new Set(requester.username === 'sam' ? ['no-proxy-override'] : []) };
    },
  });
  const as = (username: string): object => ({ userInfo: { username, groups: [] } });
  t.match(await mutate(server, pod([PROXY], annotations), as('sam')), { allowed: true, patchType: 'JSONPatch' });
  t.match(await mutate(server, pod([PROXY], annotations), as('ann')), { allowed: false });
  t.equal(asked.length, 2);
  t.match(await mutate(server, pod([], annotations), as('ann')), { allowed: true });
  t.equal(asked.length, 2, 'nobody is asked where there is nothing to refuse');
});

t.test('a rule that throws refuses nothing here', async (t) => {
  const broken: Rule = {
    ...noProxyOverride,
    subject: 'object',
    check() {
      throw new TypeError('broken');
    },
  };
  t.match(await mutate(subject(t, { rules: [broken, sidecarResources] }), pod([PROXY])), { allowed: true });
});
