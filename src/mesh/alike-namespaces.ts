import type { Baseline } from '../model/baseline.ts';
import { namespaceOf } from '../model/kube-object.ts';
import { meshNamespaces } from './namespaces.ts';
import type { View } from './view.ts';

/** What namespaces are compared in. */
export interface AlikeFacts {
  readonly view: View;
  readonly baseline: Baseline;
}

/** By namespace, what it is like. */
export type AlikeNamespaces = ReadonlyMap<string, string>;

/** Returns a key for the mesh namespaces that have nothing of their own that Telemetries or the mesh would be asked about. */
export function alikeInTelemetry({ view, baseline }: AlikeFacts): AlikeNamespaces {
  const { ingress, egress } = baseline.gateways;
  const gateways = [...ingress, ...egress].map(({ namespace }) => namespace);
  return plainBut([...gateways, ...view.list('Telemetry').map(namespaceOf)], view, baseline);
}

/** As `alikeInTelemetry`, for namespaces without workloads that may trace as they like. */
export function alikeInTracing(facts: AlikeFacts): AlikeNamespaces {
  const plain = new Map(alikeInTelemetry(facts));
  for (const workload of facts.view.lookup('tracing')) plain.delete(namespaceOf(workload));
  return plain;
}

/** Returns a key for the mesh namespaces without a Sidecar of their own. */
export function alikeInSidecars({ view, baseline }: AlikeFacts): AlikeNamespaces {
  return plainBut(view.list('Sidecar').map(namespaceOf), view, baseline);
}

function plainBut(special: readonly string[], view: View, baseline: Baseline): AlikeNamespaces {
  const plain = new Map(meshNamespaces(view, baseline).map((namespace) => [namespace, 'plain']));
  for (const namespace of [baseline.mesh.rootNamespace, ...special]) plain.delete(namespace);
  return plain;
}
