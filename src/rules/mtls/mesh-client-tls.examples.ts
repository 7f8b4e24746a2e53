import type { FailExample, PassExample } from '../rule.ts';
import { destinationRule, service, SHOP } from '../traffic/destination-rule-yaml.ts';

const top = (policy: string): string => `trafficPolicy: { ${policy} }`;
const tls = (block: string): string => destinationRule(top(`tls: { ${block} }`));
const MUTUAL = 'tls: { mode: ISTIO_MUTUAL }';
const PASSTHROUGH = 'loadBalancer: { simple: PASSTHROUGH }';
const HEADLESS = service('ml-service', 'llmoptimizer', 'clusterIP: None, ports: [{ name: http, port: 8080 }]');
const AT_SHOP = { name: 'mine', namespace: 'shop', host: 'ml-service.llmoptimizer.svc.cluster.local' };
const OWNER = destinationRule(top(MUTUAL), { day: '01' });

const pass: readonly PassExample[] = [
  { title: 'the mesh’s own mode', yaml: tls('mode: ISTIO_MUTUAL, sni: a.example') },
  { title: 'nothing said, which is automatic', yaml: destinationRule('') },
  {
    title: 'TLS of another kind to a host outside',
    yaml: destinationRule(top('tls: { mode: SIMPLE, sni: api.openai.com }'), { host: 'api.openai.com' }),
  },
  {
    title: 'plaintext to a service outside the mesh, such as the API server',
    yaml: destinationRule(top('tls: { mode: DISABLE }'), { host: 'kubernetes.default.svc.cluster.local' }),
  },
  {
    title: 'PASSTHROUGH in a subset, whose rule sets the mode, at v1beta1',
    yaml: destinationRule(`${top(MUTUAL)}, subsets: [{ name: v1, trafficPolicy: { ${PASSTHROUGH} } }]`).replace(
      '/v1',
      '/v1beta1',
    ),
  },
  { title: 'a headless service with the mode', context: HEADLESS, yaml: OWNER },
];

const fail: readonly FailExample[] = [
  { title: 'an empty block', yaml: tls(''), finds: ['unset at spec.trafficPolicy.tls.mode'] },
  { title: 'a block with only a server name', yaml: tls('sni: a'), finds: ['unset at spec.trafficPolicy.tls.mode'] },
  {
    title: 'switched off, at v1alpha3',
    yaml: tls('mode: DISABLE').replace('/v1', '/v1alpha3'),
    finds: ['notMutual at spec.trafficPolicy.tls.mode'],
  },
  {
    title: 'SIMPLE with a credential, which a sidecar turns into plaintext',
    yaml: tls('mode: SIMPLE, credentialName: a'),
    finds: ['notMutual at spec.trafficPolicy.tls.mode'],
  },
  {
    title: 'certificates of one’s own',
    yaml: tls('mode: MUTUAL, clientCertificate: /a, privateKey: /b'),
    finds: ['notMutual at spec.trafficPolicy.tls.mode'],
  },
  {
    title: 'a mode that is a number',
    yaml: tls('mode: 3'),
    finds: ['notMutual at spec.trafficPolicy.tls.mode'],
  },
  {
    title: 'no check of the server',
    yaml: tls('mode: ISTIO_MUTUAL, insecureSkipVerify: true'),
    finds: ['unverified at spec.trafficPolicy.tls.insecureSkipVerify'],
  },
  {
    title: 'switched off on a port, in the second subset, and in its settings for a port',
    yaml: destinationRule(
      `trafficPolicy: { ${MUTUAL}, portLevelSettings: [{ port: { number: 8080 }, tls: {} }] }, subsets: [{ name: v1 }, { name: v2, trafficPolicy: { tls: { mode: DISABLE }, portLevelSettings: [{ port: { number: 9090 }, tls: { mode: SIMPLE } }] } }]`,
    ),
    finds: [
      'unset at spec.trafficPolicy.portLevelSettings[0].tls.mode',
      'notMutual at spec.subsets[1].trafficPolicy.tls.mode',
      'notMutual at spec.subsets[1].trafficPolicy.portLevelSettings[0].tls.mode',
    ],
  },
  {
    title: 'PASSTHROUGH, and nothing said',
    yaml: destinationRule(top(PASSTHROUGH)),
    finds: ['passthrough at spec.trafficPolicy.tls'],
  },
  {
    title: 'PASSTHROUGH on a port, whose settings lose the mode',
    yaml: destinationRule(
      `trafficPolicy: { ${MUTUAL}, portLevelSettings: [{ port: { number: 8080 }, ${PASSTHROUGH} }] }`,
    ),
    finds: ['passthrough at spec.trafficPolicy.portLevelSettings[0].tls'],
  },
  {
    title: 'a client’s own rule',
    context: SHOP + OWNER,
    yaml: destinationRule(top('tls: { mode: DISABLE }'), AT_SHOP),
    finds: ['notMutual at spec.trafficPolicy.tls.mode'],
  },
  {
    title: 'the root namespace’s rule for everything',
    context: SHOP + service('cart', 'shop'),
    yaml: destinationRule(top('tls: { mode: SIMPLE }'), { name: 'all', namespace: 'istio-system', host: '*' }),
    finds: ['notMutual at spec.trafficPolicy.tls.mode'],
  },
  {
    title: 'a rule that comes before its service',
    context: SHOP,
    yaml: destinationRule(top('tls: { mode: DISABLE }'), { name: 'cart', namespace: 'shop', host: 'cart' }),
    finds: ['notMutual at spec.trafficPolicy.tls.mode'],
  },
  {
    title: 'the way to the egress gateway',
    yaml: destinationRule(top('tls: {}'), {
      name: 'egress',
      namespace: 'istio-egress',
      host: 'istio-egressgateway.istio-egress.svc.cluster.local',
    }),
    finds: ['unset at spec.trafficPolicy.tls.mode'],
  },
  {
    title: 'a rule that an older one hides, which may go one day',
    context: OWNER,
    yaml: destinationRule(top('tls: { mode: DISABLE }'), { name: 'newer' }),
    finds: ['notMutual at spec.trafficPolicy.tls.mode'],
  },
  {
    title: 'a headless service, and nothing said',
    context: HEADLESS,
    yaml: destinationRule(top('loadBalancer: { simple: ROUND_ROBIN }')),
    finds: ['headless at spec.trafficPolicy.tls'],
  },
  {
    title: 'the rule of a headless service is deleted',
    context: HEADLESS,
    yaml: OWNER,
    deletes: true,
    finds: ['missing'],
  },
  {
    title: 'the rule of a headless service is no longer exported',
    context: HEADLESS,
    before: OWNER,
    yaml: destinationRule(`${top(MUTUAL)}, exportTo: ["."]`, { day: '01' }),
    finds: ['hidden at spec.exportTo'],
  },
  {
    title: 'a rule for some pods takes the rule of a headless service from the others',
    context: HEADLESS + SHOP + OWNER,
    yaml: destinationRule(`${top(MUTUAL)}, workloadSelector: { matchLabels: { app: a } }`, AT_SHOP),
    finds: ['foreign at spec.workloadSelector'],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
