import * as fc from 'fast-check';
import { View } from '../../src/mesh/view.ts';
import type { Change } from '../../src/model/change.ts';
import { recordOrEmpty } from '../../src/model/json.ts';
import { formatRef, refOf } from '../../src/model/kube-object.ts';
import { controlPlaneConfig } from '../mutants/mesh-config-object.ts';
import {
  configMap,
  GOOD_POLICY,
  LARGE_TEAMS,
  OWN,
  ownHttpRoute,
  ownRoute,
  ownRule,
  TEAMS,
  type WideChange,
} from './exhaustive-objects.ts';
import { baseline, SHIPPED } from './ratchet.ts';
import { objects } from './ratchet-steps.ts';

const ROOT = baseline.mesh.rootNamespace;

const ways = fc.record({
  retries: fc.constantFrom(...OWN.retries),
  match: fc.constantFrom(...OWN.match),
  exportTo: fc.constantFrom(...OWN.exportTo),
  gateways: fc.constantFrom(...OWN.gateways),
  policy: fc.constantFrom(...OWN.policy),
  selector: fc.constantFrom(...OWN.selector),
  namespace: fc.constantFrom(...OWN.namespace),
});
const own = fc
  .record({ way: ways, withRoute: fc.boolean(), withRule: fc.boolean(), withHttpRoute: fc.boolean() })
  .map(({ way, withRoute, withRule, withHttpRoute }) => [
    ...(withRoute ? [ownRoute(way)] : []),
    ...(withRule ? [ownRule(way)] : []),
    ...(withHttpRoute ? [ownHttpRoute(way)] : []),
  ]);

const left = fc.constant(undefined);
const one = (...values: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 2, arbitrary: left }, { weight: 1, arbitrary: fc.constantFrom(...values) });
const exportTo = one(['.'], ['*'], ['~'], ['llmoptimizer'], ['*', '.'], [], [1], null);

/** Mesh configurations that differ in whatever a rule may read, in both spellings. */
const meshConfigs = fc.record({
  defaultHttpRetryPolicy: one({ attempts: 0 }, { attempts: 5 }, { attempts: 1, retryOn: '5xx' }, { attempts: 'x' }, {}),
  default_http_retry_policy: one({ attempts: 7 }, { attempts: 0 }),
  defaultVirtualServiceExportTo: exportTo,
  defaultServiceExportTo: exportTo,
  defaultDestinationRuleExportTo: exportTo,
  defaultTrafficPolicy: one(
    GOOD_POLICY,
    { connectionPool: { tcp: { maxConnections: 1_000_000 } } },
    { outlierDetection: { consecutive5xxErrors: 0 } },
    {},
  ),
  outboundTrafficPolicy: one({ mode: 'REGISTRY_ONLY' }, { mode: 'ALLOW_ANY' }, {}),
  proxyHttpPort: one(15_007, 0),
  enableAutoMtls: one(false, true),
  discoverySelectors: one([{ matchLabels: { mesh: 'in' } }]),
  accessLogFile: one('/dev/stdout', ''),
  enableTracing: one(false, true),
  defaultProviders: one({ tracing: ['zipkin'] }, { metrics: ['prometheus'], accessLogging: [] }),
  defaultConfig: one({ tracing: { sampling: 50 } }, { concurrency: 4 }),
  trustDomain: one('other.domain'),
});

const [SHIPPED_CONFIG, INJECTOR] = controlPlaneConfig();

/** A change of the mesh's settings: most often another configuration, else one that comes or goes, or the injector's. */
const configChanges: fc.Arbitrary<Change> = fc
  .record({
    old: fc.option(meshConfigs, { freq: 5 }),
    current: fc.option(meshConfigs, { freq: 8 }),
    kept: fc.boolean(),
    // Those that rules on hosts read stand first.
    field: fc.oneof(fc.nat(6), fc.nat(14)),
    what: fc.constantFrom('istio', 'istio', 'istio', 'istio', 'istio', 'injector', 'shipped'),
  })
  .map(({ old, current, kept, field, what }) => {
    if (what === 'injector' && INJECTOR !== undefined) return { operation: 'DELETE', before: INJECTOR };
    if (what === 'shipped' && SHIPPED_CONFIG !== undefined && current !== null) {
      return { operation: 'UPDATE', before: SHIPPED_CONFIG, after: configMap(current) };
    }
    if (old === null && current === null) return { operation: 'CREATE', after: configMap({}) };
    if (old === null) return { operation: 'CREATE', after: configMap(current ?? {}) };
    const before = configMap(old);
    if (current === null) return { operation: 'DELETE', before };
    // Mostly a single field is another one.
    const name = Object.keys(current)[field % Object.keys(current).length] ?? '';
    const single = { ...old, [name]: recordOrEmpty(current)[name] };
    return { operation: 'UPDATE', before, after: configMap(kept ? single : current) };
  });

/** An object that comes to the root namespace, or goes from it, and is for the whole mesh. */
const rootChanges: fc.Arbitrary<Change> = fc.record({ some: objects, comes: fc.boolean() }).map(({ some, comes }) => {
  const metadata = { ...recordOrEmpty(some.metadata), namespace: ROOT, creationTimestamp: '2026-01-03T00:00:00Z' };
  const moved = { ...some, metadata };
  return comes ? { operation: 'CREATE', after: moved } : { operation: 'DELETE', before: moved };
});

/** Changes of settings, or of other objects for the whole mesh, in meshes that are the shipped one with things come and gone. */
export const wideChanges: fc.Arbitrary<WideChange> = fc
  .record({
    isSmall: fc.constantFrom(true, true, true, false),
    isLarge: fc.boolean(),
    gone: fc.array(fc.nat(999), { maxLength: 30 }),
    come: fc.array(objects, { maxLength: 4 }),
    own,
    change: fc.oneof({ weight: 3, arbitrary: configChanges }, { weight: 1, arbitrary: rootChanges }),
  })
  .map(({ isSmall, isLarge, gone, come, own: added, change }) => {
    const shipped = isSmall ? [] : [...SHIPPED.values()];
    const missing = new Set(gone.map((at) => shipped[at % shipped.length]));
    const all = [
      ...(isLarge ? LARGE_TEAMS : TEAMS),
      ...shipped.filter((object) => !missing.has(object)),
      ...come,
      ...added,
    ];
    const changed = change.after ?? change.before;
    const id = changed === undefined ? '' : formatRef(refOf(changed));
    const rest = all.filter((object) => formatRef(refOf(object)) !== id);
    return { view: View.of([...rest, ...(change.before === undefined ? [] : [change.before])], baseline.mesh), change };
  });
