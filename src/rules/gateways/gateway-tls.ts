import {
  type GatewayServer,
  isEgressGateway,
  isKubernetesEgressGateway,
  istioServers,
  kubernetesServers,
} from '../../mesh/gateway-servers.ts';
import { attachedPlainRoutes, redirectsOnly, type RouteRule } from '../../mesh/plain-routes.ts';
import { coversHost } from '../../mesh/hosts.ts';
import type { Baseline } from '../../model/baseline.ts';
import { toPointer } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { kindOf } from '../../model/kind.ts';
import { formatRef, type KubeObject, refOf } from '../../model/kube-object.ts';
import { addEntries, type PatchOperation } from '../../model/patch.ts';
import { objectRule, type Say } from '../rule.ts';
import { examples } from './gateway-tls.examples.ts';

const messages = {
  plaintext: "`{field}` is '{seen}' for server '{server}', which is plaintext; must be 'HTTPS' or 'TLS'",
  noRedirect: "`{field}` is not set, so server '{server}' serves plain HTTP; must be true, so that it only redirects",
  noTls: "`{field}` is not set for server '{server}', so it does not end TLS here; must have a mode and a certificate",
  passthrough: "`{field}` is {mode} for server '{server}', so TLS does not end here; must be 'SIMPLE' or 'MUTUAL'",
  optional: "`{field}` is '{seen}' for server '{server}', which takes any client; must be 'SIMPLE' or 'MUTUAL'",
  oldVersion: "`{field}` is '{seen}' for server '{server}'; must be 'TLSV1_2' or 'TLSV1_3'",
  anyHost: "`{field}` names every host for server '{server}'; must name the hosts that it serves",
  wildcard: "`{field}` is '{seen}' for server '{server}'; must be whole host names, or one of the wildcards: {allowed}",
  egress: "`{field}` must be 'ISTIO_MUTUAL' for server '{server}' of the egress gateway",
  unregistered:
    "`{field}` is '{seen}', which the egress gateway may not pass through for server '{server}'; must be one of: {allowed}",
  servesPlain: "`{field}` serves plain HTTP by listener '{server}' of {gateway}; must only redirect to https",
} as const;

type SayIt = Say<typeof messages>;

/** MW501: what comes in does so by TLS and by name, and what goes out is encrypted up to the egress gateway. */
export const gatewayTls = objectRule({
  id: 'gateway-tls',
  code: 'MW501',
  reads: ['Gateway', 'KubernetesGateway', 'HTTPRoute'],
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'Gateways end TLS 1.2 or later for hosts that they name; plain HTTP only redirects; egress is mutual TLS.',
  why: 'Plain HTTP shows tokens to everybody on the way; TLS that passes through cannot be checked for a token; a server for every host answers for names that nobody meant.',
  remedy:
    'Set `tls.mode: SIMPLE` with a `credentialName`, or `tls.httpsRedirect: true` on an HTTP server; name the hosts. For servers of the egress gateway set `tls.mode: ISTIO_MUTUAL`.',
  absence:
    '`tls: {}` is PASSTHROUGH; HTTP without `tls` is served in the clear; `minProtocolVersion` unset is TLSV1_2; a Gateway API listener without `hostname` is for every host.',
  source: {
    document: 'main-gateway.yaml   # Gateway definitions for external traffic',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/gateway/#ServerTLSSettings',
      'https://gateway-api.sigs.k8s.io/reference/spec/#gateway.networking.k8s.io/v1.Listener',
    ],
  },
  numbers: ['ingressHosts', 'externalHosts', 'gateways'],
  messages,
  examples,
  check(object, { view, baseline }, say) {
    const kind = kindOf(object);
    if (kind === 'Gateway') {
      const isEgress = isEgressGateway(object, baseline);
      return istioServers(object).flatMap((one) =>
        judgeServer(object, one, { isEgress, isIstio: true }, baseline, say),
      );
    }
    const routes = attachedPlainRoutes(object, view).filter(({ rule }) => !redirectsOnly(rule));
    const plain = routes.map((route) => saysPlain(route, say));
    if (kind !== 'KubernetesGateway') return plain;
    const isEgress = isKubernetesEgressGateway(object, baseline);
    const servers = kubernetesServers(object);
    return [
      ...servers.flatMap((one) => judgeServer(object, one, { isEgress, isIstio: false }, baseline, say)),
      ...plain,
    ];
  },
});

interface Side {
  readonly isEgress: boolean;
  readonly isIstio: boolean;
}

function judgeServer(
  gateway: KubeObject,
  server: GatewayServer,
  side: Side,
  baseline: Baseline,
  say: SayIt,
): readonly Finding[] {
  const faults = side.isEgress ? egressFaults(server, side, baseline, say) : ingressFaults(gateway, server, side, say);
  const hosts = side.isEgress ? [] : hostFaults(server, baseline, say);
  return [...faults, ...versionFaults(server, say), ...hosts];
}

const PLAIN_HTTP: ReadonlySet<string> = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'HTTP_PROXY']);

function ingressFaults(gateway: KubeObject, one: GatewayServer, { isIstio }: Side, say: SayIt): readonly Finding[] {
  const { label: server, path, protocol, mode, modePath, tls } = one;
  const thing = `tls of ${server}`;
  if (PLAIN_HTTP.has(protocol)) {
    // A Gateway API listener redirects by its routes, which are judged by themselves.
    if (one.redirects || !isIstio) return [];
    const fix = addEntries(gateway, [...path, 'tls'], { httpsRedirect: true });
    return [say('noRedirect', { server }, { path: [...path, 'tls', 'httpsRedirect'], thing, magnitude: 1, fix })];
  }
  if (protocol !== 'HTTPS' && protocol !== 'TLS') {
    return [say('plaintext', { server }, { path: one.protocolPath, thing, magnitude: 2 })];
  }
  if (tls === undefined) return [say('noTls', { server }, { path: [...path, 'tls'], thing, magnitude: 1 })];
  if (mode === 'OPTIONAL_MUTUAL') {
    const fix: readonly PatchOperation[] = [{ op: 'replace', path: toPointer(modePath), value: 'MUTUAL' }];
    return [say('optional', { server }, { path: modePath, thing, magnitude: 1, fix })];
  }
  if (mode === 'SIMPLE' || mode === 'MUTUAL' || mode === 'ISTIO_MUTUAL') return [];
  const words = tls.mode === undefined ? 'not set, which is PASSTHROUGH,' : `'${mode}'`;
  return [say('passthrough', { server, mode: words }, { path: modePath, thing, magnitude: 1 })];
}

function egressFaults(one: GatewayServer, { isIstio }: Side, baseline: Baseline, say: SayIt): readonly Finding[] {
  const { label: server, path, protocol, protocolPath, mode, hosts, modePath } = one;
  const isTls = protocol === 'HTTPS' || protocol === 'TLS';
  if (isTls && mode === 'ISTIO_MUTUAL') return [];
  if (isTls && mode === 'PASSTHROUGH') {
    const allowed = baseline.externalHosts.join(', ');
    return hosts
      .filter(({ host }) => !baseline.externalHosts.some((known) => coversHost(known, host)))
      .map((each) =>
        say('unregistered', { server, allowed }, { path: each.path, thing: `host ${each.host} of ${server}` }),
      );
  }
  const mutual = isIstio
    ? { mode: 'ISTIO_MUTUAL' }
    : { mode: 'Terminate', options: { [TERMINATE_MODE]: 'ISTIO_MUTUAL' } };
  const fix: readonly PatchOperation[] = [
    ...(isTls ? [] : [{ op: 'replace', path: toPointer(protocolPath), value: 'HTTPS' } as const]),
    { op: 'add', path: toPointer([...path, 'tls']), value: mutual },
  ];
  return [say('egress', { server }, { path: modePath, thing: `tls of ${server}`, magnitude: isTls ? 1 : 2, fix })];
}

const TERMINATE_MODE = 'gateway.istio.io/tls-terminate-mode';

const OLD_VERSIONS: ReadonlySet<unknown> = new Set(['TLSV1_0', 'TLSV1_1']);

/** Unset and TLS_AUTO are TLSV1_2 for servers. */
function versionFaults({ tls, path, label: server }: GatewayServer, say: SayIt): readonly Finding[] {
  return ['minProtocolVersion', 'maxProtocolVersion']
    .filter((field) => OLD_VERSIONS.has(tls?.[field]))
    .map((field) => {
      const at = [...path, 'tls', field];
      const value = field === 'minProtocolVersion' ? 'TLSV1_2' : 'TLSV1_3';
      const fix: readonly PatchOperation[] = [{ op: 'replace', path: toPointer(at), value }];
      const magnitude = tls?.[field] === 'TLSV1_0' ? 2 : 1;
      return say('oldVersion', { server }, { path: at, thing: `${field} of ${server}`, magnitude, fix });
    });
}

function hostFaults(
  { hosts, label: server }: GatewayServer,
  { ingressHosts }: Baseline,
  say: SayIt,
): readonly Finding[] {
  return hosts.flatMap(({ host, path }) => {
    const about = { path, thing: `host ${host} of ${server}` };
    if (host === '*') return [say('anyHost', { server }, about)];
    if (!host.startsWith('*') || ingressHosts.some((known) => coversHost(known, host))) return [];
    const allowed = ingressHosts.length === 0 ? 'none' : ingressHosts.join(', ');
    return [say('wildcard', { server, allowed }, about)];
  });
}

function saysPlain({ route, path, name, gateway, listener }: RouteRule, say: SayIt): Finding {
  const args = { server: listener, gateway: formatRef(refOf(gateway)) };
  return say('servesPlain', args, { path, responsible: route, thing: `${name} by ${listener} of ${gateway.kind}` });
}
