/**
 * Expands a host of a VirtualService or DestinationRule as istiod does: only a name without a dot belongs to the
 * rule's own namespace; everything else, `*` and the empty name stay as written.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/config.go `ResolveShortnameToFQDN`
 */
export function expandHost(host: string, namespace: string, clusterDomain: string): string {
  if (host === '' || host === '*' || host.includes('.') || host.includes(':')) return host;
  return `${host}.${namespace}.svc.${clusterDomain}`;
}

/** Returns the full name of a Kubernetes Service. */
export function serviceHost(name: string, namespace: string, clusterDomain: string): string {
  return `${name}.${namespace}.svc.${clusterDomain}`;
}

/** Splits a Service's full name into its name and namespace; undefined when it is no such name. */
export function parseServiceHost(
  host: string,
  clusterDomain: string,
): { readonly name: string; readonly namespace: string } | undefined {
  const suffix = `.svc.${clusterDomain}`;
  if (!host.endsWith(suffix)) return undefined;
  const parts = host.slice(0, -suffix.length).split('.');
  const [name, namespace] = parts;
  return parts.length === 2 && name && namespace ? { name, namespace } : undefined;
}

/** Tells whether a host pattern is a wildcard: `*` or `*` followed by a suffix. */
export function isWildcard(host: string): boolean {
  return host.startsWith('*');
}

/**
 * Tells whether a pattern covers a host: equal, or a wildcard whose suffix the host ends with, and is longer than.
 * @see https://github.com/istio/istio/blob/1.31.0/pkg/config/host/name.go `Matches`
 */
export function coversHost(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  if (!isWildcard(pattern)) return false;
  if (pattern === '*') return true;
  const suffix = pattern.slice(1);
  return host.length > suffix.length && host.endsWith(suffix);
}

/**
 * Returns every full name that a VirtualService host may take over, lower case and without a trailing dot: the expanded
 * name itself and, for the spellings `S.N` and `S.N.svc` that Envoy matches too, the Service's full name.
 */
export function takeoverNames(host: string, namespace: string, clusterDomain: string): readonly string[] {
  const plain = host.toLowerCase().replace(/\.$/, '');
  const expanded = expandHost(plain, namespace, clusterDomain);
  const parts = plain.split('.');
  const isShort = !isWildcard(plain) && (parts.length === 2 || (parts.length === 3 && parts[2] === 'svc'));
  return isShort ? [expanded, `${parts[0]}.${parts[1]}.svc.${clusterDomain}`] : [expanded];
}
