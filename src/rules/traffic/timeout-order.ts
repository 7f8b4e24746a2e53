import { alikeHosts } from '../../mesh/alike-hosts.ts';
import { effectiveHops, type Hop } from '../../mesh/call-graph.ts';
import { type EarlyLeave, earlyLeaves, type ManyTries, tooManyTries } from '../../mesh/call-paths.ts';
import { ROUTE_SETTINGS } from '../../mesh/host-settings.ts';
import { formatDuration } from '../../model/duration.ts';
import type { Because, Finding } from '../../model/finding.ts';
import { refOf } from '../../model/kube-object.ts';
import { hostRule, type Say } from '../rule.ts';
import { examples } from './timeout-order.examples.ts';

const messages = {
  order:
    "`{field}` is {seen}, but along '{path}' the caller leaves after {caller}; must be less than or equal to {caller}, or '{from}' must be given {called} or more",
  tries:
    "`{field}` has its part in {product} tries of one request along '{path}'; must be {limit} or fewer, by fewer `attempts` here or at another of the hops",
} as const;

/** MW405: along a path of calls nobody waits for an answer that its caller no longer waits for, and tries do not explode. */
export const timeoutOrder = hostRule({
  id: 'timeout-order',
  code: 'MW405',
  reads: ['VirtualService', 'HTTPRoute', 'Service', 'ServiceEntry', 'Sidecar', 'Namespace', 'ConfigMap'],
  settings: ROUTE_SETTINGS,
  alike: alikeHosts,
  mode: 'warn',
  onDelete: 'warn',
  exceptable: true,
  summary:
    'Along the declared calls no caller’s timeout is shorter than that of whom it calls, and all tries together are within the baseline’s bound.',
  why: 'What goes on after the caller has left is work for nobody, on the services that are slow already; and a request that every hop tries again is tried as often as the numbers multiply.',
  remedy:
    'Give each hop a little less than its caller has: either shorten the timeout of the called service, or lengthen the caller’s. Retry at few hops of a path, best at one. `meshwarden explain MW405` shows the whole graph.',
  absence:
    'No timeout is none, which MW403 says. No `retries`: two, so three tries. A call of which no route is known counts as one try. Calls to outside count both legs, to the egress gateway and from it.',
  source: {
    document: '**Timeout**: 30s',
    refs: [
      'https://istio.io/latest/docs/concepts/traffic-management/#timeouts',
      'https://www.envoyproxy.io/docs/envoy/v1.36.0/faq/configuration/timeouts',
    ],
  },
  numbers: ['services.calls', 'maxTriesProduct'],
  messages,
  examples,
  check(host, { view, baseline }, say) {
    const isDeclared = baseline.services.some((one) => one.host === host || one.calls.includes(host));
    if (!isDeclared && baseline.gateways.egress.every((gateway) => gateway.host !== host)) return [];
    const hops = effectiveHops(view, baseline);
    const concerns = (some: readonly Hop[]): boolean => some.some(({ hosts }) => hosts.includes(host));
    return [
      ...earlyLeaves(hops).flatMap((one) => (concerns([one.caller, one.called]) ? sayOrder(one, say) : [])),
      ...tooManyTries(hops, baseline.maxTriesProduct).flatMap((one) =>
        concerns(one.path) ? sayTries(one, baseline.maxTriesProduct, say) : [],
      ),
    ];
  },
});

const labelled = (path: readonly Hop[]): string => path.map(({ label }) => label).join(' -> ');

function sayOrder(
  { path, caller, callerMs, called, calledMs }: EarlyLeave,
  say: Say<typeof messages>,
): readonly Finding[] {
  const { timeoutAt } = called;
  if (timeoutAt === undefined) return [];
  const because: readonly Because[] =
    caller.timeoutAt === undefined
      ? []
      : [{ object: refOf(caller.timeoutAt.object), path: caller.timeoutAt.path, says: 'bounds the caller' }];
  const words = {
    path: labelled(path),
    from: caller.label,
    caller: formatDuration(callerMs),
    called: formatDuration(calledMs),
  };
  const about = {
    path: timeoutAt.path,
    responsible: timeoutAt.object,
    thing: `timeout of ${called.label} called by ${caller.label}`,
    magnitude: calledMs - callerMs,
    because,
  };
  return [say('order', words, about)];
}

function sayTries({ path, product }: ManyTries, limit: number, say: Say<typeof messages>): readonly Finding[] {
  // The hop that tries most often is the one to mend; of equal ones the last.
  const most = path.filter(({ triesAt }) => triesAt !== undefined).toSorted((left, right) => left.tries - right.tries);
  const place = most.at(-1)?.triesAt;
  if (place === undefined) return [];
  const because = path.flatMap(({ triesAt, tries, label }): readonly Because[] =>
    triesAt === undefined
      ? []
      : [{ object: refOf(triesAt.object), path: triesAt.path, says: `makes ${tries} tries of ${label}` }],
  );
  const sum = `${path.map(({ tries }) => tries).join(' x ')} = ${product}`;
  const about = {
    path: place.path,
    responsible: place.object,
    thing: `tries along ${labelled(path)}`,
    magnitude: product,
    because,
  };
  return [say('tries', { product: sum, path: labelled(path), limit }, about)];
}
