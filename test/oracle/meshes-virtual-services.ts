import * as fc from 'fast-check';
import { type JsonObject, numberOf } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { layer4Entries } from './meshes-layer4.ts';
import { duration, exportTo, HOST, maybe, objectOf, rarely, written } from './meshes-words.ts';

const stringMatch = fc.constantFrom<JsonObject>({ exact: 'a' }, { prefix: 'a' }, { regex: 'a.*' }, {});

const uri = fc.constantFrom<JsonObject>(
  { prefix: '/' },
  { prefix: '/v1' },
  { prefix: '/v1/x' },
  { exact: '/v1/x' },
  { regex: '.*' },
  { regex: '/v.*' },
);

const match = fc
  .record({
    uri: maybe(uri),
    method: rarely(fc.constantFrom({ exact: 'GET' }, { regex: 'GET|HEAD' }), 5),
    headers: rarely(fc.record({ 'x-version': stringMatch }), 4),
    withoutHeaders: rarely(fc.record({ 'x-version': stringMatch }), 8),
    queryParams: rarely(fc.record({ q: stringMatch }), 8),
    port: rarely(fc.constantFrom(80, 9090), 6),
    sourceLabels: rarely(fc.constantFrom({ app: 'caller' }, { app: 'ml' }), 6),
    sourceNamespace: rarely(fc.constantFrom('client', 'shop'), 6),
    gateways: rarely(fc.constantFrom(['mesh'], ['gw'], ['mesh', 'shop/gw']), 8),
    ignoreUriCase: rarely(fc.boolean(), 8),
  })
  .map(written);

const destination = fc
  .record({
    host: fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(HOST, 'ml') },
      {
        weight: 2,
        arbitrary: fc.constantFrom('web.shop.svc.cluster.local', 'ml.shop', 'ML', 'api.example.com', 'nobody'),
      },
    ),
    subset: rarely(fc.constantFrom('v1', 'v2', 'v9'), 3),
    port: rarely(fc.constantFrom({ number: 80 }, { number: 9090 }), 4),
  })
  .map(written);

/** Destinations with their weights, of which one is more than 0. */
export const weighted = fc
  .array(fc.record({ destination, weight: maybe(fc.constantFrom(0, 1, 5, 50, 95)) }).map(written), {
    minLength: 1,
    maxLength: 3,
  })
  .map((list) => {
    const isNothing = list.length > 1 && list.every(({ weight }) => (numberOf(weight) ?? 0) === 0);
    return isNothing ? list.map((one, index) => (index === 0 ? { ...one, weight: 1 } : one)) : list;
  });

const retries = fc
  .record({
    attempts: maybe(fc.constantFrom(0, 1, 2, 3, 10)),
    perTryTimeout: rarely(duration, 3),
    retryOn: rarely(fc.constantFrom('5xx,reset', 'connect-failure', '503', '5xx,503,429', 'retriable-status-codes'), 3),
  })
  .map(({ attempts, perTryTimeout, retryOn }) =>
    written(attempts === undefined || attempts === 0 ? { attempts } : { attempts, perTryTimeout, retryOn }),
  );

const fault = fc.constant({ abort: { httpStatus: 503, percentage: { value: 10 } } });

const mirroring = fc.constantFrom<JsonObject>(
  {},
  {},
  {},
  {},
  { mirror: { host: 'web.shop.svc.cluster.local' } },
  { mirror: { host: 'ml' }, mirrorPercentage: { value: 0 } },
  { mirrors: [{ destination: { host: 'ml' } }, { destination: { host: 'nobody' }, percentage: { value: 0 } }] },
);

const rest = {
  name: rarely(fc.constantFrom('one', 'two'), 6),
  match: maybe(fc.array(match, { maxLength: 2 })),
  timeout: maybe(duration),
  retries: maybe(retries),
  fault: rarely(fault, 8),
  mirroring,
};

const plain = fc
  .record({ ...rest, route: weighted })
  .map(({ mirroring: mirror, ...entry }) => written({ ...entry, ...mirror }));

const answering = fc
  .record({
    match: rest.match,
    action: fc.constantFrom({ redirect: { uri: '/' } }, { directResponse: { status: 503 } }),
  })
  .map(({ match: matches, action }) => written({ match: matches, ...action }));

const handing = fc
  .record({
    ...rest,
    delegate: fc
      .record({ name: fc.constantFrom('d', 'e', 'gone'), namespace: rarely(fc.constantFrom('shop', 'client'), 2) })
      .map(written),
  })
  .map(({ mirroring: mirror, ...entry }) => written({ ...entry, ...mirror }));

const rootEntry = fc.oneof(
  { weight: 8, arbitrary: plain },
  { weight: 2, arbitrary: handing },
  { weight: 1, arbitrary: answering },
);

const hosts = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom([HOST], [HOST], ['ml']) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ['ML.shop.svc.cluster.local'],
      ['ml.shop'],
      ['ml.shop.svc'],
      ['ml.shop.svc.cluster.local.'],
      ['*.shop.svc.cluster.local'],
      ['*.svc.cluster.local'],
      ['*l.shop.svc.cluster.local'],
      ['web.shop.svc.cluster.local', HOST],
      ['web.shop.svc.cluster.local', 'ml.shop'],
      ['api.example.com'],
      ['*.example.com'],
      ['unknown.example.com'],
    ),
  },
);

const rootSpec = fc
  .record({
    hosts,
    gateways: rarely(fc.constantFrom(['mesh'], ['gw'], ['mesh', 'shop/gw']), 4),
    exportTo,
    http: fc.array(rootEntry, { maxLength: 3 }),
    ...layer4Entries(weighted),
  })
  .map(({ http, tcp, tls, ...spec }) => {
    const isNothing = http.length === 0 && tcp === undefined && tls === undefined;
    return written({ ...spec, http: isNothing ? [{ redirect: { uri: '/' } }] : http, tcp, tls });
  });

const delegateSpec = fc
  .record({
    exportTo,
    hosts: rarely(fc.constant([HOST]), 12),
    http: fc.array(fc.oneof({ weight: 9, arbitrary: plain }, { weight: 1, arbitrary: answering }), {
      minLength: 1,
      maxLength: 2,
    }),
  })
  .map(written);

const kind = { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService' } as const;

/** Several for one host in several namespaces, with delegates of which some vanish. */
export const virtualServices: fc.Arbitrary<readonly KubeObject[]> = fc
  .tuple(
    fc.array(objectOf({ ...kind, namespaces: ['shop', 'shop', 'client', 'other', 'istio-system'], spec: rootSpec }), {
      maxLength: 3,
    }),
    fc.array(objectOf({ ...kind, namespaces: ['shop', 'client'], names: ['d', 'e'], spec: delegateSpec }), {
      maxLength: 2,
    }),
  )
  .map(([roots, delegates]) => [...delegates, ...roots]);
