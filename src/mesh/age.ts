import { parseInstant } from '../model/instant.ts';
import { recordOrEmpty, stringOf } from '../model/json.ts';
import { type KubeObject, nameOf, namespaceOf } from '../model/kube-object.ts';

/**
 * Orders two objects as istiod does where age decides: the oldest first, ties by name and then namespace.
 * An object without a readable `creationTimestamp` (a file, a CREATE under way) is the newest.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/config.go `sortByCreationComparator`
 */
export function compareAge(left: KubeObject, right: KubeObject): number {
  const leftTime = createdMs(left);
  const rightTime = createdMs(right);
  if (leftTime !== rightTime) return leftTime < rightTime ? -1 : 1;
  return compareText(nameOf(left), nameOf(right)) || compareText(namespaceOf(left), namespaceOf(right));
}

/**
 * Orders two services of one host name as istiod does: the oldest first, ties by namespace.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/push_context.go `SortServicesByCreationTime`
 */
export function compareServiceAge(left: KubeObject, right: KubeObject): number {
  const [leftTime, rightTime] = [createdMs(left), createdMs(right)];
  if (leftTime !== rightTime) return leftTime < rightTime ? -1 : 1;
  return compareText(namespaceOf(left), namespaceOf(right));
}

/**
 * Orders two HTTPRoutes as istiod does when it merges them: the oldest first, ties by namespace and then by the name of the
 * VirtualService that it makes of each, in which a tilde follows the route's own.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/config/kube/gateway/conversion.go `sortRoutesByCreationTime`
 */
export function compareRouteAge(left: KubeObject, right: KubeObject): number {
  return compareServiceAge(left, right) || compareText(`${nameOf(left)}~`, `${nameOf(right)}~`);
}

function createdMs(object: KubeObject): number {
  const text = stringOf(recordOrEmpty(object.metadata).creationTimestamp);
  return (text === undefined ? undefined : parseInstant(text)) ?? Number.POSITIVE_INFINITY;
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
