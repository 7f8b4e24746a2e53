import { isRecord, type JsonObject, numberOf, recordOrEmpty, recordsOf, stringsOf } from '../model/json.ts';
import { type KubeObject, specOf } from '../model/kube-object.ts';
import { isWildcard } from './hosts.ts';
import { answersSince } from './releases.ts';
import type { View } from './view.ts';

/** What one egress listener of a Sidecar lets its proxies know, by namespace; `*` stands for all of them. */
interface Listener {
  /** Absent: whatever port no other listener has. */
  readonly port?: number;
  readonly imported: ReadonlyMap<string, Hosts>;
}

interface Hosts {
  readonly exact: ReadonlySet<string>;
  readonly wildcards: readonly string[];
  readonly excluded: readonly string[];
}

/** Something that a proxy may know or not: a service, or a VirtualService with all its hosts. */
export interface Importable {
  readonly namespace: string;
  readonly hosts: readonly string[];
  /** `either`: a wildcard on either side fits, as for VirtualServices; `covered`: the Sidecar's must cover the host. */
  readonly fit: 'either' | 'covered';
}

/**
 * Returns the Sidecars that pods of a namespace may have: each one with a selector, and the oldest without one, else the
 * root namespace's; undefined stands for none, with which everything is known.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/push_context.go `doGetSidecarScope`
 */
export function sidecarsOf(view: View, namespace: string): readonly (KubeObject | undefined)[] {
  const own = view.list('Sidecar', namespace);
  const whole = (one: KubeObject): boolean => !isRecord(specOf(one).workloadSelector);
  const chosen = own.filter((one) => !whole(one));
  const general = own.find(whole) ?? view.list('Sidecar', view.settings.rootNamespace).find(whole);
  const all = [...chosen, general];
  return answersSince(view.settings, 'excludedHosts') ? all : all.map((one) => one && withoutExclusions(one));
}

const WITHOUT_EXCLUSIONS = new WeakMap<KubeObject, KubeObject>();

/** Before the release that takes hosts out, the one form that istiod lets pass, `~/host`, names a namespace that no object is in. */
function withoutExclusions(sidecar: KubeObject): KubeObject {
  const known = WITHOUT_EXCLUSIONS.get(sidecar);
  if (known !== undefined) return known;
  const egress = recordsOf(specOf(sidecar).egress);
  const isNothing = (host: string): boolean => host.startsWith('~');
  const rest = egress.map((one) => ({ ...one, hosts: stringsOf(one.hosts).filter((host) => !isNothing(host)) }));
  const hasAny = egress.some(({ hosts }) => stringsOf(hosts).some(isNothing));
  const read = hasAny ? { ...sidecar, spec: { ...specOf(sidecar), egress: rest } } : sidecar;
  WITHOUT_EXCLUSIONS.set(sidecar, read);
  return read;
}

const READ = new WeakMap<KubeObject, readonly Listener[]>();
const ALL: Hosts = { exact: new Set(), wildcards: ['*'], excluded: [] };
const EVERYTHING: readonly Listener[] = [{ imported: new Map([['*', ALL]]) }];

function listenersOf(sidecar: KubeObject): readonly Listener[] {
  const known = READ.get(sidecar);
  if (known !== undefined) return known;
  const written = recordsOf(specOf(sidecar).egress);
  const listeners = written.length === 0 ? EVERYTHING : written.map(readListener);
  READ.set(sidecar, listeners);
  return listeners;
}

function readListener({ hosts, port }: JsonObject): Listener {
  const imported = new Map<string, { exact: Set<string>; wildcards: string[]; excluded: string[] }>();
  for (const written of stringsOf(hosts)) {
    const [first = '', host = ''] = written.split('/', 2);
    const isExcluded = first.startsWith('~');
    const namespace = isExcluded ? first.slice(1) || '*' : first;
    const there = imported.get(namespace) ?? { exact: new Set<string>(), wildcards: [], excluded: [] };
    imported.set(namespace, there);
    if (isExcluded) there.excluded.push(host);
    else if (isWildcard(host)) there.wildcards.push(host);
    else there.exact.add(host);
  }
  const number = numberOf(recordOrEmpty(port).number);
  return { imported, ...(number === undefined || number === 0 ? {} : { port: number }) };
}

/** Tells whether a Sidecar has listeners for single ports, so that what is known depends on the port. */
export function tellsPortsApart(sidecar: KubeObject): boolean {
  return listenersOf(sidecar).some(({ port }) => port !== undefined);
}

/** Tells whether a Sidecar has listeners for a port or a socket, which are asked about one by one. */
export function hasListeners(sidecar: KubeObject): boolean {
  return recordsOf(specOf(sidecar).egress).some(({ port }) => isRecord(port));
}

/**
 * Tells whether a Sidecar's proxies in a namespace know something when they call a port; no Sidecar lets them know everything.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/sidecar.go `convertIstioListenerToWrapper`
 */
export function knows(
  sidecar: KubeObject | undefined,
  clientNamespace: string,
  port: number | undefined,
  thing: Importable,
): boolean {
  if (sidecar === undefined) return true;
  const listener = listenersOf(sidecar).find((one) => one.port === undefined || one.port === port);
  return listener !== undefined && imports(listener, clientNamespace, thing);
}

/** Tells whether one of a Sidecar's listeners, by its place among them, lets its proxies in a namespace know something. */
export function isKnownAt(sidecar: KubeObject, index: number, clientNamespace: string, thing: Importable): boolean {
  const listener = listenersOf(sidecar)[index];
  return listener !== undefined && imports(listener, clientNamespace, thing);
}

function imports({ imported }: Listener, clientNamespace: string, thing: Importable): boolean {
  const rules = [thing.namespace, ...(thing.namespace === clientNamespace ? ['.'] : []), '*'].flatMap(
    (namespace) => imported.get(namespace) ?? [],
  );
  return thing.hosts.some(
    (host) =>
      rules.some((rule) => isImported(rule, host, thing.fit)) &&
      !rules.some(({ excluded }) => excluded.some((pattern) => covers(pattern, host))),
  );
}

/**
 * Tells whether a Sidecar's proxies in a namespace know whatever has a name there, on ports that no listener is for; false
 * also where that would take a closer look.
 */
export function knowsWhole(sidecar: KubeObject | undefined, namespace: string): boolean {
  if (sidecar === undefined) return true;
  const general = listenersOf(sidecar).find(({ port }) => port === undefined);
  const rules = [namespace, '.', '*'].flatMap((one) => general?.imported.get(one) ?? []);
  return rules.some(({ wildcards }) => wildcards.includes('*')) && rules.every(({ excluded }) => excluded.length === 0);
}

function isImported({ exact, wildcards }: Hosts, host: string, fit: Importable['fit']): boolean {
  if (exact.has(host)) return true;
  if (wildcards.some((pattern) => covers(pattern, host) || (fit === 'either' && covers(host, pattern)))) return true;
  if (fit === 'covered' || !isWildcard(host)) return false;
  for (const one of exact) if (covers(host, one)) return true;
  return false;
}

/** @see https://github.com/istio/istio/blob/1.31.0/pkg/config/host/name.go `SubsetOf` */
function covers(pattern: string, host: string): boolean {
  if (!isWildcard(pattern)) return pattern === host;
  if (isWildcard(host) && host.length < pattern.length) return false;
  return host.endsWith(pattern.slice(1));
}
