import { takeoverNames } from '../../mesh/hosts.ts';
import { ownershipOf } from '../../mesh/host-owners.ts';
import { boundTo, parentHosts } from '../../mesh/routers.ts';
import type { FieldPath } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { recordsOf, stringsOf, listOf } from '../../model/json.ts';
import { kindOf } from '../../model/kind.ts';
import { type KubeObject, namespaceOf, specOf } from '../../model/kube-object.ts';
import { type Facts, objectRule, type Say } from '../rule.ts';
import { examples } from './host-ownership.examples.ts';

const messages = {
  notOwn:
    "`{field}` is '{seen}', which belongs to namespace '{owner}'; must be a host of namespace '{namespace}', or the baseline must let this namespace route it",
  nobodys:
    "`{field}` is '{seen}', which no ServiceEntry declares; must be a host of namespace '{namespace}', or be declared by a ServiceEntry there",
  several:
    "`{field}` is '{seen}', which covers hosts of other namespaces; must cover hosts of namespace '{namespace}' only",
} as const;

/** MW413: where requests to a host go is said by whoever owns it. */
export const hostOwnership = objectRule({
  id: 'host-ownership',
  code: 'MW413',
  reads: ['VirtualService', 'HTTPRoute', 'ServiceEntry', 'Namespace'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary:
    'A route inside of the mesh names only hosts of its own namespace, or hosts that the baseline lets it route.',
  why: 'The gateway `mesh` is every sidecar: a VirtualService of any namespace that names a host takes its requests over, in all namespaces, and decides who sees them.',
  remedy:
    'Move the route into the namespace of its host, bind it to a gateway by `gateways`, or add the namespace to the service’s `routedFrom` in the baseline.',
  absence:
    'No `gateways`: `mesh`. A name without a dot is one of the route’s own namespace. `S.N` and `S.N.svc`, a trailing dot and upper case name the same service. An external host belongs to its ServiceEntry’s namespace, one that the baseline lists to the egress gateway’s too.',
  source: {
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/virtual-service/#VirtualService',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/httproute.go',
    ],
  },
  numbers: ['services.routedFrom', 'externalHosts', 'gateways'],
  messages,
  examples,
  check(object, facts, say) {
    return namedHosts(object, facts).flatMap((named) => judge(named, namespaceOf(object), facts, say));
  },
});

interface NamedHost {
  readonly path: FieldPath;
  /** Lower case, without a trailing dot. */
  readonly host: string;
  /** Its Service's full name where it is a short spelling of one. */
  readonly full: string;
}

/** Returns the hosts that a route claims for sidecars. */
function namedHosts(object: KubeObject, { view }: Facts): readonly NamedHost[] {
  const namespace = namespaceOf(object);
  const { clusterDomain } = view.settings;
  const kind = kindOf(object);
  if (kind === 'HTTPRoute') {
    return recordsOf(specOf(object).parentRefs).flatMap((parent, index) =>
      parentHosts(view, parent, namespace).map((host) => ({
        path: ['spec', 'parentRefs', index, 'namespace'],
        host,
        full: host,
      })),
    );
  }
  if (kind !== 'VirtualService' || !isOnMesh(object)) return [];
  return listOf(specOf(object).hosts).flatMap((written, index) => {
    if (typeof written !== 'string') return [];
    const [host = '', alias = host] = takeoverNames(written, namespace, clusterDomain);
    return [{ path: ['spec', 'hosts', index], host, full: alias }];
  });
}

/** Tells whether sidecars see a VirtualService: bound to `mesh`, and with an entry that does not leave it out. */
function isOnMesh(object: KubeObject): boolean {
  if (!boundTo(object).includes('mesh')) return false;
  const spec = specOf(object);
  const entries = ['http', 'tls', 'tcp'].flatMap((protocol) => recordsOf(spec[protocol]));
  return entries.some(({ match }) => {
    const matches = recordsOf(match);
    if (matches.length === 0) return true;
    return matches.some(({ gateways }) => listOf(gateways).length === 0 || stringsOf(gateways).includes('mesh'));
  });
}

function judge(
  { path, host, full }: NamedHost,
  namespace: string,
  facts: Facts,
  say: Say<typeof messages>,
): readonly Finding[] {
  const { view, baseline } = facts;
  const isLent = baseline.services.some((one) => one.host === full && one.routedFrom.includes(namespace));
  const whose = ownershipOf(host, namespace, view, baseline);
  if (whose.kind === 'own' || isLent) return [];
  const about = { path, thing: `host ${full}` };
  if (whose.kind === 'others') return [say('notOwn', { owner: whose.namespaces.join("', '"), namespace }, about)];
  return [say(whose.kind === 'several' ? 'several' : 'nobodys', { namespace }, about)];
}
