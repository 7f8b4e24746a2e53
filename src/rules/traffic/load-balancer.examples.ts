import type { FailExample, PassExample } from '../rule.ts';
import { destinationRule, service, SHOP } from './destination-rule-yaml.ts';

const CONTENT = 'content-service.llmoptimizer.svc.cluster.local';
const HASH = 'loadBalancer: { consistentHash: { httpHeaderName: x-session-id } }';
const top = (policy: string): string => `trafficPolicy: { ${policy} }`;
const rule = (policy: string): string => destinationRule(top(policy));
const content = (policy: string, more = ''): string =>
  destinationRule(top(policy) + more, { name: 'content-service', host: 'content-service', day: '01' });
const AT_SHOP = { name: 'mine', namespace: 'shop', host: CONTENT };

const pass: readonly PassExample[] = [
  { title: 'ROUND_ROBIN', yaml: rule('loadBalancer: { simple: ROUND_ROBIN }') },
  {
    title: 'LEAST_REQUEST, at v1beta1',
    yaml: rule('loadBalancer: { simple: LEAST_REQUEST }').replace('/v1', '/v1beta1'),
  },
  { title: 'none set, which is LEAST_REQUEST', yaml: rule('tls: { mode: ISTIO_MUTUAL }') },
  { title: 'the old spellings of LEAST_REQUEST', yaml: rule('loadBalancer: { simple: LEAST_CONN }') },
  { title: 'UNSPECIFIED, which is LEAST_REQUEST', yaml: rule('loadBalancer: { simple: UNSPECIFIED }') },
  {
    title: 'a hash on a cookie, where the document names no header',
    yaml: rule('loadBalancer: { consistentHash: { httpCookie: { name: user, ttl: 0s } } }'),
  },
  { title: 'the content service hashes on its header', yaml: content(HASH) },
  {
    title: 'the header in other letters',
    yaml: content('loadBalancer: { consistentHash: { httpHeaderName: X-Session-ID, maglev: { tableSize: 65537 } } }'),
  },
  {
    title: 'a port and a subset that hash too',
    yaml: content(
      `${HASH}, portLevelSettings: [{ port: { number: 8080 }, ${HASH} }]`,
      `, subsets: [{ name: stable, trafficPolicy: { ${HASH} } }]`,
    ),
  },
  {
    title: 'a subset without a load balancer has its rule’s',
    yaml: content(HASH, ', subsets: [{ name: stable, trafficPolicy: { tls: { mode: ISTIO_MUTUAL } } }]'),
  },
  {
    title: 'a client’s own rule that hashes as well',
    context: content(HASH) + SHOP,
    yaml: destinationRule(top(HASH), AT_SHOP),
  },
];

const OF_TOP = 'spec.trafficPolicy.loadBalancer';

const fail: readonly FailExample[] = [
  {
    title: 'RANDOM',
    yaml: rule('loadBalancer: { simple: RANDOM }'),
    finds: [`notAllowed at ${OF_TOP}.simple`],
  },
  {
    title: 'PASSTHROUGH, at v1alpha3',
    yaml: rule('loadBalancer: { simple: PASSTHROUGH }').replace('/v1', '/v1alpha3'),
    finds: [`notAllowed at ${OF_TOP}.simple`],
  },
  {
    title: 'PASSTHROUGH for an external host',
    yaml: destinationRule(top('loadBalancer: { simple: PASSTHROUGH }'), {
      namespace: 'istio-egress',
      host: 'api.openai.com',
    }),
    finds: [`notAllowed at ${OF_TOP}.simple`],
  },
  {
    title: 'the document’s word, which is no value of the field',
    yaml: rule('loadBalancer: { simple: CONSISTENT_HASH_ }'),
    finds: [`notAllowed at ${OF_TOP}.simple`],
  },
  {
    title: 'RANDOM for one port, and PASSTHROUGH for the second subset',
    yaml: destinationRule(
      `${top('portLevelSettings: [{ port: { number: 8080 }, loadBalancer: { simple: RANDOM } }]')}, subsets: [{ name: v1 }, { name: v2, trafficPolicy: { loadBalancer: { simple: PASSTHROUGH } } }]`,
    ),
    finds: [
      'notAllowed at spec.trafficPolicy.portLevelSettings[0].loadBalancer.simple',
      'notAllowed at spec.subsets[1].trafficPolicy.loadBalancer.simple',
    ],
  },
  {
    title: 'RANDOM for one port of a subset',
    yaml: destinationRule(
      'subsets: [{ name: v1, trafficPolicy: { portLevelSettings: [{ port: { number: 8080 }, loadBalancer: { simple: RANDOM } }] } }]',
    ),
    finds: ['notAllowed at spec.subsets[0].trafficPolicy.portLevelSettings[0].loadBalancer.simple'],
  },
  {
    title: 'a right rule that is changed to RANDOM',
    before: rule('loadBalancer: { simple: ROUND_ROBIN }'),
    yaml: rule('loadBalancer: { simple: RANDOM, warmup: { duration: 30s } }'),
    finds: [`notAllowed at ${OF_TOP}.simple`],
  },
  {
    title: 'a hash of nothing',
    yaml: rule('loadBalancer: { consistentHash: { ringHash: { minimumRingSize: 64 } } }'),
    finds: [`noKey at ${OF_TOP}.consistentHash`],
  },
  {
    title: 'the content service without a load balancer',
    yaml: content('tls: { mode: ISTIO_MUTUAL }'),
    finds: [`unhashed at ${OF_TOP}`],
  },
  {
    title: 'the content service with ROUND_ROBIN',
    yaml: content('loadBalancer: { simple: ROUND_ROBIN }'),
    finds: [`unhashed at ${OF_TOP}`],
  },
  {
    title: 'the content service hashes on another header',
    yaml: content('loadBalancer: { consistentHash: { httpHeaderName: x-user } }'),
    finds: [`otherKey at ${OF_TOP}.consistentHash.httpHeaderName`],
  },
  {
    title: 'the content service hashes on addresses, and on nothing at one port',
    yaml: content(
      'loadBalancer: { consistentHash: { useSourceIp: true } }, portLevelSettings: [{ port: { number: 80 }, loadBalancer: { consistentHash: {} } }]',
    ),
    finds: [
      `otherKey at ${OF_TOP}.consistentHash.useSourceIp`,
      'otherKey at spec.trafficPolicy.portLevelSettings[0].loadBalancer.consistentHash',
    ],
  },
  {
    title: 'a port whose settings leave the load balancer out, and the hash without effect',
    yaml: content(`${HASH}, portLevelSettings: [{ port: { number: 8080 }, tls: { mode: ISTIO_MUTUAL } }]`),
    finds: ['unhashed at spec.trafficPolicy.portLevelSettings[0].loadBalancer'],
  },
  {
    title: 'a subset that spreads its own way',
    yaml: content(
      HASH,
      ', subsets: [{ name: stable }, { name: canary, trafficPolicy: { loadBalancer: { simple: LEAST_REQUEST } } }]',
    ),
    finds: ['unhashed at spec.subsets[1].trafficPolicy.loadBalancer'],
  },
  {
    title: 'a client’s own rule that does not hash',
    context: content(HASH) + SHOP,
    yaml: destinationRule('', AT_SHOP),
    finds: [`unhashed at ${OF_TOP}`],
  },
  {
    title: 'a wildcard of the client’s namespace that covers the content service',
    context: content(HASH) + SHOP,
    yaml: destinationRule(top('loadBalancer: { simple: ROUND_ROBIN }'), { ...AT_SHOP, host: '*.svc.cluster.local' }),
    finds: [`unhashed at ${OF_TOP}`],
  },
  {
    title: 'a client’s own rule for other pods, which ends the look-up for the rest',
    context: content(HASH) + SHOP,
    yaml: destinationRule(`${top(HASH)}, workloadSelector: { matchLabels: { app: nobody } }`, AT_SHOP),
    finds: ['foreign at spec.workloadSelector'],
  },
  {
    title: 'the hash is hidden from other namespaces',
    context: SHOP,
    before: content(HASH),
    yaml: content(HASH, ', exportTo: ["."]'),
    finds: ['hidden at spec.exportTo'],
  },
  {
    title: 'the content service comes without a rule',
    yaml: service('content-service', 'llmoptimizer'),
    finds: ['missing'],
  },
  {
    title: 'its rule is deleted',
    yaml: content(HASH),
    deletes: true,
    finds: ['missing'],
  },
];

/** Examples of MW408. */
export const examples = { pass, fail };
