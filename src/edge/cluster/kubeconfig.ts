import { readFileSync, writeFileSync } from 'node:fs';

/** What a kubeconfig of a local user says. */
export interface KubeconfigFacts {
  readonly user: string;
  readonly server: string;
  /** The PEM file that the server's certificate is trusted by. */
  readonly certificate: string;
  readonly token: string;
}

/** Writes a kubeconfig whose current context is set, readable by its owner alone. */
export function writeKubeconfig(file: string, { user, server, certificate, token }: KubeconfigFacts): void {
  const authority = readFileSync(certificate).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'local', cluster: { server, 'certificate-authority-data': authority } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'local', context: { cluster: 'local', user } }],
    'current-context': 'local',
  };
  // JSON is YAML, and every Kubernetes client reads it.
  writeFileSync(file, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
}
