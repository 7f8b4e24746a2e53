import type { FailExample, PassExample } from '../rule.ts';

const INGRESS = '{ istio: ingressgateway }';
const EGRESS = '{ istio: egressgateway }';
const HOST = '[llmoptimizer/api.llmoptimizer.example]';

/** An Istio Gateway with one server for each text, in flow style. */
function gateway(selector: string, ...servers: readonly string[]): string {
  const list = servers.map((server, index) => `    - ${server.replace('NAME', `name: s${index}`)}`).join('\n');
  return `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: edge, namespace: istio-ingress }
spec:
  selector: ${selector}
  servers:
${list}
`;
}

const https = (tls: string, hosts = HOST): string =>
  `{ port: { number: 443, NAME, protocol: HTTPS }, hosts: ${hosts}, tls: { ${tls} } }`;
const SIMPLE = 'mode: SIMPLE, credentialName: cert';
const http = (rest: string, hosts = HOST): string =>
  `{ port: { number: 80, NAME, protocol: HTTP }, hosts: ${hosts}${rest} }`;
const passthrough = (hosts: string): string =>
  `{ port: { number: 15443, NAME, protocol: TLS }, hosts: ${hosts}, tls: { mode: PASSTHROUGH } }`;

/** A Gateway API Gateway with one listener for each text. */
function listeners(...list: readonly string[]): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: front, namespace: istio-ingress }
spec:
  gatewayClassName: istio
  listeners: [${list.join(', ')}]
`;
}

const TERMINATED =
  '{ name: https, port: 443, protocol: HTTPS, hostname: api.llmoptimizer.example, tls: { certificateRefs: [{ name: cert }] } }';
const PLAIN = '{ name: http, port: 80, protocol: HTTP, hostname: api.llmoptimizer.example }';

function route(rules: string): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: HTTPRoute
metadata: { name: api, namespace: llmoptimizer }
spec: { parentRefs: [{ name: front, namespace: istio-ingress }], rules: ${rules} }
`;
}

const REDIRECT = '{ filters: [{ type: RequestRedirect, requestRedirect: { scheme: https, statusCode: 301 } }] }';
const BACKEND = '{ backendRefs: [{ name: api-gateway, port: 8080 }] }';

const pass: readonly PassExample[] = [
  {
    title: 'TLS, and plain HTTP that redirects',
    yaml: gateway(INGRESS, http(', tls: { httpsRedirect: true }'), https(`${SIMPLE}, minProtocolVersion: TLSV1_2`)),
  },
  {
    title: 'TLS of a version of Istio’s choice',
    yaml: gateway(INGRESS, https(`${SIMPLE}, minProtocolVersion: TLS_AUTO`)),
  },
  {
    title: 'clients with certificates, for a wildcard of the baseline, at v1beta1',
    yaml: gateway(INGRESS, https('mode: MUTUAL, credentialName: cert', '["*.llmoptimizer.example"]')).replace(
      '/v1',
      '/v1beta1',
    ),
  },
  {
    title: 'mutual TLS to the egress gateway, and the application’s own TLS to registered hosts',
    yaml: gateway(
      EGRESS,
      https('mode: ISTIO_MUTUAL', '["./api.openai.com"]'),
      passthrough('["./*.googleapis.com", www.googleapis.com]'),
    ),
  },
  { title: 'a Gateway API Gateway that ends TLS', yaml: listeners(TERMINATED) },
  {
    title: 'a plain listener, whose route redirects',
    context: listeners(TERMINATED, PLAIN),
    yaml: route(`[${REDIRECT}]`),
  },
  {
    title: 'a route for the TLS listener only',
    context: listeners(TERMINATED, PLAIN),
    yaml: route(`[${BACKEND}]`).replace('istio-ingress }', 'istio-ingress, sectionName: https }'),
  },
  {
    title: 'a waypoint',
    yaml: listeners('{ name: mesh, port: 15008, protocol: HBONE }').replace('Name: istio', 'Name: istio-waypoint'),
  },
  {
    title: 'a Gateway API Gateway on the egress gateway',
    yaml: listeners(
      '{ name: mesh, port: 443, protocol: HTTPS, hostname: api.openai.com, tls: { options: { gateway.istio.io/tls-terminate-mode: ISTIO_MUTUAL } } }',
    ).replace(
      'gatewayClassName',
      'addresses: [{ type: Hostname, value: istio-egressgateway.istio-egress.svc.cluster.local }]\n  gatewayClassName',
    ),
  },
];

const fail: readonly FailExample[] = [
  {
    title: 'plain HTTP',
    yaml: gateway(INGRESS, http('')),
    finds: ['noRedirect at spec.servers[0].tls.httpsRedirect'],
  },
  {
    title: 'plain HTTP that says it does not redirect, at v1alpha3',
    yaml: gateway(INGRESS, http(', tls: { httpsRedirect: false }')).replace('/v1', '/v1alpha3'),
    finds: ['noRedirect at spec.servers[0].tls.httpsRedirect'],
  },
  {
    title: 'TCP, the protocol in small letters, as second server',
    yaml: gateway(INGRESS, https(SIMPLE), '{ port: { number: 9000, NAME, protocol: tcp }, hosts: [a.example] }'),
    finds: ['plaintext at spec.servers[1].port.protocol'],
  },
  {
    title: 'no `tls` at all',
    yaml: gateway(INGRESS, '{ port: { number: 443, NAME, protocol: TLS }, hosts: [a.example] }'),
    finds: ['noTls at spec.servers[0].tls'],
  },
  {
    title: 'an empty `tls`, which passes through',
    yaml: gateway(INGRESS, https('')),
    finds: ['passthrough at spec.servers[0].tls.mode'],
  },
  {
    title: 'a route by server name to anywhere in the mesh',
    yaml: gateway(INGRESS, https('mode: AUTO_PASSTHROUGH')),
    finds: ['passthrough at spec.servers[0].tls.mode'],
  },
  {
    title: 'certificates if you like',
    yaml: gateway(INGRESS, https('mode: OPTIONAL_MUTUAL, credentialName: cert')),
    finds: ['optional at spec.servers[0].tls.mode'],
  },
  {
    title: 'TLS 1.1',
    yaml: gateway(INGRESS, https(`${SIMPLE}, minProtocolVersion: TLSV1_1`)),
    finds: ['oldVersion at spec.servers[0].tls.minProtocolVersion'],
  },
  {
    title: 'every host in four spellings, and a wildcard that the baseline does not name',
    yaml: gateway(INGRESS, https(SIMPLE, '["*", "./*", "llmoptimizer/*", "*/*", "*.example"]')),
    finds: [
      'anyHost at spec.servers[0].hosts[0]',
      'anyHost at spec.servers[0].hosts[1]',
      'anyHost at spec.servers[0].hosts[2]',
      'anyHost at spec.servers[0].hosts[3]',
      'wildcard at spec.servers[0].hosts[4]',
    ],
  },
  {
    title: 'no selector, which is every gateway',
    yaml: gateway('{}', http('')),
    finds: ['noRedirect at spec.servers[0].tls.httpsRedirect'],
  },
  {
    title: 'the egress gateway with a certificate of its own, and in plain HTTP',
    yaml: gateway(EGRESS, https(SIMPLE, '[api.openai.com]'), http('', '[api.openai.com]')),
    finds: ['egress at spec.servers[0].tls.mode', 'egress at spec.servers[1].tls.mode'],
  },
  {
    title: 'the egress gateway passes through to a host that nobody registered',
    yaml: gateway(EGRESS, passthrough('[api.github.com, evil.example]')),
    finds: ['unregistered at spec.servers[0].hosts[1]'],
  },
  {
    title: 'a Gateway API Gateway that passes through, and one listener for every host',
    yaml: listeners(
      '{ name: tls, port: 443, protocol: TLS, hostname: api.llmoptimizer.example, tls: { mode: Passthrough } }',
      '{ name: any, port: 8443, protocol: HTTPS, tls: { certificateRefs: [{ name: cert }] } }',
    ),
    finds: ['passthrough at spec.listeners[0].tls.mode', 'anyHost at spec.listeners[1].hostname'],
  },
  {
    title: 'a Gateway API listener of bytes, which may not name a host',
    yaml: listeners(TERMINATED, '{ name: bytes, port: 9000, protocol: TCP }'),
    finds: ['plaintext at spec.listeners[1].protocol'],
  },
  {
    title: 'a route that serves what a plain listener takes, in its second rule',
    context: listeners(TERMINATED, PLAIN),
    yaml: route(`[${REDIRECT}, ${BACKEND}]`),
    finds: ['servesPlain at spec.rules[1]'],
  },
  {
    title: 'a listener turns plain under a route that serves',
    context: route(`[${BACKEND}]`),
    before: listeners(TERMINATED),
    yaml: listeners(TERMINATED, PLAIN),
    finds: ['servesPlain at spec.rules[0]'],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
