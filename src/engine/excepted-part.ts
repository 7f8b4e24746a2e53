import type { FieldPath } from '../model/field-path.ts';
import type { Finding } from '../model/finding.ts';
import { sameJson, valueAt } from '../model/json.ts';
import { type Kind, kindOf } from '../model/kind.ts';
import type { KubeObject } from '../model/kube-object.ts';

/**
 * Objects that people change every day for reasons that have nothing to do with what is excepted: of these the field of
 * the finding alone is excepted. All others are policies: small, and every word of them says who may do what.
 */
const CHANGED_DAILY: ReadonlySet<Kind> = new Set<Kind>([
  'Pod',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
  'Job',
  'CronJob',
  'Rollout',
  'VirtualService',
  'HTTPRoute',
  'DestinationRule',
  'Service',
  'Namespace',
  'ConfigMap',
]);

/** Fields of a `spec` that say for whom it counts: with another value an exception would be for something else. */
const SCOPE = [
  'host',
  'hosts',
  'hostnames',
  'gateways',
  'exportTo',
  'parentRefs',
  'selector',
  'workloadSelector',
  'podSelector',
  'targetRef',
  'targetRefs',
] as const;

/** The same for the list items in which a field stands: a route, a subset, the settings of a port. */
const SCOPE_OF_ITEM = ['match', 'matches', 'labels', 'port'] as const;

/** Where what is excepted is the host itself, it is all that the object says about that host. */
const HOSTS: readonly unknown[] = ['host', 'hosts', 'hostnames'];

/** A finding with the object in which its field stands. */
export interface FoundIn {
  readonly finding: Finding;
  readonly object: KubeObject;
}

/**
 * Tells whether what a finding is about is as it was: no worse, the same fault, the same value, for the same subjects.
 * For the field of a policy that is the outermost list item around it (a rule, a server), or the whole `spec`.
 */
export function isSamePart(was: FoundIn, is: FoundIn): boolean {
  if ((is.finding.magnitude ?? 0) > (was.finding.magnitude ?? 0)) return false;
  if (is.finding.messageId !== was.finding.messageId || !sameJson(placeOf(was), placeOf(is))) return false;
  if (!sameJson(scopeOf(was), scopeOf(is))) return false;
  if (was.finding.path.length === 0 || is.finding.path.length === 0) return sameContent(was.object, is.object);
  return sameJson(partOf(was), partOf(is));
}

/** Returns the field without the places in lists, which move. */
function placeOf({ finding: { path } }: FoundIn): FieldPath {
  return path.filter((step) => typeof step !== 'number');
}

/** Returns for whom the object counts, and of a thing that changes daily also the list items around the field. */
function scopeOf({ finding: { path }, object }: FoundIn): unknown {
  const items = isChangedDaily(object) ? itemsAround(path) : [];
  return [
    ...SCOPE.map((field) => valueAt(object, ['spec', field]) ?? null),
    ...items.flatMap((item) => SCOPE_OF_ITEM.map((field) => valueAt(object, [...item, field]) ?? null)),
  ];
}

function itemsAround(path: FieldPath): readonly FieldPath[] {
  return path.flatMap((step, at) => (typeof step === 'number' ? [path.slice(0, at + 1)] : []));
}

function partOf({ finding: { path }, object }: FoundIn): unknown {
  if (path[0] === 'spec' && HOSTS.includes(path[1])) return object.spec;
  return valueAt(object, isChangedDaily(object) ? path : policyPart(path, object));
}

function isChangedDaily(object: KubeObject): boolean {
  const kind = kindOf(object);
  return kind !== undefined && CHANGED_DAILY.has(kind);
}

function policyPart(path: FieldPath, object: KubeObject): FieldPath {
  // Of a ServiceEntry each list means nothing without the others: hosts, ports, addresses, endpoints.
  const [item] = kindOf(object) === 'ServiceEntry' ? [] : itemsAround(path);
  return item ?? (path[0] === 'spec' ? ['spec'] : path);
}

const NOT_CONTENT = new Set(['apiVersion', 'metadata', 'status']);

function sameContent(was: KubeObject, is: KubeObject): boolean {
  const keys = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...keys].every((key) => NOT_CONTENT.has(key) || sameJson(was[key], is[key]));
}
