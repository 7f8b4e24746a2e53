import { podTemplateOf } from '../../src/mesh/pod-template.ts';
import { numberOf, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../../src/model/json.ts';
import { type KubeObject, specOf } from '../../src/model/kube-object.ts';
import { hostRule, objectRule, type Rule } from '../../src/rules/rule.ts';

const TEXT = {
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary: '',
  why: '',
  remedy: '',
  absence: '',
  source: { refs: [] },
  numbers: [],
  examples: { pass: [], fail: [] },
} as const;

/** A route retries once at most; the thing is the route's name, and how bad it is can be told. */
const boundedRetries = objectRule({
  ...TEXT,
  id: 'bounded-retries',
  code: 'MW401',
  reads: ['VirtualService'],
  messages: { many: '`{field}` is {seen}; must be less than or equal to 1' },
  check: (object, _, say) =>
    recordsOf(specOf(object).http).flatMap((route, at) => {
      const attempts = numberOf(recordOrEmpty(route.retries).attempts) ?? 0;
      const about = { path: ['spec', 'http', at, 'retries', 'attempts'], magnitude: attempts };
      return attempts > 1 ? [say('many', {}, { ...about, thing: stringOf(route.name) ?? '' })] : [];
    }),
});

/** A route has a timeout: what is wrong is that nothing is there. */
const routeTimeout = objectRule({
  ...TEXT,
  id: 'route-timeout',
  code: 'MW403',
  reads: ['VirtualService'],
  messages: { unset: '`{field}` is not set; must be' },
  check: (object, _, say) =>
    recordsOf(specOf(object).http).flatMap((route, at) =>
      route.timeout === undefined ? [say('unset', {}, { path: ['spec', 'http', at, 'timeout'], thing: '' })] : [],
    ),
});

/** A route is not for every host, and that has no exceptions. */
const noWildcard = objectRule({
  ...TEXT,
  id: 'no-wildcard',
  code: 'MW413',
  reads: ['VirtualService'],
  exceptable: false,
  messages: { all: "`{field}` has '*'; must not" },
  check: (object, _, say) =>
    stringsOf(specOf(object).hosts).includes('*') ? [say('all', {}, { path: ['spec', 'hosts'] })] : [],
});

/** A policy's rule names callers: without magnitude, of a kind of which every word counts. */
const namedCallers = objectRule({
  ...TEXT,
  id: 'named-callers',
  code: 'MW303',
  reads: ['AuthorizationPolicy'],
  messages: { anybody: '`{field}` is not set; must name callers' },
  check: (object, _, say) =>
    recordsOf(specOf(object).rules).flatMap((rule, at) =>
      rule.from === undefined ? [say('anybody', {}, { path: ['spec', 'rules', at, 'from'], thing: '' })] : [],
    ),
});

/** A pod does not share its node's network. */
const ownNetwork = objectRule({
  ...TEXT,
  id: 'own-network',
  code: 'MW104',
  reads: ['Pod', 'Deployment', 'ReplicaSet', 'Job', 'CronJob'],
  messages: { shares: '`{field}` is true; must not be' },
  check: (object, _, say) => {
    const pod = podTemplateOf(object);
    return pod?.spec.hostNetwork === true ? [say('shares', {}, { path: [...pod.path, 'spec', 'hostNetwork'] })] : [];
  },
});

/** A Service has a VirtualService: a whole object is missing and nobody is to blame. */
const covered = hostRule({
  ...TEXT,
  id: 'covered',
  code: 'MW491',
  reads: ['VirtualService', 'Service'],
  messages: { missing: "'{host}' has no VirtualService" },
  check: (host, { view }, say) =>
    view.lookup(`Service|host|${host}`).length > 0 && view.lookup(`VirtualService|host|${host}`).length === 0
      ? [say('missing', { host }, { path: [] })]
      : [],
});

/** Small rules of the tests' own, so that what is excepted does not change with the catalogue. */
export const RULES_TO_EXCEPT: readonly Rule[] = [
  boundedRetries,
  routeTimeout,
  noWildcard,
  namedCallers,
  ownNetwork,
  covered,
];

/** A VirtualService `web` in namespace `shop` that keeps every rule but for what is said. */
export function route(
  exempt: string | undefined,
  spec: Readonly<Record<string, unknown>> = retries(9),
  metadata: Readonly<Record<string, unknown>> = {},
): KubeObject {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'web', namespace: 'shop', ...annotated(exempt), ...metadata },
    spec,
  };
}

/** A route's `spec` with so many retries, and whatever else is said of the route. */
export function retries(attempts: number, rest: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { hosts: ['web'], http: [{ name: 'all', timeout: '5s', retries: { attempts }, ...rest }] };
}

/** Metadata with the annotation, or without. */
export function annotated(exempt: string | undefined): Record<string, unknown> {
  return exempt === undefined ? {} : { annotations: { 'meshwarden.io/exempt': exempt } };
}
