import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringOf, valueAt } from '../../model/json.ts';
import { builtBinary, type Progress } from './build.ts';
import { checkoutFolder } from './checkout.ts';
import { applyManifest, kubectl, mustKubectl } from './kubectl.ts';
import { ISTIO_BUILD } from './versions.ts';

const CRD_FILE = 'manifests/charts/base/files/crd-all.gen.yaml';
const GATEWAY_FOLDER = 'config/crd/standard';

/**
 * Returns the folder of the Go module `istio.io/istio` in the version that test/oracle pins, fetched by Go if need be.
 * @throws Error with one sentence when Go is missing or cannot fetch it.
 */
export function istioModuleFolder(): Promise<string> {
  return moduleFolder('istio.io/istio');
}

/** Builds istiod or istioctl of the pinned Istio into the cache folder, unless it is there. @throws Error as builtBinary. */
export function istioBinary(
  name: 'istiod' | 'istioctl',
  environment: NodeJS.ProcessEnv,
  progress: Progress,
): Promise<string> {
  const target =
    name === 'istiod' ? 'istio.io/istio/pilot/cmd/pilot-discovery' : 'istio.io/istio/istioctl/cmd/istioctl';
  const build = { name: `${name}-${ISTIO_BUILD}`, moduleFolder: oracleFolder(), target, ldflags: '-s -w', minutes: 4 };
  return builtBinary(build, environment, progress);
}

/**
 * Installs Istio's CRDs by server-side apply and waits until they are served; those of a file or folder instead of the
 * module's when one is given. Does nothing where they are there already and none is given.
 */
export async function installIstioCrds(kubeconfig: string, crds: string | undefined): Promise<void> {
  if (crds === undefined && (await servesIstioKinds(kubeconfig))) return;
  await installCrds(kubeconfig, crds === undefined ? join(await istioModuleFolder(), CRD_FILE) : crds);
}

/** Installs the standard channel of Gateway API, in the version that Istio's own module asks for; twice is no fault. */
export async function installGatewayApiCrds(kubeconfig: string): Promise<void> {
  if (await isServed(kubeconfig, 'httproutes.gateway.networking.k8s.io')) return;
  await installCrds(kubeconfig, join(await moduleFolder('sigs.k8s.io/gateway-api'), GATEWAY_FOLDER));
}

async function installCrds(kubeconfig: string, path: string): Promise<void> {
  const manifest = onlyCrds(readManifest(path));
  if (manifest === '')
    throw new Error(`${path} holds no CustomResourceDefinition; give --crds a file or folder of them`);
  await applyManifest(kubeconfig, manifest);
  const wait = ['wait', '--for=condition=Established', '--timeout=60s', '-f', '-'];
  await mustKubectl(kubeconfig, wait, { stdin: manifest });
}

/** Tells whether a cluster has Istio's CRDs. */
export function servesIstioKinds(kubeconfig: string): Promise<boolean> {
  return isServed(kubeconfig, 'virtualservices.networking.istio.io');
}

async function isServed(kubeconfig: string, crd: string): Promise<boolean> {
  const established = 'jsonpath={.status.conditions[?(@.type=="Established")].status}';
  const { stdout } = await kubectl(kubeconfig, ['get', 'crd', crd, '-o', established]);
  return stdout === 'True';
}

function readManifest(path: string): string {
  const kind = statSync(path, { throwIfNoEntry: false });
  if (kind === undefined) throw new Error(`--crds names ${path}, which does not exist; give it a file or a folder`);
  if (!kind.isDirectory()) return readFileSync(path, 'utf8');
  const files = readdirSync(path).filter((name) => /\.ya?ml$/.test(name));
  return files.map((name) => readFileSync(join(path, name), 'utf8')).join('\n---\n');
}

function onlyCrds(manifest: string): string {
  const documents = manifest.split(/^---.*$/m);
  return documents.filter((text) => /^kind: *["']?CustomResourceDefinition\b/m.test(text)).join('\n---\n');
}

function oracleFolder(): string {
  const checkout = checkoutFolder();
  if (checkout !== undefined) return join(checkout, 'test/oracle');
  throw new Error('Istio is taken by Go from the module that test/oracle pins; run this in a checkout of Meshwarden');
}

async function moduleFolder(module: string): Promise<string> {
  const cwd = oracleFolder();
  try {
    const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', module], { cwd });
    const folder = stringOf(valueAt(JSON.parse(stdout), ['Dir']));
    if (folder !== undefined && existsSync(folder)) return folder;
  } catch (cause) {
    const said =
      stringOf(valueAt(cause, ['stderr']))
        ?.trim()
        .split('\n')
        .at(-1) ?? '';
    throw new Error(
      `CRDs come from the Go module ${module}, which Go could not fetch (${said || 'Go is not on PATH'}); install Go or its module proxy’s network, or give --crds FILE`,
      { cause },
    );
  }
  throw new Error(`Go fetched the module ${module} and named no folder; try go clean -modcache`);
}
