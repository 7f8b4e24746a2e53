import type { FailExample, PassExample } from '../rule.ts';
import { httpRoute, to, virtualService } from './virtual-service-yaml.ts';

const headers = (operations: string, version = 'v1'): string =>
  virtualService(to('ml-service', `headers: { ${operations} }`), { version });
const filtered = (filter: string): string => httpRoute(`filters: [{ ${filter} }]`);

const pass: readonly PassExample[] = [
  { title: 'no header operations', yaml: virtualService(to('ml-service')) },
  {
    title: 'headers of the application’s own',
    yaml: headers('request: { set: { x-user-group: control }, add: { x-version: "1" }, remove: [x-debug] }'),
  },
  {
    title: 'a response loses what only people read',
    yaml: headers('response: { remove: [x-envoy-upstream-service-time, x-envoy-decorator-operation] }'),
  },
  {
    title: 'a match looks at such a header and changes nothing',
    yaml: virtualService(
      `{ match: [{ headers: { x-envoy-max-retries: { exact: "1" } } }], ${to('ml-service').slice(2)}`,
    ),
  },
  {
    title: 'an HTTPRoute with headers of the application’s own',
    yaml: filtered(
      'type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x-a, value: b }], remove: [x-c] }',
    ),
  },
];

const AT = 'spec.http[0].headers.request';

const fail: readonly FailExample[] = [
  {
    title: 'the number of retries is set, in capitals, at v1beta1',
    yaml: headers('request: { set: { X-Envoy-Max-Retries: "10" } }', 'v1beta1'),
    finds: [`touched at ${AT}.set[X-Envoy-Max-Retries]`],
  },
  {
    title: 'an UPDATE adds the conditions of retries and the time of a try, at v1alpha3',
    before: headers('request: { set: { x-a: b } }', 'v1alpha3'),
    yaml: headers(
      'request: { set: { x-a: b, x-envoy-retry-on: 5xx }, add: { x-envoy-upstream-rq-per-try-timeout-ms: "1" } }',
      'v1alpha3',
    ),
    finds: [`touched at ${AT}.set[x-envoy-retry-on]`, `touched at ${AT}.add[x-envoy-upstream-rq-per-try-timeout-ms]`],
  },
  {
    title: 'the timeout of a request, for one destination of the second entry',
    yaml: virtualService(
      `{ match: [{ uri: { prefix: /a } }], ${to('ml-service').slice(2)}, { route: [{ destination: { host: ml-service }, headers: { request: { set: { x-envoy-upstream-rq-timeout-ms: "86400000" } } } }] }`,
    ),
    finds: ['touched at spec.http[1].route[0].headers.request.set[x-envoy-upstream-rq-timeout-ms]'],
  },
  {
    title: 'status codes and names of headers to retry on, in the Gateway API’s lists',
    yaml: filtered(
      'type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x-a, value: b }, { name: X-Envoy-Retriable-Status-Codes, value: "500" }], add: [{ name: x-envoy-retriable-header-names, value: a }] }',
    ),
    finds: [
      'touched at spec.rules[0].filters[0].requestHeaderModifier.set[1]',
      'touched at spec.rules[0].filters[0].requestHeaderModifier.add[0]',
    ],
  },
  {
    title: 'the caller’s certificate is written, and the token’s payload is taken away',
    yaml: headers('request: { set: { x-forwarded-client-cert: By=me }, remove: [x-a, X-JWT-Payload] }'),
    finds: [`touched at ${AT}.set[x-forwarded-client-cert]`, `touched at ${AT}.remove[1]`],
  },
  {
    title: 'a response is told how to retry',
    yaml: headers('response: { add: { x-envoy-retry-grpc-on: cancelled } }'),
    finds: ['touched at spec.http[0].headers.response.add[x-envoy-retry-grpc-on]'],
  },
  {
    title: 'a backend of an HTTPRoute has its own filter',
    yaml: `---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: HTTPRoute
metadata: { name: route, namespace: llmoptimizer }
spec: { rules: [{ backendRefs: [{ name: a, port: 80, filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { remove: [x-envoy-max-retries] } }] }] }] }
`,
    finds: ['touched at spec.rules[0].backendRefs[0].filters[0].requestHeaderModifier.remove[0]'],
  },
  {
    title: 'a GRPCRoute',
    yaml: `---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: route, namespace: llmoptimizer }
spec: { rules: [{ filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { add: [{ name: x-envoy-hedge-on-per-try-timeout, value: "true" }] } }] }] }
`,
    finds: ['touched at spec.rules[0].filters[0].requestHeaderModifier.add[0]'],
  },
];

/** Examples of MW412. */
export const examples = { pass, fail };
