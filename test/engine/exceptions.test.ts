import t from 'tap';
import { judge } from '../../src/engine/judge.ts';
import { View } from '../../src/mesh/view.ts';
import type { Change } from '../../src/model/change.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';
import { deepFreeze, objectsOf } from '../rules/example-runner.ts';
import { EXCEPTION_RULES } from '../../src/rules/exceptions/exception-rules.ts';
import { jwtOnIngress } from '../../src/rules/access/jwt-on-ingress.ts';
import { unreadableObject } from '../../src/rules/ourselves/unreadable-object.ts';
import { formatPath } from '../../src/model/field-path.ts';
import { annotated, retries, route, RULES_TO_EXCEPT } from './exception-rules.ts';

const JANUARY = 'bounded-retries until 2027-01-31 -- load test, OPS-311';
/** The end of 31 January in UTC: the first millisecond that is not of that day. */
const JANUARY_ENDS = Date.UTC(2027, 1, 1);

type Who = 'security' | 'developer' | 'away' | 'file' | `system:${string}`;

/** A change by somebody: `security` may exempt everything, `developer` nothing; of `away` it cannot be known. */
function by(who: Who, before: KubeObject | undefined, after: KubeObject | undefined): Change {
  const operation = before === undefined ? 'CREATE' : after === undefined ? 'DELETE' : 'UPDATE';
  const objects = { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
  if (who === 'file') return { operation, ...objects };
  const requester = { username: who, groups: ['system:authenticated'] };
  if (who === 'away') {
    return {
      operation,
      ...objects,
      requester,
      mayExempt: new Set(),
      unanswered: 'the API server did not answer in time',
    };
  }
  const mayExempt = new Set(who === 'security' ? RULES_TO_EXCEPT.map(({ id }) => id) : []);
  return { operation, ...objects, requester, mayExempt };
}

function verdictOf(
  change: Change,
  { there = [], now = NOW }: { there?: readonly KubeObject[]; now?: number } = {},
): Verdict {
  const view = View.of([...there, ...(change.before === undefined ? [] : [change.before])], BASELINE.mesh);
  return judge([deepFreeze(change)], { view, baseline: BASELINE, rules: RULES_TO_EXCEPT, now });
}

/** `deny: MW401 MW902?` for what refuses, what only warns with a question mark, what is excepted with a tilde. */
function brief({ decision, findings, exceptions }: Verdict): string {
  const said = findings.map(({ code, severity }) => `${code}${severity === 'error' ? '' : '?'}`);
  return [`${decision}:`, ...[...new Set([...said, ...exceptions.map(({ rule }) => `~${rule}`)])].sort()].join(' ');
}

interface Row {
  readonly title: string;
  readonly who: Who;
  readonly from?: KubeObject;
  readonly to?: KubeObject;
  readonly now?: number;
  readonly there?: readonly KubeObject[];
  readonly gets: string;
}

function table(title: string, rows: readonly Row[]): void {
  void t.test(title, (t) => {
    for (const { title: what, who, from, to, gets, ...rest } of rows) {
      t.equal(brief(verdictOf(by(who, from, to), rest)), gets, `${who}: ${what}`);
    }
    t.end();
  });
}

const plain = route(undefined);
const good = route(undefined, retries(1));
const excepted = route(JANUARY);

table('who: set by somebody who may, and by nobody else', [
  { title: 'no exception', who: 'security', to: plain, gets: 'deny: MW401' },
  { title: 'granted', who: 'security', to: excepted, gets: 'allow: ~bounded-retries' },
  { title: 'self-granted', who: 'developer', to: excepted, gets: 'deny: MW401 MW902' },
  { title: 'self-granted on an update', who: 'developer', from: plain, to: excepted, gets: 'deny: MW401? MW902' },
  { title: 'granted on an update', who: 'security', from: plain, to: excepted, gets: 'allow: ~bounded-retries' },
  {
    title: 'put in place for a fault to come',
    who: 'developer',
    from: good,
    to: route(JANUARY, retries(1)),
    gets: 'deny: MW902',
  },
  { title: 'the right cannot be asked for', who: 'away', to: excepted, gets: 'deny: MW401 MW902' },
  { title: 'files do not tell who', who: 'file', to: excepted, gets: 'allow: ~bounded-retries' },
  {
    title: 'the API version is another one',
    who: 'developer',
    to: { ...excepted, apiVersion: 'networking.istio.io/v1alpha3' },
    gets: 'deny: MW401 MW902',
  },
  {
    title: 'the right was withdrawn since: it stays as it is',
    who: 'developer',
    from: excepted,
    to: route(JANUARY, retries(9), { labels: { a: 'b' } }),
    gets: 'allow: ~bounded-retries',
  },
  {
    title: 'the right was withdrawn since: and cannot be set again',
    who: 'developer',
    from: good,
    to: excepted,
    gets: 'deny: MW401 MW902',
  },
]);

table('what: that rule, on that object, as it was', [
  {
    title: 'another rule',
    who: 'security',
    to: route('route-timeout until 2027-01-31 -- x'),
    gets: 'deny: MW401 MW904?',
  },
  {
    title: 'two rules broken, one excepted',
    who: 'security',
    to: route(JANUARY, retries(9, { timeout: undefined })),
    gets: 'deny: MW403 ~bounded-retries',
  },
  {
    title: 'both excepted',
    who: 'security',
    to: route(`${JANUARY}; route-timeout until 2026-12-01 -- x;`, retries(9, { timeout: undefined })),
    gets: 'allow: ~bounded-retries ~route-timeout',
  },
  {
    title: 'another object of the same name and kind, elsewhere',
    who: 'developer',
    to: route(JANUARY, retries(9), { namespace: 'other' }),
    there: [excepted],
    gets: 'deny: MW401 MW902',
  },
  {
    title: 'renamed',
    who: 'developer',
    to: route(JANUARY, retries(9), { name: 'web-2' }),
    there: [excepted],
    gets: 'deny: MW401 MW902',
  },
  {
    title: 'copied by somebody who may',
    who: 'security',
    to: route(JANUARY, retries(9), { namespace: 'other' }),
    there: [excepted],
    gets: 'allow: ~bounded-retries',
  },
  {
    title: 'other things change',
    who: 'developer',
    from: excepted,
    to: route(JANUARY, retries(9, { headers: { request: { remove: ['x-a'] } } })),
    gets: 'allow: ~bounded-retries',
  },
  {
    title: 'for other requests',
    who: 'developer',
    from: route(JANUARY, retries(9, { match: [{ uri: { prefix: '/export' } }] })),
    to: excepted,
    gets: 'deny: MW401 MW902',
  },
  {
    title: 'the route moves in its list',
    who: 'developer',
    from: excepted,
    to: route(JANUARY, {
      hosts: ['web'],
      http: [
        { name: 'new', timeout: '1s' },
        { name: 'all', timeout: '5s', retries: { attempts: 9 } },
      ],
    }),
    gets: 'allow: ~bounded-retries',
  },
  { title: 'worse', who: 'developer', from: excepted, to: route(JANUARY, retries(10)), gets: 'deny: MW401 MW902' },
  {
    title: 'another value, though a better one',
    who: 'developer',
    from: excepted,
    to: route(JANUARY, retries(8)),
    gets: 'deny: MW401 MW902',
  },
  {
    title: 'another value by somebody who may',
    who: 'security',
    from: excepted,
    to: route(JANUARY, retries(10)),
    gets: 'allow: ~bounded-retries',
  },
  {
    title: 'another value, and the right cannot be asked for',
    who: 'away',
    from: excepted,
    to: route(JANUARY, retries(10)),
    gets: 'deny: MW401 MW902',
  },
  {
    title: 'mended, the exception left',
    who: 'developer',
    from: excepted,
    to: route(JANUARY, retries(1)),
    gets: 'allow: MW904?',
  },
  { title: 'mended, and taken away', who: 'developer', from: excepted, to: good, gets: 'allow:' },
  {
    title: 'mended, and broken again under the exception that was left',
    who: 'developer',
    from: route(JANUARY, retries(1)),
    to: excepted,
    gets: 'deny: MW401 MW902',
  },
  {
    title: 'taken away with the fault left: it would stay for ever',
    who: 'developer',
    from: excepted,
    to: plain,
    gets: 'deny: MW401',
  },
  {
    title: 'a second route with the same fault',
    who: 'developer',
    from: excepted,
    to: route(JANUARY, {
      hosts: ['web'],
      http: [
        { name: 'all', timeout: '5s', retries: { attempts: 9 } },
        { name: 'more', timeout: '5s', retries: { attempts: 9 } },
      ],
    }),
    gets: 'deny: MW401 MW902 ~bounded-retries',
  },
  {
    title: 'a second route of the same name with the same fault',
    who: 'developer',
    from: excepted,
    to: route(JANUARY, {
      hosts: ['web'],
      http: [
        { name: 'all', timeout: '5s', retries: { attempts: 9 } },
        { name: 'all', timeout: '5s', retries: { attempts: 9 } },
      ],
    }),
    gets: 'deny: MW401 MW902 ~bounded-retries',
  },
  {
    title: 'for more hosts',
    who: 'developer',
    from: excepted,
    to: route(JANUARY, { ...retries(9), hosts: ['web', 'shop'] }),
    gets: 'deny: MW401 MW902',
  },
  {
    title: 'a rule that has no exceptions',
    who: 'security',
    to: route('no-wildcard until 2027-01-31 -- x', { ...retries(1), hosts: ['*'] }),
    gets: 'deny: MW413 MW905',
  },
]);

table('when: through the last day in UTC, at most 180 days from now, and never again', [
  {
    title: 'the last millisecond',
    who: 'security',
    to: excepted,
    now: JANUARY_ENDS - 1,
    gets: 'allow: ~bounded-retries',
  },
  { title: 'exactly then', who: 'security', to: excepted, now: JANUARY_ENDS, gets: 'deny: MW401 MW903' },
  {
    title: 'an update on the last day',
    who: 'developer',
    from: excepted,
    to: route(JANUARY, retries(9), { labels: { a: 'b' } }),
    now: JANUARY_ENDS - 1,
    gets: 'allow: ~bounded-retries',
  },
  {
    title: 'the next change of anything',
    who: 'developer',
    from: excepted,
    to: route(JANUARY, retries(9), { labels: { a: 'b' } }),
    now: JANUARY_ENDS,
    gets: 'deny: MW401 MW903',
  },
  {
    title: 'status and managed fields are no change',
    who: 'developer',
    from: excepted,
    to: { ...route(JANUARY, retries(9), { managedFields: [{}] }), status: { a: 1 } },
    now: JANUARY_ENDS,
    gets: 'allow:',
  },
  {
    title: 'taken away when it is past, with the fault left',
    who: 'developer',
    from: excepted,
    to: plain,
    now: JANUARY_ENDS,
    gets: 'deny: MW401',
  },
  {
    title: 'taken away when it is past, the fault mended',
    who: 'developer',
    from: excepted,
    to: good,
    now: JANUARY_ENDS,
    gets: 'allow:',
  },
  {
    title: 'left when the fault is mended',
    who: 'developer',
    from: excepted,
    to: route(JANUARY, retries(1)),
    now: JANUARY_ENDS,
    gets: 'allow: MW903?',
  },
  {
    title: 'prolonged',
    who: 'developer',
    from: excepted,
    to: route(JANUARY.replace('01-31', '02-01')),
    gets: 'deny: MW401 MW902',
  },
  {
    title: 'prolonged by somebody who may',
    who: 'security',
    from: excepted,
    to: route(JANUARY.replace('01-31', '02-01')),
    gets: 'allow: ~bounded-retries',
  },
  {
    title: 'prolonged when it is past',
    who: 'developer',
    from: excepted,
    to: route(JANUARY.replace('01-31', '02-28')),
    now: JANUARY_ENDS,
    gets: 'deny: MW401 MW902',
  },
  {
    title: 'shortened',
    who: 'developer',
    from: excepted,
    to: route(JANUARY.replace('01-31', '01-01')),
    gets: 'allow: ~bounded-retries',
  },
  {
    title: 'another reason',
    who: 'developer',
    from: excepted,
    to: route(JANUARY.replace('311', '312')),
    gets: 'deny: MW401 MW902',
  },
  {
    title: 'the longest life',
    who: 'security',
    to: route('bounded-retries until 2027-05-23 -- x'),
    gets: 'allow: ~bounded-retries',
  },
  {
    title: 'the longest life, at any time of its first day',
    who: 'security',
    to: route('bounded-retries until 2027-05-23 -- x'),
    now: Date.UTC(2026, 10, 24),
    gets: 'allow: ~bounded-retries',
  },
  {
    title: 'a day more',
    who: 'security',
    to: route('bounded-retries until 2027-05-24 -- x'),
    gets: 'deny: MW401 MW903',
  },
  {
    title: 'a day more, kept: another replica’s clock was ahead',
    who: 'developer',
    from: route('bounded-retries until 2027-05-24 -- x'),
    to: route('bounded-retries until 2027-05-24 -- x', retries(9), { labels: { a: 'b' } }),
    gets: 'allow: ~bounded-retries',
  },
  {
    title: 'one that is far beyond was never granted: shortening it is no way in',
    who: 'developer',
    from: route('bounded-retries until 2099-01-01 -- x'),
    to: route('bounded-retries until 2027-01-01 -- x'),
    gets: 'deny: MW401 MW902',
  },
  {
    title: 'a time zone',
    who: 'security',
    to: route('bounded-retries until 2027-01-31T00:00:00+05:00 -- x'),
    gets: 'deny: MW401 MW901',
  },
  { title: 'in a file, when it is past', who: 'file', to: excepted, now: JANUARY_ENDS, gets: 'deny: MW401 MW903' },
]);

const marked = (attempts: number, text = 'until 2026-11-24T14:00:00Z -- INC-1'): KubeObject =>
  route(undefined, retries(attempts), {
    annotations: { 'meshwarden.io/break-glass': text },
  });

table('broken glass: what reminds of it goes when the fault has gone', [
  { title: 'swept up with the fault left', who: 'developer', from: marked(9), to: plain, gets: 'deny: MW401' },
  { title: 'emptied', who: 'security', from: marked(9), to: marked(9, ''), gets: 'deny: MW401' },
  { title: 'swept up with the fault', who: 'developer', from: marked(9), to: good, gets: 'allow:' },
  { title: 'left there', who: 'developer', from: marked(9), to: marked(9, 'x'), gets: 'allow: MW401?' },
  { title: 'excepted instead', who: 'security', from: marked(9), to: excepted, gets: 'allow: ~bounded-retries' },
  { title: 'excepted instead', who: 'developer', from: marked(9), to: excepted, gets: 'deny: MW401 MW902' },
]);

const policy = (exempt: string | undefined, spec: object): KubeObject => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'web', namespace: 'shop', ...annotated(exempt) },
  spec,
});
const CALLERS = 'named-callers until 2027-01-31 -- health checks, OPS-7';
const health = { to: [{ operation: { paths: ['/health'] } }] };
const granted = policy(CALLERS, { selector: { matchLabels: { app: 'web' } }, rules: [health] });

table('what: of a policy, the whole rule and whom it is for', [
  { title: 'granted', who: 'security', to: granted, gets: 'allow: ~named-callers' },
  {
    title: 'the rule says more paths',
    who: 'developer',
    from: granted,
    to: policy(CALLERS, {
      selector: { matchLabels: { app: 'web' } },
      rules: [{ to: [{ operation: { paths: ['/*'] } }] }],
    }),
    gets: 'deny: MW303 MW902',
  },
  {
    title: 'for all workloads',
    who: 'developer',
    from: granted,
    to: policy(CALLERS, { rules: [health] }),
    gets: 'deny: MW303 MW902',
  },
  {
    title: 'another rule that is right',
    who: 'developer',
    from: granted,
    to: policy(CALLERS, { selector: { matchLabels: { app: 'web' } }, rules: [{ from: [{}] }, health] }),
    gets: 'allow: ~named-callers',
  },
  { title: 'deleted: an exception is no reason to refuse that', who: 'developer', from: granted, gets: 'allow:' },
]);

const pod = (network: boolean, exempt?: string): object => ({
  metadata: annotated(exempt),
  spec: { hostNetwork: network },
});
const NETWORK = 'own-network until 2027-01-31 -- node agent, OPS-8';
const workload = (kind: string, template: object, exempt?: string): KubeObject => ({
  apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
  kind,
  metadata: { name: 'agent', namespace: 'shop', ...annotated(exempt) },
  spec: { template },
});
const bare = (exempt?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'agent-1',
    namespace: 'shop',
    ownerReferences: [{ kind: 'ReplicaSet', name: 'agent', controller: true }],
    ...annotated(exempt),
  },
  spec: { hostNetwork: true },
});
const cron = (job: object, template: object): KubeObject => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'agent', namespace: 'shop' },
  spec: { jobTemplate: { metadata: job, spec: { template } } },
});
const REPLICASETS = 'system:serviceaccount:kube-system:replicaset-controller';
const DEPLOYMENTS = 'system:serviceaccount:kube-system:deployment-controller';

table('workloads: on the object or on its template; controllers carry what they copy', [
  {
    title: 'on the object',
    who: 'security',
    to: workload('Deployment', pod(true), NETWORK),
    gets: 'allow: ~own-network',
  },
  {
    title: 'on the template',
    who: 'security',
    to: workload('Deployment', pod(true, NETWORK)),
    gets: 'allow: ~own-network',
  },
  {
    title: 'on the template, self-granted',
    who: 'developer',
    to: workload('Deployment', pod(true, NETWORK)),
    gets: 'deny: MW104 MW902',
  },
  {
    title: 'moved to the template, where it comes to pods',
    who: 'developer',
    from: workload('Deployment', pod(true), NETWORK),
    to: workload('Deployment', pod(true, NETWORK)),
    gets: 'deny: MW104 MW902',
  },
  {
    title: 'moved to the template by somebody who may',
    who: 'security',
    from: workload('Deployment', pod(true), NETWORK),
    to: workload('Deployment', pod(true, NETWORK)),
    gets: 'allow: ~own-network',
  },
  {
    title: 'copied to the template as well',
    who: 'developer',
    from: workload('Deployment', pod(true), NETWORK),
    to: workload('Deployment', pod(true, NETWORK), NETWORK),
    gets: 'deny: MW902 ~own-network',
  },
  {
    title: 'a new image under it',
    who: 'developer',
    from: workload('Deployment', pod(true, NETWORK)),
    to: workload('Deployment', {
      metadata: annotated(NETWORK),
      spec: { hostNetwork: true, containers: [{ image: 'b' }] },
    }),
    gets: 'allow: ~own-network',
  },
  { title: 'the pods of its ReplicaSet', who: REPLICASETS, to: bare(NETWORK), gets: 'allow: ~own-network' },
  {
    title: 'the ReplicaSet of its Deployment',
    who: DEPLOYMENTS,
    to: workload('ReplicaSet', pod(true, NETWORK)),
    gets: 'allow: ~own-network',
  },
  { title: 'pods without it', who: REPLICASETS, to: bare(), gets: 'allow: MW104?' },
  {
    title: 'pods of a template whose exception is past: a drained node must fill up again',
    who: REPLICASETS,
    to: bare(NETWORK),
    now: JANUARY_ENDS,
    gets: 'allow: MW104? MW903?',
  },
  {
    title: 'the same pod, with owner and all, by anybody else',
    who: 'developer',
    to: bare(NETWORK),
    gets: 'deny: MW104 MW902',
  },
  {
    title: 'by a service account of the same name elsewhere',
    who: 'system:serviceaccount:shop:replicaset-controller',
    to: bare(NETWORK),
    gets: 'deny: MW104 MW902',
  },
  {
    title: 'a Deployment by a controller’s account is no copy',
    who: DEPLOYMENTS,
    to: workload('Deployment', pod(true, NETWORK)),
    gets: 'deny: MW104 MW902',
  },
  {
    title: 'a Job from a CronJob by hand',
    who: 'developer',
    to: workload('Job', pod(true, NETWORK)),
    gets: 'deny: MW104 MW902',
  },
  {
    title: 'a Job from a CronJob by its controller',
    who: 'system:serviceaccount:kube-system:cronjob-controller',
    to: workload('Job', pod(true, NETWORK)),
    gets: 'allow: ~own-network',
  },
  {
    title: 'on a CronJob’s template of Jobs, which its controller copies',
    who: 'developer',
    to: cron(annotated(NETWORK), pod(true)),
    gets: 'deny: MW104 MW902',
  },
  {
    title: 'on a CronJob’s template of pods',
    who: 'security',
    to: cron({}, pod(true, NETWORK)),
    gets: 'allow: ~own-network',
  },
]);

const service = (exempt?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop', ...annotated(exempt) },
  spec: {},
});
const COVERED = 'covered until 2027-01-31 -- routed outside, OPS-9';

table('what: where a whole object is missing, the subject carries the exception', [
  { title: 'a Service without its route', who: 'security', to: service(COVERED), gets: 'allow: ~covered' },
  { title: 'self-granted', who: 'developer', to: service(COVERED), gets: 'deny: MW491? MW902' },
  { title: 'its route goes', who: 'developer', from: good, there: [service(COVERED)], gets: 'allow: ~covered' },
  {
    title: 'its route goes, and it is past',
    who: 'developer',
    from: good,
    there: [service(COVERED)],
    now: JANUARY_ENDS,
    gets: 'deny: MW491',
  },
  { title: 'another Service has one', who: 'developer', from: good, there: [service()], gets: 'deny: MW491' },
]);

t.test('the messages say which part is wrong and show one that is right', (t) => {
  const said = (exempt: string, who: Who = 'security'): readonly string[] =>
    verdictOf(by(who, undefined, route(exempt, retries(1)))).findings.map(({ code, message }) => `${code} ${message}`);
  const field = '`metadata.annotations[meshwarden.io/exempt]`';
  const ROWS: readonly (readonly [string, readonly string[]])[] = [
    [
      '',
      [
        `MW901 ${field} is empty; must be '<rule> until <YYYY-MM-DD> -- <reason>', such as 'bounded-retries until 2026-12-24 -- load test, OPS-311'`,
      ],
    ],
    [
      'bounded-retries',
      [
        `MW901 ${field} has 'bounded-retries' without a last day; must say 'until <YYYY-MM-DD>', such as 'bounded-retries until 2026-12-24 -- load test, OPS-311'`,
      ],
    ],
    [
      'bounded-retries until 2027-01-31',
      [
        `MW901 ${field} has 'bounded-retries until 2027-01-31' without a reason; must end in '-- <reason>', such as 'bounded-retries until 2027-01-31 -- load test, OPS-311'`,
      ],
    ],
    [
      'bounded-retries until 2027-01-31 -- ',
      [
        `MW901 ${field} has 'bounded-retries until 2027-01-31 --' without a reason; must end in '-- <reason>', such as 'bounded-retries until 2027-01-31 -- load test, OPS-311'`,
      ],
    ],
    [
      'bounded-retries until 2027-01-31 -- --',
      [
        `MW901 ${field} has 'bounded-retries until 2027-01-31 -- --' without a reason; must end in '-- <reason>', such as 'bounded-retries until 2027-01-31 -- load test, OPS-311'`,
      ],
    ],
    [
      'bounded-retries until 31.1.2027 -- my test',
      [
        `MW901 ${field} has '31.1.2027', which is no day; must be <YYYY-MM-DD> in UTC, such as 'bounded-retries until 2026-12-24 -- my test'`,
      ],
    ],
    [
      'bounded-retries until 2027-02-30 -- my test',
      [
        `MW901 ${field} has '2027-02-30', which is no day; must be <YYYY-MM-DD> in UTC, such as 'bounded-retries until 2026-12-24 -- my test'`,
      ],
    ],
    [
      'bounded-retrys until 2027-01-31 -- my test',
      [
        `MW901 ${field} has 'bounded-retrys', which is no rule (did you mean 'bounded-retries'?); must be the id of a rule, such as 'bounded-retries until 2027-01-31 -- my test'`,
      ],
    ],
    [
      'MW403 until 2027-01-31 -- my test',
      [
        `MW901 ${field} has 'MW403', which is no rule (did you mean 'route-timeout'?); must be the id of a rule, such as 'route-timeout until 2027-01-31 -- my test'`,
      ],
    ],
    [
      '* until 2027-01-31 -- my test',
      [
        `MW901 ${field} has '*', which is no rule; must be the id of a rule, such as 'bounded-retries until 2027-01-31 -- my test'`,
      ],
    ],
    [
      'bounded-retries, route-timeout until 2027-01-31 -- my test',
      [
        `MW901 ${field} has 'bounded-retries, route-timeout until 2027-01-31 -- my test'; must be '<rule> until <YYYY-MM-DD> -- <reason>', such as 'bounded-retries until 2026-12-24 -- my test'`,
      ],
    ],
    [
      `${JANUARY}; bounded-retries until 2027-03-31 -- again`,
      [
        `MW901 ${field} has two clauses for 'bounded-retries'; must have one`,
        `MW904 ${field} excepts 'bounded-retries', which this object keeps without it; must be taken away`,
      ],
    ],
    [`route-timeout until 2027-01-31 -- x;`.repeat(21), [`MW901 ${field} has 21 clauses; must have at most 20`]],
    [
      'no-wildcard until 2027-01-31 -- x',
      [`MW905 ${field} excepts 'no-wildcard'; must not, since that rule has no exceptions`],
    ],
    [
      'bounded-retries until 2026-11-23 -- x',
      [
        `MW903 ${field} excepts 'bounded-retries' until 2026-11-23, which is past; must be mended, or prolonged by somebody who may exempt it`,
      ],
    ],
    [
      'bounded-retries until 2028-01-01 -- x',
      [`MW903 ${field} excepts 'bounded-retries' until 2028-01-01; must end on 2027-05-23 or before`],
    ],
  ];
  for (const [exempt, messages] of ROWS) t.same(said(exempt), messages, exempt === '' ? 'nothing' : exempt);
  t.same(said(JANUARY, 'developer'), [
    `MW902 ${field} excepts 'bounded-retries'; must be set by somebody who may exempt it in namespace 'shop', and 'developer' may not`,
  ]);
  t.same(said(JANUARY, 'away'), [
    `MW902 ${field} excepts 'bounded-retries' and does not count: whether 'away' may exempt it is not known, the API server did not answer in time; try again`,
  ]);
  t.end();
});

t.test('why an exception does not cover a change is said at the field that changed', (t) => {
  const { findings } = verdictOf(by('developer', excepted, route(JANUARY, retries(10))));
  t.same(
    findings.map(({ code, message }) => `${code} ${message}`),
    [
      'MW401 `spec.http[0].retries.attempts` is 10; must be less than or equal to 1',
      "MW902 `spec.http[0].retries.attempts` is excepted from 'bounded-retries' as it was; must be changed by somebody who may exempt it in namespace 'shop', and 'developer' may not",
    ],
  );
  t.end();
});

t.test('an exception that is used is in the verdict: rule, end, reason, who carries it and what it let pass', (t) => {
  const { exceptions } = verdictOf(by('security', undefined, excepted));
  t.match(exceptions, [
    {
      rule: 'bounded-retries',
      until: '2027-01-31',
      reason: 'load test, OPS-311',
      object: { kind: 'VirtualService', namespace: 'shop', name: 'web' },
      findings: [{ code: 'MW401', severity: 'error', seen: '9' }],
    },
  ]);
  t.equal(exceptions.length, 1);
  t.end();
});

t.test('any text in the annotation gets a verdict, and none lets a fault of another rule pass', (t) => {
  const texts = [
    '__proto__ until 2027-01-31 -- x',
    'constructor until 2027-01-31 -- x',
    ';;;',
    ' ; ',
    '--',
    'until',
    '\u0000\u001b[31m until \u202e -- x',
    'x'.repeat(100_000),
    'a;'.repeat(19),
  ];
  for (const text of texts) {
    const verdict = verdictOf(by('security', undefined, route(text)));
    t.equal(verdict.decision, 'deny', JSON.stringify(text.slice(0, 40)));
    t.same(verdict.exceptions, []);
    for (const { message } of verdict.findings) {
      t.ok(message.length < 400, 'the message is short');
      t.notMatch(message, /[\p{Cc}\p{Cf}]/u, 'and holds nothing that a terminal obeys');
    }
  }
  t.end();
});

t.test('the pages of these rules show what is so', (t) => {
  const found = (yaml: string): readonly string[] => {
    const changes = objectsOf(yaml).map((object) => by('file', undefined, object));
    const rules = [...RULES_TO_EXCEPT.filter(({ id }) => id === 'bounded-retries'), unreadableObject];
    const verdict = judge(changes, { view: View.of([], BASELINE.mesh), baseline: BASELINE, rules, now: NOW });
    return verdict.findings
      .filter(({ code }) => code.startsWith('MW9'))
      .map(({ code, messageId, path }) => `${code} ${messageId} at ${formatPath(path)}`);
  };
  for (const { code, examples } of EXCEPTION_RULES) {
    for (const { title, yaml } of examples.pass) t.same(found(yaml), [], `${code} passes: ${title}`);
    for (const { title, yaml, finds } of examples.fail) {
      t.same(
        found(yaml),
        finds.map((find) => `${code} ${find}`),
        `${code} is found: ${title}`,
      );
    }
  }
  t.end();
});

t.test('a rule that only warns goes on only warning, whoever changes what was excepted from it', (t) => {
  const baseline = { ...BASELINE, rules: { 'bounded-retries': { mode: 'warn' as const, overrides: [] } } };
  const judged = (change: Change, now = NOW): string => {
    const view = View.of(change.before === undefined ? [] : [change.before], BASELINE.mesh);
    return brief(judge([deepFreeze(change)], { view, baseline, rules: RULES_TO_EXCEPT, now }));
  };
  const relabelled = route(JANUARY, retries(9), { labels: { a: 'b' } });
  t.equal(judged(by('developer', excepted, route(JANUARY, retries(10)))), 'allow: MW401? MW902?', 'changed');
  t.equal(judged(by('developer', excepted, plain)), 'allow: MW401?', 'taken away');
  t.equal(judged(by('developer', excepted, relabelled), JANUARY_ENDS), 'allow: MW401? MW903?', 'past');
  t.equal(judged(by('developer', undefined, excepted)), 'deny: MW401? MW902', 'nobody sets one without the right');
  t.end();
});

t.test('what an object was granted it keeps when others change', (t) => {
  const entry = (exempt?: string): KubeObject => route(exempt, retries(9));
  const other = route(undefined, retries(1), { name: 'other' });
  const change = by('developer', undefined, other);
  t.equal(brief(verdictOf(change, { there: [entry(JANUARY)] })), 'allow:');
  t.equal(brief(verdictOf(change, { there: [entry(JANUARY)], now: JANUARY_ENDS })), 'allow:', 'past or not');
  t.end();
});

t.test('a gateway’s exception stands on its Service', (t) => {
  const rules = [jwtOnIngress];
  const ingress = (exempt?: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'istio-ingressgateway', namespace: 'istio-ingress', ...annotated(exempt) },
    spec: {},
  });
  const TOKENS = 'jwt-on-ingress until 2027-01-31 -- public pages, OPS-10';
  const [gateway] = objectsOf(`
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: main, namespace: istio-ingress }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 443, name: https, protocol: HTTPS }, hosts: [a.example] }] }
`);
  const judged = (change: Change, there: readonly KubeObject[]): string =>
    brief(judge([deepFreeze(change)], { view: View.of(there, BASELINE.mesh), baseline: BASELINE, rules, now: NOW }));
  t.equal(judged(by('developer', undefined, gateway), [ingress()]), 'allow: MW304?', 'without');
  t.equal(judged(by('developer', undefined, gateway), [ingress(TOKENS)]), 'allow: ~jwt-on-ingress', 'with it');
  t.equal(judged(by('file', undefined, ingress(TOKENS)), []), 'allow:', 'and is not called needless there');
  t.equal(judged(by('developer', undefined, ingress(TOKENS)), []), 'deny: MW902', 'nor set by anybody');
  t.end();
});
