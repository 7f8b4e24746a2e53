import { isAbsent, isRecord, type JsonObject, listOf, recordOrEmpty, recordsOf, stringsOf } from '../model/json.ts';
import { type KubeObject, specOf } from '../model/kube-object.ts';
import type { View } from './view.ts';

/** Which way traffic goes, in the words of `policyTypes`. */
export type Direction = 'Ingress' | 'Egress';

/** What the NetworkPolicies of a namespace do to all of its pods in one direction. */
export interface Isolation {
  readonly direction: Direction;
  /** The policies that isolate all pods: what no policy allows is denied. */
  readonly by: readonly KubeObject[];
  /** The rules for all pods that allow everything, which undo it. */
  readonly opened: readonly { readonly policy: KubeObject; readonly index: number }[];
}

/**
 * Answers whether all pods of a namespace are closed in each direction, and by which rules they are opened again. Rules
 * add up; a policy for some pods only is not looked at.
 * @see https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation
 */
export function isolation(view: View, namespace: string): readonly Isolation[] {
  const wide = view.list('NetworkPolicy', namespace).filter(isForAllPods);
  return (['Ingress', 'Egress'] as const).map((direction) => {
    const by = wide.filter((policy) => directionsOf(policy).has(direction));
    const opened = by.flatMap((policy) =>
      rulesIn(policy, direction).flatMap((rule, index) => (allowsAll(rule, direction) ? [{ policy, index }] : [])),
    );
    return { direction, by, opened };
  });
}

/** Tells whether a policy is for every pod of its namespace. */
export function isForAllPods(policy: KubeObject): boolean {
  return selectsAll(specOf(policy).podSelector);
}

/** Returns the directions that a policy is about: without `policyTypes` ingress, and egress if it has rules for it. */
export function directionsOf(policy: KubeObject): ReadonlySet<string> {
  const { policyTypes, egress } = specOf(policy);
  const written = stringsOf(policyTypes);
  if (written.length > 0) return new Set(written);
  return new Set(listOf(egress).length > 0 ? ['Ingress', 'Egress'] : ['Ingress']);
}

/** Returns a policy's rules for a direction. */
export function rulesIn(policy: KubeObject, direction: Direction): readonly JsonObject[] {
  const { ingress, egress } = specOf(policy);
  return recordsOf(direction === 'Ingress' ? ingress : egress);
}

/** Tells whether a rule allows peers of every sort on every port. */
function allowsAll(rule: JsonObject, direction: Direction): boolean {
  const ports = recordsOf(rule.ports);
  if (ports.length > 0 && !ports.some(isEveryPort)) return false;
  const peers = recordsOf(direction === 'Ingress' ? rule.from : rule.to);
  return peers.length === 0 || peers.some(isEverybody);
}

/** A protocol without a port is all of its ports. */
function isEveryPort({ port, endPort }: JsonObject): boolean {
  return isAbsent(port) || (typeof port === 'number' && port <= 1 && endPort === 65_535);
}

/** A prefix shorter than this many bits is no network of anybody, whatever is left out of it. */
const SHORTEST_PREFIX = 8;

/** Every address, or every pod of every namespace. */
function isEverybody({ ipBlock, namespaceSelector, podSelector }: JsonObject): boolean {
  if (isRecord(ipBlock)) {
    const { cidr } = ipBlock;
    const bits = typeof cidr === 'string' && cidr.includes('/') ? Number(cidr.slice(cidr.indexOf('/') + 1)) : 0;
    return bits < SHORTEST_PREFIX;
  }
  return (
    isRecord(namespaceSelector) && selectsAll(namespaceSelector) && (isAbsent(podSelector) || selectsAll(podSelector))
  );
}

function selectsAll(selector: unknown): boolean {
  const { matchLabels, matchExpressions } = recordOrEmpty(selector);
  return Object.keys(recordOrEmpty(matchLabels)).length === 0 && listOf(matchExpressions).length === 0;
}
