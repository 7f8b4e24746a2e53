import type { FailExample, PassExample } from '../rule.ts';
import { destinationRule, SHOP } from './destination-rule-yaml.ts';
import { serviceEntry } from './service-entry-yaml.ts';

const ML = 'ml-service.llmoptimizer.svc.cluster.local';
const at = (namespace: string, host: string, spec = ''): string =>
  destinationRule(spec, { name: 'mine', namespace, host });
const AT_HOST = 'at spec.host';

const pass: readonly PassExample[] = [
  { title: 'a short name, which is one of the rule’s own namespace', yaml: at('shop', 'ml-service') },
  { title: 'the owner’s rule by its full name, at v1beta1', yaml: at('llmoptimizer', ML).replace('/v1', '/v1beta1') },
  { title: 'the root namespace’s rule for everybody', yaml: at('istio-system', '*.local') },
  { title: 'a wildcard of the rule’s own namespace', yaml: at('shop', '*.shop.svc.cluster.local') },
  { title: 'part of a name as a wildcard, in its own namespace', yaml: at('shop', '*-api.shop.svc.cluster.local') },
  {
    title: 'an external host of the namespace’s own ServiceEntry',
    context: serviceEntry('db.example', 'shop'),
    yaml: at('shop', 'db.example'),
  },
  { title: 'an external host that nobody has declared yet', yaml: at('shop', 'db.example') },
  {
    title: 'a listed external host at the egress gateway, before its ServiceEntry',
    yaml: at('istio-egress', 'api.openai.com'),
  },
  { title: 'the wildcard of a listed external host there', yaml: at('istio-egress', '*.googleapis.com') },
];

const fail: readonly FailExample[] = [
  { title: 'a caller’s rule for the ML service', yaml: at('shop', ML), finds: [`notOwn ${AT_HOST}`] },
  {
    title: 'one for its own callers only, at v1alpha3',
    yaml: at('shop', ML, 'exportTo: ["."]').replace('/v1', '/v1alpha3'),
    finds: [`notOwn ${AT_HOST}`],
  },
  {
    title: 'a rule with a selector that fits nobody',
    yaml: at('shop', ML, 'workloadSelector: { matchLabels: { app: nobody } }'),
    finds: [`notOwnSelected ${AT_HOST}`],
  },
  {
    title: 'a wildcard of another namespace',
    yaml: at('shop', '*.llmoptimizer.svc.cluster.local'),
    finds: [`notOwn ${AT_HOST}`],
  },
  { title: 'a wildcard of all services', yaml: at('shop', '*.svc.cluster.local'), finds: [`everybody ${AT_HOST}`] },
  { title: 'a wildcard of everything', yaml: at('shop', '*'), finds: [`everybody ${AT_HOST}`] },
  {
    title: 'a wildcard of namespaces whose names end alike',
    yaml: at('shop', '*shop.svc.cluster.local'),
    finds: [`everybody ${AT_HOST}`],
  },
  {
    title: 'a wildcard in the owner’s namespace that covers others as well',
    yaml: at('llmoptimizer', '*.cluster.local'),
    finds: [`everybody ${AT_HOST}`],
  },
  {
    title: 'a listed external host outside of the egress gateway’s namespace',
    yaml: at('shop', 'api.openai.com'),
    finds: [`notOwn ${AT_HOST}`],
  },
  {
    title: 'another namespace’s external host, and by a wildcard that covers it',
    context: serviceEntry('db.example', 'data') + SHOP,
    yaml: at('shop', 'db.example') + at('other', '*.example'),
    finds: [`notOwn ${AT_HOST}`, `notOwn ${AT_HOST}`],
  },
  {
    title: 'a host of another namespace’s wildcard',
    context: serviceEntry('*.example', 'data'),
    yaml: at('shop', 'db.example'),
    finds: [`notOwn ${AT_HOST}`],
  },
  {
    title: 'an external host of its own becomes the ML service',
    before: at('shop', 'cart'),
    yaml: at('shop', ML),
    finds: [`notOwn ${AT_HOST}`],
  },
];

/** The meshes that show this rule. */
export const examples = { pass, fail };
