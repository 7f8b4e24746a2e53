import type { Baseline, MigratingDatabase } from '../model/baseline.ts';
import type { FieldPath } from '../model/field-path.ts';
import { isRecord, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { rulesNaming } from './destination-rules.ts';
import { coversHost, expandHost, isWildcard, serviceHost } from './hosts.ts';
import { exportedTo } from './route-delegates.ts';
import { gatewayName } from './route-match.ts';
import { isKnownHost, knownHosts } from './known-hosts.ts';
import type { View } from './view.ts';

/** Something that an object names and that is not there, or not for it. */
export interface DeadReference {
  readonly what: 'gateway' | 'host' | 'subset' | 'delegate';
  readonly path: FieldPath;
  /** As Istio looks for it. */
  readonly name: string;
  /** Of a subset, its host. */
  readonly host?: string;
}

/** Returns what a VirtualService names in vain. */
export function deadInVirtualService(object: KubeObject, view: View, baseline: Baseline): readonly DeadReference[] {
  const spec = specOf(object);
  const gateways = ['http', 'tls', 'tcp'].flatMap((protocol) =>
    recordsOf(spec[protocol]).flatMap((route, index) =>
      recordsOf(route.match).flatMap((match, at) =>
        deadGateways(match.gateways, ['spec', protocol, index, 'match', at, 'gateways'], object, view),
      ),
    ),
  );
  return [
    ...deadGateways(spec.gateways, ['spec', 'gateways'], object, view),
    ...gateways,
    ...deadHosts(object, view, baseline),
    ...deadDestinations(object, view, baseline),
    ...deadDelegates(object, view),
  ];
}

function deadGateways(list: unknown, path: FieldPath, object: KubeObject, view: View): readonly DeadReference[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((written: unknown, index): readonly DeadReference[] => {
    if (typeof written !== 'string' || written === 'mesh') return [];
    const name = gatewayName(written, namespaceOf(object));
    const isThere = view.lookup(`Gateway|name|${name}`).length > 0;
    return isThere ? [] : [{ what: 'gateway', path: [...path, index], name }];
  });
}

/** Hosts at gateways are whatever the world calls; in the mesh they must be those of a service. */
function deadHosts(object: KubeObject, view: View, baseline: Baseline): readonly DeadReference[] {
  const spec = specOf(object);
  const gateways = stringsOf(spec.gateways);
  if (gateways.length > 0 && !gateways.includes('mesh')) return [];
  if (!Array.isArray(spec.hosts)) return [];
  return spec.hosts.flatMap((written: unknown, index): readonly DeadReference[] => {
    if (typeof written !== 'string') return [];
    const name = expandHost(written, namespaceOf(object), view.settings.clusterDomain);
    return isAnyHost(name.toLowerCase(), view, baseline)
      ? []
      : [{ what: 'host', path: ['spec', 'hosts', index], name }];
  });
}

/** Tells whether a name, to the letter, is one of a service, of istiod's or a gateway's, or of a host that the baseline lists. */
function isAnyHost(name: string, view: View, baseline: Baseline): boolean {
  if (isKnownHost(name, view, baseline)) return true;
  const { ingress, egress } = baseline.gateways;
  if ([...ingress, ...egress].some(({ host }) => host === name)) return true;
  if (isIstiod(name, view)) return true;
  if (baseline.externalHosts.some((known) => coversHost(known, name))) return true;
  if (baseline.databases.some((one) => databaseHost(one, view) === name)) return true;
  if (isWildcard(name)) return [...knownHosts(view, baseline)].some((known) => coversHost(name, known));
  const entries = view.lookup('ServiceEntry|wildcard').flatMap((entry) => stringsOf(specOf(entry).hosts));
  return entries.some((known) => coversHost(known.toLowerCase(), name));
}

/** Where a mesh is, istiod is: each revision with a Service of its own, and the default one without its name. */
function isIstiod(name: string, { settings }: View): boolean {
  const { rootNamespace, clusterDomain, revisions } = settings;
  const services = ['istiod', ...revisions.map((revision) => `istiod-${revision}`)];
  return services.some((service) => serviceHost(service, rootNamespace, clusterDomain) === name);
}

/** A database that the baseline lists has the Service of its label `app`. */
function databaseHost({ namespace, matchLabels }: MigratingDatabase, view: View): string {
  return serviceHost(matchLabels.app ?? '', namespace, view.settings.clusterDomain);
}

function deadDestinations(object: KubeObject, view: View, baseline: Baseline): readonly DeadReference[] {
  const spec = specOf(object);
  const dead: DeadReference[] = [];
  // Hundreds of routes of one object lead to the same few subsets.
  const known = new Map<string, Dead | undefined>();
  const judge = (destination: unknown, ...path: FieldPath): void => {
    if (!isRecord(destination)) return;
    const [host, subset] = [stringOf(destination.host) ?? '', stringOf(destination.subset) ?? ''];
    const key = `${host} ${subset}`;
    const found = known.has(key) ? known.get(key) : deadDestination(host, subset, object, view, baseline);
    known.set(key, found);
    if (found !== undefined) dead.push({ ...found, path: [...path, found.what] });
  };
  for (const protocol of ['http', 'tls', 'tcp']) {
    for (const [index, { route, mirrors, mirror }] of recordsOf(spec[protocol]).entries()) {
      for (const [at, target] of recordsOf(route).entries())
        judge(target.destination, 'spec', protocol, index, 'route', at, 'destination');
      for (const [at, one] of recordsOf(mirrors).entries())
        judge(one.destination, 'spec', protocol, index, 'mirrors', at, 'destination');
      judge(mirror, 'spec', protocol, index, 'mirror');
    }
  }
  return dead;
}

type Dead = Omit<DeadReference, 'path'>;

function deadDestination(
  host: string,
  subset: string,
  object: KubeObject,
  view: View,
  baseline: Baseline,
): Dead | undefined {
  const name = expandHost(host, namespaceOf(object), view.settings.clusterDomain);
  if (!isAnyHost(name, view, baseline)) return { what: 'host', name };
  if (subset === '') return undefined;
  const isThere = rulesNaming(view, name).some((rule) =>
    recordsOf(specOf(rule).subsets).some((one) => one.name === subset),
  );
  return isThere ? undefined : { what: 'subset', name: subset, host: name };
}

function deadDelegates(object: KubeObject, view: View): readonly DeadReference[] {
  const own = namespaceOf(object);
  return recordsOf(specOf(object).http).flatMap((route, index): readonly DeadReference[] => {
    if (!isRecord(route.delegate)) return [];
    const { name, namespace } = route.delegate;
    const wanted = `${stringOf(namespace) || own}/${stringOf(name) ?? ''}`;
    const delegate = view.lookup(`VirtualService|name|${wanted}`)[0];
    const exportTo = delegate === undefined ? undefined : exportedTo(view, delegate);
    const isUsable =
      delegate !== undefined &&
      stringsOf(specOf(delegate).hosts).length === 0 &&
      (exportTo?.has('*') === true || exportTo?.has(own) === true);
    return isUsable ? [] : [{ what: 'delegate', path: ['spec', 'http', index, 'delegate'], name: wanted }];
  });
}

/** Returns the host of a DestinationRule where no service has it to the letter. */
export function deadInDestinationRule(object: KubeObject, view: View, baseline: Baseline): readonly DeadReference[] {
  const name = expandHost(stringOf(specOf(object).host) ?? '', namespaceOf(object), view.settings.clusterDomain);
  return isAnyHost(name, view, baseline) ? [] : [{ what: 'host', path: ['spec', 'host'], name }];
}

/** Returns what an HTTPRoute or a GRPCRoute names in vain: Gateways and Services. */
export function deadInGatewayRoute(object: KubeObject, view: View, baseline: Baseline): readonly DeadReference[] {
  const own = namespaceOf(object);
  const spec = specOf(object);
  const parents = recordsOf(spec.parentRefs).flatMap((parent, index): readonly DeadReference[] => {
    const [kind, name] = [parent.kind ?? 'Gateway', stringOf(parent.name) ?? ''];
    const owner = stringOf(parent.namespace) || own;
    if (kind !== 'Gateway' || view.get('KubernetesGateway', owner, name) !== undefined) return [];
    return [{ what: 'gateway', path: ['spec', 'parentRefs', index], name: `${owner}/${name}` }];
  });
  const backends = recordsOf(spec.rules).flatMap((rule, index) =>
    recordsOf(rule.backendRefs).flatMap((backend, at): readonly DeadReference[] => {
      if ((backend.kind ?? 'Service') !== 'Service') return [];
      const { clusterDomain } = view.settings;
      const host = serviceHost(stringOf(backend.name) ?? '', stringOf(backend.namespace) || own, clusterDomain);
      if (isAnyHost(host, view, baseline)) return [];
      return [{ what: 'host', path: ['spec', 'rules', index, 'backendRefs', at], name: host }];
    }),
  );
  return [...parents, ...backends];
}

/** Returns an object's `exportTo` with `.` as its own namespace; empty where it has none, and everybody sees it. */
export function writtenExportTo(object: KubeObject): readonly string[] {
  return stringsOf(specOf(object).exportTo).map((one) => (one === '.' ? namespaceOf(object) : one));
}
