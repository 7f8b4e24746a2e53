import { X509Certificate } from 'node:crypto';
import { type KeyPair, makeAuthority, makeServing } from './self-signed.ts';

/** What the Secret holds; PEM. A bundle in `caBundle` is `authority`, and `next` and `previous` while a rotation lasts. */
export interface Certificates {
  readonly authority: KeyPair;
  readonly serving: KeyPair;
  /** The authority to come: trusted already, signing not yet. */
  readonly next?: KeyPair & { readonly since: number };
  /** The certificate of the authority that was: trusted still, signing no more. */
  readonly previous?: { readonly certificate: string; readonly since: number };
}

/** The names that the serving certificate is for. */
export interface ServingNames {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}

const DAY_MS = 86_400_000;
/** A new authority is made this long before the old one ends. */
const AUTHORITY_AHEAD_MS = 90 * DAY_MS;
/** A serving certificate lives 90 days and is replaced a third of its life before the end. */
const SERVING_AHEAD_MS = 30 * DAY_MS;
/** So long both authorities are in `caBundle` before the new one signs, and after: every API server has it by then. */
const OVERLAP_MS = 600_000;

/**
 * Returns the certificates as they must be now: the same object when nothing is due. A rotation of the authority takes
 * two steps, each at least ten minutes after the other: first both are trusted, then the new one signs.
 */
export async function rotated(
  current: Certificates | undefined,
  names: ServingNames,
  now: number,
): Promise<Certificates> {
  if (current === undefined || endOf(current.authority) <= now) return fresh(names, now);
  const { authority, serving, next, previous } = current;
  if (next !== undefined && now - next.since >= OVERLAP_MS) {
    const { certificate, key } = next;
    return {
      authority: { certificate, key },
      serving: await makeServing({ certificate, key }, names, now),
      previous: { certificate: authority.certificate, since: now },
    };
  }
  if (next === undefined && endOf(authority) - now < AUTHORITY_AHEAD_MS) {
    return { ...current, next: { ...(await makeAuthority(now)), since: now } };
  }
  if (endOf(serving) - now < SERVING_AHEAD_MS || !isFor(serving, names)) {
    return { ...current, serving: await makeServing(authority, names, now) };
  }
  if (previous !== undefined && now - previous.since >= OVERLAP_MS)
    return next === undefined ? { authority, serving } : { authority, serving, next };
  return current;
}

/** Returns the PEM bundle that the API server must trust. */
export function bundleOf({ authority, next, previous }: Certificates): string {
  return [authority.certificate, next?.certificate, previous?.certificate]
    .filter((pem) => pem !== undefined)
    .join('\n');
}

async function fresh(names: ServingNames, now: number): Promise<Certificates> {
  const authority = await makeAuthority(now);
  return { authority, serving: await makeServing(authority, names, now) };
}

function endOf({ certificate }: KeyPair): number {
  return new X509Certificate(certificate).validToDate.getTime();
}

/** Tells whether a certificate is for all the names, as after a change of the Service's name it is not. */
function isFor({ certificate }: KeyPair, { dns, ip }: ServingNames): boolean {
  const parsed = new X509Certificate(certificate);
  return (
    dns.every((name) => parsed.checkHost(name) !== undefined) &&
    ip.every((address) => parsed.checkIP(address) !== undefined)
  );
}
