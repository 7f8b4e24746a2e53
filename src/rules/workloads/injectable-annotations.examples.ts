import type { FailExample, PassExample } from '../rule.ts';
import { deployment, namespace, workload } from './workload-yaml.ts';

const AT = 'spec.template.metadata.annotations';
const TRAFFIC = 'traffic.sidecar.istio.io/';
const annotated = (entries: Readonly<Record<string, string>>): string =>
  deployment({
    annotations: Object.entries(entries)
      .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
      .join(', '),
  });
const config = (text: string): string => annotated({ 'proxy.istio.io/config': text });

const pass: readonly PassExample[] = [
  { title: 'none', yaml: deployment() },
  {
    title: 'all of them, written well',
    yaml: annotated({
      'sidecar.istio.io/interceptionMode': 'TPROXY',
      'status.sidecar.istio.io/port': ' 15020 ',
      'readiness.status.sidecar.istio.io/periodSeconds': '0',
      [`${TRAFFIC}includeOutboundIPRanges`]: '*',
      [`${TRAFFIC}excludeOutboundIPRanges`]: '10.0.0.0/8,fd00::/8,::ffff:10.0.0.0/104',
      [`${TRAFFIC}excludeInboundPorts`]: ' 80, 65535',
      [`${TRAFFIC}excludeInterfaces`]: 'eth0, net1.5',
      'prometheus.istio.io/merge-metrics': 'T',
      'prometheus.io/port': '9090',
    }),
  },
  {
    title: 'a configuration with all that a pod may set',
    yaml: config(
      'concurrency: 2\nholdApplicationUntilProxyStarts: true\ndrain_duration: 1m30s\nterminationDrainDuration: 0.5s\nextraStatTags: [a]\nproxyStatsMatcher: { inclusionPrefixes: [b] }\ntracing: { sampling: "1.5" }\n',
    ),
  },
  {
    title: 'a reserved port that nobody scrapes',
    yaml: annotated({ 'prometheus.io/scrape': 'false', 'prometheus.io/port': '15090' }),
  },
  {
    title: 'no port, where the metrics are not merged',
    yaml: annotated({ 'prometheus.istio.io/merge-metrics': 'false', 'prometheus.io/port': 'http' }),
  },
  {
    title: 'the port that the injector itself writes',
    yaml: workload('Pod', { annotations: 'prometheus.io/port: "15020", prometheus.io/scrape: "true"' }),
  },
  {
    title: 'a workload outside the mesh',
    yaml: deployment({ namespace: 'shop', annotations: `${TRAFFIC}excludeInboundPorts: web` }),
  },
];

const fail: readonly FailExample[] = [
  ...(
    [
      ['sidecar.istio.io/interceptionMode', 'redirect'],
      ['status.sidecar.istio.io/port', '65536'],
      ['status.sidecar.istio.io/port', ''],
      ['readiness.status.sidecar.istio.io/initialDelaySeconds', '1s'],
      ['readiness.status.sidecar.istio.io/periodSeconds', '-1'],
      ['readiness.status.sidecar.istio.io/failureThreshold', '4294967296'],
      [`${TRAFFIC}includeOutboundIPRanges`, '*,10.0.0.0/8'],
      [`${TRAFFIC}excludeOutboundIPRanges`, '10.0.0.0/8, 10.1.0.0/16'],
      [`${TRAFFIC}excludeOutboundIPRanges`, '10.0.0.0/33'],
      [`${TRAFFIC}excludeOutboundIPRanges`, '010.0.0.0/8'],
      [`${TRAFFIC}excludeOutboundIPRanges`, 'fd00:::/8'],
      [`${TRAFFIC}includeInboundPorts`, 'http'],
      [`${TRAFFIC}excludeInboundPorts`, '80,'],
      [`${TRAFFIC}excludeOutboundPorts`, '80;443'],
      [`${TRAFFIC}excludeInterfaces`, 'eth 0'],
      [`${TRAFFIC}kubevirtInterfaces`, 'a-name-too-long1'],
      ['istio.io/reroute-virtual-interfaces', 'net1,,net2'],
      ['prometheus.istio.io/merge-metrics', 'yes'],
      ['prometheus.io/port', 'metrics'],
      ['prometheus.io/port', '15090'],
      ['prometheus.istio.io/scrape-targets', '9090:/a,15021'],
    ] as const
  ).map(
    ([key, value]): FailExample => ({
      title: `${key}: '${value}'`,
      yaml: annotated({ [key]: value }),
      finds: [`unfit at ${AT}[${key}]`],
    }),
  ),
  ...[
    'holdApplicationUntilProxyStarts: "true"',
    'drainDuration: 1500ms',
    'drainDuration: 45',
    'drainDuration: 0s',
    'terminationDrainDuration: 5 seconds',
    'extra_stat_tags: a',
    'proxyStatsMatcher: { inclusionPrefixes: a }',
    'tracing: { sampling: ten }',
  ].map(
    (text): FailExample => ({
      title: `the configuration ${text}`,
      yaml: config(text),
      finds: [`unfitKey at ${AT}[proxy.istio.io/config]`],
    }),
  ),
  {
    title: 'two in a CronJob, in a namespace that asks for injection',
    context: namespace('shop', 'istio-injection: enabled'),
    yaml: workload('CronJob', {
      namespace: 'shop',
      annotations: `${TRAFFIC}excludeInboundPorts: web, prometheus.istio.io/merge-metrics: "no"`,
    }),
    finds: [
      `unfit at spec.jobTemplate.spec.template.metadata.annotations[${TRAFFIC}excludeInboundPorts]`,
      'unfit at spec.jobTemplate.spec.template.metadata.annotations[prometheus.istio.io/merge-metrics]',
    ],
  },
];

/** The examples of MW108. */
export const examples = { pass, fail };
