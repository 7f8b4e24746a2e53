import { type JsonObject, recordsOf } from '../model/json.ts';
import { type KubeObject, specOf } from '../model/kube-object.ts';
import { attaches } from './authorization.ts';
import type { View } from './view.ts';

/**
 * Returns the RequestAuthentications that a workload obeys, those of the root namespace and of its own, by selector; they
 * add up: a token that one of them finds right is right.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/authentication.go `GetJwtPoliciesForWorkload`
 */
export function requestAuthentications(
  view: View,
  { namespace, labels }: { readonly namespace: string; readonly labels: JsonObject },
): readonly KubeObject[] {
  const { rootNamespace } = view.settings;
  const namespaces = namespace === rootNamespace ? [namespace] : [rootNamespace, namespace];
  return namespaces
    .flatMap((one) => view.list('RequestAuthentication', one))
    .filter((policy) => attaches(policy, namespace, labels));
}

/** Returns what a RequestAuthentication says of each issuer. */
export function jwtRulesOf(policy: KubeObject): readonly JsonObject[] {
  return recordsOf(specOf(policy).jwtRules);
}
