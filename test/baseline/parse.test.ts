import { readFileSync } from 'node:fs';
import t from 'tap';
import { nearest } from '../../src/model/nearest.ts';
import { parseBaseline } from '../../src/baseline/parse.ts';
import { formatProblem } from '../../src/baseline/problem.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';

const SHIPPED = readFileSync(new URL('../../policies/baseline.yaml', import.meta.url), 'utf8');
const SHA = '0'.repeat(64);
const RULES = [{ id: 'bounded-retries', summary: 'S.', mode: 'enforce' as const }];

/** The smallest file that says everything that must be said. */
const SMALL = `version: "1"
mesh:
  istioVersion: "1.31"
services:
  - name: a
    namespace: shop
    timeout: 30s
    retries: 3
    calls: [b, api.example.com]
  - name: b
    namespace: shop
    timeout: 1m30s
    retries: 0
otherServices:
  timeout: 120s
  retries: 3
  pool: 100
retryOn: [5xx]
loadBalancers: [ROUND_ROBIN]
maxTriesProduct: 8
outlierDetection:
  consecutive5xxErrors: 5
  baseEjectionTime: 30s
  maxEjectionPercent: 50
  interval: 30s
  minHealthPercent: 50
sidecar:
  requests: { cpu: 100m, memory: 128Mi }
  limits: { cpu: 200m, memory: 256Mi }
  concurrency: { default: 2, min: 1, max: 4 }
externalHosts: ["*.example.com"]
sampling:
  default: 1
exceptions:
  maxDays: 180
`;

function problemsOf(text: string): readonly string[] {
  const parsed = parseBaseline(text, { sha256: SHA, now: NOW, rules: RULES });
  return (parsed.ok ? parsed.warnings : parsed.problems).map((problem) => formatProblem(problem, 'b'));
}

function parsed(text: string) {
  const result = parseBaseline(text, { sha256: SHA, now: NOW });
  if (!result.ok) throw new Error(result.problems.map((problem) => formatProblem(problem, 'b')).join('\n'));
  return result;
}

t.test('The shipped baseline', (t) => {
  const { baseline, warnings } = parsed(SHIPPED);
  t.strictSame(warnings, [], 'has no entry whose day is over, and a release that is known');
  const demands = ({
    services,
    otherServices,
    retryOn,
    outlierDetection,
    loadBalancers,
    sidecar,
    sampling,
  }: typeof baseline) => ({
    // Who else may route a service is no number; the rules' tests let one more.
    services: services.map((service) => ({ ...service, routedFrom: [] })),
    otherServices,
    retryOn,
    outlierDetection,
    loadBalancers,
    sidecar,
    sampling,
  });
  t.strictSame(demands(baseline), demands(BASELINE), 'has the numbers that rules are tested against');
  t.strictSame(baseline.externalHosts, BASELINE.externalHosts, 'has the external hosts of the document');
  t.strictSame(baseline.workloadControllers, BASELINE.workloadControllers, "knows Kubernetes' own controllers");
  t.end();
});

t.test('A file that says only what must be said', (t) => {
  const { baseline } = parsed(SMALL);
  t.equal(baseline.sha256, SHA, 'carries the hash that its reader worked out');
  t.equal(baseline.services[0]?.host, 'a.shop.svc.cluster.local', 'gets full names');
  t.strictSame(baseline.services[0]?.calls, ['b.shop.svc.cluster.local', 'api.example.com'], 'resolves calls');
  t.equal(baseline.services[1]?.timeoutMs, 90_000, 'has durations in milliseconds');
  t.equal(baseline.services[1]?.maxConnections, 100, 'gets the pool of other services');
  t.equal(baseline.services[1]?.http2MaxRequests, 100, 'bounds HTTP/2 requests by the pool');
  t.strictSame(baseline.sidecar.ceiling, { cpu: '200m', memory: '256Mi' }, 'has the limits as ceiling');
  t.strictSame(baseline.mesh.revisions, ['default'], 'answers to the default revision');
  t.strictSame(
    baseline.mesh.outside,
    ['istio-system', 'kube-system', 'kube-public', 'kube-node-lease'],
    'leaves the system out',
  );
  t.strictSame(baseline.rules, {}, 'leaves the rules their own modes');
  t.end();
});

t.test('Other ways to write the same', (t) => {
  const aliased = SMALL.replace('requests: {', 'requests: &low {').replace(
    'limits: { cpu: 200m, memory: 256Mi }',
    'limits: *low',
  );
  t.equal(parsed(aliased).baseline.sidecar.limits.cpu, '100m', 'aliases are followed');
  const merged = SMALL.replace('  - name: b\n    namespace: shop', '  - name: b\n    <<: { namespace: shop }');
  t.strictSame(parsed(merged).baseline, parsed(SMALL).baseline, 'merge keys are followed');
  const gateway =
    'gateways:\n  egress:\n    - { name: out, namespace: edge, matchLabels: { istio: out }, service: door }\n';
  t.equal(
    parsed(SMALL + gateway).baseline.gateways.egress[0]?.host,
    'door.edge.svc.cluster.local',
    'a gateway has a Service',
  );
  const override = `rules:
  bounded-retries:
    mode: warn
    overrides:
      - { namespaces: { matchLabels: { team: x } }, mode: audit, until: "2027-01-31", reason: load test }
`;
  t.strictSame(
    parsed(SMALL + override).baseline.rules['bounded-retries'],
    {
      mode: 'warn',
      overrides: [
        {
          namespaces: { names: [], matchLabels: { team: 'x' } },
          mode: 'audit',
          until: '2027-01-31',
          reason: 'load test',
        },
      ],
    },
    'an override selects by label',
  );
  t.end();
});

/** Puts a database in migration before `sampling:`. */
function database(until: string): string {
  return `databases:\n  - { namespace: data, matchLabels: { app: x }, until: ${until}, reason: old clients }\nsampling:`;
}

const FAULTS: readonly (readonly [title: string, from: string, to: string, ...says: string[]])[] = [
  [
    'an unknown key',
    '    timeout: 30s',
    '    timeuot: 30s',
    "b:7:5: `services[0].timeuot` is not a known key; did you mean 'timeout'?",
  ],
  [
    'an unknown key that is like none',
    'maxTriesProduct: 8',
    'maxTriesProduct: 8\nzzz: 1',
    'b:21:1: `zzz` is not a known key; it must be removed',
  ],
  [
    'an unknown key where few are known',
    '{ cpu: 100m, memory: 128Mi }',
    '{ cpu: 100m, memory: 128Mi, gpu: 1 }',
    "b:28:41: `sidecar.requests.gpu` is not a known key; did you mean 'cpu'?",
  ],
  [
    'a limit as a string',
    '    retries: 3',
    '    retries: "3"',
    "b:8:14: `services[0].retries` is the string '3'; must be a whole number (write it without quotation marks)",
  ],
  [
    'a number of words',
    '    retries: 3',
    '    retries: three',
    "b:8:14: `services[0].retries` is the string 'three'; must be a whole number",
  ],
  [
    'a timeout without unit',
    'timeout: 30s',
    'timeout: 30',
    "b:7:14: `services[0].timeout` is the number 30; must be a string with its unit, such as '30s'",
  ],
  [
    'a timeout of none',
    'timeout: 30s',
    'timeout: 0s',
    "b:7:14: `services[0].timeout` is the string '0s'; must be a duration longer than 0 with its unit, such as '30s', '1m30s' or '250ms'",
  ],
  [
    'a timeout in days',
    'timeout: 30s',
    'timeout: 1d',
    "b:7:14: `services[0].timeout` is the string '1d'; must be a duration longer than 0 with its unit, such as '30s', '1m30s' or '250ms'",
  ],
  [
    'a negative number',
    '    retries: 3',
    '    retries: -1',
    'b:8:14: `services[0].retries` is the number -1; must be greater than or equal to 0',
  ],
  [
    'a fraction',
    '    retries: 3',
    '    retries: 1.5',
    'b:8:14: `services[0].retries` is the number 1.5; must be a whole number',
  ],
  [
    'a version that YAML reads as a number',
    'istioVersion: "1.31"',
    'istioVersion: 1.31',
    'b:3:17: `mesh.istioVersion` is the number 1.31; must be a string (write it in quotation marks)',
  ],
  [
    'a version that is none',
    '"1.31"',
    'latest',
    "b:3:17: `mesh.istioVersion` is the string 'latest'; must be a minor release of Istio, such as '1.31'",
  ],
  [
    'a release older than all that are known',
    '"1.31"',
    '"1.29"',
    "b:3:17: `mesh.istioVersion` is '1.29', of which Meshwarden does not know what it does; must be from '1.30' to '1.32'",
  ],
  [
    'a release newer than all that are known',
    '"1.31"',
    '"1.33"',
    "b:3:17: `mesh.istioVersion` is '1.33', of which Meshwarden does not know what it does; must be from '1.30' to '1.32'",
  ],
  [
    'a share above 100',
    'maxEjectionPercent: 50',
    'maxEjectionPercent: 101',
    'b:24:23: `outlierDetection.maxEjectionPercent` is the number 101; must be less than or equal to 100',
  ],
  [
    'a quantity that is none',
    'cpu: 100m',
    'cpu: 100x',
    "b:28:20: `sidecar.requests.cpu` is the string '100x'; must be a Kubernetes quantity, such as '100m' or '128Mi'",
  ],
  [
    'a quantity as a number',
    'cpu: 200m',
    'cpu: 2',
    'b:29:18: `sidecar.limits.cpu` is the number 2; must be a string (write it in quotation marks)',
  ],
  [
    'requests above limits',
    'cpu: 100m',
    'cpu: 300m',
    "b:28:20: `sidecar.requests.cpu` is '300m'; must be less than or equal to `sidecar.limits.cpu`, which is '200m'",
  ],
  [
    'a concurrency out of its own bounds',
    '{ default: 2, min: 1, max: 4 }',
    '{ default: 5, min: 1, max: 4 }',
    'b:30:27: `sidecar.concurrency.default` is 5; must be from 1 to 4',
  ],
  [
    'a concurrency of none',
    '{ default: 2, min: 1, max: 4 }',
    '{ default: 2, min: 0, max: 4 }',
    'b:30:35: `sidecar.concurrency.min` is the number 0; must be greater than or equal to 1',
  ],
  [
    'bounds the wrong way round',
    '{ default: 2, min: 1, max: 4 }',
    '{ default: 2, min: 4, max: 1 }',
    'b:30:35: `sidecar.concurrency.min` is 4; must be less than or equal to `max`, which is 1',
  ],
  [
    'an unknown condition',
    '[5xx]',
    '[5xx, reste]',
    "b:18:16: `retryOn[1]` is the string 'reste'; must be one of '5xx', 'gateway-error', 'reset', 'reset-before-request', 'connect-failure', 'envoy-ratelimited', 'retriable-4xx', 'refused-stream', 'retriable-status-codes', 'retriable-headers', 'http3-post-connect-failure', 'cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable'",
  ],
  [
    'a condition twice',
    '[5xx]',
    '[5xx, 5xx]',
    'b:18:10: `retryOn` is a list of 2; may not hold the same item twice (items 0 and 1)',
  ],
  ['an empty list', '[5xx]', '[]', 'b:18:10: `retryOn` is a list of 0; may not be empty'],
  [
    'a call to nobody',
    'calls: [b,',
    'calls: [bb,',
    "b:9:13: `services[0].calls[0]` is 'bb'; must be a service of this file or one of `externalHosts`; did you mean 'b'?",
  ],
  [
    'a call to an unregistered host',
    'api.example.com',
    'api.example.org',
    "b:9:16: `services[0].calls[1]` is 'api.example.org'; must be a service of this file or one of `externalHosts`",
  ],
  [
    'the same service twice',
    '- name: b',
    '- name: a',
    "b:9:13: `services[0].calls[0]` is 'b'; must be a service of this file or one of `externalHosts`; did you mean 'a'?",
    "b:10:11: `services[1].name` is 'a'; the host 'a.shop.svc.cluster.local' is already that of `services[0]`",
  ],
  [
    'a key without value',
    'exceptions:\n  maxDays: 180',
    'exceptions:',
    'b:34:12: `exceptions` is empty; must be a mapping of keys to values',
  ],
  [
    'a list where a mapping must be',
    'mesh:\n  istioVersion: "1.31"',
    'mesh: []',
    'b:2:7: `mesh` is a list of 0; must be a mapping of keys to values',
  ],
  [
    'a mapping where a list must be',
    '[ROUND_ROBIN]',
    '{ ROUND_ROBIN: true }',
    'b:19:16: `loadBalancers` is a mapping; must be a list',
  ],
  [
    'a duplicate key',
    '    retries: 0',
    '    retries: 0\n    retries: 1',
    'b:14:5: the file is not readable as YAML: map keys must be unique',
  ],
  [
    'bad indentation',
    '  timeout: 120s',
    '\ttimeout: 120s',
    'b:15:1: the file is not readable as YAML: tabs are not allowed as indentation',
    'b:16:12: the file is not readable as YAML: nested mappings are not allowed in compact mappings',
  ],
  [
    'an alias to nothing',
    '[5xx]',
    '*nowhere',
    "b:18:10: the file names the alias '*nowhere', which nothing before it defines",
  ],
  ['an alias to itself', '[5xx]', '&a [*a]', 'b:1:1: aliases may not contain themselves or grow beyond reason'],
  [
    'an external host that is a bare star',
    '"*.example.com"',
    '"*"',
    "b:31:17: `externalHosts[0]` is the string '*'; must be a host name, or '*.' and a suffix of at least two parts",
  ],
  [
    'a prototype key',
    'sampling:',
    '__proto__: { a: 1 }\nsampling:',
    'b:32:1: `__proto__` is not a known key; it must be removed',
  ],
  [
    'a terminal control sequence in a value',
    '[5xx]',
    '["\\e[31m5xx"]',
    "b:18:11: `retryOn[0]` is the string '\ufffd[31m5xx'; must be one of '5xx', 'gateway-error', 'reset', 'reset-before-request', 'connect-failure', 'envoy-ratelimited', 'retriable-4xx', 'refused-stream', 'retriable-status-codes', 'retriable-headers', 'http3-post-connect-failure', 'cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable'",
  ],
  [
    'a database past its day',
    'sampling:',
    database('"2026-11-23"'),
    "b:33:56: `databases[0].until` is '2026-11-23', which is over; the entry no longer counts and must be removed or renewed",
  ],
  ['a database on its last day', 'sampling:', database('"2026-11-24"')],
  [
    'a database with a day that does not exist',
    'sampling:',
    database('"2027-02-30"'),
    "b:33:56: `databases[0].until` is the string '2027-02-30'; must be a day that exists, such as '2027-12-31'",
  ],
  [
    'a database without labels',
    'sampling:',
    database('"2027-01-01"').replace('{ app: x }', '{}'),
    'b:33:37: `databases[0].matchLabels` is a mapping; may not be empty',
  ],
  [
    'a label as a number',
    'sampling:',
    database('"2027-01-01"').replace('{ app: x }', '{ app: 1 }'),
    'b:33:44: `databases[0].matchLabels.app` is the number 1; must be a string (write it in quotation marks)',
  ],
  [
    'an issuer without TLS',
    'sampling:',
    'issuers: [{ issuer: a, jwksUri: "http://a/", audiences: [x] }]\nsampling:',
    "b:32:33: `issuers[0].jwksUri` is the string 'http://a/'; must begin with 'https://'",
  ],
  [
    'an unknown rule',
    'sampling:',
    'rules: { bounded-retrys: { mode: warn } }\nsampling:',
    "b:32:10: `rules[bounded-retrys]` is not a known key; did you mean 'bounded-retries'?",
  ],
  [
    'an unknown mode',
    'sampling:',
    'rules: { bounded-retries: { mode: deny } }\nsampling:',
    "b:32:35: `rules[bounded-retries].mode` is the string 'deny'; must be one of 'enforce', 'warn', 'audit', 'off'",
  ],
  [
    'an override that selects nothing',
    'sampling:',
    `rules:\n  bounded-retries:\n    overrides:\n      - { namespaces: {}, mode: off, until: "2027-01-01", reason: x }\nsampling:`,
    'b:35:23: `rules[bounded-retries].overrides[0].namespaces` selects nothing; must have `names` or `matchLabels`',
  ],
  [
    'an override past its day',
    'sampling:',
    `rules:\n  bounded-retries:\n    overrides:\n      - { namespaces: { names: [a] }, mode: warn, until: "2020-01-01", reason: x }\nsampling:`,
    "b:35:58: `rules[bounded-retries].overrides[0].until` is '2020-01-01', which is over; the override no longer counts and must be removed or renewed",
  ],
  [
    'a split that cannot be',
    '    retries: 0',
    '    retries: 0\n    split: [{ subset: x, min: 60, max: 50 }, { subset: x, min: 50, max: 50 }]',
    'b:14:12: `services[1].split` has shares of at least 110 percent together; must be 100 or less',
    'b:14:31: `services[1].split[0].min` is 60; must be less than or equal to `max`, which is 50',
    "b:14:56: `services[1].split[1].subset` is 'x'; may not stand twice in a split",
  ],
  [
    'a split that leaves a rest',
    '    retries: 0',
    '    retries: 0\n    split: [{ subset: x, min: 0, max: 50 }]',
    'b:14:12: `services[1].split` has shares of at most 50 percent together; must be 100 or more',
  ],
  [
    'a pin to no subset',
    '    retries: 0',
    '    retries: 0\n    split: [{ subset: x, min: 0, max: 100 }]\n    pins: [{ header: h, value: v, subset: y }]',
    "b:15:43: `services[1].pins[0].subset` is 'y'; must be a subset of the service's `split`: 'x'",
  ],
  [
    'a namespace inside and outside',
    'istioVersion: "1.31"',
    'istioVersion: "1.31"\n  namespaces: [a]\n  outside: [a]',
    "b:5:13: `mesh.outside[0]` is 'a'; may not also stand in `mesh.namespaces`",
  ],
  [
    'the same gateway twice',
    'sampling:',
    'gateways: { ingress: [&g { name: i, namespace: n, matchLabels: { a: b } }, { <<: *g, service: s }] }\nsampling:',
    "b:32:34: `gateways.ingress[1].name` is 'i'; is already that of `gateways.ingress[0]`",
  ],
  [
    'the same extension twice',
    'sampling:',
    `extensions: [&e { kind: EnvoyFilter, namespace: n, name: x, sha256: ${'a'.repeat(64)} }, { <<: *e, sha256: ${'b'.repeat(64)} }]\nsampling:`,
    'b:32:58: `extensions[1].name` names EnvoyFilter n/x, which `extensions[0]` already does',
  ],
  [
    'a hash that is none',
    'sampling:',
    'extensions: [{ kind: EnvoyFilter, namespace: n, name: x, sha256: abc }]\nsampling:',
    "b:32:66: `extensions[0].sha256` is the string 'abc'; must be 64 lower-case hexadecimal digits",
  ],
];

for (const [title, from, to, ...says] of FAULTS) {
  t.test(`A file with ${title}`, (t) => {
    t.ok(SMALL.includes(from), 'differs in one thing from one that is right');
    t.strictSame(problemsOf(SMALL.replace(from, () => to)), says, 'has these problems');
    t.end();
  });
}

const OTHER_FILES: readonly (readonly [text: string, ...says: string[]])[] = [
  ['', 'b:1:1: the file is empty; must be a mapping of keys to values'],
  ['# nothing', 'b:1:1: the file is empty; must be a mapping of keys to values'],
  ['[]', 'b:1:1: the file is a list of 0; must be a mapping of keys to values'],
  ['12', 'b:1:1: the file is the number 12; must be a mapping of keys to values'],
  ['a: b: c', 'b:1:4: the file is not readable as YAML: nested mappings are not allowed in compact mappings'],
  ['---\na: 1\n---\nb: 2\n', 'b:3:1: the file must be one YAML document'],
  ['\u0000', "b:1:1: the file is the string '\ufffd'; must be a mapping of keys to values"],
  ['{"version": 1', 'b:1:14: the file is not readable as YAML: flow map must end with a }'],
];

t.test('A file that is no baseline at all', (t) => {
  for (const [text, ...says] of OTHER_FILES)
    t.strictSame(problemsOf(text), says, `is refused: ${JSON.stringify(text)}`);
  t.equal(problemsOf('{}').length, 11, 'all that an empty mapping lacks is said');
  t.end();
});

t.test('Several faults', (t) => {
  const text = SMALL.replace('retries: 3', 'retries: "3"')
    .replace('interval: 30s', 'intervall: 30')
    .replace('[5xx]', '[]');
  t.strictSame(
    problemsOf(text).map((line) => line.split(' ').slice(0, 2).join(' ')),
    ['b:8:14: `services[0].retries`', 'b:18:10: `retryOn`', 'b:25:3: `outlierDetection.intervall`'],
    'are said at once, in the order of the file',
  );
  t.end();
});

t.test('A word that was meant', (t) => {
  t.equal(nearest('timeuot', ['timeout', 'retries']), 'timeout', 'is found by its letters');
  t.equal(nearest('Retries', ['timeout', 'retries']), 'retries', 'whatever their case');
  t.equal(nearest('frobnicate', ['timeout', 'retries']), undefined, 'is not guessed from afar');
  t.equal(nearest('x'.repeat(100_000), ['x'.repeat(100_000)]), undefined, 'nor sought in a very long word');
  t.end();
});
