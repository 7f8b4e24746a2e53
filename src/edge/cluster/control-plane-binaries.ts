import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { builtBinary, cacheFolder, type GoBuild, type Progress } from './build.ts';
import { checkoutFolder } from './checkout.ts';
import { KUBERNETES_VERSION, SETUP_ENVTEST_VERSION } from './versions.ts';

type Command = readonly [program: string, ...firstArguments: string[]];

/** How to start each part of a control plane. */
export interface ControlPlaneBinaries {
  readonly etcd: Command;
  readonly apiserver: Command;
  /** Absent where only etcd and the API server were found: then nothing makes pods of a Deployment. */
  readonly controllerManager: Command | undefined;
  /** Where they come from, for people. */
  readonly origin: string;
}

/** What is wanted of them. */
export interface BinariesOptions {
  /** With true, sources without a controller manager are passed over; `setup-envtest` never has one. */
  readonly withControllers?: boolean;
  /** The checkout whose test/cluster is built; absent: the one that this program runs from. */
  readonly checkout?: string;
}

const WAYS =
  'give --kubeconfig FILE, set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver, or run this in a checkout with Go 1.26 or later on PATH (https://go.dev/dl)';

/**
 * Finds or builds a control plane: `KUBEBUILDER_ASSETS`, one built before, `setup-envtest`, the Go module in test/cluster.
 * @throws Error with one sentence on what to do where none can be had.
 */
export async function controlPlaneBinaries(
  environment: NodeJS.ProcessEnv,
  progress: Progress,
  { withControllers = false, checkout = checkoutFolder() }: BinariesOptions = {},
): Promise<ControlPlaneBinaries> {
  const assets = environment.KUBEBUILDER_ASSETS;
  if (assets !== undefined && assets !== '') {
    const found = fromFolder(assets, 'KUBEBUILDER_ASSETS');
    if (found.controllerManager !== undefined || !withControllers) return found;
    progress(`KUBEBUILDER_ASSETS (${assets}) has no kube-controller-manager, which is needed here; looking further`);
  }
  const built = join(cacheFolder(environment), binaryName());
  if (existsSync(built)) return fromOneBinary(built);
  const fetched = withControllers ? undefined : await fromSetupEnvtest(environment, progress);
  if (fetched !== undefined) return fetched;
  if (checkout === undefined) throw new Error(`no local control plane can be had here; ${WAYS}`);
  try {
    return fromOneBinary(await builtBinary(clusterBuild(join(checkout, 'test/cluster')), environment, progress));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`no local control plane can be had: ${why}; ${WAYS}`, { cause });
  }
}

function clusterBuild(moduleFolder: string): GoBuild {
  const [major = '', minor = ''] = KUBERNETES_VERSION.slice(1).split('.');
  const variables = { gitVersion: KUBERNETES_VERSION, gitMajor: major, gitMinor: minor };
  // Without them the API server says v0.0.0, and kubectl complains about the difference.
  const stamps = Object.entries(variables).map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`);
  return { name: binaryName(), moduleFolder, target: '.', minutes: 5, ldflags: ['-s -w', ...stamps].join(' ') };
}

function binaryName(): string {
  return `control-plane-${KUBERNETES_VERSION}`;
}

function fromOneBinary(path: string): ControlPlaneBinaries {
  return {
    etcd: [path, 'etcd'],
    apiserver: [path, 'apiserver'],
    controllerManager: [path, 'controller-manager'],
    origin: path,
  };
}

function fromFolder(folder: string, origin: string): ControlPlaneBinaries {
  const [etcd, apiserver, manager] = ['etcd', 'kube-apiserver', 'kube-controller-manager'].map((name) =>
    existsSync(join(folder, name)) ? join(folder, name) : undefined,
  );
  if (etcd === undefined || apiserver === undefined) {
    const missing = etcd === undefined ? 'etcd' : 'kube-apiserver';
    throw new Error(`${origin} names ${folder}, which has no ${missing}; name a folder with etcd and kube-apiserver`);
  }
  return {
    etcd: [etcd],
    apiserver: [apiserver],
    controllerManager: manager === undefined ? undefined : [manager],
    origin: `${origin} (${folder})`,
  };
}

const FETCH_LIMIT_MS = 180_000;

/**
 * Asks `setup-envtest`, the one on PATH or else one that Go fetches, for a folder with etcd and kube-apiserver.
 * Undefined where neither is there or there is no network: then another way is tried.
 */
async function fromSetupEnvtest(
  environment: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<ControlPlaneBinaries | undefined> {
  const tool = `sigs.k8s.io/controller-runtime/tools/setup-envtest@${SETUP_ENVTEST_VERSION}`;
  const ways: readonly Command[] = [['setup-envtest'], ['go', 'run', tool]];
  const minor = KUBERNETES_VERSION.slice(1).replace(/\.\d+$/, '.x');
  progress(`looking for Kubernetes ${minor} with setup-envtest`);
  for (const [program, ...first] of ways) {
    try {
      const args = [...first, 'use', minor, '--print', 'path'];
      // Out of every module, so that Go takes the tool's own versions.
      const options = { env: environment, cwd: tmpdir(), timeout: FETCH_LIMIT_MS };
      const { stdout } = await promisify(execFile)(program, args, options);
      if (stdout.trim() !== '') return fromFolder(stdout.trim(), 'setup-envtest');
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!isMissing) progress(`${[program, ...first].join(' ')} could not fetch Kubernetes ${minor}; going on`);
    }
  }
  return undefined;
}
