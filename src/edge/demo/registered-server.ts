import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EdgeError } from '../errors.ts';
import { type Component, startComponent, until } from '../cluster/component.ts';
import { freePorts } from '../cluster/free-ports.ts';
import { kubectl } from '../cluster/kubectl.ts';

/** How this program is started: the runtime, its options, the program's file. */
export type Program = readonly [string, ...string[]];

/** A `meshwarden serve` beside a cluster that sends its reviews there. */
export interface RegisteredServer {
  readonly component: Component;
  /** The address for reviews. */
  readonly url: string;
  readonly logFile: string;
  /** How many objects of a kind it knows; undefined where it does not watch the kind. */
  readonly knows: (kind: string) => Promise<number | undefined>;
}

const READY_SECONDS = 60;
const CALLED_SECONDS = 30;

/**
 * Starts `meshwarden serve` on free ports of the first of these addresses of ours at which the API server reaches it; it
 * makes its own certificates and registers both webhook configurations. It removes them when it is stopped, and when this
 * process ends in whatever way.
 * @throws EdgeError where no address can be reached, or the server's last lines where it does not come up.
 */
export async function startRegistered(
  program: Program,
  kubeconfig: string,
  { folder, addresses }: { readonly folder: string; readonly addresses: readonly string[] },
): Promise<RegisteredServer> {
  for (const address of addresses) {
    const server = await startAt(address, program, kubeconfig, folder);
    try {
      if (await isCalled(kubeconfig)) return server;
    } catch (error) {
      await server.component.stop();
      throw error;
    }
    await server.component.stop();
  }
  const tried = addresses.join(', ');
  const why = `the API server cannot reach this machine (tried ${tried}); give a cluster that can, or leave out --kubeconfig`;
  throw new EdgeError('DEMO_CANNOT', { why });
}

async function startAt(
  address: string,
  program: Program,
  kubeconfig: string,
  folder: string,
): Promise<RegisteredServer> {
  const [port = 0, health = 0, metrics = 0] = await freePorts(3);
  const url = `https://${address}:${port}`;
  const ports = ['--port', port, '--health-port', health, '--metrics-port', metrics].map(String);
  const where = ['--kubeconfig', kubeconfig, '--host', address, '--register', url];
  const name = 'meshwarden';
  const logs = join(folder, 'serve');
  mkdirSync(logs, { recursive: true });
  const component = startComponent(name, [...program, 'serve', ...where, ...ports], {
    folder: logs,
    // It must take its configurations back, or the cluster would wait for somebody who is gone.
    endWith: 'INT',
    env: { POD_NAMESPACE: undefined },
  });
  const options = { seconds: READY_SECONDS, component };
  try {
    await until('Meshwarden', async () => (await fetch(`http://${address}:${health}/readyz`)).ok, options);
  } catch (error) {
    await component.stop();
    throw error;
  }
  return {
    component,
    url,
    logFile: join(logs, `${name}.log`),
    knows: async (kind) => {
      const text = await (await fetch(`http://${address}:${metrics}/metrics`)).text();
      const count = new RegExp(`^meshwarden_view_objects\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(text)?.[1];
      return count === undefined ? undefined : Number(count);
    },
  };
}

/** What Meshwarden refuses, in the namespace that was made before it was started. */
const PROBE = `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: probe, namespace: llmoptimizer }
spec: { mtls: { mode: PERMISSIVE } }
`;

/** Waits until the API server asks Meshwarden, a moment after registration; false when it tries and does not get there. */
async function isCalled(kubeconfig: string): Promise<boolean> {
  let failed = false;
  await until(
    'the first review',
    async () => {
      const { stderr } = await kubectl(kubeconfig, ['create', '--dry-run=server', '-f', '-'], { stdin: PROBE });
      failed = /failed calling webhook "[a-z-]+\.validate\.meshwarden\.io"/.test(stderr);
      return failed || /meshwarden\.io" denied the request/.test(stderr);
    },
    { seconds: CALLED_SECONDS },
  );
  return !failed;
}
