import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../src/edge/cluster/component.ts';
import type { ControlPlane, LocalUser } from '../../src/edge/cluster/control-plane.ts';
import { installIstioCrds, istioBinary } from '../../src/edge/cluster/istio-module.ts';
import { startIstiod } from '../../src/edge/cluster/istiod.ts';
import { applyManifest, kubectl } from '../../src/edge/cluster/kubectl.ts';
import { provideControlPlane } from '../../src/edge/cluster/provide-control-plane.ts';
import { stringOf, valueAt } from '../../src/model/json.ts';

/** What a test needs of a cluster; where it is shared, a test leaves nothing cluster-wide behind. */
export interface TestCluster {
  readonly kubeconfig: string;
  readonly kubeconfigOf: (user: LocalUser) => string;
}

/** The parts of a tap test that are used here. */
interface Tests {
  readonly pass: (message: string, extra: { readonly skip: string }) => boolean;
  readonly teardown: (work: () => Promise<void>) => void;
}

/** The environment variable that names the file in which a run's shared cluster is described. */
export const SHARED_CLUSTER = 'MESHWARDEN_TEST_CLUSTER';

/** Says what is going on where a person may be waiting. */
export const progress = (line: string): void => console.error(`# ${line}`);

/**
 * Starts a control plane of its own for a test file, ended by the test; undefined where none can be had, which is said
 * in capitals, and is an error with `CI` set.
 */
export async function startTestControlPlane(): Promise<ControlPlane | undefined> {
  try {
    return (await provideControlPlane({ environment: process.env, progress, withControllers: true })).local;
  } catch (error) {
    return refuse(error);
  }
}

/**
 * Returns the run's shared cluster with Istio's CRDs and, where it is asked for, istiod; started for this test alone
 * where the file is run by itself. Where none can be had the test is skipped, or fails with `CI` set.
 */
export async function testCluster(
  t: Tests,
  { istiod }: { readonly istiod: boolean },
): Promise<TestCluster | undefined> {
  const shared = process.env[SHARED_CLUSTER];
  const started = shared === undefined || shared === '' ? await startTestCluster({ istiod }) : describedIn(shared);
  if (started === undefined) t.pass('needs a control plane', { skip: 'no control plane' });
  else t.teardown(started.stop);
  return started;
}

interface StartedCluster extends TestCluster {
  readonly folder: string;
  readonly stop: () => Promise<void>;
}

/** Starts a cluster for a whole run; undefined as `startTestControlPlane`. */
export async function startTestCluster({ istiod }: { readonly istiod: boolean }): Promise<StartedCluster | undefined> {
  const plane = await startTestControlPlane();
  if (plane === undefined) return undefined;
  try {
    await installIstioCrds(plane.kubeconfig, undefined);
    if (!istiod) return plane;
    const binaries = {
      istiod: await istioBinary('istiod', process.env, progress),
      istioctl: await istioBinary('istioctl', process.env, progress),
    };
    const component = await startIstiod(plane, binaries);
    const stop = async (): Promise<void> => {
      await component.kill();
      await plane.stop();
    };
    return { ...plane, stop };
  } catch (error) {
    await plane.stop();
    return refuse(error);
  }
}

/** Starts the cluster that a run's files share; the environment is what they are given to find it. */
export async function startSharedCluster(): Promise<
  { readonly environment: NodeJS.ProcessEnv; readonly stop: () => Promise<void> } | undefined
> {
  const cluster = await startTestCluster({ istiod: true });
  if (cluster === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'meshwarden-test-'));
  const file = join(folder, 'cluster.json');
  writeFileSync(file, JSON.stringify({ folder: cluster.folder }));
  return {
    environment: { [SHARED_CLUSTER]: file },
    stop: async () => {
      rmSync(folder, { recursive: true });
      await cluster.stop();
    },
  };
}

function describedIn(file: string): StartedCluster {
  const folder = stringOf(valueAt(JSON.parse(readFileSync(file, 'utf8')), ['folder']));
  if (folder === undefined) throw new Error(`${SHARED_CLUSTER} names ${file}, which describes no cluster`);
  const kubeconfigOf = (user: LocalUser): string => join(folder, `${user}.kubeconfig`);
  return { folder, kubeconfig: kubeconfigOf('admin'), kubeconfigOf, stop: async () => undefined };
}

function refuse(error: unknown): undefined {
  if (process.env.CI) throw error;
  console.error(`NO CONTROL PLANE: THE END-TO-END TESTS ARE SKIPPED. ${String(error)}`);
  return undefined;
}

/** Makes a namespace with labels and waits until pods can be made in it. */
export async function makeNamespace(
  { kubeconfig }: TestCluster,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
  await applyManifest(kubeconfig, JSON.stringify(namespace));
  const account = ['get', 'serviceaccount', 'default', '-n', name];
  await until(`the service account of ${name}`, async () => (await kubectl(kubeconfig, account)).code === 0, {
    seconds: 30,
  });
}
