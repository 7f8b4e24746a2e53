import { isWildcard } from '../../src/mesh/hosts.ts';
import type { EgressProtocol, Exit } from '../../src/mesh/egress.ts';

/** The Service that leads to the egress gateway. */
export const EGRESS_GATEWAY = 'istio-egressgateway.istio-egress.svc.cluster.local';

/** A way out as both sides say it. */
export interface WayWords {
  /** Absent: every port on which the host is not known. */
  readonly port?: number;
  readonly protocol?: EgressProtocol;
  readonly names: readonly string[];
  readonly exit: Exit;
  /** `host/subset`. */
  readonly to: readonly string[];
}

/** Writes a way in one line; where it leads to a name that no service has, it is not told what becomes of it. */
export function wayText({ port, protocol, names, exit, to }: WayWords, known: readonly string[]): string {
  const isKnown = to.every((one) => known.includes(one.slice(0, one.indexOf('/'))));
  const where = port === undefined ? 'else' : `${port} ${protocol} ${[...names].sort().join()}`;
  return [`${where}: ${isKnown ? exit : 'somewhere'}`, ...new Set([...to].sort())].join(' ');
}

/** Writes ways in the order of their words; what decides about the order is asked of routes. */
export function waysText(ways: readonly WayWords[], known: readonly string[]): readonly string[] {
  return [...new Set(ways.map((way) => wayText(way, known)))].sort();
}

/** The protocols that are HTTP to a proxy. */
export const HTTP: ReadonlySet<string> = new Set(['HTTP', 'HTTP2', 'GRPC', 'GRPC-WEB', 'HTTP_PROXY']);
/** Those that carry a server name. */
export const TLS: ReadonlySet<string> = new Set(['HTTPS', 'TLS']);
/** Those that carry neither. */
export const TCP: ReadonlySet<string> = new Set(['TCP', 'MONGO', 'MYSQL', 'REDIS', 'HBONE']);

/** Tells whether one name is, or covers, another, either way round. */
export function overlap(left: string, right: string): boolean {
  if (isWildcard(left) && right.endsWith(left.slice(1))) return true;
  return isWildcard(right) ? left.endsWith(right.slice(1)) : left === right;
}
