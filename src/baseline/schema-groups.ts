import { day, duration, group, integer, list, matchLabels, name, percent, type Schema, text } from './schema-words.ts';

/** The tokens that `retryOn` may hold. @see https://www.envoyproxy.io/docs/envoy/v1.36.0/configuration/http/http_filters/router_filter#x-envoy-retry-on */
export const RETRY_CONDITIONS = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
];

const SPLIT = list(
  'How its traffic is divided between subsets; absent: any way.',
  group(
    'The share of a subset, in percent of the whole.',
    {
      subset: text("The subset's name."),
      min: percent('The least share.'),
      max: percent('The greatest share.'),
    },
    ['subset', 'min', 'max'],
  ),
  { minItems: 1 },
);

const PINS = list(
  'Header values that lead to a subset before the weighted route.',
  group(
    'A header value and its subset.',
    { header: text("The header's name."), value: text('Its exact value.'), subset: text('Where it leads.') },
    ['header', 'value', 'subset'],
  ),
  { default: [] },
);

/** The schema of `services`. */
export const SERVICES: Schema = list(
  'The services of the platform and what each is granted.',
  group(
    'A service.',
    {
      name: name("Its Kubernetes Service's name."),
      namespace: name('Its namespace.'),
      host: text('Its full name; absent: `<name>.<namespace>.svc.<clusterDomain>`.', { format: 'host' }),
      timeout: duration('The longest that one request to it may take, retries included.'),
      retries: integer('Retries after the first try; 0 means none.', 0, 100),
      idempotentOnly: {
        type: 'boolean',
        default: false,
        description: 'Only routes matched to idempotent methods may retry.',
      },
      pool: integer('The upper bound of `connectionPool.tcp.maxConnections`; absent: as `otherServices`.', 1),
      http2MaxRequests: integer('The upper bound of `connectionPool.http.http2MaxRequests`; absent: as `pool`.', 1),
      hashHeader: text('The header on which its requests must be hashed; absent: any allowed load balancer.'),
      split: SPLIT,
      pins: PINS,
      calls: list('What it calls: names of services of this list, or external hosts.', text('A service or host.'), {
        default: [],
      }),
      http: { type: 'boolean', default: true, description: 'Its ports must be declared as HTTP.' },
      routedFrom: list('Namespaces other than its own whose VirtualServices may route it.', name('A namespace.'), {
        default: [],
      }),
    },
    ['name', 'namespace', 'timeout', 'retries'],
  ),
);

const amounts = (description: string): Schema =>
  group(
    description,
    {
      cpu: { type: 'string', format: 'quantity', description: "CPU as a Kubernetes quantity, such as '100m'." },
      memory: { type: 'string', format: 'quantity', description: "Memory as a Kubernetes quantity, such as '128Mi'." },
    },
    ['cpu', 'memory'],
  );

/** The schema of `sidecar`. */
export const SIDECAR: Schema = group(
  'What every sidecar gets and may have.',
  {
    requests: amounts('Requests where a workload sets none.'),
    limits: amounts('Limits where a workload sets none.'),
    ceiling: amounts('Limits may not be above; absent: as `limits`.'),
    concurrency: group(
      'Worker threads of the proxy.',
      {
        default: integer('Where a workload sets none.', 1, 128),
        min: integer('At least.', 1, 128),
        max: integer('At most.', 1, 128),
      },
      ['default', 'min', 'max'],
    ),
    versionLabel: text('The label `version` where nothing better is known.', { format: 'label-value', default: 'v1' }),
    proxyMetadata: list('Keys of `proxyMetadata` that a pod may set.', text('A key.'), { default: [] }),
  },
  ['requests', 'limits', 'concurrency'],
);

const HOSTS = text('A host name, or `*.` and a suffix.', { format: 'host' });

/** The schema of what concerns traffic in and out. */
export const EXTERNAL: Readonly<Record<string, Schema>> = {
  retryOn: list('The conditions on which a request may be retried.', { enum: RETRY_CONDITIONS }, { minItems: 1 }),
  loadBalancers: list(
    'The load balancers that a service may have.',
    { enum: ['ROUND_ROBIN', 'LEAST_REQUEST', 'RANDOM', 'PASSTHROUGH', 'CONSISTENT_HASH'] },
    { minItems: 1 },
  ),
  maxTriesProduct: integer('The greatest product of tries along a path of the call graph.', 1),
  externalHosts: list('External hosts that may be registered.', HOSTS, { default: [] }),
  ingressHosts: list('Wildcard hosts that ingress servers may name.', HOSTS, { default: [] }),
  issuers: list(
    'Whose tokens are trusted.',
    group(
      'An issuer of tokens.',
      {
        issuer: text('The `iss` claim, exactly.'),
        jwksUri: text('Where its keys are.', { pattern: '^https://' }),
        audiences: list('The audiences, of which a token must have one.', text('An audience.'), { minItems: 1 }),
      },
      ['issuer', 'jwksUri', 'audiences'],
    ),
    { default: [] },
  ),
  payloadHeader: text("The header that carries a verified token's payload.", { default: 'x-jwt-payload' }),
  databases: list(
    'Databases in migration: they may accept plaintext until a day.',
    group(
      'A database.',
      {
        namespace: name('Its namespace.'),
        matchLabels: matchLabels('The labels of its pods.'),
        until: day('The last day.'),
        reason: text('Why it still must.'),
      },
      ['namespace', 'matchLabels', 'until', 'reason'],
    ),
    { default: [] },
  ),
  faultNamespaces: list('Namespaces in which `fault` may be injected.', name('A namespace.'), { default: [] }),
  extensions: list(
    'EnvoyFilters, WasmPlugins and TrafficExtensions that may be there.',
    group(
      'An extension.',
      {
        kind: { enum: ['EnvoyFilter', 'WasmPlugin', 'TrafficExtension'], description: 'Its kind.' },
        namespace: name('Its namespace.'),
        name: name('Its name.'),
        sha256: text("The SHA-256 of its spec's canonical JSON.", { pattern: '^[0-9a-f]{64}$' }),
      },
      ['kind', 'namespace', 'name', 'sha256'],
    ),
    { default: [] },
  ),
};

/** The schema of what concerns observability. */
export const TELEMETRY: Readonly<Record<string, Schema>> = {
  sampling: group(
    'How many requests are traced, at most.',
    {
      default: percent('Where nothing else is said.'),
      workloads: list(
        'Workloads with a share of their own.',
        group(
          'A workload.',
          {
            namespace: name('Its namespace.'),
            matchLabels: matchLabels('The labels of its pods.'),
            percent: percent('Its share.'),
          },
          ['namespace', 'matchLabels', 'percent'],
        ),
        { default: [] },
      ),
    },
    ['default'],
  ),
  telemetry: group('What observability must keep.', {
    tracingProviders: list('Tracing providers of the mesh configuration.', text('A provider.'), { default: [] }),
    dimensions: list("Tags that Istio's metrics carry besides its own.", text('A tag.'), { default: [] }),
  }),
};
