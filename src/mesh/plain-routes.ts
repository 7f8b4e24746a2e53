import type { FieldPath } from '../model/field-path.ts';
import { type JsonObject, recordOrEmpty, recordsOf, stringOf } from '../model/json.ts';
import { kindOf } from '../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf, specOf } from '../model/kube-object.ts';
import { gatewayParents, isListener } from './route-gateways.ts';
import type { View } from './view.ts';

/** A rule of an HTTPRoute that a plain HTTP listener serves. */
export interface RouteRule {
  readonly route: KubeObject;
  readonly path: FieldPath;
  /** Its name, else its place in the route. */
  readonly name: string;
  readonly rule: JsonObject;
  readonly gateway: KubeObject;
  readonly listener: string;
}

/**
 * Returns the rules of HTTPRoutes on plain HTTP listeners: of all routes on a Gateway API Gateway, or of one HTTPRoute on
 * the Gateways that are there. Whether a listener lets a route's namespace in is not looked at.
 */
export function attachedPlainRoutes(object: KubeObject, view: View): readonly RouteRule[] {
  const kind = kindOf(object);
  if (kind === 'HTTPRoute') return rulesOn(object, (namespace, name) => view.get('KubernetesGateway', namespace, name));
  if (kind !== 'KubernetesGateway' || plainListeners(object).length === 0) return [];
  const [own, ownName] = [namespaceOf(object), nameOf(object)];
  return view
    .list('HTTPRoute')
    .flatMap((route) =>
      rulesOn(route, (namespace, name) => (namespace === own && name === ownName ? object : undefined)),
    );
}

function plainListeners(gateway: KubeObject): readonly JsonObject[] {
  return recordsOf(specOf(gateway).listeners).filter(({ protocol }) => stringOf(protocol)?.toUpperCase() === 'HTTP');
}

function rulesOn(
  route: KubeObject,
  find: (namespace: string, name: string) => KubeObject | undefined,
): readonly RouteRule[] {
  const spec = specOf(route);
  const found: RouteRule[] = [];
  for (const { namespace, name: gatewayName, parent } of gatewayParents(route)) {
    const gateway = find(namespace, gatewayName);
    const listener = gateway === undefined ? undefined : plainListeners(gateway).find((one) => isListener(one, parent));
    if (gateway === undefined || listener === undefined) continue;
    for (const [index, rule] of recordsOf(spec.rules).entries()) {
      const path: FieldPath = ['spec', 'rules', index];
      if (found.some((one) => one.path[2] === index)) continue;
      const name = stringOf(rule.name) || `rule ${index}`;
      found.push({ route, path, name, rule, gateway, listener: stringOf(listener.name) ?? '' });
    }
  }
  return found;
}

/** Tells whether a rule of an HTTPRoute answers every request with a redirect to https. */
export function redirectsOnly({ filters }: JsonObject): boolean {
  return recordsOf(filters).some(
    ({ type, requestRedirect }) => type === 'RequestRedirect' && recordOrEmpty(requestRedirect).scheme === 'https',
  );
}
