import { alikeHosts } from '../../mesh/alike-hosts.ts';
import { ROUTE_SETTINGS } from '../../mesh/host-settings.ts';
import { effectiveEntries } from '../../mesh/route-delegates.ts';
import type { Entry } from '../../mesh/route-entries.ts';
import { type Place, rootsTo, routesSeenBy, routesTo } from '../../mesh/routes.ts';
import { formatPath } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { formatRef, refOf } from '../../model/kube-object.ts';
import { type Facts, hostRule, type Say } from '../rule.ts';
import { examples } from './pinned-route-first.examples.ts';
import { isAsked, isTo, leadTo, misleads, moveBefore, type Routed, takes } from './pinned-routes.ts';
import { type Pin, pinOf } from './route-pins.ts';

const messages = {
  behind:
    "`{field}` is for requests with '{header}: {value}' and stands behind `{before}`, which takes them first; must stand before it, to lead them to subset '{subset}' of service '{service}'",
  behindOther:
    "`{field}` is for requests with '{header}: {value}', but `{before}` of the older {other} takes them first at the same gateway; must stand in one VirtualService with it and before it, to lead them to subset '{subset}' of service '{service}'",
  wrongSubset:
    "`{field}` leads requests with '{header}: {value}' to {where}; must be subset '{subset}' of service '{service}'",
} as const;

type SayIt = Say<typeof messages>;

/** MW410: whoever asks for a version by its header gets it. */
export const pinnedRouteFirst = hostRule({
  id: 'pinned-route-first',
  code: 'MW410',
  reads: ['VirtualService', 'HTTPRoute', 'Service', 'ServiceEntry', 'Sidecar', 'Namespace', 'ConfigMap'],
  settings: ROUTE_SETTINGS,
  alike: alikeHosts,
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary:
    'A route for one of the baseline’s header values stands before the routes that would take its requests, and leads to that value’s subset.',
  why: 'The first route that matches wins: behind the weighted one a header route is never reached, and who forces the canary gets it once in twenty times.',
  remedy: 'Put the `http` entry with the header before the weighted one, and let it lead to the subset alone.',
  absence: 'No route for the header: its requests are split like all others, which is allowed.',
  source: {
    document: '**Header-Based Routing**: Force canary with `x-version: canary`',
    refs: [
      'https://istio.io/latest/docs/concepts/traffic-management/#routing-rule-precedence',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/route/route.go',
    ],
  },
  numbers: ['services.pins'],
  messages,
  examples,
  check(host, facts, say) {
    const pins = facts.baseline.services.find((service) => service.host === host)?.pins ?? [];
    if (pins.length === 0) return [];
    const lists = rootsTo(facts.view, host).map((root) => effectiveEntries(facts.view, root));
    const atGateways = gatewayLists(host, facts);
    return pins.flatMap((pin) => [
      ...lists.flatMap((entries) => judgeList(entries, host, pin, say)),
      ...atGateways.flatMap((entries) => judgeGateway(entries, host, pin, say)),
    ]);
  },
});

/** Returns the routes of each gateway and virtual host, of all VirtualServices together as the gateway tries them. */
function gatewayLists(host: string, { view, baseline }: Facts): readonly (readonly Routed[])[] {
  const lists = new Map<string, readonly Routed[]>();
  for (const { viewers, virtualHosts } of routesTo(view, baseline, host)) {
    for (const viewer of viewers) {
      if (viewer.kind !== 'gateway') continue;
      for (const virtualHost of virtualHosts) {
        const key = `${viewer.gateway} ${virtualHost}`;
        if (!lists.has(key)) lists.set(key, routesSeenBy(view, virtualHost, viewer));
      }
    }
  }
  return [...lists.values()];
}

function judgeList(entries: readonly Entry[], host: string, pin: Pin, say: SayIt): readonly Finding[] {
  return entries.flatMap((entry, index) => {
    const asked = entry.matches.filter((match) => isAsked(match, pin));
    if (asked.length === 0 || !entry.targets.some(isTo(host))) return [];
    if (misleads(entry, host, pin)) return [sayWrong(entry, host, pin, say)];
    const first = entries.slice(0, index).find((earlier) => takes(earlier, asked, host, pin));
    return first === undefined ? [] : [sayBehind(entry, first, host, pin, say)];
  });
}

function sayBehind(entry: Entry, first: Entry, host: string, pin: Pin, say: SayIt): Finding {
  const isInside = entry.rootAt !== undefined && sameSteps(entry.rootAt, first.rootAt);
  const placeOf = (one: Entry): Place => (isInside ? one.at : (one.rootAt ?? one.at));
  const [place, before] = [placeOf(entry), placeOf(first)];
  const isPure = entry.matches.every((match) => pinOf(match, pin) === 'only');
  const words = { ...wordsOf(pin), service: host, before: formatPath(before.path) };
  const about = {
    path: place.path,
    responsible: place.object,
    thing: `order of ${entry.name}`,
    ...(isPure ? { fix: moveBefore(place, before) } : {}),
  };
  return say('behind', words, about);
}

function sameSteps(left: Place, right: Place | undefined): boolean {
  return right !== undefined && left.object === right.object && formatPath(left.path) === formatPath(right.path);
}

function wordsOf({ header, value, subset }: Pin): { header: string; value: string; subset: string } {
  return { header, value, subset };
}

function sayWrong(entry: Entry, host: string, pin: Pin, say: SayIt): Finding {
  const wrong = entry.targets.find((target) => !isTo(host)(target) || target.subset !== pin.subset);
  const subset = wrong?.subset === undefined ? 'no subset' : `subset '${wrong.subset}'`;
  const where = wrong === undefined || isTo(host)(wrong) ? subset : `'${wrong.host}'`;
  const isPure = entry.matches.every((match) => pinOf(match, pin) === 'only');
  const about = {
    path: wrong?.path ?? entry.at.path,
    responsible: entry.at.object,
    thing: `subset for ${pin.header}=${pin.value} in ${entry.name}`,
    ...(isPure && entry.targets.every(isTo(host)) ? { fix: leadTo(entry, pin) } : {}),
  };
  return say('wrongSubset', { ...wordsOf(pin), service: host, where }, about);
}

/** Only between VirtualServices: within one of them the order is judged by itself. */
function judgeGateway(routes: readonly Routed[], host: string, pin: Pin, say: SayIt): readonly Finding[] {
  return routes.flatMap((route, index): readonly Finding[] => {
    const asked = route.matches.filter((match) => isAsked(match, pin));
    const place = route.rootAt ?? route.at;
    if (asked.length === 0 || place === undefined || !route.targets.some(isTo(host)) || misleads(route, host, pin))
      return [];
    const first = routes.slice(0, index).find((one) => one.root !== route.root && takes(one, asked, host, pin));
    const before = first?.rootAt ?? first?.at;
    if (before === undefined) return [];
    const other = formatRef(refOf(before.object));
    const words = { ...wordsOf(pin), service: host, before: formatPath(before.path), other };
    const about = { path: place.path, responsible: place.object, thing: `order of ${route.name} behind ${other}` };
    return [say('behindOther', words, about)];
  });
}
