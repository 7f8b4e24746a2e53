import type { Kind } from '../model/kind.ts';
import { meshConfig, protoField } from './mesh-config.ts';
import type { View } from './view.ts';

/** What answers about routes depend on besides their arguments. */
export interface RouteReads {
  /** The parts of the mesh configuration that matter to routes, for keys of answers. */
  readonly mesh: string;
  readonly kinds: readonly Kind[];
}

const KINDS: readonly Kind[] = ['VirtualService', 'HTTPRoute', 'Service', 'ServiceEntry', 'Sidecar', 'Namespace'];
const FIELDS = ['defaultHttpRetryPolicy', 'defaultVirtualServiceExportTo', 'defaultServiceExportTo'] as const;

/**
 * Returns what answers about routes depend on. As the mesh configuration is part of their keys, a change of what does not
 * concern routes leaves all answers standing; where a policy is set they name the ConfigMap and are worked out anew.
 */
export function routeReads(view: View): RouteReads {
  const compute = (): RouteReads => {
    const { config } = meshConfig(view);
    const values = FIELDS.map((name) => protoField(config, name) ?? null);
    const hasPolicy = values[0] !== null;
    return { mesh: JSON.stringify(values), kinds: hasPolicy ? [...KINDS, 'ConfigMap'] : KINDS };
  };
  return view.memo('routeReads', compute, ['ConfigMap']);
}
