import type { MeshPod } from '../../mesh/mesh-pod.ts';
import { findContainer, PROXY_CONTAINER } from '../../mesh/pod-template.ts';
import {
  type Amount,
  containerResources,
  type ProxyResources,
  RESOURCE_ANNOTATIONS,
} from '../../mesh/proxy-resources.ts';
import type { Baseline } from '../../model/baseline.ts';
import type { FieldPath } from '../../model/field-path.ts';
import { isAbsent, stringOf } from '../../model/json.ts';
import { parseQuantity, sameQuantity } from '../../model/quantity.ts';

/** One of the proxy's four resources: where it must stand, what takes effect, and what is demanded. */
export interface ResourceField {
  /** Where it must stand, from the object's top. */
  readonly path: FieldPath;
  readonly isSet: boolean;
  /** What takes effect, as written, and where: an own container goes before an annotation. */
  readonly text: string | undefined;
  readonly at: FieldPath;
  /** True where `at` holds this amount alone, and so can be written. */
  readonly isOwnField: boolean;
  readonly side: 'requests' | 'limits';
  readonly resource: 'cpu' | 'memory';
  readonly wanted: string;
  readonly ceiling: string;
  /** What may be written where nothing is set: the default, or what fits the other side where a person set that. */
  readonly fill: string;
  readonly canFill: boolean;
}

/** Returns the four resources of the proxy of a pod; a gateway's pod has them on its container, all others as annotations. */
export function resourceFields(found: MeshPod, { sidecar }: Baseline): readonly ResourceField[] {
  const { pod, injection, isInjectedAlready } = found;
  const byContainer = isInjectedAlready || injection.template === 'gateway';
  const placed = findContainer(pod.spec, PROXY_CONTAINER);
  const inEffect = byContainer ? containerResources(pod) : injection.resources;
  return RESOURCE_ANNOTATIONS.map(({ annotation, side, resource }) => {
    const path = [
      ...pod.path,
      ...(byContainer ? inContainer(placed?.path, side, resource) : annotationPath(annotation)),
    ];
    const amount = inEffect?.[side][resource];
    const isSet = byContainer ? amount !== undefined : !isAbsent(ownOf(pod.annotations, annotation));
    const at = amount?.path === undefined ? path : [...pod.path, ...amount.path];
    const wanted = sidecar[side][resource];
    const ceiling = sidecar.ceiling[resource];
    const other = byPerson(inEffect, side === 'limits' ? 'requests' : 'limits', resource);
    return {
      path,
      isSet,
      // Of a template that we do not know: what the annotation says is all that can be judged.
      text: amount?.text ?? (inEffect === undefined ? stringOf(ownOf(pod.annotations, annotation)) : undefined),
      at,
      isOwnField: at.at(-1) === resource || at.at(-1) === annotation,
      side,
      resource,
      wanted,
      ceiling,
      fill: fillOf(side, wanted, ceiling, other?.text),
      canFill: !byContainer || placed !== undefined,
    };
  });
}

/** The amount of the other side, where a person set it; the chart's vanish as soon as one annotation is there. */
function byPerson(
  inEffect: ProxyResources | undefined,
  side: 'requests' | 'limits',
  resource: 'cpu' | 'memory',
): Amount | undefined {
  const amount = inEffect?.[side][resource];
  return amount?.path === undefined ? undefined : amount;
}

/** A request that is filled in is not above its limit; a limit that is filled in is not below its request, up to the ceiling. */
function fillOf(side: 'requests' | 'limits', wanted: string, ceiling: string, other: string | undefined): string {
  const value = parseQuantity(other ?? '');
  if (other === undefined || value === undefined || value <= 0) return wanted;
  if (side === 'requests') return isMore(value, wanted) ? wanted : other;
  return isMore(value, wanted) && !isMore(value, ceiling) ? other : wanted;
}

function inContainer(container: FieldPath | undefined, side: string, resource: string): FieldPath {
  return container === undefined ? ['spec', 'containers'] : [...container, 'resources', side, resource];
}

function annotationPath(annotation: string): FieldPath {
  return ['metadata', 'annotations', annotation];
}

function ownOf(map: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

/** Tells whether an amount is more than a quantity, noise of floating point aside. */
export function isMore(value: number, bound: string): boolean {
  const other = parseQuantity(bound);
  return other !== undefined && value > other && !sameQuantity(value, other);
}
