import {
  type CertificateSource,
  type CertMode,
  folderCertificates,
  ownCertificates,
} from '../certs/certificate-source.ts';
import type { ServingNames } from '../certs/rotation.ts';
import { secretCertificates } from '../certs/secret-certificates.ts';
import { EdgeError } from '../errors.ts';
import type { ApiClient } from '../kube/api-client.ts';
import type { Log } from '../log/log.ts';

/** Where a server's certificates come from, and what they are for. */
export interface CertificateSettings {
  readonly certMode: CertMode;
  /** The folder with `tls.crt` and `tls.key`, for the modes `cert-manager` and `files`. */
  readonly certDir?: string;
  /** The pod's namespace; absent outside a cluster, where certificates live in memory. */
  readonly namespace?: string;
  /** The https URL, without a path, under which the API server reaches this process: both configurations are registered. */
  readonly register?: string;
}

/** Names that the service is shipped with. */
const SERVICE = 'meshwarden';
const SECRET = 'meshwarden-certificates';

/**
 * Opens the certificates that the server serves with: its own, kept in memory or in a Secret, or those of a folder.
 * @throws EdgeError where they cannot be had.
 */
export async function openCertificates(
  settings: CertificateSettings,
  client: ApiClient,
  log: Log,
): Promise<CertificateSource> {
  const complain = (error: unknown): void =>
    log.error({ err: error }, 'certificate not renewed; the old one stays in service');
  const { certMode, certDir, namespace, register } = settings;
  if (certMode !== 'self') {
    if (certDir === undefined) throw new EdgeError('CERT_DIR_MISSING', { mode: certMode });
    return folderCertificates(certDir, { complain });
  }
  const local = register === undefined ? LOCAL : withHost(LOCAL, new URL(checkedUrl(register)).hostname);
  if (namespace === undefined) return ownCertificates(local);
  const dns = [`${SERVICE}.${namespace}.svc`, `${SERVICE}.${namespace}.svc.cluster.local`, ...local.dns];
  return secretCertificates(client, { namespace, name: SECRET }, { names: { dns, ip: local.ip }, complain });
}

const LOCAL: ServingNames = { dns: ['localhost'], ip: ['127.0.0.1'] };

function withHost({ dns, ip }: ServingNames, host: string): ServingNames {
  const bare = host.replace(/^\[|\]$/g, '');
  const isAddress = /^[\d.]+$/.test(bare) || bare.includes(':');
  return isAddress ? { dns, ip: [...new Set([...ip, bare])] } : { dns: [...new Set([...dns, bare])], ip };
}

/**
 * Returns the URL under which both configurations are registered, without its slash.
 * @throws EdgeError REGISTER_URL where it is not https or has a path.
 */
export function checkedUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || url.protocol !== 'https:' || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    throw new EdgeError('REGISTER_URL', { url: text });
  }
  return url.origin;
}
