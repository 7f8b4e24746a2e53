import { type JsonObject, recordOrEmpty, recordsOf } from '../../src/model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../../src/model/kube-object.ts';
import type { Route } from '../../src/mesh/routes.ts';

/**
 * Leaves out what an HTTPRoute at a gateway sends to other namespaces without a ReferenceGrant. Our model takes everything
 * for granted, so what is granted is looked up here.
 */
export function granted(route: Route, grants: readonly KubeObject[]): Route {
  const { root } = route;
  if (route.kind !== 'HTTPRoute' || root === undefined) return route;
  const rule = (path: readonly unknown[]): JsonObject => recordsOf(specOf(root).rules)[Number(path[2])] ?? {};
  const isGranted = (reference: JsonObject): boolean => mayReach(reference, namespaceOf(root), grants);
  return {
    ...route,
    targets: route.targets.filter(({ path }) => isGranted(recordsOf(rule(path).backendRefs)[Number(path[4])] ?? {})),
    mirrors: route.mirrors.filter(({ path }) => {
      const filter = recordsOf(rule(path).filters)[Number(path[4])] ?? {};
      return isGranted(recordOrEmpty(recordOrEmpty(filter.requestMirror).backendRef));
    }),
  };
}

function mayReach(reference: JsonObject, from: string, grants: readonly KubeObject[]): boolean {
  const { group = '', kind = 'Service', name, namespace = from } = reference;
  if (namespace === from) return true;
  // istiod reads grants for Services only.
  if (kind !== 'Service') return false;
  return grants.some((grant) => {
    const { from: sources, to: targets } = specOf(grant);
    return (
      namespaceOf(grant) === namespace &&
      recordsOf(sources).some((source) => source.namespace === from) &&
      recordsOf(targets).some(
        (target) => target.group === group && target.kind === kind && (target.name ?? name) === name,
      )
    );
  });
}
