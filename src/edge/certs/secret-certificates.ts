import { createPrivateKey, X509Certificate } from 'node:crypto';
import { EdgeError } from '../errors.ts';
import { recordOrEmpty, stringOf } from '../../model/json.ts';
import { type ApiClient, ApiError } from '../kube/api-client.ts';
import type { CertificateSource, Complain } from './certificate-source.ts';
import { type CheckedPair, checkPair } from './check-pair.ts';
import type { KeyPair } from './self-signed.ts';
import { bundleOf, type Certificates, rotated, type ServingNames } from './rotation.ts';

const CHECK_MS = 30_000;
const TRIES = 5;

/**
 * Serves certificates that live in a Secret, made and renewed by whichever replica writes first: the Secret's
 * resourceVersion decides, the others read what it wrote. The Secret must be there, empty at first.
 * @throws EdgeError when the Secret cannot be read or written.
 */
export async function secretCertificates(
  client: ApiClient,
  secret: { readonly namespace: string; readonly name: string },
  options: { readonly names: ServingNames; readonly complain: Complain; readonly everyMs?: number },
): Promise<CertificateSource> {
  const path = `/api/v1/namespaces/${secret.namespace}/secrets/${secret.name}`;
  const listeners = new Set<(pair: CheckedPair) => void>();
  let state = await settle(client, path, options.names).catch((cause: unknown) => {
    if (!(cause instanceof ApiError)) throw cause;
    throw new EdgeError('SECRET_REFUSED', { secret: `${secret.namespace}/${secret.name}`, why: cause.message }, cause);
  });
  let pair = checkPair(state.serving, Date.now());
  const timer = setInterval(() => void renew(), options.everyMs ?? CHECK_MS);
  timer.unref();
  const renew = async (): Promise<void> => {
    try {
      const next = await settle(client, path, options.names);
      const isOther = next.serving.certificate !== state.serving.certificate;
      if (isOther) pair = checkPair(next.serving, Date.now());
      state = next;
      if (isOther) for (const listener of listeners) listener(pair);
    } catch (error) {
      options.complain(error);
    }
  };
  return {
    current: () => pair,
    caBundle: () => bundleOf(state),
    onChange: (listener) => listeners.add(listener),
    stop: () => clearInterval(timer),
  };
}

/** Reads the Secret and does whatever is due; a replica that was quicker is followed. */
async function settle(client: ApiClient, path: string, names: ServingNames): Promise<Certificates> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const secret = await client.get(path);
    const current = decode(recordOrEmpty(secret.data));
    const wanted = await rotated(current, names, Date.now());
    if (wanted === current) return current;
    try {
      await client.put(path, { ...secret, data: encode(wanted) });
      return wanted;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 409) throw error;
    }
  }
  throw new EdgeError('SECRET_CONTENDED', { secret: path });
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function encode({ authority, serving, next, previous }: Certificates): Record<string, string> {
  const values: Record<string, string | undefined> = {
    'ca.crt': authority.certificate,
    'ca.key': authority.key,
    'tls.crt': serving.certificate,
    'tls.key': serving.key,
    'next-ca.crt': next?.certificate,
    'next-ca.key': next?.key,
    'next-since': next === undefined ? undefined : String(next.since),
    'previous-ca.crt': previous?.certificate,
    'previous-since': previous === undefined ? undefined : String(previous.since),
  };
  const data: Record<string, string> = {};
  for (const [key, value] of Object.entries(values)) if (value !== undefined) data[key] = base64(value);
  return data;
}

function decode(data: Readonly<Record<string, unknown>>): Certificates | undefined {
  const text = (key: string): string | undefined => {
    const value = stringOf(data[key]);
    return value === undefined || value === '' ? undefined : Buffer.from(value, 'base64').toString('utf8');
  };
  const pair = (name: string): { readonly certificate: string; readonly key: string } | undefined => {
    const [certificate, key] = [text(`${name}.crt`), text(`${name}.key`)];
    return certificate === undefined || key === undefined ? undefined : { certificate, key };
  };
  const [authority, serving, next, previous] = [pair('ca'), pair('tls'), pair('next-ca'), text('previous-ca.crt')];
  if (authority === undefined || serving === undefined) return undefined;
  // What somebody has broken is made anew, as if nothing were there.
  if (![authority, serving, ...(next === undefined ? [] : [next])].every(isReadable)) return undefined;
  return {
    authority,
    serving,
    ...(next === undefined ? {} : { next: { ...next, since: Number(text('next-since') ?? 0) } }),
    ...(previous === undefined
      ? {}
      : { previous: { certificate: previous, since: Number(text('previous-since') ?? 0) } }),
  };
}

function isReadable({ certificate, key }: KeyPair): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
