import * as fc from 'fast-check';
import t from 'tap';
import { BODY_LIMIT_BYTES } from '../../../src/edge/http/admission-server.ts';
import { View } from '../../../src/mesh/view.ts';
import { isRecord, valueAt } from '../../../src/model/json.ts';
import type { Rule } from '../../../src/rules/rule.ts';
import { BASELINE } from '../../baseline-fixture.ts';
import { deployment, FEW_TRIES, PAID, reviewOf, SETTINGS, virtualService } from './rules.ts';
import { subject, type Subject } from './server.ts';

type Request = Readonly<Record<string, unknown>>;

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly json: unknown;
}

async function post(server: Subject, body: unknown, options: { path?: string; type?: string } = {}): Promise<Answer> {
  const {
    statusCode,
    body: text,
    headers,
  } = await server.app.inject({
    method: 'POST',
    url: options.path ?? '/validate?timeout=3s',
    headers: { 'content-type': options.type ?? 'application/json' },
    payload: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: statusCode, text, headers, json: text.startsWith('{') ? JSON.parse(text) : undefined };
}

const responseOf = ({ json }: Answer): unknown => valueAt(json, ['response']);

t.test('a review gets the answer that the API server takes, and one line in the log', async (t) => {
  const server = subject(t);
  const answer = await post(server, reviewOf({ object: virtualService(9) }));
  t.equal(answer.status, 200);
  t.match(String(answer.headers['content-type']), /^application\/json/);
  t.match(answer.json, { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
  t.match(responseOf(answer), {
    uid: 'b1c2',
    allowed: false,
    status: {
      code: 403,
      reason: 'Forbidden',
      message: /^\[MW990\] `spec\.http\[0\]\.retries\.attempts` is 9; must be less than or equal to 1\n/,
    },
    auditAnnotations: { decision: 'deny', rules: 'MW990', baseline: 'test 000000000000' },
  });
  t.equal(valueAt(responseOf(answer), ['patch']), undefined);
  t.equal(server.reviews.length, 1);
  t.match(server.reviews[0], {
    webhook: 'validate',
    uid: 'b1c2',
    kind: 'VirtualService',
    ns: 'shop',
    name: 'web',
    operation: 'CREATE',
    decision: 'deny',
    codes: 'MW990',
    dryRun: false,
    durationMs: Number,
  });
  t.match(responseOf(await post(server, reviewOf({ object: virtualService(1) }))), { allowed: true });
  t.match(responseOf(await post(server, reviewOf({ object: virtualService(9), dryRun: true }))), { allowed: false });
  t.match(server.reviews[2], { dryRun: true }, 'a dry run gets the same verdict, and the log says that it was one');
});

const BAD: readonly (readonly [title: string, body: unknown, says: string])[] = [
  ['a body that is no JSON', '{"apiVersion": ', 'the body must be JSON; it cannot be parsed'],
  ['an empty body', '', 'the body must be JSON; it cannot be parsed'],
  ['a list', [], "the body must be an object of kind 'AdmissionReview'"],
  ['null', 'null', "the body must be an object of kind 'AdmissionReview'"],
  ['another kind', { kind: 'Pod' }, "the body must be an object of kind 'AdmissionReview'"],
  [
    'a version that is gone',
    { ...reviewOf({}), apiVersion: 'admission.k8s.io/v1beta1' },
    "`apiVersion` must be 'admission.k8s.io/v1'; set `admissionReviewVersions: [v1]` in the webhook configuration",
  ],
  [
    'a review without a request',
    { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
    '`request` is not set; a review must have one',
  ],
  ['a request that is a list', { ...reviewOf({}), request: [] }, '`request` is not set; a review must have one'],
  ['a review without a uid', reviewOf({ uid: undefined }), '`request.uid` is not set; the answer must repeat it'],
  ['a uid that is a number', reviewOf({ uid: 5 }), '`request.uid` is not set; the answer must repeat it'],
  [
    'an operation that there is not',
    reviewOf({ operation: 'PATCH' }),
    '`request.operation` must be CREATE, UPDATE, DELETE or CONNECT',
  ],
  [
    'an object that is a number',
    reviewOf({ object: 7 }),
    '`request.object` must be an object with `apiVersion` and `kind`',
  ],
  [
    'an object without a kind',
    reviewOf({ object: { apiVersion: 'v1' } }),
    '`request.object` must be an object with `apiVersion` and `kind`',
  ],
  ['a CREATE of nothing', reviewOf({}), '`request.object` is not set; CREATE cannot be judged without it'],
  [
    'a DELETE that does not say of what',
    reviewOf({ operation: 'DELETE' }),
    '`request.oldObject` is not set; DELETE cannot be judged without it',
  ],
  [
    'an UPDATE that does not say from what',
    reviewOf({ operation: 'UPDATE', object: virtualService(1) }),
    '`request.oldObject` is not set; UPDATE cannot be judged without it',
  ],
];

t.test('a body that is no review gets 400 and one sentence, at both doors', async (t) => {
  const server = subject(t);
  for (const [title, body, says] of BAD) {
    for (const path of ['/validate', '/mutate']) {
      const { status, text, headers } = await post(server, body, { path });
      t.equal(`${status} ${text}`, `400 ${says}\n`, `${title} at ${path}`);
      t.match(String(headers['content-type']), /^text\/plain/);
    }
  }
  t.same(server.faults, [], 'and none of them is a fault of ours');
});

t.test('another content type gets 415, another path or method 404', async (t) => {
  const server = subject(t);
  const yaml = await post(server, 'kind: AdmissionReview', { type: 'application/yaml' });
  t.equal(`${yaml.status} ${yaml.text}`, '415 the content type must be application/json\n');
  const plain = await post(server, '{}', { type: 'text/plain' });
  t.equal(plain.status, 415);
  for (const [method, url] of [
    ['GET', '/validate'],
    ['POST', '/validate/x'],
    ['DELETE', '/mutate'],
    ['GET', '/'],
  ] as const) {
    const { statusCode, body } = await server.app.inject({ method, url });
    t.equal(
      `${statusCode} ${body}`,
      '404 there is POST /validate and POST /mutate, and nothing else\n',
      `${method} ${url}`,
    );
  }
});

t.test('seven megabytes are judged, eight get 413 and one sentence', async (t) => {
  const server = subject(t);
  const ofBytes = (bytes: number): string => {
    const review = reviewOf({ object: { ...virtualService(9), metadata: { annotations: { filler: '' } } } });
    const bare = JSON.stringify(review).length;
    return JSON.stringify(review).replace('"filler":""', `"filler":"${'x'.repeat(bytes - bare)}"`);
  };
  const most = await post(server, ofBytes(BODY_LIMIT_BYTES));
  t.match([most.status, valueAt(responseOf(most), ['allowed'])], [200, false]);
  for (const bytes of [BODY_LIMIT_BYTES + 1, 8 * 1024 * 1024]) {
    const { status, text } = await post(server, ofBytes(bytes));
    t.equal(`${status} ${text}`, `413 the review is longer than ${BODY_LIMIT_BYTES} bytes; make the object smaller\n`);
  }
});

t.test('keys that only the language has a meaning for are keys like others', async (t) => {
  const server = subject(t);
  const text = JSON.stringify(reviewOf({ object: virtualService(9) })).replace(
    '"spec":{',
    '"constructor":{"prototype":{"polluted":1}},"spec":{"__proto__":{"polluted":1,"http":[]},',
  );
  t.match(text, '__proto__');
  const answer = await post(server, text);
  t.match([answer.status, valueAt(responseOf(answer), ['allowed'])], [200, false], 'they hide nothing');
  t.equal(valueAt({}, ['polluted']), undefined);
  t.notOk('polluted' in {}, 'and change no other object');
});

t.test('objects nested 10,000 and 500,000 deep are answered', async (t) => {
  const server = subject(t);
  for (const depth of [10_000, 500_000]) {
    const nested = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    const withSpec = (object: object): string =>
      JSON.stringify(object).replace('"spec":{', `"spec":{"deep":${nested},`);
    const text = withSpec(reviewOf({ object: virtualService(9) }));
    const created = await post(server, text);
    t.match([created.status, valueAt(responseOf(created), ['allowed'])], [200, false], `${depth}: created`);
    const update = JSON.stringify(
      reviewOf({ operation: 'UPDATE', object: virtualService(1), oldObject: virtualService(1) }),
    ).replaceAll('"spec":{', `"spec":{"deep":${nested},`);
    const updated = await post(server, update);
    t.match(responseOf(updated), {
      allowed: false,
      status: { code: 403, message: /^\[MW003\] the object is nested too deep to be read; must be nested less deep$/ },
    });
    const template = JSON.stringify(reviewOf({ object: deployment(1) })).replace(
      '"spec":{}',
      `"spec":{"deep":${nested}}`,
    );
    const mutated = await post(server, template, { path: '/mutate' });
    t.match([mutated.status, valueAt(responseOf(mutated), ['allowed'])], [200, true], `${depth}: mutated`);
  }
  t.match(
    responseOf(await post(server, reviewOf({ object: virtualService(1) }))),
    { allowed: true },
    'and it lives on',
  );
});

t.test('a field of a type that it cannot have is judged, not stumbled over', async (t) => {
  const server = subject(t);
  for (const spec of [7, null, [], 'x', { http: 7 }, { http: [7] }, { http: { 0: {} } }, { hosts: 7 }]) {
    const answer = await post(server, reviewOf({ object: { ...virtualService(1), spec } }));
    t.match([answer.status, valueAt(responseOf(answer), ['allowed'])], [200, true], JSON.stringify(spec));
  }
  for (const metadata of [null, 7, [], { name: 7, namespace: [] }]) {
    const answer = await post(server, reviewOf({ object: { ...virtualService(9), metadata } }));
    t.match([answer.status, valueAt(responseOf(answer), ['allowed'])], [200, false], JSON.stringify(metadata));
  }
  t.same(server.faults, []);
});

t.test('a rule that throws refuses with MW001, and is counted', async (t) => {
  const server = subject(t);
  const gateway = { apiVersion: 'networking.istio.io/v1', kind: 'Gateway', metadata: { name: 'g' }, spec: {} };
  const answer = await post(server, reviewOf({ object: gateway }));
  t.match(responseOf(answer), {
    allowed: false,
    status: { code: 403, message: /^\[MW001\] rule 'faulty' \(MW992\) could not judge this object: TypeError/ },
  });
  t.match(await server.metrics.registry.metrics(), 'meshwarden_rule_faults_total{rule="faulty"} 1\n');
});

t.test(
  'any other fault of ours is a 500 with one sentence and without detail, is logged, and ends nothing',
  async (t) => {
    let isBroken = true;
    const server = subject(t, {
      reality: () => {
        if (isBroken) throw new Error('the secret of the house');
        return { view: View.of([], SETTINGS), baseline: BASELINE, stale: [] };
      },
    });
    const { status, text } = await post(server, reviewOf({ object: virtualService(1) }));
    t.equal(status, 500);
    t.equal(text, 'Meshwarden could not judge this review because of a fault of its own; its log says which\n');
    t.match(server.faults, [{ message: 'the secret of the house' }]);
    isBroken = false;
    t.match(responseOf(await post(server, reviewOf({ object: virtualService(1) }))), { allowed: true });
  },
);

const DEPLOYMENT = { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } };
const mutateReview = (server: Subject, request: Request): Promise<Answer> =>
  post(server, reviewOf({ ...DEPLOYMENT, ...request }), { path: '/mutate?timeout=2s' });

t.test('a mutating review adds what is absent, and has no patch where nothing is', async (t) => {
  const server = subject(t);
  const added = await mutateReview(server, { object: deployment(1) });
  const patch = Buffer.from(String(valueAt(responseOf(added), ['patch'])), 'base64').toString('utf8');
  t.match(responseOf(added), {
    uid: 'b1c2',
    allowed: true,
    patchType: 'JSONPatch',
    auditAnnotations: { rules: 'paid' },
  });
  t.same(JSON.parse(patch), [
    { op: 'add', path: '/spec/template/metadata/annotations', value: { 'shop.example/payer': 'house' } },
  ]);
  const paid = { metadata: { annotations: { 'shop.example/payer': 'ann' } }, spec: {} };
  const nothing = await mutateReview(server, { object: deployment(1, paid) });
  t.match(responseOf(nothing), { uid: 'b1c2', allowed: true });
  t.equal(valueAt(responseOf(nothing), ['patch']), undefined, 'neither a patch');
  t.equal(valueAt(responseOf(nothing), ['patchType']), undefined, 'nor its type');
  const scaled = await mutateReview(server, { operation: 'UPDATE', object: deployment(3), oldObject: deployment(1) });
  t.equal(valueAt(responseOf(scaled), ['patch']), undefined, 'nor where only the replicas change');
  t.match(server.reviews[0], { webhook: 'mutate', decision: 'patch', codes: 'paid' });
  t.match(await server.metrics.registry.metrics(), 'meshwarden_patches_total{rule="paid"} 1\n');
});

t.test('a mutating review is allowed with a warning whatever goes wrong', async (t) => {
  const server = subject(t);
  const statefulSet = { ...deployment(1), kind: 'StatefulSet' };
  const answer = await mutateReview(server, { object: statefulSet });
  t.match(responseOf(answer), {
    allowed: true,
    warnings: ['not everything was added to this object: a fault of Meshwarden in faulty'],
  });
  // A number that JSON does not have: applied, the patch would not give what was meant.
  const mutate: Rule['mutate'] = ({ add, podPath }) => add([...podPath, 'metadata', 'annotations', 'a'], Number.NaN);
  const broken = subject(t, { rules: [{ ...PAID, mutate }] });
  const dropped = await mutateReview(broken, { object: deployment(1) });
  t.match(responseOf(dropped), {
    allowed: true,
    warnings: ['not everything was added to this object: the patch would have changed something else'],
  });
  t.equal(valueAt(responseOf(dropped), ['patch']), undefined, 'a patch that would not apply is not sent');
  t.match(await broken.metrics.registry.metrics(), 'meshwarden_patches_dropped_total 1\n');
  const lost = subject(t, {
    rules: [PAID],
    reality: () => ({
      view: View.of([], SETTINGS),
      baseline: { ...BASELINE, workloadControllers: thrown() },
      stale: [],
    }),
  });
  const owned = { username: 'x', groups: [] };
  const survived = await mutateReview(lost, { object: deployment(1), userInfo: owned });
  t.match(responseOf(survived), {
    allowed: true,
    warnings: ['not everything was added to this object: a fault of Meshwarden'],
  });
  t.match(lost.faults, [{ message: 'lost' }]);
});

function thrown(): readonly string[] {
  return new Proxy([], {
    get: () => {
      throw new Error('lost');
    },
  });
}

t.test('what is not the object itself is decided subresource by subresource', async (t) => {
  const server = subject(t);
  const update = { operation: 'UPDATE', object: virtualService(9), oldObject: virtualService(1) };
  const decided = async (request: Request): Promise<unknown> => {
    const answer = await post(server, reviewOf(request));
    return valueAt(responseOf(answer), ['allowed']);
  };
  t.equal(await decided(update), false);
  t.equal(await decided({ ...update, subResource: 'status' }), true, 'the server takes no spec from a status');
  t.match(server.reviews.at(-1), { note: /^status allowed: the API server takes the status/ });
  const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'web' }, spec: { replicas: 2 } };
  t.equal(await decided({ operation: 'UPDATE', subResource: 'scale', object: scale, oldObject: scale }), true);
  t.match(server.reviews.at(-1), { note: /^scale allowed: / });
  t.equal(await decided({ ...update, subResource: 'resize' }), false, 'the whole object comes with a resize');
  t.equal(await decided({ ...update, subResource: 'ephemeralcontainers' }), false, 'and with ephemeral containers');
  for (const subResource of ['binding', 'eviction', 'exec', 'attach', 'portforward', 'proxy']) {
    t.equal(await decided({ operation: 'CONNECT', subResource }), true, subResource);
    t.match(server.reviews.at(-1), { note: new RegExp(`^${subResource} allowed: `) });
  }
  t.equal(await decided({ operation: 'CONNECT' }), true);
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' }, data: {} };
  t.equal(await decided({ object: secret }), true);
  t.match(server.reviews.at(-1), { note: 'allowed: no rule reads this kind' });
  t.equal(await decided({ operation: 'DELETE', oldObject: virtualService(9) }), true, 'what breaks a rule may go');
});

t.test('names and namespaces are those that the object will have', async (t) => {
  const seen: unknown[] = [];
  const spy = {
    ...FEW_TRIES,
    subject: 'object' as const,
    reads: ['VirtualService', 'Namespace'] as const,
    check: (object: object) => {
      seen.push(structuredClone(valueAt(object, ['metadata'])));
      return [];
    },
  };
  const server = subject(t, { rules: [spy] });
  const last = async (request: Request): Promise<unknown> => {
    await post(server, reviewOf(request));
    return seen.at(-1);
  };
  const bare = { ...virtualService(1), metadata: { generateName: 'web-', creationTimestamp: '2001-01-01T00:00:00Z' } };
  t.same(
    await last({ object: bare, name: '' }),
    { generateName: 'web-', creationTimestamp: '2001-01-01T00:00:00Z', name: 'web-(generated)', namespace: 'shop' },
    'a created object has the age that the API server has written before it asks for validation',
  );
  t.match(await last({ object: { ...virtualService(1), metadata: {} } }), { name: 'web', namespace: 'shop' });
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
  t.same(
    await last({ object: namespace, name: 'shop', namespace: 'shop' }),
    { name: 'shop' },
    'a Namespace stands in none',
  );
});

t.test('a review is warned about when what it was judged by is old', async (t) => {
  const reality = () => ({ view: View.of([], SETTINGS), baseline: BASELINE, stale: ['VirtualService'] as const });
  const server = subject(t, { reality });
  const answer = await post(server, reviewOf({ object: virtualService(1) }));
  t.match(responseOf(answer), {
    allowed: true,
    warnings: ['[MW002] judged on old facts, the API server does not answer: MW990'],
  });
});

t.test('a caller whose time is over gets 503 and may try again', async (t) => {
  let now = 0;
  const server = subject(t, {
    clock: () => {
      now += 2100;
      return now;
    },
  });
  for (const [path, status] of [
    ['/validate?timeout=3s', 503],
    ['/validate?timeout=1s', 503],
    ['/validate?timeout=10s', 200],
    ['/validate', 200],
    ['/validate?timeout=no', 200],
    ['/mutate?timeout=2s', 503],
  ] as const) {
    const { status: given, text, headers } = await post(server, reviewOf({ object: virtualService(1) }), { path });
    t.equal(given, status, path);
    if (status !== 503) continue;
    t.equal(text, 'the time for this review is over; try again\n');
    t.match(headers, { 'retry-after': '1', connection: 'close' });
  }
  t.match(await server.metrics.registry.metrics(), 'meshwarden_reviews_shed_total 3\n');
});

t.test('each answer closes its connection while the server drains', async (t) => {
  const server = subject(t);
  t.not((await post(server, reviewOf({ object: virtualService(1) }))).headers.connection, 'close');
  server.drain();
  const answer = await post(server, reviewOf({ object: virtualService(1) }));
  t.match([answer.status, answer.headers.connection], [200, 'close']);
});

t.test('metrics have closed labels and counters that start at 0', async (t) => {
  const server = subject(t);
  const before = await server.metrics.registry.metrics();
  t.match(before, 'meshwarden_rule_findings_total{rule="few-tries",severity="error"} 0\n');
  t.match(before, 'meshwarden_patches_dropped_total 0\n');
  await post(server, reviewOf({ object: virtualService(9), kind: { kind: 'x'.repeat(5000) } }));
  await post(server, reviewOf({ object: virtualService(9) }));
  const text = await server.metrics.registry.metrics();
  const reviews = 'meshwarden_admission_reviews_total{webhook="validate",operation="CREATE",';
  t.match(text, `${reviews}kind="other",decision="deny",dry_run="false"} 1\n`);
  t.match(text, `${reviews}kind="VirtualService",decision="deny",dry_run="false"} 1\n`);
  t.match(text, 'meshwarden_rule_findings_total{rule="few-tries",severity="error"} 2\n');
  t.match(text, 'meshwarden_reviews_in_flight 0\n');
});

t.test('any JSON gets an answer in words, and any object a verdict for its own uid', async (t) => {
  const server = subject(t);
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (body) => {
      const { status, text } = await post(server, JSON.stringify(body));
      return status === 400 && text.trim().split('\n').length === 1;
    }),
    { numRuns: 200 },
  );
  const kinds = fc.constantFrom(
    { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService' },
    { apiVersion: 'networking.istio.io/v1alpha3', kind: 'Sidecar' },
    { apiVersion: 'apps/v1', kind: 'Deployment' },
    { apiVersion: 'v1', kind: 'Namespace' },
    { apiVersion: 'v1', kind: 'Service' },
  );
  await fc.assert(
    fc.asyncProperty(fc.uuid(), kinds, fc.jsonValue(), fc.jsonValue(), async (uid, kind, metadata, spec) => {
      const body = reviewOf({ uid, object: { ...kind, metadata, spec } });
      for (const path of ['/validate', '/mutate']) {
        const { status, json } = await post(server, body, { path });
        const response = valueAt(json, ['response']);
        if (status !== 200 || !isRecord(response) || response.uid !== uid) return false;
      }
      return true;
    }),
    { numRuns: 300 },
  );
  t.same(server.faults, []);
});
