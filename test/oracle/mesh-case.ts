import { type KubeObject, nameOf, namespaceOf } from '../../src/model/kube-object.ts';
import { type MeshSettings, View } from '../../src/mesh/view.ts';
import type { OracleRequest, OracleResponse } from './answers.ts';
import type { Oracle } from './client.ts';
import { type Difference, differences } from './compare.ts';

/** The mesh that all cases are about. */
export const SETTINGS: MeshSettings = {
  rootNamespace: 'istio-system',
  clusterDomain: 'cluster.local',
  istioVersion: '1.31',
  revisions: ['default'],
};

/** What was compared. */
export interface Compared {
  readonly response: OracleResponse;
  readonly view: View;
  readonly differences: readonly Difference[];
}

/** Asks Istio and our model about a mesh; what istiod's validation refuses is in neither. */
export async function compare(oracle: Oracle, request: OracleRequest): Promise<Compared> {
  const response = await oracle.ask(request);
  const refused = new Set(response.rejected.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`));
  const idOf = (one: KubeObject): string => `${one.kind} ${namespaceOf(one)}/${nameOf(one)}`;
  const view = View.of(
    request.objects.filter((one) => !refused.has(idOf(one))),
    { ...SETTINGS, istioVersion: oracle.release },
  );
  return { response, view, differences: differences(view, request.proxies, response) };
}
