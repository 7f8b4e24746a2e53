import type { Baseline, GatewayBaseline } from '../model/baseline.ts';
import { type JsonObject, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { restrictsOperation } from './authorization-rule.ts';
import { coversHost, isWildcard } from './hosts.ts';
import { isSubset, selectedLabels } from './workload-selector.ts';

/** The whole name of a service account in a certificate; an asterisk anywhere makes it many or none. */
const PRINCIPAL = /^[^*/\s]+\/ns\/[^*/\s]+\/sa\/[^*/\s]+$/;
/** A service account of the policy's own namespace, or of the one that it names. */
const SERVICE_ACCOUNT = /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?(\/[a-z0-9]([-.a-z0-9]*[a-z0-9])?)?$/;

const isPrincipal = (value: string): boolean => PRINCIPAL.test(value);
const isServiceAccount = (value: string): boolean => SERVICE_ACCOUNT.test(value);

/** Tells whether a source names whole service accounts and nobody else: all of what a list lets in must be named. */
export function namesAccounts(source: JsonObject): boolean {
  return allAre(source.principals, isPrincipal) || allAre(source.serviceAccounts, isServiceAccount);
}

/** Tells whether a rule's condition names whole service accounts, which then holds for all of its sources. */
export function conditionNamesAccounts(rule: JsonObject): boolean {
  return recordsOf(rule.when).some(
    ({ key, values }) =>
      (key === 'source.principal' && allAre(values, isPrincipal)) ||
      (key === 'source.serviceAccount' && allAre(values, isServiceAccount)),
  );
}

function allAre(list: unknown, isOne: (value: string) => boolean): boolean {
  const values = stringsOf(list);
  return values.length > 0 && values.every(isOne);
}

/**
 * Tells whether a rule's condition holds only for requests with a right token: what is known of the token is there.
 * @see https://istio.io/latest/docs/reference/config/security/conditions/
 */
export function conditionDemandsToken(rule: JsonObject): boolean {
  return recordsOf(rule.when).some(
    ({ key, values }) => stringOf(key)?.startsWith('request.auth.') === true && stringsOf(values).length > 0,
  );
}

/**
 * Tells whether a source is for requests with a right token, or for named service accounts, which nobody outside has: a
 * request from outside without a token does not fit it.
 */
export function keepsStrangersOut(source: JsonObject): boolean {
  return stringsOf(source.requestPrincipals).length > 0 || namesAccounts(source);
}

/** Tells whether a DENY rule meets every request without a token, whatever else it asks for. */
export function deniesTokenless(rule: JsonObject): boolean {
  if (restrictsOperation(rule) || recordsOf(rule.when).length > 0) return false;
  return sourcesOf(rule).some(
    (source) => stringsOf(source.notRequestPrincipals).includes('*') && Object.keys(source).length === 1,
  );
}

/** Returns a rule's sources; none means anybody. */
export function sourcesOf(rule: JsonObject): readonly JsonObject[] {
  return recordsOf(rule.from).map(({ source }) => recordOrEmpty(source));
}

/** Returns those of a baseline's gateways that a policy of their namespace is for by all of their labels. */
export function isForGateway(policy: KubeObject, gateways: readonly GatewayBaseline[]): boolean {
  const labels = selectedLabels(policy);
  return gateways.some(
    ({ namespace, matchLabels }) =>
      namespace === namespaceOf(policy) && labels !== undefined && isSubset(matchLabels, labels),
  );
}

/**
 * Tells whether a rule is for TLS that passes through the egress gateway to hosts within registered wildcards: there is no
 * certificate of the mesh in such a connection and so no caller to name. Whole names are reached by mTLS, which has one.
 */
export function isPassthroughRule(
  policy: KubeObject,
  rule: JsonObject,
  { gateways, externalHosts }: Baseline,
): boolean {
  if (!isForGateway(policy, gateways.egress)) return false;
  return recordsOf(rule.when).some(({ key, values }) => {
    const names = stringsOf(values);
    return (
      key === 'connection.sni' &&
      names.length > 0 &&
      names.every((name) => externalHosts.some((known) => isWildcard(known) && coversHost(known, name)))
    );
  });
}

/** Tells whether a policy stands in an ingress gateway's namespace and may be for its pods. */
export function isIngressPolicy(policy: KubeObject, { gateways }: Baseline): boolean {
  return gateways.ingress.some((gateway) => gateway.namespace === namespaceOf(policy) && mayBeFor(policy, gateway));
}

/** Tells whether a policy may be for a gateway's pods: its selector does not ask for another value of one of their labels. */
export function mayBeFor(policy: KubeObject, { matchLabels }: GatewayBaseline): boolean {
  const { targetRef, targetRefs } = specOf(policy);
  if (recordsOf(targetRefs).length > 0 || Object.keys(recordOrEmpty(targetRef)).length > 0) return false;
  const wanted = selectedLabels(policy) ?? {};
  return Object.entries(matchLabels).every(([key, value]) => !Object.hasOwn(wanted, key) || wanted[key] === value);
}
