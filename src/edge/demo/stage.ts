import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { stringOf, valueAt } from '../../model/json.ts';
import type { Progress } from '../cluster/build.ts';
import { type Component, until } from '../cluster/component.ts';
import { installIstioCrds, istioModuleFolder, servesIstioKinds } from '../cluster/istio-module.ts';
import { kubectl, mustKubectl, needKubectl } from '../cluster/kubectl.ts';
import { type ProvidedCluster, provideControlPlane } from '../cluster/provide-control-plane.ts';
import { EdgeError } from '../errors.ts';
import { policiesFolder } from '../files/load-baseline.ts';
import { LEGACY } from './manifests.ts';
import { guardGivenCluster, ownAddresses } from './given-cluster.ts';
import { type Program, type RegisteredServer, startRegistered } from './registered-server.ts';

/** A cluster with Meshwarden registered and the shipped baseline applied. */
export interface Stage {
  readonly kubeconfig: string;
  /** A temporary folder, gone at the end. */
  readonly folder: string;
  readonly server: RegisteredServer;
  /** Every process that must go on. */
  readonly components: readonly Component[];
}

/** What a stage is made with. */
export interface StageOptions {
  readonly kubeconfig?: string;
  /** A file or folder with Istio's CRDs; absent: they come from the Go module of Istio. */
  readonly crds?: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly program: Program;
  readonly progress: Progress;
  /** Aborted: nothing more is begun. */
  readonly signal: AbortSignal;
}

/** Work that undoes what has been done so far; the last is undone first. */
export type Undo = (() => Promise<unknown>)[];

/** Sets up a stage; whatever happens, what stands in `undo` afterwards is what is to be undone. */
export async function setStage(options: StageOptions, undo: Undo): Promise<Stage> {
  const { program, progress, signal, environment } = options;
  needKubectl(environment);
  const cluster = await unless(signal, provide(options, undo));
  const { kubeconfig, folder, local } = cluster;
  if (local === undefined) undo.push(await guardGivenCluster(kubeconfig, shippedNamespaces()));
  await installTypes(kubeconfig, options);
  signal.throwIfAborted();
  await mustKubectl(kubeconfig, ['apply', '-f', '-'], { stdin: LEGACY });
  progress('starting meshwarden serve and registering both webhook configurations');
  const addresses = local === undefined ? await ownAddresses(kubeconfig) : ['127.0.0.1'];
  signal.throwIfAborted();
  const server = await startRegistered(program, kubeconfig, { folder, addresses });
  undo.push(server.component.stop);
  progress(`it answers at ${server.url}; its log is ${server.logFile}`);
  await applyBaseline(kubeconfig, { progress, signal });
  await untilKnown(server, kubeconfig, 'VirtualService');
  return { kubeconfig, folder, server, components: [server.component, ...(local?.components() ?? [])] };
}

async function provide(
  { kubeconfig, environment, progress, signal }: StageOptions,
  undo: Undo,
): Promise<ProvidedCluster> {
  progress(kubeconfig === undefined ? 'getting a control plane' : `using the cluster of ${kubeconfig}`);
  const given = kubeconfig === undefined ? {} : { kubeconfig };
  const cluster = await provideControlPlane({ ...given, environment, progress });
  // Interrupted meanwhile, nobody waits for it any more.
  if (signal.aborted) await cluster.stop();
  else undo.push(cluster.stop);
  progress(`control plane: ${cluster.origin}`);
  return cluster;
}

async function installTypes(kubeconfig: string, { crds, progress, signal }: StageOptions): Promise<void> {
  if (crds === undefined) {
    if (await servesIstioKinds(kubeconfig)) return;
    progress('installing Istio’s CRDs (the first time, Go fetches the module istio.io/istio for them, about a minute)');
    // The module may be long in coming, and is nothing that would have to be taken back.
    await unless(signal, istioModuleFolder());
  } else progress(`installing Istio’s CRDs of ${crds}`);
  await installIstioCrds(kubeconfig, crds);
}

/** Waits for work that cannot be stopped half-way, but no longer than until the signal. */
async function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const aborted = new Promise<never>((_, fail) => {
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
  });
  return Promise.race([work, aborted]);
}

/** The document's order; see policies/istio/install.sh. */
const ORDER = ['base/namespaces.yaml', 'security', 'traffic-management', 'telemetry', 'gateways'] as const;

async function applyBaseline(
  kubeconfig: string,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<void> {
  progress('applying the shipped baseline with kubectl, in the document’s order, with Meshwarden enforcing');
  for (const part of ORDER) {
    signal.throwIfAborted();
    const { code, stdout, stderr } = await kubectl(kubeconfig, ['apply', '-f', join(policiesFolder(), 'istio', part)]);
    if (code !== 0) {
      throw new EdgeError('DEMO_CANNOT', { why: `the shipped baseline was not applied whole:\n${stderr.trim()}` });
    }
    const warnings = stderr.match(/^Warning: (?!For why ).*$/gm) ?? [];
    const objects = `${stdout.trim().split('\n').length} objects`;
    // A namespace comes before everything that a mesh must have in it; later parts have nothing to be warned about.
    const isFirst = part === ORDER[0];
    const remark = isFirst ? `${warnings.length} warnings of what is still to come` : `${warnings.length} warnings`;
    progress(`  ${part}: ${objects}${warnings.length === 0 ? '' : `, ${remark}`}`);
    if (!isFirst) for (const warning of warnings) progress(`    ${warning}`);
  }
}

/** Waits until the server's watch has told it of all objects of a kind: what is tried next builds on them. */
async function untilKnown(server: RegisteredServer, kubeconfig: string, kind: string): Promise<void> {
  const names = await mustKubectl(kubeconfig, ['get', kind, '--all-namespaces', '-o', 'name']);
  const count = names.trim().split('\n').length;
  await until(`Meshwarden to know of every ${kind}`, async () => ((await server.knows(kind)) ?? count) === count, {
    seconds: 20,
    component: server.component,
  });
}

function shippedNamespaces(): readonly string[] {
  const text = readFileSync(join(policiesFolder(), 'istio/base/namespaces.yaml'), 'utf8');
  const objects = parseAllDocuments(text).map((document): unknown => document.toJS());
  const namespaces = objects.filter((object) => valueAt(object, ['kind']) === 'Namespace');
  return namespaces.flatMap((object) => stringOf(valueAt(object, ['metadata', 'name'])) ?? []);
}

/** Makes the folder for the files of the changes. */
export function changesFolder({ folder }: Stage): string {
  const path = join(folder, 'changes');
  mkdirSync(path, { recursive: true });
  return path;
}
