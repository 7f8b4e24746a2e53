import { alikeHosts } from '../../mesh/alike-hosts.ts';
import { ROUTE_SETTINGS } from '../../mesh/host-settings.ts';
import { proofOf, type Route, routesTo, type RouteTarget } from '../../mesh/routes.ts';
import { overlappingSubsets } from '../../mesh/subset-overlap.ts';
import type { ServiceBaseline, ServiceSplit } from '../../model/baseline.ts';
import type { Finding } from '../../model/finding.ts';
import { type About, type Facts, hostRule, type Say } from '../rule.ts';
import { isTarget } from './route-bounds.ts';
import { pinOf } from './route-pins.ts';
import { examples } from './weighted-split.examples.ts';

const messages = {
  tooGreat:
    "`{field}` sends {share} % of the requests to service '{service}' to subset '{subset}'; must be less than or equal to {limit} %",
  tooSmall:
    "`{field}` sends {share} % of the requests to service '{service}' to subset '{subset}'; must be greater than or equal to {limit} %",
  noSubset:
    "`{field}` sends {share} % of the requests to service '{service}' to {where}; must be split between subsets {subsets}",
  cannotSplit:
    "`{field}` sends requests to service '{service}', and an HTTPRoute cannot name its subsets {subsets}; must be a VirtualService",
  sameEndpoints:
    "`{field}` lets subset '{subset}' have the pods of subset '{other}' too, so that their split for service '{service}' is none; must have another value of one of its labels",
} as const;

type SayIt = Say<typeof messages>;

/** MW409: versions of a service get the documented shares of its requests. */
export const weightedSplit = hostRule({
  id: 'weighted-split',
  code: 'MW409',
  reads: [
    'VirtualService',
    'HTTPRoute',
    'DestinationRule',
    'Service',
    'ServiceEntry',
    'Sidecar',
    'Namespace',
    'ConfigMap',
  ],
  settings: [...ROUTE_SETTINGS, 'defaultDestinationRuleExportTo'],
  alike: alikeHosts,
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary:
    'Every route to a service with a split gives each of its subsets a share within the baseline’s bounds, unless a header pins it.',
  why: 'A canary that gets more than its share is a release nobody decided on; an A/B test whose halves are not halves measures nothing.',
  remedy:
    'Set the weights of every route to the service so that the shares fit, and give the subsets labels that tell their pods apart.',
  absence:
    'No `subset`: all pods, in the shares in which they happen to run. No `weight` beside others, and weight 0: nothing. Weights may have any sum, and several destinations with one subset add up. A default route splits nothing; that nothing routes the service is MW403’s finding.',
  source: {
    document: '**Content Service**: 95% stable, 5% canary',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPRouteDestination',
      'https://istio.io/latest/docs/reference/config/networking/destination-rule/#Subset',
    ],
  },
  numbers: ['services.split', 'services.pins'],
  messages,
  examples,
  check(host, facts, say) {
    const service = facts.baseline.services.find((one) => one.host === host);
    if (service?.split === undefined) return [];
    const { split } = service;
    const routes = routesTo(facts.view, facts.baseline, host).filter(
      (route) => route.kind !== 'default' && isTarget(route, host) && !isPinned(route, service),
    );
    return [
      ...routes.flatMap((route) => judgeRoute(route, host, split, say)),
      ...judgeSubsets(host, split, facts, say),
    ];
  },
});

/** A route that lets in only requests with one of the pinned headers is MW410's. */
function isPinned(route: Route, { pins }: ServiceBaseline): boolean {
  return route.matches.length > 0 && route.matches.every((match) => pins.some((pin) => pinOf(match, pin) === 'only'));
}

function judgeRoute(route: Route, host: string, split: ServiceSplit, say: SayIt): readonly Finding[] {
  const targets = route.targets.filter((one) => one.host === host || one.alias === host);
  const [first] = targets;
  const object = route.at?.object;
  if (first === undefined || object === undefined) return [];
  const whole = targets.reduce((sum, { sharePercent }) => sum + sharePercent, 0);
  const shareOf = (some: readonly RouteTarget[]): number =>
    (some.reduce((sum, { sharePercent }) => sum + sharePercent, 0) / whole) * 100;
  const names = split.subsets.map(({ subset }) => subset);
  const subsets = `'${names.join("', '")}'`;
  const about = (target: RouteTarget, what: string, magnitude: number): About => ({
    path: target.path,
    responsible: object,
    thing: `${what} of ${route.name}`,
    magnitude,
    because: proofOf(route),
  });
  if (route.kind === 'HTTPRoute') return [say('cannotSplit', { service: host, subsets }, about(first, 'split', 1))];
  const others = targets.filter(({ subset }) => subset === undefined || !names.includes(subset));
  const [other] = others;
  if (other !== undefined) {
    const where = other.subset === undefined ? 'no subset' : `subset '${other.subset}'`;
    const share = shareOf(others);
    return [say('noSubset', { service: host, subsets, where, share: percent(share) }, about(other, 'split', share))];
  }
  const shares = split.subsets.map((bounds) => {
    const mine = targets.filter((target) => target.subset === bounds.subset);
    return { ...bounds, mine, share: shareOf(mine) };
  });
  // Sums of floating-point shares miss a bound by less than the noise.
  const isTooGreat = shares.some(({ share, maxPercent }) => share > maxPercent + NOISE);
  return shares.flatMap(({ subset, minPercent, maxPercent, mine, share }): readonly Finding[] => {
    const words = { service: host, subset, share: percent(share) };
    const thing = `share of '${subset}'`;
    if (share > maxPercent + NOISE) {
      return [say('tooGreat', { ...words, limit: maxPercent }, about(mine[0] ?? first, thing, share - maxPercent))];
    }
    // What is missing elsewhere has gone where it is too much, and that is said.
    if (share >= minPercent - NOISE || (isTooGreat && mine.length === 0)) return [];
    return [say('tooSmall', { ...words, limit: minPercent }, about(mine[0] ?? first, thing, minPercent - share))];
  });
}

const NOISE = 1e-6;

function percent(share: number): string {
  return String(Math.round(share * 100) / 100);
}

/** Two subsets that may have a pod in common divide nothing. */
function judgeSubsets(host: string, { subsets }: ServiceSplit, { view }: Facts, say: SayIt): readonly Finding[] {
  const names = new Set(subsets.map(({ subset }) => subset));
  return overlappingSubsets(view, host, names).map(({ object, index, name, other }) => {
    const path = ['spec', 'subsets', index, 'labels'];
    const about = { path, responsible: object, thing: `labels of subset '${name}'` };
    return say('sameEndpoints', { subset: name, other, service: host }, about);
  });
}
