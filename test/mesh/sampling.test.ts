import t from 'tap';
import { accessLogs } from '../../src/mesh/access-logs.ts';
import { metrics } from '../../src/mesh/metrics.ts';
import { knowsCollector, type Sampling, sampling } from '../../src/mesh/sampling.ts';
import type { TelemetryOf } from '../../src/mesh/telemetry.ts';
import { formatPath } from '../../src/model/field-path.ts';
import { nameOf } from '../../src/model/kube-object.ts';
import { meshConfigMap, telemetry } from '../../src/rules/telemetry/telemetry-yaml.ts';
import { viewOf } from '../rules/example-runner.ts';

const ZIPKIN = '- name: zipkin\n  zipkin: { service: zipkin.istio-system.svc.cluster.local, port: 9411 }\n';
const PROVIDER = meshConfigMap(`extensionProviders:\n${ZIPKIN}`);
const DEFAULT = meshConfigMap(`defaultProviders: { tracing: [zipkin] }\nextensionProviders:\n${ZIPKIN}`);
const NAMED = 'providers: [{ name: zipkin }]';
const SHOP = { namespace: 'shop' };
const WEB: TelemetryOf = { namespace: 'shop', labels: { app: 'web', tier: 'x' } };

/** A Telemetry of namespace shop, or of the root namespace, with one tracing entry and an age. */
const traced = (name: string, entry: string, day: string, namespace = 'shop'): string =>
  telemetry(name, `tracing: [{ ${entry} }]`, { namespace, day });
const selecting = (name: string, entry: string, day: string, labels = 'app: web'): string =>
  telemetry(name, `selector: { matchLabels: { ${labels} } }, tracing: [{ ${entry} }]`, { namespace: 'shop', day });
const share = (percent: number): string => `${NAMED}, randomSamplingPercentage: ${percent}`;

const say = ({ client, server }: Sampling): string => {
  const one = ({ off, percent, decidedBy }: Sampling['client']): string => {
    const who = decidedBy === undefined ? '' : ` by ${nameOf(decidedBy.object)} ${formatPath(decidedBy.path)}`;
    return off === undefined ? `${percent}${who}` : `off: ${off}`;
  };
  const [left, right] = [one(client), one(server)];
  return left === right ? left : `client ${left}, server ${right}`;
};
const ask = (yaml: string, of: TelemetryOf = SHOP): string => say(sampling(viewOf(yaml), of));
const AT = 'spec.tracing[0].randomSamplingPercentage';

t.test('who decides the share', (t) => {
  const cases: readonly (readonly [string, string, string, TelemetryOf?])[] = [
    ['nobody', PROVIDER, '1'],
    ['the root namespace', PROVIDER + traced('root', share(7), '01', 'istio-system'), `7 by root ${AT}`],
    [
      'the namespace before the root',
      PROVIDER + traced('root', share(7), '01', 'istio-system') + traced('own', share(3), '02'),
      `3 by own ${AT}`,
    ],
    [
      'the oldest of two for a namespace',
      PROVIDER + traced('newer', share(9), '05') + traced('older', share(3), '02'),
      `3 by older ${AT}`,
    ],
    [
      'of one age the first by name',
      PROVIDER + traced('b', share(9), '02') + traced('a', share(3), '02'),
      `3 by a ${AT}`,
    ],
    [
      'an empty older one hides a newer, and says nothing',
      PROVIDER + traced('newer', share(9), '05') + telemetry('older', '', { namespace: 'shop', day: '02' }),
      '1',
    ],
    [
      'a selector before the namespace',
      PROVIDER + traced('own', share(3), '02') + selecting('web', share(20), '01'),
      `20 by web ${AT}`,
      WEB,
    ],
    [
      'the newest of two selectors',
      PROVIDER + selecting('newer', share(9), '05') + selecting('older', share(3), '02', 'tier: x'),
      `9 by newer ${AT}`,
      WEB,
    ],
    [
      'the older of two selectors, where the newer says nothing of it',
      PROVIDER + selecting('newer', NAMED, '05') + selecting('older', share(3), '02', 'tier: x'),
      `3 by older ${AT}`,
      WEB,
    ],
    ['a selector that does not fit', PROVIDER + selecting('web', share(20), '01', 'app: other'), '1', WEB],
    [
      'a selector of the root namespace, which does not leave it',
      PROVIDER +
        telemetry('root', `selector: { matchLabels: { app: web } }, tracing: [{ ${share(50)} }]`, {
          namespace: 'istio-system',
        }),
      '1',
      WEB,
    ],
    [
      'a target, which means no sidecar',
      PROVIDER +
        telemetry(
          'gw',
          `targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: edge }], tracing: [{ ${share(50)} }]`,
          SHOP,
        ),
      '1',
      WEB,
    ],
    [
      'a target that is the pod’s gateway',
      PROVIDER +
        telemetry(
          'gw',
          `targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: edge }], tracing: [{ ${share(50)} }]`,
          SHOP,
        ),
      `50 by gw ${AT}`,
      { namespace: 'shop', labels: { 'gateway.networking.k8s.io/gateway-name': 'edge' } },
    ],
    [
      'another revision',
      PROVIDER +
        telemetry('other', `tracing: [{ ${share(50)} }]`, {
          namespace: 'shop',
          metadata: 'labels: { istio.io/rev: canary }',
        }),
      '1',
    ],
    ['a share of 0 in a Telemetry, which is no trace', PROVIDER + traced('own', share(0), '02'), `0 by own ${AT}`],
    [
      'each side by itself',
      PROVIDER +
        telemetry(
          'own',
          `tracing: [{ ${share(2)} }, { match: { mode: SERVER }, randomSamplingPercentage: 30 }, { match: { mode: CLIENT }, randomSamplingPercentage: 40 }]`,
          SHOP,
        ),
      'client 40 by own spec.tracing[2].randomSamplingPercentage, server 30 by own spec.tracing[1].randomSamplingPercentage',
    ],
    [
      'the root namespace for itself, once',
      PROVIDER + traced('root', share(7), '01', 'istio-system'),
      `7 by root ${AT}`,
      { namespace: 'istio-system' },
    ],
  ];
  for (const [title, yaml, answer, of] of cases) t.equal(ask(yaml, of), answer, title);
  t.end();
});

t.test('the proxy’s own share', (t) => {
  const mesh = (text: string): string => meshConfigMap(`defaultConfig: { tracing: ${text} }\n`);
  const view = viewOf(PROVIDER);
  const [object] = view.list('ConfigMap');
  const pod = (text: string): TelemetryOf =>
    object === undefined ? SHOP : { ...SHOP, proxyConfig: { text, object, path: ['metadata'] } };
  t.equal(ask(mesh('{ sampling: 5 }')), '5 by istio data.mesh');
  t.equal(ask(mesh('{ sampling: 0 }')), '1', '0 is unset');
  t.equal(ask(mesh('{ sampling: 101 }')), '1 by istio data.mesh', 'more than 100 is 1');
  t.equal(ask(mesh('{ sampling: "5" }')), '5 by istio data.mesh', 'in quotation marks');
  t.equal(ask(mesh('{ zipkin: { address: a } }')), '1');
  t.equal(ask(meshConfigMap('default_config: { tracing: { sampling: 5 } }\n')), '1', 'not in snake_case');
  t.match(
    ask(mesh('{ sampling: 5 }'), pod('tracing: { sampling: 8 }')),
    /^8 by istio metadata$/,
    'the pod’s before the mesh’s',
  );
  t.equal(
    ask(mesh('{ sampling: 5 }'), pod('tracing: { maxPathTagLength: 8 }')),
    '1',
    'the pod’s block replaces the mesh’s',
  );
  t.equal(ask(mesh('{ sampling: 5 }'), pod('concurrency: 2')), '5 by istio data.mesh');
  t.equal(ask(mesh('{ sampling: 5 }'), pod(': no yaml [')), '5 by istio data.mesh');
  t.equal(ask(DEFAULT, pod('tracing: { sampling: 8 }')), '8 by istio metadata', 'also for a provider');
  t.equal(ask(DEFAULT + traced('own', share(2), '01'), pod('tracing: { sampling: 8 }')), `2 by own ${AT}`);
  t.end();
});

t.test('whether there are traces at all', (t) => {
  const entry = (text: string): string => telemetry('own', `tracing: [{ ${text} }]`, SHOP);
  t.equal(ask(meshConfigMap('enableTracing: false\n')), 'off: mesh');
  t.equal(
    ask(`${DEFAULT.trimEnd()}\n    enableTracing: false\n`),
    '1',
    'enableTracing is ignored beside a default provider',
  );
  t.equal(ask(PROVIDER + entry('randomSamplingPercentage: 1')), 'off: no-provider', 'a share without a provider');
  t.equal(ask(DEFAULT + entry('randomSamplingPercentage: 1')), `1 by own ${AT}`);
  t.equal(ask(DEFAULT + entry('providers: [{ name: nowhere }]')), 'off: unknown-provider', 'B52');
  t.equal(ask(DEFAULT + entry('providers: []')), '1');
  t.equal(ask(DEFAULT + entry('providers: [{ name: ZIPKIN }, { name: nowhere }]')), '1', 'the first, without case');
  t.equal(ask(DEFAULT + entry('providers: [{ name: envoy }]')), 'off: wrong-provider');
  t.equal(ask(DEFAULT + entry('disableSpanReporting: true')), 'off: disabled');
  t.equal(
    ask(DEFAULT + entry('match: { mode: CLIENT }, disableSpanReporting: true')),
    'client off: disabled, server 1',
  );
  t.equal(ask(DEFAULT + entry('disableSpanReporting: true }, { disableSpanReporting: false')), '1');
  t.equal(
    ask(
      meshConfigMap(`default_providers: { tracing: [zipkin] }\nextensionProviders:\n${ZIPKIN}`) +
        entry('enableIstioTags: true'),
    ),
    'off: no-provider',
  );
  const answer = sampling(viewOf(DEFAULT), SHOP).client;
  t.equal(answer.collector, 'zipkin.istio-system.svc.cluster.local');
  t.equal(answer.providerType, 'zipkin');
  t.same(
    answer.because.map(({ says }) => says),
    ["`defaultProviders.tracing` names the provider 'zipkin'"],
  );
  const service = (namespace: string): string => `---
apiVersion: v1
kind: Service
metadata: { name: zipkin, namespace: ${namespace} }
`;
  t.equal(knowsCollector(viewOf(''), answer.collector ?? ''), false);
  t.equal(knowsCollector(viewOf(service('istio-system')), answer.collector ?? ''), true);
  t.equal(knowsCollector(viewOf(service('istio-system')), 'istio-system/zipkin.istio-system.svc.cluster.local'), true);
  t.equal(knowsCollector(viewOf(service('istio-system')), 'shop/zipkin.istio-system.svc.cluster.local'), false);
  t.end();
});

t.test('access logs', (t) => {
  const OTHER =
    '- name: als\n  envoyHttpAls: { service: a, port: 1 }\n- name: file\n  envoyFileAccessLog: { path: /tmp/a }\n';
  const mesh = (text: string): string => meshConfigMap(`${text}extensionProviders:\n${OTHER}`);
  const logs = (yaml: string, direction: 'client' | 'server' = 'server', of: TelemetryOf = SHOP): string =>
    accessLogs(viewOf(yaml), of, direction)
      .logs.map(({ provider = 'mesh', file = '', isDisabled, filter }) =>
        [provider, file, isDisabled ? 'off' : '', filter ?? ''].filter((word) => word !== '').join(' '),
      )
      .join(', ');
  const entry = (text: string): string => telemetry('own', `accessLogging: [${text}]`, SHOP);
  const FILE = 'accessLogFile: /dev/stdout\n';
  t.equal(logs(mesh('')), '', 'none without a word');
  t.equal(logs(mesh(FILE)), 'mesh /dev/stdout');
  t.equal(logs(mesh('access_log_file: /dev/stdout\n')), 'mesh /dev/stdout');
  t.equal(logs(mesh('defaultProviders: { accessLogging: [envoy, als] }\n')), 'envoy /dev/stdout, als');
  t.equal(logs(mesh('') + entry('{ providers: [{ name: file }] }')), 'file /tmp/a');
  t.equal(
    logs(mesh(FILE) + entry('{ providers: [{ name: nowhere }] }')),
    'mesh /dev/stdout',
    'an unknown provider counts as none',
  );
  t.equal(logs(mesh(FILE) + entry('{ providers: [{ name: envoy }], disabled: true }')), 'envoy /dev/stdout off');
  t.equal(logs(mesh(FILE) + entry('{ disabled: true }')), 'mesh /dev/stdout', 'there is no provider to turn off');
  t.equal(
    logs(mesh('defaultProviders: { accessLogging: [envoy] }\n') + entry('{ disabled: true }')),
    'envoy /dev/stdout off',
  );
  t.equal(logs(mesh('') + entry('{ providers: [{ name: envoy }], filter: { expression: a } }')), 'envoy /dev/stdout a');
  t.equal(
    logs(mesh('defaultProviders: { accessLogging: [envoy] }\n') + entry('{ filter: { expression: a } }')),
    'envoy /dev/stdout',
    'a filter needs a provider beside it',
  );
  t.equal(
    logs(mesh(FILE) + entry('{ match: { mode: SERVER }, providers: [{ name: als }] }'), 'client'),
    'mesh /dev/stdout',
    'the other side keeps the mesh’s',
  );
  t.equal(
    logs(
      mesh('') +
        telemetry('root', 'accessLogging: [{ providers: [{ name: envoy }] }]', { namespace: 'istio-system' }) +
        entry('{ providers: [{ name: als }] }'),
    ),
    'als',
    'the lower level’s providers replace',
  );
  t.end();
});

t.test('metrics', (t) => {
  const mesh = meshConfigMap('defaultProviders: { metrics: [prometheus] }\n');
  const ask = (yaml: string): string =>
    [...metrics(viewOf(yaml), SHOP).providers]
      .map(([name, { client, server }]) => {
        const side = ({ offBy, metrics: changed }: typeof client): string =>
          offBy === undefined ? `${changed.size} changed` : 'off';
        return `${name}: client ${side(client)}, server ${side(server)}`;
      })
      .join('; ');
  const entry = (text: string): string => telemetry('own', `metrics: [${text}]`, SHOP);
  t.equal(ask(meshConfigMap('{}')), '', 'none without a provider');
  t.equal(ask(mesh), 'prometheus: client 0 changed, server 0 changed');
  t.equal(ask(mesh + entry('{ overrides: [{ disabled: true }] }')), 'prometheus: client off, server off');
  t.equal(
    ask(mesh + entry('{ overrides: [{ match: { mode: CLIENT }, disabled: true }] }')),
    'prometheus: client off, server 0 changed',
  );
  t.equal(
    ask(mesh + entry('{ overrides: [{ disabled: true }, { match: { metric: REQUEST_COUNT }, disabled: false }] }')),
    'prometheus: client 1 changed, server 1 changed',
    'any later override brings the rest back',
  );
  t.equal(ask(mesh + entry('{ providers: [{ name: stackdriver }] }')), '', 'only Prometheus measures');
  t.equal(
    ask(mesh + entry('{ overrides: [{ tagOverrides: { a: { value: b } } }] }')),
    'prometheus: client 10 changed, server 10 changed',
  );
  t.end();
});
