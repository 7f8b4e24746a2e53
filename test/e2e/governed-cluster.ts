import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { until } from '../../src/edge/cluster/component.ts';
import type { ControlPlane } from '../../src/edge/cluster/control-plane.ts';
import { installGatewayApiCrds, installIstioCrds } from '../../src/edge/cluster/istio-module.ts';
import { applyManifest, mustKubectl } from '../../src/edge/cluster/kubectl.ts';
import { controlPlaneConfig } from '../mutants/mesh-config-object.ts';
import { shippedFiles } from '../mutants/shipped-objects.ts';
import { startTestControlPlane } from './cluster.ts';
import { ready, type ServeProcess, serveProcess } from './serve-process.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** A control plane with `meshwarden serve` registered and the shipped baseline applied under its eyes. */
export interface GovernedCluster {
  readonly plane: ControlPlane;
  readonly server: ServeProcess;
  /** A temporary folder, gone after `stop`. */
  readonly folder: string;
  readonly stop: () => Promise<void>;
}

/** Starts one; undefined where no control plane can be had, as `startTestControlPlane`. */
export async function startGovernedCluster({
  isInjecting = true,
}: {
  /** False: the injector's ConfigMap stays out, so that pods are not missed a sidecar that nobody here puts in. */
  readonly isInjecting?: boolean;
} = {}): Promise<GovernedCluster | undefined> {
  const plane = await startTestControlPlane();
  if (plane === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'meshwarden-'));
  const closing: (() => Promise<unknown> | void)[] = [
    () => plane.stop(),
    () => rmSync(folder, { recursive: true, force: true }),
  ];
  const stop = async (): Promise<void> => {
    for (const close of closing.toReversed()) await close();
  };
  try {
    await installIstioCrds(plane.kubeconfig, undefined);
    await installGatewayApiCrds(plane.kubeconfig);
    const baseline = join(ROOT, 'policies/baseline.yaml');
    const server = await serveProcess(plane.kubeconfig, [
      '--baseline',
      baseline,
      '--register',
      'https://127.0.0.1:{port}',
    ]);
    closing.push(() => server.end('SIGKILL'));
    await ready(server);
    for (const file of shippedFiles()) {
      await mustKubectl(plane.kubeconfig, ['apply', '--server-side', '-f', '-'], { stdin: readFileSync(file, 'utf8') });
      // The watch must have seen one file before the next is judged beside it.
      await caughtUp(server);
      // The namespaces are there now, and what comes next rests on the mesh configuration.
      if (!file.endsWith('namespaces.yaml')) continue;
      for (const object of controlPlaneConfig().slice(0, isInjecting ? 2 : 1)) {
        await applyManifest(plane.kubeconfig, JSON.stringify(object));
      }
    }
    await caughtUp(server);
    return { plane, server, folder, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until the watches bring nothing new any more. */
export async function caughtUp(server: ServeProcess): Promise<void> {
  const counts = async (): Promise<string> =>
    (await server.metrics())
      .split('\n')
      .filter((line) => line.startsWith('meshwarden_view_objects'))
      .join();
  let last = '';
  await until(
    'the watches to be quiet',
    async () => {
      const now = await counts();
      const isQuiet = now === last;
      last = now;
      return isQuiet;
    },
    { seconds: 20 },
  );
}
