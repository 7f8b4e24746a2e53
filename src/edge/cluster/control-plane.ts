import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Component, until } from './component.ts';
import type { ControlPlaneBinaries } from './control-plane-binaries.ts';
import { PLACES, startApiserver, startControllers, startEtcd } from './control-plane-parts.ts';
import { freePorts } from './free-ports.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { KUBECTL_CACHE, mustKubectl } from './kubectl.ts';
import { removeWithUs } from './watchdog.ts';

/** A user of the local control plane; who is not an administrator can do nothing until RBAC grants it. */
export type LocalUser = (typeof USERS)[number]['name'];

const USERS = [
  { name: 'admin', groups: ['system:masters'] },
  { name: 'developer', groups: ['developers'] },
  { name: 'security', groups: ['security'] },
  { name: 'meshwarden', groups: ['meshwarden'] },
] as const;

/** A running control plane on 127.0.0.1. */
export interface ControlPlane {
  /** Where its files are; gone after `stop`. */
  readonly folder: string;
  readonly server: string;
  /** The kubeconfig of the administrator. */
  readonly kubeconfig: string;
  readonly kubeconfigOf: (user: LocalUser) => string;
  /** Whether Deployments get pods, namespaces service accounts, and what has lost its owner is removed. */
  readonly hasControllers: boolean;
  /** The processes that run, in the order in which they were started. */
  readonly components: () => readonly Component[];
  /** Kills the API server alone, and starts it again on the same port when the work is done, even if that threw. */
  readonly restartApiserver: (whileAway: () => Promise<void>) => Promise<void>;
  /** Starts a second API server on the same data, one that calls no webhooks; returns the administrator's kubeconfig for it. */
  readonly startUnguarded: () => Promise<string>;
  /** Ends every process and removes the folder; may be called twice. */
  readonly stop: () => Promise<void>;
}

const READY_SECONDS = 90;

/**
 * Starts etcd, an API server with RBAC and all default admission plugins, and the controllers where there are some, in a
 * folder of their own that goes with them. Ready in about five seconds.
 * @throws Error with the last lines of the part that did not come up; nothing is left running then.
 */
export async function startControlPlane(binaries: ControlPlaneBinaries): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'meshwarden-cluster-'));
  const callOff = removeWithUs(folder);
  const parts: { etcd?: Component; apiserver?: Component; controllers?: Component; beside?: Component } = {};
  const components = (): readonly Component[] =>
    [parts.etcd, parts.apiserver, parts.controllers, parts.beside].filter((part) => part !== undefined);
  const stop = async (): Promise<void> => {
    // Asked to end, an API server waits for its watchers; nothing of it is kept, so there is nothing to wait for.
    for (const component of components().toReversed()) await component.kill();
    callOff();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [etcdPort = 0, peerPort = 0, port = 0, managerPort = 0] = await freePorts(4);
    const server = `https://127.0.0.1:${port}`;
    const tokens = writeSecrets(folder);
    parts.etcd = startEtcd(binaries, folder, { port: etcdPort, peerPort });
    const startApi = async (): Promise<void> => {
      const component = startApiserver(binaries, folder, { port, etcdPort });
      parts.apiserver = component;
      const ask = (): Promise<boolean> => isReady(server, join(folder, PLACES.certificate), tokens.get('admin') ?? '');
      await until('the API server', ask, { seconds: READY_SECONDS, component });
    };
    await startApi();
    const kubeconfigOf = (user: LocalUser): string => join(folder, `${user}.kubeconfig`);
    const certificate = join(folder, PLACES.certificate);
    for (const [user, token] of tokens) writeKubeconfig(kubeconfigOf(user), { user, server, certificate, token });
    const kubeconfig = kubeconfigOf('admin');
    if (binaries.controllerManager !== undefined) {
      const component = startControllers(binaries.controllerManager, folder, { port: managerPort, kubeconfig });
      parts.controllers = component;
      const account = ['get', 'serviceaccount', 'default', '-n', 'default'];
      const ask = async (): Promise<boolean> => (await mustKubectl(kubeconfig, account)) !== '';
      await until('the controllers', ask, { seconds: READY_SECONDS, component });
    }
    return {
      folder,
      server,
      kubeconfig,
      kubeconfigOf,
      hasControllers: parts.controllers !== undefined,
      components,
      startUnguarded: async () => {
        const [besidePort = 0] = await freePorts(1);
        const component = startApiserver(binaries, folder, { port: besidePort, etcdPort, callsWebhooks: false });
        parts.beside = component;
        const [url, token] = [`https://127.0.0.1:${besidePort}`, tokens.get('admin') ?? ''];
        await until('the second API server', () => isReady(url, certificate, token), {
          seconds: READY_SECONDS,
          component,
        });
        const file = join(folder, 'unguarded.kubeconfig');
        writeKubeconfig(file, { user: 'admin', server: url, certificate, token });
        return file;
      },
      restartApiserver: async (whileAway) => {
        await parts.apiserver?.kill();
        try {
          await whileAway();
        } finally {
          await startApi();
        }
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Writes the users' tokens and the key of service accounts; returns the tokens. */
function writeSecrets(folder: string): ReadonlyMap<LocalUser, string> {
  mkdirSync(join(folder, KUBECTL_CACHE));
  const tokens = new Map(USERS.map(({ name }) => [name, randomBytes(24).toString('hex')]));
  const rows = USERS.map(({ name, groups }) => `${tokens.get(name)},${name},${name},"${groups.join(',')}"`);
  writeFileSync(join(folder, PLACES.tokens), `${rows.join('\n')}\n`, { mode: 0o600 });
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const secret = privateKey.export({ type: 'pkcs1', format: 'pem' });
  writeFileSync(join(folder, PLACES.accountKey), secret, { mode: 0o600 });
  writeFileSync(join(folder, PLACES.accountPublicKey), publicKey.export({ type: 'spki', format: 'pem' }));
  return tokens;
}

function isReady(server: string, certificate: string, token: string): Promise<boolean> {
  return new Promise((done, fail) => {
    const options = { ca: readFileSync(certificate), headers: { authorization: `Bearer ${token}` }, timeout: 2000 };
    const ask = request(`${server}/readyz`, options, (answer) => {
      answer.resume();
      done(answer.statusCode === 200);
    });
    ask.on('error', fail);
    ask.on('timeout', () => ask.destroy(new Error('no answer within 2 s')));
    ask.end();
  });
}
