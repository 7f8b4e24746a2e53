import type { MeshSettings } from './view.ts';

const RELEASE = /^v?(\d+)\.(\d+)/;

/**
 * Tells whether a mesh's Istio is of a minor release of Istio 1 or a later one; one that cannot be read counts as the newest.
 * @param minor As in `1.31`: 31.
 */
export function isAtLeast({ istioVersion }: MeshSettings, minor: number): boolean {
  const [, major = '', own = ''] = RELEASE.exec(istioVersion) ?? [];
  return major !== '1' || Number(own) >= minor;
}
