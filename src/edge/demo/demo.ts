import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Paint } from '../../report/text.ts';
import type { Component } from '../cluster/component.ts';
import { EdgeError } from '../errors.ts';
import { CHANGES } from './changes.ts';
import type { Program } from './registered-server.ts';
import { headOf, outcomeOf } from './show.ts';
import { changesFolder, setStage, type Stage, type Undo } from './stage.ts';
import { tryChange } from './try-change.ts';

/** What the demonstration is told. */
export interface DemoSettings {
  /** A cluster of the user's own; absent: a control plane is started on 127.0.0.1. */
  readonly kubeconfig?: string;
  /** A file or folder with Istio's CRDs; absent: they come from the Go module of Istio. */
  readonly crds?: string;
  /** True: it ends when all is tried. */
  readonly once: boolean;
}

/** What the demonstration may touch of the world. */
export interface DemoIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly paint: Paint;
  readonly environment: NodeJS.ProcessEnv;
  readonly program: Program;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Shows Meshwarden at work on a real API server: the shipped baseline applied, changes tried with kubectl, each printed
 * with what was answered. It leaves nothing behind, whichever way it ends.
 * @returns 0 when each change got its verdict, 1 when one did not, 2 when it was interrupted before all were tried.
 * @throws EdgeError for what keeps it from going on.
 */
export async function demo({ once, ...cluster }: DemoSettings, io: DemoIo): Promise<0 | 1 | 2> {
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  for (const name of SIGNALS) process.on(name, onSignal);
  const { signal } = interrupt;
  const undo: Undo = [];
  const progress = (line: string): void => io.err(`meshwarden: ${line}\n`);
  try {
    const stage = await setStage({ ...cluster, ...io, progress, signal }, undo);
    const wrong = await tryAll(stage, io, signal);
    if (!once) await stayUp(stage, io, signal);
    return wrong === 0 ? 0 : 1;
  } catch (error) {
    if (!signal.aborted) throw asEdgeError(error);
    progress('interrupted before everything was tried');
    return 2;
  } finally {
    if (undo.length > 0) progress('ending: removing what was made');
    await undoAll(undo);
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}

/** Undoes everything, even where one part cannot be; the first fault is told in the end. */
async function undoAll(undo: Undo): Promise<void> {
  const faults: unknown[] = [];
  for (const work of undo.toReversed()) {
    try {
      await work();
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 0) throw asEdgeError(faults[0]);
}

function asEdgeError(error: unknown): EdgeError {
  if (error instanceof EdgeError) return error;
  return new EdgeError('DEMO_CANNOT', { why: error instanceof Error ? error.message : String(error) }, error);
}

/** Tries every change and returns how many did not get the verdict that they should. */
async function tryAll(stage: Stage, { out, paint }: DemoIo, signal: AbortSignal): Promise<number> {
  const folder = changesFolder(stage);
  let wrong = 0;
  for (const [at, change] of CHANGES.entries()) {
    signal.throwIfAborted();
    if (change.manifest !== undefined) writeFileSync(join(folder, change.manifest.file), change.manifest.text);
    out(headOf(change, `${at + 1}/${CHANGES.length}`, paint));
    const outcome = await tryChange(change, stage.kubeconfig, folder);
    signal.throwIfAborted();
    if (outcome.fault !== undefined) wrong += 1;
    out(outcomeOf(change, outcome, paint));
  }
  const right = `${CHANGES.length} changes tried, each got the verdict that it should`;
  out(
    `\n${wrong === 0 ? paint('good', right) : paint('error', `${wrong} of ${CHANGES.length} changes got another verdict`)}\n`,
  );
  return wrong;
}

const LOOK_AGAIN_MS = 500;

/** Waits for a signal, as long as every part goes on. */
async function stayUp(stage: Stage, { out, paint }: DemoIo, signal: AbortSignal): Promise<void> {
  out(`
It stays up until Ctrl-C. In another terminal:

${paint('note', `    export KUBECONFIG=${stage.kubeconfig}`)}
${paint('note', `    cd ${changesFolder(stage)}`)}
${paint('note', '    kubectl apply --dry-run=server -f allow-all.yaml')}

`);
  while (!signal.aborted) {
    const gone = stage.components.find(hasEnded);
    if (gone !== undefined) {
      throw new EdgeError('DEMO_CANNOT', { why: `${gone.name} ended by itself; its last lines:\n${gone.tail()}` });
    }
    await sleep(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

function hasEnded({ exitCode }: Component): boolean {
  return exitCode() !== undefined;
}
