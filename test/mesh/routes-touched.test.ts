import t from 'tap';
import { touchedBy } from '../../src/mesh/touched.ts';
import { View } from '../../src/mesh/view.ts';
import { identityOf } from '../../src/model/finding.ts';
import { type KubeObject, nameOf, namespaceOf } from '../../src/model/kube-object.ts';
import { boundedRetries } from '../../src/rules/traffic/bounded-retries.ts';
import { retriesFitTimeout } from '../../src/rules/traffic/retries-fit-timeout.ts';
import { retryConditions } from '../../src/rules/traffic/retry-conditions.ts';
import { routeTimeout } from '../../src/rules/traffic/route-timeout.ts';
import type { Rule } from '../../src/rules/rule.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';

const SPACES = ['llm', 'shop', 'web'] as const;
const WORLD = { ...BASELINE, mesh: { ...BASELINE.mesh, namespaces: SPACES } };
const RULES: readonly Rule[] = [boundedRetries, retryConditions, routeTimeout, retriesFitTimeout];
const ML = 'ml.llm.svc.cluster.local';
const CART = 'cart.shop.svc.cluster.local';
const SUBJECTS = [ML, CART, 'ext.example.com'];
const CASES = 1500;

/** A small generator of numbers below 1, always the same for the same seed (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Makes objects of a small mesh that are full of traps: ages, spellings, delegates, exports, matches and Sidecars. */
class Maker {
  readonly #next: () => number;
  constructor(seed: number) {
    this.#next = numbers(seed);
  }
  maybe(chance: number): boolean {
    return this.#next() < chance;
  }
  pick<T>(items: readonly [T, ...T[]]): T {
    return items[Math.floor(this.#next() * items.length)] ?? items[0];
  }
  object(kind: string, name: string, namespace: string, spec: object, group = 'networking.istio.io/v1'): KubeObject {
    const day = String(1 + Math.floor(this.#next() * 20)).padStart(2, '0');
    const labels = this.maybe(0.05) ? { labels: { 'istio.io/rev': 'old' } } : {};
    const metadata = { name, namespace, creationTimestamp: `2026-01-${day}T00:00:00Z`, ...labels };
    return { apiVersion: group, kind, metadata, spec };
  }
  match(): object {
    return this.pick<object>([
      { uri: { prefix: '/a' } },
      { uri: { prefix: '/' } },
      { method: { exact: 'GET' } },
      { gateways: ['mesh'] },
      { gateways: ['g'] },
      { sourceNamespace: this.pick(SPACES) },
      { sourceLabels: { app: 'a' } },
      { port: 80 },
    ]);
  }
  entry(mayDelegate: boolean): object {
    const delegate = { name: this.pick(['d1', 'd2']), namespace: this.pick(SPACES) };
    const route = [{ destination: { host: this.pick([ML, ML, 'ml', CART, 'ml.llm']) } }];
    return {
      ...(this.maybe(0.5) ? { match: [this.match(), ...(this.maybe(0.3) ? [this.match()] : [])] } : {}),
      ...(mayDelegate && this.maybe(0.3) ? { delegate } : { route }),
      ...(this.maybe(0.5) ? { timeout: this.pick(['1s', '1m']) } : {}),
      ...(this.maybe(0.5)
        ? { retries: this.pick<object>([{}, { attempts: 1 }, { attempts: 5, retryOn: '5xx' }]) }
        : {}),
    };
  }
  virtualService(name: string, isDelegate: boolean): KubeObject {
    const host = (): string =>
      this.pick([
        ML,
        ML,
        ML,
        CART,
        'ML.llm.svc.cluster.local',
        'ml.llm',
        `${ML}.`,
        '*.llm.svc.cluster.local',
        '*.local',
        'ext.example.com',
      ]);
    return this.object('VirtualService', name, this.pick(SPACES), {
      ...(isDelegate ? {} : { hosts: this.maybe(0.2) ? [host(), host()] : [host()] }),
      ...(!isDelegate && this.maybe(0.2) ? { gateways: this.pick([['g'], ['mesh', 'g']]) } : {}),
      ...(this.maybe(0.3) ? { exportTo: this.pick([['.'], ['web'], ['shop', 'web'], ['llm']]) } : {}),
      http: [this.entry(!isDelegate), ...(this.maybe(0.5) ? [this.entry(!isDelegate)] : [])],
    });
  }
  sidecar(namespace: string, name: string): KubeObject {
    const hosts = this.pick([
      ['*/*'],
      ['./*'],
      ['llm/*'],
      ['./*', 'llm/*'],
      [`*/${ML}`],
      ['web/*', `llm/${ML}`],
      ['*/*.llm.svc.cluster.local'],
    ]);
    const selector = name === 'chosen' ? { workloadSelector: { labels: { app: 'a' } } } : {};
    return this.object('Sidecar', name, namespace, { ...selector, egress: [{ hosts }] });
  }
  httpRoute(): KubeObject {
    const backend = this.pick([
      { name: 'ml', namespace: 'llm', port: 80 },
      { name: 'cart', namespace: 'shop', port: 80 },
    ]);
    const parent = this.pick<object>([{ kind: 'Service', name: 'ml', namespace: 'llm' }, { name: 'g' }]);
    const rule = {
      backendRefs: [backend],
      ...(this.maybe(0.5) ? { timeouts: { request: '9s' }, retry: { attempts: 0 } } : {}),
    };
    return this.object(
      'HTTPRoute',
      'r',
      this.pick(SPACES),
      { parentRefs: [parent], rules: [rule] },
      'gateway.networking.k8s.io/v1',
    );
  }
  mesh(): readonly KubeObject[] {
    const service = (name: string, namespace: string): KubeObject =>
      this.object(
        'Service',
        name,
        namespace,
        {
          ports: [
            { name: 'http', port: 80 },
            { name: 'http-b', port: 8080 },
          ],
        },
        'v1',
      );
    return [
      service('ml', 'llm'),
      service('cart', 'shop'),
      ...['v1', 'v2', 'v3'].flatMap((name) => (this.maybe(0.7) ? [this.virtualService(name, false)] : [])),
      ...['d1', 'd2'].flatMap((name) => (this.maybe(0.5) ? [this.virtualService(name, true)] : [])),
      ...(this.maybe(0.4) ? [this.sidecar(this.pick(['web', 'shop', 'istio-system']), 'default')] : []),
      ...(this.maybe(0.2) ? [this.sidecar('web', 'chosen')] : []),
      ...(this.maybe(0.3) ? [this.httpRoute()] : []),
    ];
  }
  /** Another object of the same kind and name. */
  replacement(object: KubeObject): KubeObject {
    const other =
      object.kind === 'VirtualService'
        ? this.virtualService('', !Object.hasOwn(object.spec ?? {}, 'hosts'))
        : object.kind === 'Sidecar'
          ? this.sidecar('', nameOf(object))
          : object.kind === 'HTTPRoute'
            ? this.httpRoute()
            : object;
    return { ...object, spec: other.spec };
  }
}

function findings(view: View, host: string): ReadonlyMap<string, number> {
  const facts = { view, baseline: WORLD, now: NOW };
  const found = new Map<string, number>();
  for (const rule of RULES) {
    if (rule.subject !== 'host') continue;
    for (const finding of rule.check(host, facts)) {
      const key = identityOf(finding);
      found.set(key, Math.max(found.get(key) ?? Number.NEGATIVE_INFINITY, finding.magnitude ?? 0));
    }
  }
  return found;
}

t.test('whatever host a change makes worse is among those that it touches', (t) => {
  let worse = 0;
  for (let seed = 1; seed <= CASES; seed++) {
    const maker = new Maker(seed);
    const objects = maker.mesh();
    const [first, ...rest] = objects;
    if (first === undefined) continue;
    const target = maker.pick([first, ...rest]);
    const all = View.of(objects, WORLD.mesh);
    const without = all.with({ remove: [target] });
    const replacement = maker.replacement(target);
    const [before, after] = maker.pick<readonly [View, View]>([
      [all, without],
      [without, all],
      [all, all.with({ add: [replacement] })],
    ]);
    const touched = new Set([
      ...(before === without ? [] : touchedBy(target, before, WORLD).hosts),
      ...(after === without ? [] : touchedBy(after === all ? target : replacement, after, WORLD).hosts),
    ]);
    for (const host of SUBJECTS) {
      const was = findings(before, host);
      for (const [key, magnitude] of findings(after, host)) {
        const then = was.get(key);
        if (then !== undefined && magnitude <= then) continue;
        worse += 1;
        if (!touched.has(host))
          t.fail(`seed ${seed}: ${target.kind} ${namespaceOf(target)}/${nameOf(target)} misses ${key}`);
      }
    }
  }
  t.ok(worse > CASES / 5, `${worse} findings came new or worse`);
  t.end();
});
