import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Component, startComponent } from './component.ts';
import type { ControlPlaneBinaries } from './control-plane-binaries.ts';

/** Where the files of a control plane stand in its folder. */
export const PLACES = {
  certificate: 'certs/apiserver.crt',
  tokens: 'tokens.csv',
  accountKey: 'sa.key',
  accountPublicKey: 'sa.pub',
} as const;

/** Starts etcd without fsync: what it keeps is thrown away at the end. */
export function startEtcd(
  { etcd }: ControlPlaneBinaries,
  folder: string,
  { port, peerPort }: { readonly port: number; readonly peerPort: number },
): Component {
  mkdirSync(join(folder, 'etcd'));
  const [url, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  const args = [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
  return startComponent('etcd', [...etcd, ...args], { folder });
}

/** Starts an API server with RBAC, users by token and the default admission plugins, or all but webhooks; it makes its own certificate. */
export function startApiserver(
  { apiserver }: ControlPlaneBinaries,
  folder: string,
  options: { readonly port: number; readonly etcdPort: number; readonly callsWebhooks?: boolean },
): Component {
  const { port, etcdPort, callsWebhooks = true } = options;
  const args = [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    `--cert-dir=${join(folder, 'certs')}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    // The Service `kubernetes` would get 127.0.0.1 as an endpoint, which is refused.
    '--endpoint-reconciler-type=none',
    `--service-account-issuer=https://127.0.0.1:${port}`,
    `--service-account-key-file=${join(folder, PLACES.accountPublicKey)}`,
    `--service-account-signing-key-file=${join(folder, PLACES.accountKey)}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=RBAC',
    `--token-auth-file=${join(folder, PLACES.tokens)}`,
    // istio-init asks for NET_ADMIN.
    '--allow-privileged=true',
    ...(callsWebhooks ? [] : ['--disable-admission-plugins=MutatingAdmissionWebhook,ValidatingAdmissionWebhook']),
  ];
  return startComponent(callsWebhooks ? 'kube-apiserver' : 'kube-apiserver-beside', [...apiserver, ...args], {
    folder,
  });
}

/** Those that tests and the demo can see; the others cost a second and 100 MiB. */
const CONTROLLERS = [
  'deployment-controller',
  'replicaset-controller',
  'statefulset-controller',
  'daemonset-controller',
  'job-controller',
  'cronjob-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'namespace-controller',
  'garbage-collector-controller',
  'root-ca-certificate-publisher-controller',
  'validatingadmissionpolicy-status-controller',
  'endpointslice-controller',
  'endpoints-controller',
].join(',');

/** Starts the controllers, each with a service account of its own, as in a real cluster. */
export function startControllers(
  command: readonly [string, ...string[]],
  folder: string,
  { port, kubeconfig }: { readonly port: number; readonly kubeconfig: string },
): Component {
  const args = [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    '--leader-elect=false',
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${join(folder, PLACES.accountKey)}`,
    `--root-ca-file=${join(folder, PLACES.certificate)}`,
    `--controllers=${CONTROLLERS}`,
    '--concurrent-gc-syncs=5',
  ];
  return startComponent('kube-controller-manager', [...command, ...args], { folder });
}
