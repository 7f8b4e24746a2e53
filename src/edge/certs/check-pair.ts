import { createPrivateKey, X509Certificate } from 'node:crypto';
import { EdgeError } from '../errors.ts';
import type { KeyPair } from './self-signed.ts';

/** A pair that may be served, with what it says of itself. */
export interface CheckedPair extends KeyPair {
  /** Epoch milliseconds. */
  readonly notAfter: number;
}

/**
 * Checks that a certificate and key can be served: readable, belonging together, not ended.
 * @throws EdgeError that names the fault.
 */
export function checkPair({ certificate, key }: KeyPair, now: number): CheckedPair {
  const parsed = readCertificate(certificate);
  if (!parsed.checkPrivateKey(readKey(key))) {
    throw new EdgeError('CERT_KEY_MISMATCH', {});
  }
  const notAfter = parsed.validToDate.getTime();
  if (notAfter <= now) throw new EdgeError('CERT_ENDED', { end: parsed.validToDate.toISOString() });
  return { certificate, key, notAfter };
}

/** Tells whether a certificate is signed by one of a bundle's certificates. */
export function isTrustedBy(certificate: string, bundle: string): boolean {
  const leaf = new X509Certificate(certificate);
  return splitBundle(bundle).some((pem) => {
    try {
      const authority = new X509Certificate(pem);
      return leaf.checkIssued(authority)
        ? leaf.verify(authority.publicKey)
        : leaf.fingerprint256 === authority.fingerprint256;
    } catch {
      return false;
    }
  });
}

/** Returns the certificates of a PEM bundle one by one. */
export function splitBundle(bundle: string): readonly string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new EdgeError('CERT_NOT_PEM', {}, cause);
  }
}

function readKey(pem: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new EdgeError('KEY_NOT_PEM', {}, cause);
  }
}
