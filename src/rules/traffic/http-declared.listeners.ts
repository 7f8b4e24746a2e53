import type { FailExample, PassExample } from '../rule.ts';
import { service, SHOP } from './destination-rule-yaml.ts';
import { meshConfigMap } from './virtual-service-yaml.ts';

const ML = 'ml-service.llmoptimizer.svc.cluster.local';

/** A Sidecar of the client's namespace with one listener before the one for all ports; `day` of January 2026 its age. */
function listening(
  listener: string,
  { name = 'default', namespace = 'shop', rest = '', hosts = '"*/*"', day = '01' } = {},
): string {
  return `---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: ${name}, namespace: ${namespace}, creationTimestamp: "2026-01-${day}T00:00:00Z" }
spec: { ${rest}egress: [{ ${listener}, hosts: [${hosts}] }, { hosts: ["*/*"] }] }
`;
}

const SERVICE = service('ml-service', 'llmoptimizer');
const HTTP = 'port: { number: 8080, protocol: HTTP, name: http }';
const LISTENS = 'port: { number: 8080, protocol: TCP, name: tcp }';
const AT_LISTENER = 'listener at spec.egress[0].port.protocol';
/** In each namespace that the baseline lists. */
const OWN_SIDECARS = ['llmoptimizer', 'llmoptimizer-data'].map((namespace) => listening(HTTP, { namespace })).join('');
const PLAIN_SHOP = SHOP.replace(', labels: { istio-injection: enabled }', '');

/** Examples of MW417 with Sidecars that it lets pass. */
export const PASSED_LISTENERS: readonly PassExample[] = [
  {
    title: 'a Sidecar’s listener for HTTP on the service’s port',
    context: SERVICE + SHOP,
    yaml: listening('port: { number: 8080, protocol: GRPC, name: grpc }'),
  },
  {
    title: 'a proxy for HTTP on that port',
    context: SERVICE + SHOP,
    yaml: listening('port: { number: 8080, protocol: http_proxy, name: http }'),
  },
  {
    title: 'a listener for UDP, which is none',
    context: SERVICE + SHOP,
    yaml: listening('port: { number: 8080, protocol: UDP, name: dns }'),
  },
  {
    title: 'a listener for TCP on a port that the service does not have',
    context: SERVICE + SHOP,
    yaml: listening('port: { number: 5432, protocol: TCP, name: tcp }'),
  },
  {
    title: 'a listener for TCP that knows only the database on that port',
    context: SERVICE + SHOP + service('postgres', 'llmoptimizer-data', 'ports: [{ name: tcp, port: 8080 }]'),
    yaml: listening(LISTENS, { hosts: '"llmoptimizer-data/*"' }),
  },
  {
    title: 'a listener for TCP that takes the service out of what it knows',
    context: SERVICE + SHOP,
    yaml: listening(LISTENS, { hosts: `"*/*", "~llmoptimizer/${ML}"` }),
  },
  {
    title: 'a listener for TCP where the service is not exported to',
    context:
      SERVICE.replace('name: ml-service,', 'name: ml-service, annotations: { networking.istio.io/exportTo: . },') +
      SHOP,
    yaml: listening(LISTENS),
  },
  {
    title: 'a listener for TCP outside of the mesh',
    context: SERVICE + SHOP,
    yaml: listening(LISTENS, { namespace: 'other' }),
  },
  {
    title: 'a listener for TCP in a newer Sidecar, which nobody has',
    context: SERVICE + SHOP + listening(HTTP),
    yaml: listening(LISTENS, { name: 'newer', day: '02' }),
  },
  {
    title: 'the root namespace’s listener for TCP, where every namespace has its own Sidecar',
    context: SERVICE + OWN_SIDECARS,
    yaml: listening(LISTENS, { namespace: 'istio-system' }),
  },
];

/** Examples of MW417 with Sidecars that send a service bytes, or may. */
export const REFUSED_LISTENERS: readonly FailExample[] = [
  {
    title: 'a Sidecar’s listener for TCP on the service’s port',
    context: SERVICE + SHOP,
    yaml: listening(LISTENS),
    finds: [AT_LISTENER],
  },
  {
    title: 'one for TLS, for pods with a label, that knows the service by name',
    context: SERVICE + SHOP,
    yaml: listening('port: { number: 8080, protocol: tls, name: tls }', {
      rest: 'workloadSelector: { labels: { app: cart } }, ',
      hosts: `"llmoptimizer/${ML}"`,
    }),
    finds: [AT_LISTENER],
  },
  {
    title: 'one without a protocol',
    context: SERVICE + SHOP,
    yaml: listening('port: { number: 8080, name: http }'),
    finds: ['listenerGuesses at spec.egress[0].port.protocol'],
  },
  {
    title: 'one at an address of the pod’s own, where nothing is captured',
    context: SERVICE + SHOP,
    yaml: listening(`${LISTENS}, bind: 127.0.0.1, captureMode: NONE`),
    finds: [AT_LISTENER],
  },
  {
    title: 'one at a socket, which is for all ports',
    context: SERVICE + SHOP,
    yaml: listening('port: { protocol: TCP, name: tcp }, bind: "unix:///tmp/ml", captureMode: NONE'),
    finds: [AT_LISTENER],
  },
  {
    title: 'one in the namespace of the service',
    context: SERVICE,
    yaml: listening(LISTENS, { namespace: 'llmoptimizer', hosts: '"./*"' }),
    finds: [AT_LISTENER],
  },
  {
    title:
      'one in the root namespace, for all that have no Sidecar of their own, and for two services, which is one fault',
    context: SERVICE + service('auth-service', 'llmoptimizer'),
    yaml: listening(LISTENS, { namespace: 'istio-system' }),
    finds: [AT_LISTENER],
  },
  {
    title: 'a Sidecar goes, and the root namespace’s takes its place',
    deletes: true,
    context: SERVICE + OWN_SIDECARS + SHOP + listening(LISTENS, { namespace: 'istio-system' }),
    yaml: listening(HTTP),
    finds: [AT_LISTENER],
  },
  {
    title: 'a Sidecar goes, and a newer one takes its place',
    deletes: true,
    context: SERVICE + SHOP + listening(LISTENS, { name: 'newer', day: '02' }),
    yaml: listening(HTTP),
    finds: [AT_LISTENER],
  },
  {
    title: 'the Service comes after the listener',
    context: SHOP + listening(LISTENS),
    yaml: SERVICE,
    finds: [AT_LISTENER],
  },
  {
    title: 'the Service gets a port that the listener is for',
    context: SHOP + listening(LISTENS),
    before: service('ml-service', 'llmoptimizer', 'ports: [{ name: http, port: 80 }]'),
    yaml: SERVICE,
    finds: [AT_LISTENER],
  },
  {
    title: 'the namespace of the listener joins the mesh',
    context: SERVICE + listening(LISTENS),
    before: PLAIN_SHOP,
    yaml: SHOP,
    finds: [AT_LISTENER],
  },
  {
    title: 'the mesh ConfigMap exports the Service to the namespace of the listener',
    context: SERVICE + SHOP + listening(LISTENS),
    before: meshConfigMap('defaultServiceExportTo: [.]'),
    yaml: meshConfigMap('defaultServiceExportTo: [., shop]'),
    finds: [AT_LISTENER],
  },
];
