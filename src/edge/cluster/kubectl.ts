import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** What kubectl answered. */
export interface KubectlAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What kubectl is given besides its arguments. */
export interface KubectlOptions {
  readonly stdin?: string;
  /** The working directory. */
  readonly folder?: string;
}

/**
 * The folder beside a kubeconfig of a local control plane that kubectl keeps its discovery in. In the user's own cache
 * it would be found again by the next control plane that happens to get the same port.
 */
export const KUBECTL_CACHE = 'kubectl-cache';

const NO_KUBECTL = 'kubectl is not on PATH; install it from https://kubernetes.io/docs/tasks/tools';

/**
 * Looks for kubectl before anything is begun that takes long and needs it.
 * @throws Error with one sentence when it is not installed.
 */
export function needKubectl({ PATH = '' }: NodeJS.ProcessEnv): void {
  const found = PATH.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, 'kubectl')));
  if (!found) throw new Error(NO_KUBECTL);
}

/**
 * Runs the kubectl on PATH against a cluster; a refusal is an answer, not an error.
 * @throws Error with one sentence when kubectl is not installed.
 */
export function kubectl(
  kubeconfig: string,
  args: readonly string[],
  { stdin, folder }: KubectlOptions = {},
): Promise<KubectlAnswer> {
  const cache = join(dirname(kubeconfig), KUBECTL_CACHE);
  const settings = ['--kubeconfig', kubeconfig, ...(existsSync(cache) ? ['--cache-dir', cache] : [])];
  return new Promise((done, fail) => {
    const child = spawn('kubectl', [...settings, ...args], { cwd: folder });
    const [out, err]: [string[], string[]] = [[], []];
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
    child.on('error', (cause) => fail(new Error(NO_KUBECTL, { cause })));
    child.on('close', (code) => done({ code: code ?? -1, stdout: out.join(''), stderr: err.join('') }));
    // A kubectl that ends before it has read everything says why itself.
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin ?? '');
  });
}

/**
 * Runs kubectl and expects it to succeed; returns its standard output.
 * @throws Error with what kubectl said when it did not.
 */
export async function mustKubectl(
  kubeconfig: string,
  args: readonly string[],
  options: KubectlOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await kubectl(kubeconfig, args, options);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
  return stdout;
}

/** Applies a manifest server-side as an installer does, taking over what others own. @throws Error as mustKubectl. */
export function applyManifest(kubeconfig: string, manifest: string): Promise<string> {
  return mustKubectl(kubeconfig, ['apply', '--server-side', '--force-conflicts', '-f', '-'], { stdin: manifest });
}
