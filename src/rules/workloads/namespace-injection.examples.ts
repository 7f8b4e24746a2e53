import type { FailExample, PassExample } from '../rule.ts';
import { namespace } from './workload-yaml.ts';

const listed = (labels: string): string => namespace('llmoptimizer', labels);
const ENABLED = 'istio-injection: enabled';
const AT_INJECTION = 'metadata.labels[istio-injection]';
const AT_REVISION = 'metadata.labels[istio.io/rev]';
const SHOP = namespace('shop', ENABLED);

const pass: readonly PassExample[] = [
  { title: 'a listed namespace that asks', yaml: listed(ENABLED) },
  { title: 'by a revision of this mesh', yaml: listed('istio.io/rev: default') },
  { title: 'another one that asks', yaml: SHOP },
  { title: 'a namespace that never was of the mesh', yaml: namespace('shop', 'team: a') },
  { title: 'one that says no from the beginning', yaml: namespace('shop', 'istio-injection: disabled') },
  { title: 'the gateways’ own', yaml: namespace('istio-ingress', 'team: a') },
  { title: 'the ambient mode, turned off by name', yaml: listed(`${ENABLED}, istio.io/dataplane-mode: none`) },
  { title: 'a namespace that goes', yaml: SHOP, before: SHOP, deletes: true },
  {
    title: 'one that changes from the first label to the second',
    before: SHOP,
    yaml: namespace('shop', 'istio.io/rev: default'),
  },
];

const fail: readonly FailExample[] = [
  { title: 'a listed namespace without a label', yaml: listed('team: ml'), finds: [`missing at ${AT_INJECTION}`] },
  {
    title: 'one that has no labels at all',
    yaml: '{ apiVersion: v1, kind: Namespace, metadata: { name: llmoptimizer-data } }',
    finds: [`missing at ${AT_INJECTION}`],
  },
  { title: 'disabled', yaml: listed('istio-injection: disabled'), finds: [`disabled at ${AT_INJECTION}`] },
  { title: 'an empty value', yaml: listed('istio-injection: ""'), finds: [`disabled at ${AT_INJECTION}`] },
  {
    title: 'a revision that nobody answers to',
    yaml: listed('istio.io/rev: gone'),
    finds: [`unknown at ${AT_REVISION}`],
  },
  { title: 'both labels', yaml: listed(`${ENABLED}, istio.io/rev: default`), finds: [`twice at ${AT_REVISION}`] },
  {
    title: 'both, of which the first says no and the second would',
    yaml: namespace('llmoptimizer', 'istio-injection: disabled, istio.io/rev: default'),
    finds: [`disabled at ${AT_INJECTION}`, `twice at ${AT_REVISION}`],
  },
  {
    title: 'ambient beside sidecars',
    yaml: listed(`${ENABLED}, istio.io/dataplane-mode: ambient`),
    finds: ['ambient at metadata.labels[istio.io/dataplane-mode]'],
  },
  {
    title: 'an update that takes the label away',
    before: listed(ENABLED),
    yaml: listed('team: ml'),
    finds: [`missing at ${AT_INJECTION}`],
  },
  {
    title: 'an update that takes another namespace out of the mesh',
    before: SHOP,
    yaml: namespace('shop', 'team: a'),
    finds: [`left at ${AT_INJECTION}`],
  },
  {
    title: 'one that turns it off there',
    before: SHOP,
    yaml: namespace('shop', 'istio-injection: disabled'),
    finds: [`disabled at ${AT_INJECTION}`],
  },
  {
    title: 'one that moves it to a revision that nobody answers to',
    before: SHOP,
    yaml: namespace('shop', 'istio.io/rev: gone'),
    finds: [`unknown at ${AT_REVISION}`],
  },
];

/** The examples of MW109. */
export const examples = { pass, fail };
