import { alikeHosts } from '../../mesh/alike-hosts.ts';
import { type Combination, combinations } from '../../mesh/combinations.ts';
import { RULE_SETTINGS } from '../../mesh/host-settings.ts';
import { parseServiceHost } from '../../mesh/hosts.ts';
import { servicesNamed } from '../../mesh/known-service.ts';
import { isMeshNamespace } from '../../mesh/namespaces.ts';
import { type Block, isPassthrough } from '../../mesh/policy-blocks.ts';
import { unreached } from '../../mesh/unreached.ts';
import type { FieldPath } from '../../model/field-path.ts';
import { toPointer } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import type { JsonObject } from '../../model/json.ts';
import { type KubeObject, namespaceOf } from '../../model/kube-object.ts';
import { addEntries, type PatchOperation } from '../../model/patch.ts';
import { type Facts, hostRule, type Say } from '../rule.ts';
import { examples } from './mesh-client-tls.examples.ts';

const messages = {
  notMutual: "`{field}` is '{seen}', which is {meaning}; must be 'ISTIO_MUTUAL' for {what}, or `tls` must be left out",
  unset:
    "`{field}` is not set in a `tls` block, which is DISABLE; must be 'ISTIO_MUTUAL' for {what}, or `tls` must be left out",
  unverified: '`{field}` is {seen}, so nobody checks whom {what} really is; must be left out',
  passthrough:
    "`{field}` is not set, and with load balancer PASSTHROUGH Istio may fall back to plaintext; must be `mode` 'ISTIO_MUTUAL' for {what}",
  headless:
    "`{field}` is not set, and for a headless service Istio may fall back to plaintext; must be `mode` 'ISTIO_MUTUAL' for {what}",
  foreign:
    "`{field}` is not for all pods of namespace '{namespaces}', and for the others Istio may fall back to plaintext for headless {what}; must be left out, or a rule without one must stand beside it",
  hidden:
    "`{field}` hides the TLS mode of headless {what} from namespaces '{namespaces}', for which Istio may fall back to plaintext; must be left out, or name them",
  missing:
    "no DestinationRule sets `tls` for headless {what} and clients in namespaces such as '{namespaces}', so Istio may fall back to plaintext; must be `mode` 'ISTIO_MUTUAL'",
} as const;

type SayIt = Say<typeof messages>;

/** MW202: no client of a mesh service is told to talk to it without the mesh's mutual TLS. */
export const meshClientTls = hostRule({
  id: 'mesh-client-tls',
  code: 'MW202',
  reads: ['DestinationRule', 'Service', 'ServiceEntry', 'Namespace', 'ConfigMap'],
  settings: RULE_SETTINGS,
  alike: alikeHosts,
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'No DestinationRule turns mutual TLS off for a service of the mesh: neither its top nor any port or subset.',
  why: 'A client that sends plaintext is refused by a STRICT server and read by everybody on the way to one that is not; one that does not check the server’s name can be answered by anybody.',
  remedy:
    'Leave `tls` out, or set `mode: ISTIO_MUTUAL`. A headless service, and one with load balancer PASSTHROUGH, needs the latter.',
  absence:
    'No `tls`: automatic mutual TLS. `tls` without `mode` is DISABLE. For headless services and with PASSTHROUGH automatic mutual TLS holds only as long as every endpoint has a sidecar.',
  source: {
    document: '**Strict Mode**: Enforced for all services in the mesh',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/cluster_tls.go',
    ],
  },
  numbers: ['mesh.namespaces', 'services', 'gateways'],
  messages,
  examples,
  check(host, facts, say) {
    if (!isJudged(host, facts)) return [];
    const isHeadless = servicesNamed(facts.view, host).some((one) => one.isKubernetes && one.isPassthrough);
    const findings = new Map<string, Finding>();
    for (const combination of combinations(facts.view, host)) {
      for (const finding of judge(combination, { host, isHeadless }, say)) {
        const { responsible, path } = finding;
        const key = JSON.stringify([responsible?.namespace, responsible?.name, path]);
        if (!findings.has(key)) findings.set(key, finding);
      }
    }
    return [...findings.values(), ...(isHeadless ? fallThrough(host, facts, say) : [])];
  },
});

/**
 * Tells whether a host is of the mesh: a gateway's, though its namespace is not, as what goes through it is still secret;
 * a service's in a mesh namespace, whether it is there yet or not; one that a ServiceEntry says is inside.
 */
function isJudged(host: string, { view, baseline }: Facts): boolean {
  const { ingress, egress } = baseline.gateways;
  if ([...ingress, ...egress].some((gateway) => gateway.host === host)) return true;
  const known = servicesNamed(view, host);
  if (known.length > 0) {
    return known.some((one) => !one.isExternal && isMeshNamespace(one.namespace, view, baseline));
  }
  const parsed = parseServiceHost(host, view.settings.clusterDomain);
  return parsed !== undefined && isMeshNamespace(parsed.namespace, view, baseline);
}

function judge(
  { where, blocks }: Combination,
  { host, isHeadless }: { readonly host: string; readonly isHeadless: boolean },
  say: SayIt,
): readonly Finding[] {
  const { object, path, value } = blocks.tls;
  if (object === undefined) return [];
  const what = `${where === '' ? '' : `${where} of `}service '${host}'`;
  if (value !== undefined) return judgeWritten(value, { object, path, what, where }, say);
  const balancer = blocks.loadBalancer;
  const isOriginal = isPassthrough(balancer.value);
  if (!isOriginal && !isHeadless) return [];
  // It is the block beside the load balancer that must say more.
  const at = isOriginal ? beside(balancer) : { object, path };
  if (at.object === undefined) return [];
  const fix = addEntries(at.object, at.path.slice(0, -1), { tls: { mode: 'ISTIO_MUTUAL' } });
  const about = { path: at.path, responsible: at.object, thing: `tls ${where}`.trim(), magnitude: 1 };
  return [say(isOriginal ? 'passthrough' : 'headless', { what }, { ...about, ...(fix.length === 0 ? {} : { fix }) })];
}

function beside({ object, path }: Block): { readonly object: KubeObject | undefined; readonly path: FieldPath } {
  return { object, path: [...path.slice(0, -1), 'tls'] };
}

interface Place {
  readonly object: KubeObject;
  readonly path: FieldPath;
  readonly what: string;
  readonly where: string;
}

/** What Istio makes of the modes that are not the mesh's own. */
const MEANING: ReadonlyMap<unknown, string> = new Map([
  ['DISABLE', 'plaintext'],
  ['SIMPLE', 'TLS without the client’s name, or plaintext with a `credentialName`'],
  ['MUTUAL', 'TLS with certificates that are not the mesh’s'],
]);

function judgeWritten(tls: JsonObject, { object, path, what, where }: Place, say: SayIt): readonly Finding[] {
  const { mode, insecureSkipVerify } = tls;
  // Istio refuses ISTIO_MUTUAL beside certificates of one's own, so all of the block goes.
  const fix: readonly PatchOperation[] = [{ op: 'replace', path: toPointer(path), value: { mode: 'ISTIO_MUTUAL' } }];
  const about = { responsible: object, thing: `tls ${where}`.trim(), magnitude: 2, fix };
  if (mode === 'ISTIO_MUTUAL') {
    if (insecureSkipVerify !== true) return [];
    const skip = [...path, 'insecureSkipVerify'];
    const removal: readonly PatchOperation[] = [{ op: 'remove', path: toPointer(skip) }];
    return [
      say('unverified', { what }, { ...about, path: skip, thing: `tls name check ${where}`.trim(), fix: removal }),
    ];
  }
  const at = { ...about, path: [...path, 'mode'] };
  if (mode === undefined || mode === null) return [say('unset', { what }, at)];
  return [say('notMutual', { what, meaning: MEANING.get(mode) ?? 'no mode that Istio knows' }, at)];
}

function fallThrough(host: string, { view, baseline }: Facts, say: SayIt): readonly Finding[] {
  const what = `service '${host}'`;
  return unreached(host, view, baseline).map(({ reason, object, namespaces: list }) => {
    const namespaces = list.join("', '");
    if (object === undefined || reason === 'missing') {
      return say('missing', { what, namespaces }, { path: [], thing: 'tls for all clients' });
    }
    const thing = `tls for clients that ${namespaceOf(object)} leaves out`;
    const path = ['spec', reason === 'foreign' ? 'workloadSelector' : 'exportTo'];
    return say(reason, { what, namespaces }, { path, responsible: object, thing, magnitude: list.length });
  });
}
