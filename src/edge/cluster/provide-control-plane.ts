import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Progress } from './build.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { controlPlaneBinaries } from './control-plane-binaries.ts';
import { kubectl } from './kubectl.ts';
import { removeWithUs } from './watchdog.ts';

/** A cluster to work with: one of the user's own, or a control plane that was started for it. */
export interface ProvidedCluster {
  /** The administrator's. */
  readonly kubeconfig: string;
  /** A temporary folder, gone after `stop`. */
  readonly folder: string;
  /** Absent where the cluster is the user's own. */
  readonly local: ControlPlane | undefined;
  /** Where it comes from, for people. */
  readonly origin: string;
  /** Ends what was started; leaves a cluster of the user's own alone. */
  readonly stop: () => Promise<void>;
}

/** What is given and wanted. */
export interface ProvideOptions {
  /** A cluster of the user's own; absent: a control plane is started on 127.0.0.1. */
  readonly kubeconfig?: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly progress: Progress;
  readonly withControllers?: boolean;
}

/**
 * Provides a cluster, in this order: the kubeconfig that is given; a control plane started from `KUBEBUILDER_ASSETS`,
 * from one built before, from `setup-envtest`, or from the Go module in test/cluster.
 * @throws Error with one sentence on what to do where none can be had.
 */
export async function provideControlPlane(options: ProvideOptions): Promise<ProvidedCluster> {
  const { kubeconfig, environment, progress, withControllers = false } = options;
  if (kubeconfig !== undefined) return ownCluster(kubeconfig);
  const binaries = await controlPlaneBinaries(environment, progress, { withControllers });
  const local = await startControlPlane(binaries);
  return { kubeconfig: local.kubeconfig, folder: local.folder, local, origin: binaries.origin, stop: local.stop };
}

async function ownCluster(kubeconfig: string): Promise<ProvidedCluster> {
  const asked = await kubectl(kubeconfig, ['get', '--raw', '/readyz', '--request-timeout=20s']);
  if (asked.code !== 0) {
    const why = asked.stderr.trim().split('\n').at(-1) ?? '';
    throw new Error(`the cluster of --kubeconfig ${kubeconfig} does not answer (${why}); give one that does`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'meshwarden-cluster-'));
  const callOff = removeWithUs(folder);
  const stop = async (): Promise<void> => {
    callOff();
    rmSync(folder, { recursive: true, force: true });
  };
  return { kubeconfig, folder, local: undefined, origin: kubeconfig, stop };
}
