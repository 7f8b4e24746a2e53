import { isAbsent, isRecord, type JsonObject, recordsOf, stringOf } from '../model/json.ts';

/** Who obeys an HTTPRoute: sidecars, for whom it needs no ReferenceGrant, or a gateway. */
export type RouteUse = 'mesh' | 'gateway';

const HEADERS: readonly unknown[] = ['RequestHeaderModifier', 'ResponseHeaderModifier'];
const FILTERS: readonly unknown[] = [...HEADERS, 'RequestRedirect', 'RequestMirror', 'URLRewrite', 'CORS'];

/**
 * Tells whether istiod drops an HTTPRoute because of one of its rules. A backend that is not there, that is not granted or
 * that is of a kind which istiod does not know is no reason: its share gets 500.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/config/kube/gateway/conversion.go `convertHTTPRoute`
 */
export function cannotBeTurned(rule: JsonObject, namespace: string, use: RouteUse): boolean {
  // Without a grant a gateway does not look at the rest of a backend in another namespace.
  const isLeftAlone = (backend: JsonObject): boolean =>
    use === 'gateway' && typeof backend.namespace === 'string' && backend.namespace !== namespace;
  return (
    hasBadFilter(rule, FILTERS) ||
    recordsOf(rule.backendRefs).some(
      (one) => one.weight !== 0 && (hasBadFilter(one, HEADERS) || (!isLeftAlone(one) && cannotBeNamed(one))),
    )
  );
}

function hasBadFilter({ filters }: JsonObject, known: readonly unknown[]): boolean {
  return recordsOf(filters).some(
    ({ type, requestHeaderModifier, responseHeaderModifier }) =>
      !known.includes(type) ||
      [requestHeaderModifier, responseHeaderModifier].some((one) => isRecord(one) && hasBadValue(one)),
  );
}

function hasBadValue({ set, add }: JsonObject): boolean {
  return [...recordsOf(set), ...recordsOf(add)].some(({ value }) => hasControl(stringOf(value) ?? ''));
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true;
  }
  return false;
}

function cannotBeNamed(backend: JsonObject): boolean {
  const kind = referenceKind(backend);
  if (kind === undefined) return false;
  if (isAbsent(backend.port)) return true;
  if (kind === 'Hostname') return !isAbsent(backend.namespace);
  return kind === 'Service' && stringOf(backend.name)?.includes('.') === true;
}

const GROUPS = { Service: '', Hostname: 'networking.istio.io', ServiceImport: 'multicluster.x-k8s.io' } as const;

/**
 * Returns what a backend names, of what istiod knows: a Service, a host of a ServiceEntry, or a Service of several clusters,
 * which is the Service of that name; undefined: nothing.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/config/kube/gateway/conversion.go `buildDestination`
 */
export function referenceKind({ kind = 'Service', group = '' }: JsonObject): keyof typeof GROUPS | undefined {
  if (kind !== 'Service' && kind !== 'Hostname' && kind !== 'ServiceImport') return undefined;
  return group === GROUPS[kind] ? kind : undefined;
}
