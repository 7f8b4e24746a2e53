import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeError } from '../errors.ts';
import { contentHash, pollFiles } from '../config/file-poll.ts';
import { type CheckedPair, checkPair } from './check-pair.ts';
import { type KeyPair, makeAuthority, makeServing } from './self-signed.ts';

/** How certificates are had. */
export const CERT_MODES = ['self', 'cert-manager', 'files'] as const;

/** One of them. */
export type CertMode = (typeof CERT_MODES)[number];

/** What is served now, and told of whatever comes after. */
export interface CertificateSource {
  readonly current: () => CheckedPair;
  /** The authorities that `caBundle` must hold; undefined where somebody else writes it. */
  readonly caBundle: () => string | undefined;
  readonly onChange: (listener: (pair: CheckedPair) => void) => void;
  readonly stop: () => void;
}

/** Says a fault of a reload; the old pair stays in service. */
export type Complain = (error: unknown) => void;

const POLL_MS = 10_000;

/**
 * Serves the pair in a folder (`tls.crt`, `tls.key`, and `ca.crt` where there is one) and follows its changes.
 * @throws EdgeError when the first pair cannot be served.
 */
export async function folderCertificates(
  folder: string,
  options: { readonly complain: Complain; readonly everyMs?: number },
): Promise<CertificateSource> {
  const files = ['tls.crt', 'tls.key', 'ca.crt'].map((name) => join(folder, name));
  const listeners = new Set<(pair: CheckedPair) => void>();
  const known = await contentHash(files);
  let state = await readFolder(folder);
  const poll = pollFiles(files, {
    known,
    everyMs: options.everyMs ?? POLL_MS,
    complain: options.complain,
    onChange: async () => {
      state = await readFolder(folder);
      for (const listener of listeners) listener(state.pair);
    },
  });
  return {
    current: () => state.pair,
    caBundle: () => state.bundle,
    onChange: (listener) => listeners.add(listener),
    stop: () => poll.stop(),
  };
}

async function readFolder(
  folder: string,
): Promise<{ readonly pair: CheckedPair; readonly bundle: string | undefined }> {
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(join(folder, name), 'utf8');
    } catch (cause) {
      throw new EdgeError('CERT_DIR_UNREADABLE', { file: join(folder, name) }, cause);
    }
  };
  const pair = checkPair({ certificate: await read('tls.crt'), key: await read('tls.key') }, Date.now());
  const bundle = await readFile(join(folder, 'ca.crt'), 'utf8').catch(() => undefined);
  return { pair, bundle };
}

/** Makes an authority and a pair in memory, for a server that runs outside a cluster; they end with the process. */
export async function ownCertificates(names: {
  readonly dns: readonly string[];
  readonly ip: readonly string[];
}): Promise<CertificateSource> {
  const now = Date.now();
  const authority: KeyPair = await makeAuthority(now);
  const pair = checkPair(await makeServing(authority, names, now), now);
  return {
    current: () => pair,
    caBundle: () => authority.certificate,
    onChange: () => undefined,
    stop: () => undefined,
  };
}
