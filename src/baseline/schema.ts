import type { Mode } from '../model/verdict.ts';
import { EXTERNAL, SIDECAR, SERVICES, TELEMETRY } from './schema-groups.ts';
import { day, duration, group, integer, list, matchLabels, name, type Schema, text } from './schema-words.ts';

/** What the schema says of each rule: the keys that `rules` may have. */
export interface RuleName {
  readonly id: string;
  readonly summary: string;
  readonly mode: Mode;
}

const MODES = ['enforce', 'warn', 'audit', 'off'];

const MESH = group(
  'The mesh as a whole.',
  {
    rootNamespace: name("Istio's root namespace, where mesh-wide policies live.", { default: 'istio-system' }),
    clusterDomain: text("The cluster's DNS domain.", { format: 'dns-name', default: 'cluster.local' }),
    istioVersion: text("Istio's minor release, such as '1.31': what Istio does by default depends on it.", {
      pattern: '^1\\.[0-9]+$',
    }),
    revisions: list("The values of `istio.io/rev` that this mesh's istiod answers to.", text('A revision.'), {
      default: ['default'],
      minItems: 1,
    }),
    namespaces: list('Namespaces that are mesh namespaces whatever their labels say.', name('A namespace.'), {
      default: [],
    }),
    outside: list(
      'Namespaces that are never mesh namespaces: those of the control plane, the gateways and Kubernetes.',
      name('A namespace.'),
      { default: ['istio-system', 'kube-system', 'kube-public', 'kube-node-lease'] },
    ),
    proxyImages: list('Images that the injector may put in, up to the tag or digest.', text('An image.'), {
      default: [],
    }),
  },
  ['istioVersion'],
);

const OTHER_SERVICES = group(
  'What a service that is not listed under `services` gets.',
  {
    timeout: duration('The longest that one request may take, retries included.'),
    retries: integer('Retries after the first try; 0 means none.', 0, 100),
    pool: integer('The upper bound of `connectionPool.tcp.maxConnections`.', 1),
    http2MaxRequests: integer('The upper bound of `connectionPool.http.http2MaxRequests`; absent: as `pool`.', 1),
  },
  ['timeout', 'retries', 'pool'],
);

const OUTLIER_DETECTION = group(
  'The circuit breaker that every service must have.',
  {
    consecutive5xxErrors: integer('At most so many errors in a row before a host is ejected.', 1),
    baseEjectionTime: duration('An ejection lasts at least so long.'),
    maxEjectionPercent: integer('At most so many percent of the hosts are ejected.', 1, 100),
    interval: duration('Hosts are looked at at least so often.'),
    minHealthPercent: integer(
      'Ejection stops below a share of healthy hosts, which is at most so many percent.',
      0,
      100,
    ),
  },
  ['consecutive5xxErrors', 'baseEjectionTime', 'maxEjectionPercent', 'interval', 'minHealthPercent'],
);

const gateways = (which: string): Schema =>
  list(
    `The ${which} gateways.`,
    group(
      'A gateway workload.',
      {
        name: name('What findings call it.'),
        namespace: name('The namespace of its pods.'),
        matchLabels: matchLabels('The labels of its pods that a Gateway selects.'),
        service: name("Its Service's name; absent: as `name`."),
      },
      ['name', 'namespace', 'matchLabels'],
    ),
    { default: [] },
  );

const OVERRIDE = group(
  'Another mode for some namespaces, until a day.',
  {
    namespaces: group('Which namespaces: by name, by label, or both.', {
      names: list('By name.', name('A namespace.'), { minItems: 1 }),
      matchLabels: matchLabels('By their labels; all must match.'),
    }),
    mode: { enum: MODES, description: 'The mode there.' },
    until: day('The last day on which it counts.'),
    reason: text('Why.'),
  },
  ['namespaces', 'mode', 'until', 'reason'],
);

const RULE_SETTING = group("One rule's mode, and where it differs.", {
  mode: { enum: MODES, description: 'enforce refuses, warn warns, audit records and counts, off does nothing.' },
  onDelete: { enum: ['refuse', 'warn'], description: 'What a DELETE that breaks the rule gets.' },
  overrides: list('The first that fits counts.', OVERRIDE, { default: [] }),
});

/** Returns the JSON Schema (draft-07) of a baseline file; with rules, `rules` may have only their ids as keys. */
export function baselineSchema(rules: readonly RuleName[]): Schema {
  const known = rules.map(({ id, summary, mode }): [string, Schema] => [
    id,
    { ...RULE_SETTING, description: `${summary} Mode '${mode}' unless said otherwise.` },
  ]);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Meshwarden baseline',
    ...group(
      'What is demanded of an Istio mesh: every number that a rule compares with.',
      {
        version: text("This file's version, shown beside every verdict."),
        mesh: MESH,
        services: SERVICES,
        otherServices: OTHER_SERVICES,
        ...EXTERNAL,
        outlierDetection: OUTLIER_DETECTION,
        sidecar: SIDECAR,
        gateways: group('The gateway workloads.', { ingress: gateways('ingress'), egress: gateways('egress') }),
        ...TELEMETRY,
        exceptions: group(
          'What an exception by annotation may ask for.',
          { maxDays: integer('An exception may end at most so many days ahead.', 0, 3650) },
          ['maxDays'],
        ),
        workloadControllers: list(
          "Users whose pods, made from an approved template, are warned about and not refused; absent: Kubernetes' own controllers.",
          text('A user name.'),
        ),
        rules: {
          type: 'object',
          properties: Object.fromEntries(known),
          additionalProperties: known.length > 0 ? false : RULE_SETTING,
          description: "Modes that differ from the rules' own, by rule id.",
        },
      },
      ['version', 'mesh', 'services', 'otherServices', 'retryOn', 'loadBalancers', 'maxTriesProduct'].concat([
        'outlierDetection',
        'sidecar',
        'sampling',
        'exceptions',
      ]),
    ),
  };
}
