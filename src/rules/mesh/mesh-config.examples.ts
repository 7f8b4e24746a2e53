import type { FailExample, PassExample } from '../rule.ts';
import { MESH, meshConfigMap } from '../telemetry/telemetry-yaml.ts';

/** The ConfigMap of the injector; `values` are the chart's, `config` its own settings. */
function injector(values: string, config: string, name = 'istio-sidecar-injector'): string {
  return `---
apiVersion: v1
kind: ConfigMap
metadata: { name: ${name}, namespace: istio-system }
data:
  values: '${values}'
  config: '${config}'
`;
}

const PROXY = '"includeIPRanges": "*", "includeInboundPorts": "*", "excludeInboundPorts": "", "privileged": false';
const values = (proxy = PROXY, more = ''): string =>
  `{"global": {"hub": "docker.io/istio", "proxy": {"image": "proxyv2", ${proxy}}${more}}}`;
const CONFIG = 'policy: enabled\n\n\n    defaultTemplates: [sidecar]'.replaceAll(/\n+ */g, '\n\n    ');
const INJECTOR = injector(values(), CONFIG);
const BOTH = meshConfigMap(MESH) + INJECTOR;
const more = (text: string): string => meshConfigMap(`${MESH}${text}\n`);

const pass: readonly PassExample[] = [
  { title: 'both ConfigMaps', yaml: BOTH },
  { title: 'both in another spelling of their keys', context: INJECTOR, yaml: more('enable_tracing: true') },
  {
    title: 'settings that are right, some of them Istio’s own',
    context: INJECTOR,
    yaml: more(
      `inboundTrafficPolicy: {}
pathNormalization: { normalization: MERGE_SLASHES }
trustDomain: cluster.local
trustDomainAliases: []
defaultServiceExportTo: ["*"]
ingressControllerMode: OFF
discoverySelectors: [{}]
defaultHttpRetryPolicy: { attempts: 3, retryOn: "5xx, reset" }
defaultTrafficPolicy: { connectionPool: { tcp: { maxConnections: 100 } } }`,
    ),
  },
  {
    title: 'what the chart writes of the proxies',
    context: INJECTOR,
    before: meshConfigMap(MESH),
    yaml: meshConfigMap(
      MESH.replace(
        '  concurrency: 2',
        '  concurrency: 2\n  discoveryAddress: istiod-canary.istio-system.svc:15012\n  meshId: a',
      ),
    ),
  },
  { title: 'another ConfigMap of the root namespace', context: BOTH, yaml: meshConfigMap('- no map', 'telemetry') },
  {
    title: 'one that is called as if, and has no mesh configuration',
    context: BOTH,
    yaml: 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: istio-ca-root-cert, namespace: istio-system }\ndata: {}\n',
  },
  {
    title: 'the mesh configuration of another namespace',
    yaml: more('ca: { address: a }').replace('istio-system }', 'shop }'),
  },
];

/** One key that is wrong in a mesh configuration. */
const wrong = (title: string, text: string, ...at: readonly [string, ...string[]]): FailExample => {
  const [first, ...rest] = at.map((path) => `wrong at data.mesh.${path}`);
  return { title, context: INJECTOR, before: meshConfigMap(MESH), yaml: more(text), finds: [first ?? '', ...rest] };
};

const fail: readonly FailExample[] = [
  wrong('tracing off', 'enableTracing: false', 'enableTracing'),
  wrong('tracing off in snake_case', 'enable_tracing: false', 'enable_tracing'),
  wrong('ports of localhost', 'inboundTrafficPolicy: { mode: LOCALHOST }', 'inboundTrafficPolicy.mode'),
  wrong('paths as they come', 'pathNormalization: { normalization: NONE }', 'pathNormalization.normalization'),
  wrong('an old TLS to others', 'tlsDefaults: { minProtocolVersion: TLSV1_1 }', 'tlsDefaults.minProtocolVersion'),
  wrong('another trust domain', 'trustDomain: other', 'trustDomain'),
  wrong('an alias of the trust domain', 'trustDomainAliases: [other]', 'trustDomainAliases'),
  wrong('another root of trust', 'caCertificates: [{ pem: x }]', 'caCertificates'),
  wrong('another authority', 'ca: { address: "evil:1" }', 'ca'),
  wrong('another source of configuration', 'configSources: [{ address: "xds://evil:1" }]', 'configSources'),
  wrong('hidden hosts', 'serviceEntryVisibility: { applyToSidecars: true }', 'serviceEntryVisibility'),
  wrong('an Ingress without a class', 'ingressControllerMode: DEFAULT', 'ingressControllerMode'),
  wrong('rules that stay at home', 'defaultDestinationRuleExportTo: ["."]', 'defaultDestinationRuleExportTo'),
  wrong('tries at the end', 'defaultInboundHttpRetryPolicy: {}', 'defaultInboundHttpRetryPolicy'),
  wrong('one try too many', 'defaultHttpRetryPolicy: { attempts: 4 }', 'defaultHttpRetryPolicy.attempts'),
  wrong(
    'retries of more',
    'default_http_retry_policy: { retry_on: "5xx,gateway-error" }',
    'default_http_retry_policy.retry_on',
  ),
  wrong(
    'pools without an end',
    'defaultTrafficPolicy: { connectionPool: { tcp: { maxConnections: 101 }, http: { http2MaxRequests: 0 } } }',
    'defaultTrafficPolicy.connectionPool.tcp.maxConnections',
    'defaultTrafficPolicy.connectionPool.http.http2MaxRequests',
  ),
  wrong('namespaces that are not seen', 'discoverySelectors: [{ matchLabels: { a: b } }]', 'discoverySelectors'),
  wrong(
    'an authorizer that may be away',
    '- name: authz\n  envoyExtAuthzGrpc: { service: a.b, port: 1, failOpen: true }',
    'extensionProviders[1].envoyExtAuthzGrpc.failOpen',
  ),
  {
    title: 'no provider of traces and metrics any more',
    context: INJECTOR,
    before: meshConfigMap(MESH),
    yaml: meshConfigMap('defaultProviders: { tracing: [] }\n'),
    finds: [
      'unset at data.mesh.extensionProviders',
      'wrong at data.mesh.defaultProviders.tracing',
      'unset at data.mesh.defaultProviders.metrics',
    ],
  },
  {
    title: 'the default providers in snake_case, which Istio does not read',
    context: INJECTOR,
    before: meshConfigMap(MESH),
    yaml: meshConfigMap(MESH.replace('defaultProviders', 'default_providers')),
    finds: ['unset at data.mesh.defaultProviders.tracing', 'unset at data.mesh.defaultProviders.metrics'],
  },
  {
    title: 'a provider that keeps its name and is no tracer any more',
    context: INJECTOR,
    before: meshConfigMap(MESH),
    yaml: meshConfigMap(MESH.replace('  zipkin: {', '  envoyHttpAls: {')),
    finds: ['wrong at data.mesh.extensionProviders'],
  },
  {
    title: 'proxies with other brains, threads and files',
    context: INJECTOR,
    before: meshConfigMap(MESH),
    yaml: meshConfigMap(
      MESH.replace(
        'concurrency: 2',
        'concurrency: 0\n  discoveryAddress: istiod.evil.svc:15012\n  proxy_metadata: { DISABLE_ENVOY: "true" }\n  runtimeValues: { a: b }\n  interceptionMode: NONE',
      ),
    ),
    finds: [
      'wrong at data.mesh.defaultConfig.concurrency',
      'wrong at data.mesh.defaultConfig.discoveryAddress',
      'wrong at data.mesh.defaultConfig.proxy_metadata.DISABLE_ENVOY',
      'wrong at data.mesh.defaultConfig.runtimeValues',
      'wrong at data.mesh.defaultConfig.interceptionMode',
    ],
  },
  {
    title: 'a text that is no YAML',
    context: INJECTOR,
    before: meshConfigMap(MESH),
    yaml: meshConfigMap('enableAutoMtls: [true'),
    finds: ['unreadable at data.mesh'],
  },
  {
    title: 'a key that stands there twice, in a revision’s ConfigMap',
    context: BOTH,
    yaml: meshConfigMap(`${MESH}enableTracing: false\nenableTracing: true\n`, 'istio-canary'),
    finds: ['unreadable at data.mesh'],
  },
  {
    title: 'a text that is a list',
    context: INJECTOR,
    before: meshConfigMap(MESH),
    yaml: meshConfigMap('- enableAutoMtls: true'),
    finds: ['unreadable at data.mesh'],
  },
  {
    title: 'the injector turned off, pods left out, other templates and annotations',
    context: meshConfigMap(MESH),
    before: INJECTOR,
    yaml: injector(
      values(),
      'policy: disabled\n\n    neverInjectSelector: [{ matchLabels: { a: b } }]\n\n    defaultTemplates: [sidecar, mine]\n\n    injectedAnnotations: { traffic.sidecar.istio.io/excludeOutboundPorts: "1" }\n\n    templates: { sidecar: a, mine: b }',
    ),
    finds: [
      'wrong at data.config.policy',
      'wrong at data.config.neverInjectSelector',
      'wrong at data.config.defaultTemplates',
      'wrong at data.config.injectedAnnotations[traffic.sidecar.istio.io/excludeOutboundPorts]',
      'wrong at data.config.templates.mine',
    ],
  },
  {
    title: 'the injector without a policy, which turns it off, for a revision',
    context: BOTH,
    yaml: injector(values(), 'defaultTemplates: []'.replace('[]', '[sidecar]'), 'istio-sidecar-injector-canary'),
    finds: ['unset at data.config.policy'],
  },
  {
    title: 'traffic past the proxies, a proxy of another maker, another authority',
    context: meshConfigMap(MESH),
    before: INJECTOR,
    yaml: injector(
      values(
        '"includeIPRanges": "10.0.0.0/8", "includeInboundPorts": "", "excludeOutboundPorts": "22", "privileged": true',
        ', "caAddress": "evil:1"',
      ).replace('docker.io/istio', 'docker.io/istio.evil'),
      CONFIG,
    ),
    finds: [
      'wrong at data.values.global.proxy.includeIPRanges',
      'wrong at data.values.global.proxy.includeInboundPorts',
      'wrong at data.values.global.proxy.excludeOutboundPorts',
      'wrong at data.values.global.proxy.privileged',
      'wrong at data.values.global.hub',
      'wrong at data.values.global.caAddress',
    ],
  },
  {
    title: 'values that are no map',
    context: meshConfigMap(MESH),
    before: INJECTOR,
    yaml: injector('{"global":', CONFIG),
    finds: ['unreadable at data.values'],
  },
  {
    title: 'the mesh configuration is deleted',
    context: INJECTOR,
    yaml: meshConfigMap(MESH),
    deletes: true,
    finds: ['missing'],
  },
  {
    title: 'the injector’s is deleted',
    context: meshConfigMap(MESH),
    yaml: INJECTOR,
    deletes: true,
    finds: ['missingInjector'],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
