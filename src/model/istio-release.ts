import { remembered } from './remembered.ts';

/**
 * The minor releases of Istio 1 that the model knows: 1.30 and 1.31 were compared with it, 1.32 was read about
 * (`docs/model.md`). When 1.32 came out, Istio itself had left 1.29 behind.
 * @see https://istio.io/latest/docs/releases/supported-releases/
 */
export const KNOWN_RELEASES = { oldest: 30, newest: 32 } as const;

const RELEASE = /^v?1\.(\d+)/;

/** Returns the minor number of a release of Istio 1, as in `1.31`: 31; infinity for one that cannot be read. */
export const minorOf = remembered(readMinor);

function readMinor(istioVersion: string): number {
  const minor = RELEASE.exec(istioVersion)?.[1];
  return minor === undefined ? Number.POSITIVE_INFINITY : Number(minor);
}
