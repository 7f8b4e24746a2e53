import { alikeHosts } from '../../mesh/alike-hosts.ts';
import { egressClients } from '../../mesh/egress-clients.ts';
import { leaksTo } from '../../mesh/egress-leaks.ts';
import { egress, isExternalHost, type Way } from '../../mesh/egress.ts';
import type { PassedOver } from '../../mesh/routes.ts';
import type { FieldPath } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { recordsOf, stringsOf } from '../../model/json.ts';
import { formatRef, type KubeObject, refOf, specOf } from '../../model/kube-object.ts';
import { type Facts, hostRule, type Say } from '../rule.ts';
import { examples } from './egress-through-gateway.examples.ts';

const messages = {
  unrouted:
    "`{field}` is {seen}, and no route takes '{host}' on it to the egress gateway for namespaces such as '{namespace}'{why}; must have one before it is registered",
  direct:
    "`{field}` sends requests for '{host}' straight out of the mesh from {from}; must send them to the egress gateway",
} as const;

/** MW504: what leaves the mesh does so by the egress gateway, on every port. */
export const egressThroughGateway = hostRule({
  id: 'egress-through-gateway',
  code: 'MW504',
  reads: [
    'ServiceEntry',
    'VirtualService',
    'Gateway',
    'Sidecar',
    'Service',
    'Namespace',
    'ConfigMap',
    'HTTPRoute',
    'GRPCRoute',
    'KubernetesGateway',
  ],
  settings: ['defaultServiceExportTo', 'defaultVirtualServiceExportTo', 'proxyHttpPort'],
  alike: alikeHosts,
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary:
    'Each external host leaves by the egress gateway, on every port on which it is registered, for every client.',
  why: 'At the egress gateway what leaves is named, bounded and logged; a ServiceEntry alone lets every proxy connect to the host by itself.',
  remedy:
    'Before the ServiceEntry, make a VirtualService for the host with `gateways: [mesh, istio-egress/egress-gateway]`: a route for `mesh` to the egress gateway’s Service, and one for the gateway to the host; `http` for HTTP ports, `tls` with `sniHosts` for TLS ports, `tcp` for others. It is an object of its own, so there is no patch for it; policies/istio/ has one for each documented host.',
  absence:
    'No VirtualService for a registered host: straight from the client’s proxy. `gateways` unset is `mesh` alone; a match without `gateways` is for all that the VirtualService is bound to.',
  source: {
    document: 'All external traffic goes through egress gateway with:',
    refs: [
      'https://istio.io/latest/docs/tasks/traffic-management/egress/egress-gateway/',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/tls.go',
    ],
  },
  numbers: ['gateways', 'externalHosts', 'mesh.namespaces'],
  messages,
  examples,
  check(host, facts, say) {
    const { view, baseline } = facts;
    if (!isExternalHost(view, host)) return [];
    const leaks = leaksTo(view, baseline, host).map(({ at, name, from }) =>
      say('direct', { host, from }, { path: at.path, responsible: at.object, thing: `route ${name}` }),
    );
    return [...ownWays(host, facts, say), ...leaks];
  },
});

interface Unrouted {
  readonly way: Way;
  readonly namespaces: Set<string>;
}

function ownWays(host: string, { view, baseline }: Facts, say: Say<typeof messages>): readonly Finding[] {
  const unrouted = new Map<string, Unrouted>();
  const routed: Finding[] = [];
  for (const client of egressClients(view, baseline, host)) {
    for (const way of egress(view, baseline, host, client)) {
      // What is not registered leaves, or not, by the outbound policy, which is MW506's.
      if (way.exit !== 'direct' || way.policy !== undefined) continue;
      if (way.at !== undefined) {
        const from = `pods of namespaces such as '${client.namespace}'`;
        const { object, path } = way.at;
        routed.push(say('direct', { host, from }, { path, responsible: object, thing: `route ${way.name}` }));
        continue;
      }
      const key = `${way.entry === undefined ? '' : formatRef(refOf(way.entry))} ${way.port} ${way.protocol}`;
      const there = unrouted.get(key) ?? { way, namespaces: new Set<string>() };
      unrouted.set(key, there);
      there.namespaces.add(client.namespace);
    }
  }
  return [...routed, ...[...unrouted.values()].flatMap((one) => sayUnrouted(host, one, say))];
}

function sayUnrouted(host: string, { way, namespaces }: Unrouted, say: Say<typeof messages>): readonly Finding[] {
  const { entry, port, protocol, passedOver, because } = way;
  const [namespace] = namespaces;
  if (entry === undefined || port === undefined || namespace === undefined) return [];
  const reason = passedOver.find(isMeant);
  return [
    say(
      'unrouted',
      { host, namespace, why: reason === undefined ? '' : whyOf(reason) },
      {
        path: portPath(entry, port),
        responsible: entry,
        thing: `${host} on port ${port} as ${protocol}`,
        magnitude: namespaces.size,
        because: [
          ...because,
          ...passedOver
            .filter(isMeant)
            .map(({ object, path }) => ({ object: refOf(object), path, says: 'is not for it' })),
        ],
      },
    ),
  ];
}

/** What a gateway serves for every host says nothing of this one. */
function isMeant({ object, reason }: PassedOver): boolean {
  return reason !== 'gateways' || stringsOf(specOf(object).hosts).some((host) => host !== '*');
}

function portPath(entry: KubeObject, port: number): FieldPath {
  const index = recordsOf(specOf(entry).ports).findIndex(({ number }) => number === port);
  return ['spec', 'ports', Math.max(0, index), 'number'];
}

const SAYS: Readonly<Record<PassedOver['reason'], string>> = {
  hidden: 'is not exported there',
  foreign: 'is of another revision',
  gateways: 'is not bound to `mesh`',
  sidecar: 'does not import it',
  vanished: 'has no route left',
  narrow: 'has no route for it',
};

function whyOf({ object, reason }: PassedOver): string {
  return `: ${formatRef(refOf(object))} ${SAYS[reason]}`;
}
