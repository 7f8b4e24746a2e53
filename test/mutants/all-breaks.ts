import type { Break, Loss } from './breaks.ts';
import { ARRIVALS, type Arrival } from './arrivals.ts';
import { EDGE_BREAKS, EDGE_LOSSES, WORKLOAD_BREAKS } from './edge-breaks.ts';
import { MESH_BREAKS, MESH_LOSSES } from './mesh-breaks.ts';
import { SECURITY_BREAKS, SECURITY_LOSSES } from './security-breaks.ts';
import { POLICY_BREAKS, ROUTE_BREAKS } from './traffic-breaks.ts';

/** Ways to break rules. */
export interface Breaks {
  readonly breaks: readonly Break[];
  readonly losses: readonly Loss[];
  readonly arrivals: readonly Arrival[];
}

/** Every way to break a rule that mutants are made of. */
export const ALL_BREAKS: Breaks = {
  breaks: [...SECURITY_BREAKS, ...ROUTE_BREAKS, ...POLICY_BREAKS, ...EDGE_BREAKS, ...WORKLOAD_BREAKS, ...MESH_BREAKS],
  losses: [...SECURITY_LOSSES, ...EDGE_LOSSES, ...MESH_LOSSES],
  arrivals: ARRIVALS,
};

/** Mutants that no rule has to find, or that two must, each with its reason. */
const EXPLAINED: readonly { readonly title: RegExp; readonly how: RegExp; readonly why: string }[] = [
  {
    title: /^MW403 .*'a redirect leads nowhere'$/,
    how: /^survived$/,
    why: 'a redirect sends no request to a service, so no timeout bounds one',
  },
  {
    title: /^MW404 .*'without a timeout a bounded try is all that can be asked'$/,
    how: /^survived$/,
    why: 'without a timeout there is nothing that tries could exceed; MW403 demands the timeout',
  },
  {
    title: /^MW504 .*'the way comes first'$/,
    how: /^survived$/,
    why: 'no ServiceEntry lets anything out yet',
  },
  {
    title: /^MW602 .*no access logs .*'an unknown provider of access logs/,
    how: /^survived$/,
    why: 'it switches a provider off that there is not; the mesh’s own log file stays',
  },
  {
    title: /^MW304 AuthorizationPolicy istio-ingress\/ingress-require-jwt: deleted/,
    how: /^survived$/,
    why: 'the mesh-wide default deny then refuses every request, one without a token among them',
  },
  {
    title: /^MW304 .*'a second policy of the same kind takes over'$/,
    how: /^survived$/,
    why: 'the other policy of the example checks the tokens',
  },
  {
    title: /^MW405 .*'services that do not call each other'$/,
    how: /^survived$/,
    why: 'no call that is declared gets longer than its caller',
  },
  {
    title: /^MW410 .*'behind a route for another value/,
    how: /^survived$/,
    why: 'only one of its routes takes the pinned requests, wherever it stands',
  },
  {
    title: /^MW10[67] .*'null, which is absent'$/,
    how: /^survived$/,
    why: 'the API server makes an empty text of a null in labels and annotations, which the rule has found before',
  },
  {
    title: /^MW403 .*'a route that aborts every request/,
    how: /^survived$/,
    why: 'no request waits for the service, whatever the timeout; MW411 refuses the abort',
  },
  { title: /^MW417 .*'a UDP port'$/, how: /^survived$/, why: 'UDP carries no HTTP that could be declared' },
  {
    title: /^MW603 .*'a default provider with a format of its own'$/,
    how: /^survived$/,
    why: 'the mesh’s own format is not in use there',
  },
];

/** Tells whether a mutant's escape has a reason. */
export function explainedSurvivor(title: string, how: string): boolean {
  return EXPLAINED.some((row) => row.title.test(title) && row.how.test(how));
}
