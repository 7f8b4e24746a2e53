import { remembered } from './remembered.ts';

const SUFFIX: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/;

/**
 * Parses a Kubernetes quantity: `100m`, `0.1`, `1e-1`, `128Mi`, `134217728`.
 * @returns The value in base units (cores, bytes), or undefined when it is no quantity.
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export const parseQuantity = remembered((text): number | undefined => {
  const match = QUANTITY.exec(text);
  if (match === null) return undefined;
  const [, digits, exponent, suffix] = match;
  return exponent === undefined
    ? Number(digits) * (SUFFIX[suffix ?? ''] ?? Number.NaN)
    : Number(`${digits}${exponent}`);
});

/** Tells whether two quantities are the same amount in whatever spelling; floating-point noise below one in 10⁹ is none. */
export function sameQuantity(left: number, right: number): boolean {
  return Math.abs(left - right) <= 1e-9 * Math.max(Math.abs(left), Math.abs(right));
}
