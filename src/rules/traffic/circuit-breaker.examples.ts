import type { FailExample, PassExample } from '../rule.ts';
import { destinationRule, service, SHOP } from './destination-rule-yaml.ts';

const GOOD =
  'outlierDetection: { consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s, maxEjectionPercent: 50, minHealthPercent: 50 }';
const top = (policy: string): string => `trafficPolicy: { ${policy} }`;
const rule = (outlier: string): string => destinationRule(top(`outlierDetection: { ${outlier} }`));
const OWNER = destinationRule(top(GOOD), { day: '01' });
const FULL_HOST = 'ml-service.llmoptimizer.svc.cluster.local';
const AT_SHOP = { name: 'mine', namespace: 'shop', host: FULL_HOST };

const pass: readonly PassExample[] = [
  { title: 'the documented numbers', yaml: OWNER },
  { title: 'an empty block, which is Envoy’s own numbers', yaml: rule('') },
  {
    title: 'the old field, which nobody reads, beside a good one',
    yaml: rule('consecutiveErrors: 100, consecutive5xxErrors: 5'),
  },
  {
    title: 'a percentage of 0, which is 10, at v1beta1',
    yaml: rule('maxEjectionPercent: 0').replace('/v1', '/v1beta1'),
  },
  { title: 'durations in other spellings', yaml: rule('baseEjectionTime: 0.5m, interval: 29999ms') },
  { title: 'stricter numbers', yaml: rule('consecutive5xxErrors: 1, baseEjectionTime: 5m, maxEjectionPercent: 10') },
  {
    title: 'every port and subset has its own',
    yaml: destinationRule(
      `trafficPolicy: { ${GOOD}, portLevelSettings: [{ port: { number: 8080 }, ${GOOD} }] }, subsets: [{ name: v1, trafficPolicy: { ${GOOD}, portLevelSettings: [{ port: { number: 8080 }, ${GOOD} }] } }]`,
    ),
  },
  {
    title: 'a subset without one has its rule’s',
    yaml: destinationRule(`${top(GOOD)}, subsets: [{ name: v1, trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }]`),
  },
  {
    title: 'a rule of subsets alone is merged with an older one of its namespace that has the breaker',
    context: OWNER,
    yaml: destinationRule('subsets: [{ name: v1 }]', { name: 'subsets' }),
  },
  {
    title: 'a client’s own rule with a breaker',
    context: OWNER + SHOP,
    yaml: destinationRule(top(GOOD), AT_SHOP),
  },
  {
    title: 'the root namespace’s rule for all services',
    context: SHOP + destinationRule(top(GOOD), { namespace: 'istio-system', host: '*.local' }),
    yaml: service('cart', 'shop'),
  },
  {
    title: 'the mesh’s default policy has the breaker',
    context: `---
apiVersion: v1
kind: ConfigMap
metadata: { name: istio, namespace: istio-system }
data: { mesh: "default_traffic_policy: { outlier_detection: { consecutive_5xx_errors: 5 } }" }
`,
    yaml: destinationRule(top('tls: { mode: ISTIO_MUTUAL }')),
  },
  { title: 'a service of a namespace outside the mesh', context: SHOP, yaml: service('cart', 'other') },
  {
    title: 'a rule with a selector beside one without, which keeps the others',
    context: OWNER + SHOP + destinationRule(top(GOOD), { ...AT_SHOP, name: 'all', day: '02' }),
    yaml: destinationRule(`${top(GOOD)}, workloadSelector: { matchLabels: { app: a } }`, AT_SHOP),
  },
];

const SERVICE_MISSING = { context: SHOP, yaml: service('cart', 'shop') };

const fail: readonly FailExample[] = [
  {
    title: 'no breaker',
    yaml: destinationRule(top('tls: { mode: ISTIO_MUTUAL }')),
    finds: ['unset at spec.trafficPolicy.outlierDetection'],
  },
  { title: 'no policy at all', yaml: destinationRule(''), finds: ['unset at spec.trafficPolicy.outlierDetection'] },
  {
    title: 'one error too many, and too great a share, at v1alpha3',
    yaml: rule('consecutive5xxErrors: 6, maxEjectionPercent: 51').replace('/v1', '/v1alpha3'),
    finds: [
      'tooGreat at spec.trafficPolicy.outlierDetection.consecutive5xxErrors',
      'tooGreat at spec.trafficPolicy.outlierDetection.maxEjectionPercent',
    ],
  },
  {
    title: '0 errors, which is off, hidden behind the old field',
    yaml: rule('consecutiveErrors: 5, consecutive5xxErrors: 0'),
    finds: ['off at spec.trafficPolicy.outlierDetection.consecutive5xxErrors'],
  },
  {
    title: 'a number in quotes',
    yaml: rule('consecutive5xxErrors: "5"'),
    finds: ['tooGreat at spec.trafficPolicy.outlierDetection.consecutive5xxErrors'],
  },
  {
    title: 'back after less than 30s',
    yaml: rule('baseEjectionTime: 29999ms'),
    finds: ['tooSmall at spec.trafficPolicy.outlierDetection.baseEjectionTime'],
  },
  {
    title: 'looks once an hour, and gives up where more than half is ill',
    yaml: rule('interval: 1h, minHealthPercent: 51'),
    finds: [
      'tooGreat at spec.trafficPolicy.outlierDetection.interval',
      'tooGreat at spec.trafficPolicy.outlierDetection.minHealthPercent',
    ],
  },
  {
    title: 'other codes count as errors',
    yaml: rule('outlierDetectionHttpErrorCodes: [599]'),
    finds: ['redefined at spec.trafficPolicy.outlierDetection.outlierDetectionHttpErrorCodes'],
  },
  {
    title: 'a port’s settings replace the breaker, and the second subset switches it off',
    yaml: destinationRule(
      `trafficPolicy: { ${GOOD}, portLevelSettings: [{ port: { number: 8080 }, loadBalancer: { simple: LEAST_REQUEST } }] }, subsets: [{ name: v1 }, { name: v2, trafficPolicy: { outlierDetection: { consecutive5xxErrors: 0 } } }]`,
    ),
    finds: [
      'unset at spec.trafficPolicy.portLevelSettings[0].outlierDetection',
      'off at spec.subsets[1].trafficPolicy.outlierDetection.consecutive5xxErrors',
    ],
  },
  {
    title: 'a subset’s settings for a port replace the subset’s breaker',
    yaml: destinationRule(
      `${top(GOOD)}, subsets: [{ name: v1, trafficPolicy: { ${GOOD}, portLevelSettings: [{ port: { number: 8080 } }] } }]`,
    ),
    finds: ['unset at spec.subsets[0].trafficPolicy.portLevelSettings[0].outlierDetection'],
  },
  {
    title: 'a client’s own rule takes the place of the owner’s',
    context: OWNER + SHOP,
    yaml: destinationRule(top('tls: { mode: ISTIO_MUTUAL }'), AT_SHOP),
    finds: ['unset at spec.trafficPolicy.outlierDetection'],
  },
  {
    title: 'a client’s wildcard takes the place of the owner’s exact rule',
    context: OWNER + SHOP,
    yaml: destinationRule(top('tls: { mode: ISTIO_MUTUAL }'), { ...AT_SHOP, host: '*.llmoptimizer.svc.cluster.local' }),
    finds: ['unset at spec.trafficPolicy.outlierDetection'],
  },
  {
    title: 'a client’s wildcard with nothing but the name behind the asterisk, which Istio takes for a match too',
    context: OWNER + SHOP,
    yaml: destinationRule(top('tls: { mode: ISTIO_MUTUAL }'), {
      ...AT_SHOP,
      host: '*ml-service.llmoptimizer.svc.cluster.local',
    }),
    finds: ['unset at spec.trafficPolicy.outlierDetection'],
  },
  {
    title: 'a rule behind an older one, which may go one day',
    context: OWNER,
    yaml: destinationRule(top('outlierDetection: { interval: 31s }'), { name: 'newer' }),
    finds: ['tooGreat at spec.trafficPolicy.outlierDetection.interval'],
  },
  {
    title: 'a rule for some of a namespace’s pods takes the owner’s from all others',
    context: OWNER + SHOP,
    yaml: destinationRule(`${top(GOOD)}, workloadSelector: { matchLabels: { app: a } }`, AT_SHOP),
    finds: ['foreign at spec.workloadSelector'],
  },
  {
    title: 'the owner’s rule is no longer exported',
    context: SHOP,
    before: OWNER,
    yaml: destinationRule(`${top(GOOD)}, exportTo: ["."]`, { day: '01' }),
    finds: ['hidden at spec.exportTo'],
  },
  {
    title: 'the host is written in another case and so means nobody',
    before: OWNER,
    yaml: destinationRule(top(GOOD), { day: '01', host: 'ML-Service' }),
    finds: ['missing'],
  },
  { title: 'the only rule of a service is deleted', yaml: OWNER, deletes: true, finds: ['missing'] },
  { title: 'a service comes and nothing says how to call it', ...SERVICE_MISSING, finds: ['missing'] },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
