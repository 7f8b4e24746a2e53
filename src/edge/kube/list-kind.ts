import { isRecord, type JsonObject, listOf, recordOrEmpty, stringOf } from '../../model/json.ts';
import { KINDS, type Kind } from '../../model/kind.ts';
import { isKubeObject, type KubeObject } from '../../model/kube-object.ts';
import type { ApiClient } from './api-client.ts';

const PAGE = 500;

/** Returns the path of a kind's objects in one of its versions, in all namespaces or in one. */
export function listPath(kind: Kind, version: string, namespace: string | undefined): string {
  const { group, resource } = KINDS[kind];
  const base = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === undefined ? `${base}/${resource}` : `${base}/namespaces/${namespace}/${resource}`;
}

/** Lists a path page by page. @throws ApiError, 404 where the version is not served. */
export async function listKind(
  client: ApiClient,
  kind: Kind,
  path: string,
): Promise<{ readonly objects: readonly KubeObject[]; readonly resourceVersion: string }> {
  const objects: KubeObject[] = [];
  let next = '';
  for (;;) {
    const list = await client.get(`${path}?limit=${PAGE}${next}`);
    for (const item of listOf(list.items)) {
      if (isRecord(item)) objects.push(stripped(item, kind, String(list.apiVersion)));
    }
    const metadata = recordOrEmpty(list.metadata);
    const token = stringOf(metadata.continue);
    if (token === undefined || token === '') {
      return { objects, resourceVersion: stringOf(metadata.resourceVersion) ?? '' };
    }
    next = `&continue=${encodeURIComponent(token)}`;
  }
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** istiod's replicas hold their elections in it, on ConfigMaps beside the mesh's own, every few seconds. */
const ELECTION = 'control-plane.alpha.kubernetes.io/leader';

/** Keeps of an object what rules read: no status, no managed fields or versions, no copy of itself in an annotation. */
export function stripped(item: JsonObject, kind: Kind, listVersion: string): KubeObject {
  const { status: _s, metadata, ...rest } = item;
  const { managedFields: _f, resourceVersion: _v, generation: _g, annotations, ...kept } = recordOrEmpty(metadata);
  const { [LAST_APPLIED]: _a, [ELECTION]: _e, ...notes } = recordOrEmpty(annotations);
  // Items of a list of a built-in kind say neither; those of a watch say both.
  const apiVersion = isKubeObject(item) ? item.apiVersion : listVersion;
  return { ...rest, apiVersion, kind: KINDS[kind].kind, metadata: { ...kept, annotations: notes } };
}
