import { coversHost, isWildcard } from '../../mesh/hosts.ts';
import type { Baseline } from '../../model/baseline.ts';
import type { Finding } from '../../model/finding.ts';
import { isAbsent, type JsonObject, listOf, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../../model/json.ts';
import { kindOf } from '../../model/kind.ts';
import { specOf } from '../../model/kube-object.ts';
import { objectRule, type Say } from '../rule.ts';
import { examples } from './registered-external-host.examples.ts';

const messages = {
  inMesh: "`{field}` is '{seen}', by which services of the cluster are called; must be one of: {allowed}",
  unregistered: "`{field}` is '{seen}', which is not registered; must be one of: {allowed}",
  original:
    "`{field}` is {how}, so {which} a client asks for counts as '{host}'; must be 'DNS' for whole names, and for wildcards only TLS ports may have it",
  dynamic: "`{field}` is 'DYNAMIC_DNS' for '{host}'; must be 'DNS', but for registered wildcards with TLS ports only",
  addresses: '`{field}` takes requests to these addresses, whatever is there, to the host; must be left out',
  endpoint: "`{field}` is '{seen}', so requests for the host go there instead; must be a registered host",
  selector: '`{field}` puts pods of the mesh in the place of the host; must be left out',
} as const;

type SayIt = Say<typeof messages>;

/** MW503: the mesh knows no host outside but those that are documented, by their own names and addresses. */
export const registeredExternalHost = objectRule({
  id: 'registered-external-host',
  code: 'MW503',
  reads: ['ServiceEntry'],
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'A ServiceEntry names registered external hosts only, and leaves it to DNS where they are.',
  why: 'Whoever may register a host opens a door for every pod that sees it; a name of the mesh, an address or no resolution makes that door lead elsewhere than it says.',
  remedy:
    'Add the host to the baseline’s `externalHosts` where it is wanted, spelled in lower case; set `resolution: DNS` and leave `addresses` and `endpoints` out.',
  absence:
    'Without `resolution` it is NONE: the client’s own address counts, whatever the name says. Without `location` the host is outside.',
  source: {
    document: 'Configured ServiceEntries for:',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/service-entry/',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/serviceregistry/serviceentry/conversion.go',
    ],
  },
  numbers: ['externalHosts', 'mesh.clusterDomain'],
  messages,
  examples,
  check(object, { baseline }, say) {
    if (kindOf(object) !== 'ServiceEntry') return [];
    const spec = specOf(object);
    return [
      ...hostFaults(spec, baseline, say),
      ...resolutionFaults(spec, baseline, say),
      ...placeFaults(spec, baseline, say),
    ];
  },
});

function hostFaults({ hosts }: JsonObject, baseline: Baseline, say: SayIt): readonly Finding[] {
  const allowed = baseline.externalHosts.join(', ') || 'none';
  return listOf(hosts).flatMap((host, index) => {
    if (typeof host !== 'string' || isRegistered(host, baseline)) return [];
    const about = { path: ['spec', 'hosts', index], thing: `host ${host}` };
    return [say(isInMesh(host, baseline) ? 'inMesh' : 'unregistered', { allowed }, about)];
  });
}

/** Spelled as it is registered: in lower case and without a trailing dot, or within a registered wildcard. */
function isRegistered(host: string, { externalHosts }: Baseline): boolean {
  if (host !== host.toLowerCase() || host.endsWith('.')) return false;
  return externalHosts.some((known) => known === host || (!isWildcard(host) && coversHost(known, host)));
}

/** A name of a Service in any of its spellings, or a wildcard that covers some. */
function isInMesh(host: string, { mesh }: Baseline): boolean {
  const plain = host.toLowerCase().replace(/\.$/, '');
  const domain = `.svc.${mesh.clusterDomain}`;
  if (isWildcard(plain)) return domain.endsWith(plain.slice(1)) || plain.endsWith(domain);
  return !/[.:]/.test(plain) || plain.endsWith('.svc') || plain.endsWith(domain);
}

const TLS: ReadonlySet<unknown> = new Set(['TLS', 'HTTPS']);
const HTTP: ReadonlySet<unknown> = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'HTTP_PROXY']);

/** A wildcard has no address to look up; on TLS ports its connection still shows which name it is for. */
function resolutionFaults(spec: JsonObject, { externalHosts }: Baseline, say: SayIt): readonly Finding[] {
  const resolution = stringOf(spec.resolution) ?? 'NONE';
  if (resolution !== 'NONE' && resolution !== 'DYNAMIC_DNS') return [];
  const protocols = recordsOf(spec.ports).map(({ protocol }) => stringOf(protocol)?.toUpperCase());
  const isTlsOnly = protocols.every((protocol) => TLS.has(protocol));
  const host = stringsOf(spec.hosts).find((one) => !(isTlsOnly && isWildcard(one) && externalHosts.includes(one)));
  if (host === undefined) return [];
  const about = { path: ['spec', 'resolution'], thing: 'resolution' };
  if (resolution === 'DYNAMIC_DNS') return [say('dynamic', { host }, about)];
  // Of an HTTP request the name counts, whatever address it goes to; of others the address comes first.
  const isBoundToAddresses = listOf(spec.addresses).length > 0 && !protocols.some((protocol) => HTTP.has(protocol));
  const which = isBoundToAddresses ? 'whichever of `spec.addresses`' : 'whatever address';
  return [say('original', { host, which, how: isAbsent(spec.resolution) ? 'not set' : "'NONE'" }, about)];
}

function placeFaults(spec: JsonObject, baseline: Baseline, say: SayIt): readonly Finding[] {
  const findings: Finding[] = [];
  if (listOf(spec.addresses).length > 0) {
    const thing = `addresses ${stringsOf(spec.addresses).toSorted().join(',')}`;
    findings.push(say('addresses', {}, { path: ['spec', 'addresses'], thing }));
  }
  for (const [index, endpoint] of recordsOf(spec.endpoints).entries()) {
    const address = stringOf(endpoint.address) ?? '';
    if (isRegistered(address, baseline)) continue;
    findings.push(say('endpoint', {}, { path: ['spec', 'endpoints', index, 'address'], thing: `endpoint ${address}` }));
  }
  const { labels } = recordOrEmpty(spec.workloadSelector);
  if (Object.keys(recordOrEmpty(labels)).length > 0) {
    findings.push(say('selector', {}, { path: ['spec', 'workloadSelector'], thing: 'workloadSelector' }));
  }
  return findings;
}
