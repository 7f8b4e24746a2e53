import { isAbsent, isRecord, type JsonObject, recordOrEmpty, stringOf, stringsOf, textOf } from '../model/json.ts';
import { remembered } from '../model/remembered.ts';
import type { RouteMatch, Viewer } from './route-types.ts';
import { isSubset } from './workload-selector.ts';

/**
 * Resolves the name of a gateway as istiod does: `mesh` stays, a short name belongs to the object's own namespace,
 * `name.namespace.…` is the old spelling of `namespace/name`.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/config.go `resolveGatewayName`
 */
export function gatewayName(written: string, namespace: string): string {
  if (written === 'mesh') return written;
  if (written.startsWith('./')) return `${namespace}/${written.slice(2)}`;
  if (written.includes('/')) return written;
  const [name = '', owner] = written.split('.', 2);
  return `${owner ?? namespace}/${name}`;
}

/** Reads an entry of a VirtualService's `match`. */
export function matchOf(written: JsonObject, namespace: string): RouteMatch {
  const methods = methodsOf(written);
  return {
    written,
    gateways: stringsOf(written.gateways).map((gateway) => gatewayName(gateway, namespace)),
    ...(typeof written.port === 'number' && written.port !== 0 ? { port: written.port } : {}),
    ...(methods === undefined ? {} : { methods }),
  };
}

const PLAIN_WORDS = /^\^?(?:\(\??:?)?([A-Z]+(?:\|[A-Z]+)*)\)?\$?$/;

/** Returns the methods that a match lets in, undefined where it does not say or says it in a way that is not read here. */
function methodsOf(written: JsonObject): readonly string[] | undefined {
  const headers = recordOrEmpty(written.headers);
  const said = isAbsent(written.method) && Object.hasOwn(headers, ':method') ? headers[':method'] : written.method;
  const { exact, regex } = recordOrEmpty(said);
  if (typeof exact === 'string' && exact !== '') return [exact];
  return typeof regex === 'string' ? wordsOf(regex) : undefined;
}

// Envoy's regular expressions must match the whole value, so the anchors add nothing.
const wordsOf = remembered((regex): readonly string[] | undefined => PLAIN_WORDS.exec(regex)?.[1]?.split('|'));

/** Returns the methods that all of a route's matches together let in; undefined: any. */
export function methodsOfAll(matches: readonly RouteMatch[]): readonly string[] | undefined {
  if (matches.length < 2) return matches[0]?.methods;
  const all = new Set<string>();
  for (const { methods } of matches) {
    if (methods === undefined) return undefined;
    for (const method of methods) all.add(method);
  }
  return [...all];
}

/**
 * Tells whether a match is for a viewer's proxy; `maybe`: for some of its pods or ports. A match that names gateways does not look
 * at the source.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/route/route.go `sourceMatchHTTP`
 */
export function fitsViewer(match: RouteMatch, viewer: Viewer): 'yes' | 'no' | 'maybe' {
  const { written, gateways, port } = match;
  if (port !== undefined && viewer.port !== undefined && port !== viewer.port) return 'no';
  // On the other ports the entries behind it are reached.
  const byPort = port !== undefined && viewer.port === undefined ? 'maybe' : 'yes';
  if (gateways.length > 0) {
    return gateways.includes(viewer.kind === 'mesh' ? 'mesh' : viewer.gateway) ? byPort : 'no';
  }
  if (written.sourceNamespace === undefined && written.sourceLabels === undefined) return byPort;
  const byNamespace = fitsNamespace(written.sourceNamespace, viewer);
  const byLabels = fitsLabels(recordOrEmpty(written.sourceLabels), viewer);
  if (byNamespace === 'no' || byLabels === 'no') return 'no';
  return [byPort, byNamespace, byLabels].includes('maybe') ? 'maybe' : 'yes';
}

function fitsNamespace(wanted: unknown, { namespace }: Viewer): 'yes' | 'no' | 'maybe' {
  if (typeof wanted !== 'string' || wanted === '') return 'yes';
  if (namespace === undefined) return 'maybe';
  return wanted === namespace ? 'yes' : 'no';
}

function fitsLabels(wanted: JsonObject, { labels }: Viewer): 'yes' | 'no' | 'maybe' {
  if (Object.keys(wanted).length === 0) return 'yes';
  if (labels === undefined || labels === 'some') return 'maybe';
  return labels !== 'none' && isSubset(wanted, labels) ? 'yes' : 'no';
}

const CONDITIONS = ['headers', 'withoutHeaders', 'queryParams'] as const;
const STRING_MATCHES = ['method', 'authority', 'scheme'] as const;

/**
 * Tells whether istiod takes a match for one that every request fits, after which it writes no more routes.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/route/route.go `IsCatchAllRoute`
 */
export function isCatchAll({ written }: RouteMatch): boolean {
  const { prefix, regex, exact } = recordOrEmpty(written.uri);
  const isForAll = isAbsent(prefix) && isAbsent(exact) && isAbsent(regex) ? true : prefix === '/' || regex === '.*';
  // Most matches name a path, which is told quickest.
  if (!isForAll) return false;
  if (CONDITIONS.some((name) => Object.keys(recordOrEmpty(written[name])).length > 0)) return false;
  return !STRING_MATCHES.some((name) => isRecord(written[name]));
}

/** Writes a match in words, for names: `GET /v1* x-version=canary`; empty for one that says nothing. */
export function describeMatch({ written, gateways, port, methods }: RouteMatch): string {
  const parts = methods === undefined ? [] : [methods.join('|')];
  if (isRecord(written.uri)) parts.push(describeString(written.uri));
  for (const name of ['authority', 'scheme']) {
    if (isRecord(written[name])) parts.push(`${name}=${describeString(recordOrEmpty(written[name]))}`);
  }
  for (const name of CONDITIONS) {
    const entries = Object.entries(recordOrEmpty(written[name])).sort(([left], [right]) => (left < right ? -1 : 1));
    const sign = name === 'withoutHeaders' ? '!' : name === 'queryParams' ? '?' : '';
    for (const [key, value] of entries) parts.push(`${sign}${key}=${describeString(recordOrEmpty(value))}`);
  }
  if (port !== undefined) parts.push(`port ${port}`);
  if (gateways.length > 0) parts.push(`at ${gateways.join(',')}`);
  const source = stringOf(written.sourceNamespace);
  if (source) parts.push(`from ${source}`);
  for (const [key, value] of Object.entries(recordOrEmpty(written.sourceLabels))) {
    parts.push(`from ${key}=${textOf(value)}`);
  }
  return parts.join(' ');
}

function describeString({ exact, prefix, regex }: JsonObject): string {
  if (typeof exact === 'string') return exact;
  if (typeof prefix === 'string') return `${prefix}*`;
  return typeof regex === 'string' ? `/${regex}/` : '*';
}
