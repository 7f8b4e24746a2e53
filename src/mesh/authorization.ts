import type { Because } from '../model/finding.ts';
import { type JsonObject, listOf, recordOrEmpty, recordsOf, stringOf } from '../model/json.ts';
import { annotationOf, type KubeObject, namespaceOf, refOf, specOf } from '../model/kube-object.ts';
import { entryOf } from './pod-template.ts';
import { selectedLabels, selects } from './workload-selector.ts';
import type { View } from './view.ts';

/** What an AuthorizationPolicy does with a request that it matches. */
export type AuthorizationAction = 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM';

/** The policies in effect on a workload, by action, oldest first. */
export interface Authorization {
  readonly allow: readonly KubeObject[];
  readonly deny: readonly KubeObject[];
  readonly audit: readonly KubeObject[];
  readonly custom: readonly KubeObject[];
  /** Those that only pretend, by annotation `istio.io/dry-run`. */
  readonly dryRun: readonly KubeObject[];
  /** The allow-nothing policy in effect: with it, what no other policy allows is denied; absent: there is none. */
  readonly allowNothing?: KubeObject;
  /** True: at least one ALLOW policy is in effect, so that requests which none allows are denied. */
  readonly deniesByDefault: boolean;
  readonly because: readonly Because[];
}

/**
 * Answers which policies a workload obeys: those of the root namespace and of its own, by selector. A policy with a
 * selector in the root namespace reaches all namespaces. Without labels: what every workload of the namespace obeys.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/authorization.go `ListAuthorizationPolicies`
 */
export function authorization(
  view: View,
  { namespace, labels }: { readonly namespace: string; readonly labels?: JsonObject },
): Authorization {
  const { rootNamespace } = view.settings;
  const namespaces = namespace === rootNamespace ? [namespace] : [rootNamespace, namespace];
  const attached = namespaces
    .flatMap((one) => view.list('AuthorizationPolicy', one))
    .filter((policy) => attaches(policy, namespace, labels));
  const dryRun = attached.filter(isDryRun);
  const real = attached.filter((policy) => !isDryRun(policy));
  const of = (action: AuthorizationAction): readonly KubeObject[] => real.filter((one) => actionOf(one) === action);
  const allow = of('ALLOW');
  const allowNothing = allow.find((policy) => rulesOf(policy).length === 0);
  const because = real.map((policy): Because => ({ object: refOf(policy), says: sentence(policy) }));
  return {
    allow,
    deny: of('DENY'),
    audit: of('AUDIT'),
    custom: of('CUSTOM'),
    dryRun,
    ...(allowNothing === undefined ? {} : { allowNothing }),
    deniesByDefault: allow.length > 0,
    because,
  };
}

/** Returns a policy's action; absent is `ALLOW`, and a word that Istio does not know counts as it, to be on the safe side. */
export function actionOf(policy: KubeObject): AuthorizationAction {
  const action = stringOf(specOf(policy).action);
  return action === 'DENY' || action === 'AUDIT' || action === 'CUSTOM' ? action : 'ALLOW';
}

/** Returns a policy's rules; none means that it matches nothing. */
export function rulesOf(policy: KubeObject): readonly JsonObject[] {
  return recordsOf(specOf(policy).rules);
}

const DRY_RUN = 'istio.io/dry-run';
/** @see https://pkg.go.dev/strconv#ParseBool */
const GO_TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);

/** Tells whether a policy only pretends: its rules become shadow rules, which deny and allow nothing. */
export function isDryRun(policy: KubeObject): boolean {
  return GO_TRUE.has(annotationOf(policy, DRY_RUN) ?? '');
}

/** Tells whether a policy is for every workload in its reach: no selector, no target. */
export function isForAll(policy: KubeObject): boolean {
  return selectedLabels(policy) === undefined && targetsOf(policy).length === 0;
}

const GATEWAY_NAME = 'gateway.networking.k8s.io/gateway-name';

/**
 * Tells whether a policy of a workload's own or the root namespace is for the workload; without labels, for all workloads.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/policyattachment.go `ShouldAttachPolicy`
 */
export function attaches(policy: KubeObject, namespace: string, labels: JsonObject | undefined): boolean {
  if (labels === undefined) return isForAll(policy);
  const targets = targetsOf(policy);
  if (targets.length === 0) return selects(policy, labels);
  const gateway = entryOf(labels, GATEWAY_NAME);
  if (gateway === undefined || namespaceOf(policy) !== namespace) return false;
  return targets.some(({ kind, name, group }) => {
    return kind === 'Gateway' && name === gateway && group === 'gateway.networking.k8s.io';
  });
}

function targetsOf(policy: KubeObject): readonly JsonObject[] {
  const { targetRefs, targetRef } = specOf(policy);
  const several = recordsOf(targetRefs);
  if (several.length > 0) return several;
  const one = recordOrEmpty(targetRef);
  return Object.keys(one).length === 0 ? [] : [one];
}

function sentence(policy: KubeObject): string {
  const action = actionOf(policy);
  const count = listOf(specOf(policy).rules).length;
  if (count === 0) return action === 'ALLOW' ? 'allows nothing, so what no policy allows is denied' : 'matches nothing';
  return `${action} with ${count} ${count === 1 ? 'rule' : 'rules'}`;
}
