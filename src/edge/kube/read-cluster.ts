import { KINDS, type Kind } from '../../model/kind.ts';
import type { KubeObject } from '../../model/kube-object.ts';
import { EdgeError } from '../errors.ts';
import { type ApiClient, ApiError } from './api-client.ts';
import { listKind, listPath } from './list-kind.ts';

/** What to read of a cluster. */
export interface ReadClusterOptions {
  readonly kinds: readonly Kind[];
  /** The one namespace whose ConfigMaps count. */
  readonly rootNamespace: string;
  /** Told of each kind before it is listed. */
  readonly progress: (kind: Kind) => void;
}

/**
 * Reads all objects of some kinds once, each in the newest version that is served; a kind that the cluster does not serve
 * has none.
 * @throws EdgeError LIST_REFUSED when a kind may not be listed or the API server does not answer: half a mesh is none.
 */
export async function readCluster(client: ApiClient, options: ReadClusterOptions): Promise<readonly KubeObject[]> {
  const objects: KubeObject[] = [];
  for (const kind of options.kinds) {
    options.progress(kind);
    objects.push(...(await readKind(client, kind, options)));
  }
  return objects;
}

async function readKind(
  client: ApiClient,
  kind: Kind,
  { rootNamespace }: ReadClusterOptions,
): Promise<readonly KubeObject[]> {
  const namespace = kind === 'ConfigMap' ? rootNamespace : undefined;
  for (const version of KINDS[kind].versions) {
    try {
      return (await listKind(client, kind, listPath(kind, version, namespace))).objects;
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) continue;
      const why = error instanceof Error ? error.message : String(error);
      throw new EdgeError('LIST_REFUSED', { kind, server: client.server, why }, error);
    }
  }
  return [];
}
