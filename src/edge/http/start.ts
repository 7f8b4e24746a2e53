import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchedKinds } from '../../report/webhook-configurations.ts';
import { RULES } from '../../rules/index.ts';
import type { CertificateSource } from '../certs/certificate-source.ts';
import { splitBundle } from '../certs/check-pair.ts';
import { type BaselineFile, followBaseline } from '../config/baseline-file.ts';
import { EdgeError } from '../errors.ts';
import { policiesFolder } from '../files/load-baseline.ts';
import { type ApiClient, apiClient } from '../kube/api-client.ts';
import { exemptionRights } from '../kube/exemption-rights.ts';
import { keepView, type ViewKeeper } from '../kube/view-keeper.ts';
import type { Log } from '../log/log.ts';
import { makeMetrics, type Metrics } from '../metrics/metrics.ts';
import { VERSION } from '../version.ts';
import { type AdmissionServer, admissionServer } from './admission-server.ts';
import { answerReviews } from './answer-reviews.ts';
import { listen } from './listen.ts';
import { type CertificateSettings, checkedUrl, openCertificates } from './open-certificates.ts';
import { healthServer, metricsServer, type ReadinessCheck } from './readiness.ts';
import { Trust } from './trust.ts';

/** What a server is told. */
export interface StartSettings extends CertificateSettings {
  /** Absent: the service account of the pod. */
  readonly kubeconfig?: string;
  /** Absent: the shipped baseline. */
  readonly baseline?: string;
  /** The address that all listeners bind; absent: all addresses, as a pod needs. */
  readonly host?: string;
  readonly port: number;
  readonly healthPort: number;
  readonly metricsPort: number;
}

/** A server that answers reviews. */
export interface RunningServer {
  /** Leaves in order: not ready, still answering, then each answer closing its connection, then gone. */
  readonly stop: (options: { readonly lingerMs: number }) => Promise<void>;
}

const HOUSEKEEPING_MS = 10_000;

/**
 * Starts everything and returns when reviews can come.
 * @throws EdgeError for whatever keeps it from starting; nothing is left running then.
 */
export async function start(settings: StartSettings, log: Log): Promise<RunningServer> {
  const closing: (() => Promise<void> | void)[] = [];
  try {
    return await startParts(settings, log, closing);
  } catch (error) {
    for (const close of closing.toReversed()) await close();
    throw error;
  }
}

async function startParts(
  settings: StartSettings,
  log: Log,
  closing: (() => Promise<void> | void)[],
): Promise<RunningServer> {
  const metrics = makeMetrics(RULES);
  metrics.buildInfo.set({ version: VERSION, node: process.version }, 1);
  const client = apiClient(settings.kubeconfig);
  // The baseline may change before there is a view to settle anew.
  const late: { keeper?: ViewKeeper } = {};
  const baseline = await openBaseline(settings.baseline, metrics, log, (mesh) => late.keeper?.settle(mesh));
  closing.push(() => baseline.stop());
  const certificates = await openCertificates(settings, client, log);
  closing.push(() => certificates.stop());
  const keeper = keepView(client, { kinds: watchedKinds(RULES), settings: baseline.current().mesh, log });
  late.keeper = keeper;
  closing.push(() => keeper.stop());
  const fault = (error: unknown, message: string): void => log.error({ err: error }, message);
  const answer = answerReviews({
    rules: RULES,
    metrics,
    fault,
    rights: exemptionRights(client, { told: (answer) => metrics.accessReviews.inc({ answer }) }),
    reality: () => ({ view: keeper.view(), baseline: baseline.current(), stale: keeper.stale() }),
    log: (facts) => log.info(facts, 'review judged'),
  });
  const server = admissionServer({ tls: certificates.current(), answer, metrics, fault });
  const trust = new Trust(client, certificates, { writes: settings.certMode === 'self', log });
  let isLeaving = false;
  const health = healthServer(readiness(keeper, trust, baseline, () => isLeaving));
  const metered = metricsServer(() => {
    measure(metrics, keeper, certificates, baseline);
    return metrics.registry.metrics();
  }, metrics.registry.contentType);
  certificates.onChange((pair) => {
    server.renew(pair);
    log.info({ notAfter: new Date(pair.notAfter).toISOString() }, 'certificate renewed');
    void trust.tend();
  });

  const { host, port, healthPort, metricsPort, register } = settings;
  for (const [app, number, option] of [
    [health, healthPort, '--health-port'],
    [metered, metricsPort, '--metrics-port'],
    [server.app, port, '--port'],
  ] as const) {
    // A server that has listened in vain must be closed as well.
    closing.push(() => app.close());
    await listen(app, { host, port: number, option });
  }
  await whenSynced(keeper, client, log);
  if (register !== undefined) await trust.register(checkedUrl(register));
  await trust.tend();
  const housekeeping = setInterval(() => void trust.tend(), HOUSEKEEPING_MS);
  const { version, sha256 } = baseline.current();
  log.info({ version: VERSION, port, baseline: { version, sha256 }, rules: RULES.length }, 'serving');
  return {
    stop: async ({ lingerMs }) => {
      isLeaving = true;
      clearInterval(housekeeping);
      if (register !== undefined) await trust.unregister();
      await sleep(lingerMs);
      await drain(server);
      for (const close of closing.toReversed()) await close();
    },
  };
}

async function openBaseline(
  file: string | undefined,
  metrics: Metrics,
  log: Log,
  settle: (mesh: BaselineMesh) => void,
): Promise<BaselineFile> {
  return followBaseline(file ?? join(policiesFolder(), 'baseline.yaml'), {
    rules: RULES,
    listener: {
      loaded: ({ version, sha256, mesh }) => {
        settle(mesh);
        metrics.baselineReloads.inc({ result: 'success' });
        log.info({ version, sha256 }, 'baseline reloaded');
      },
      refused: (problems) => {
        metrics.baselineReloads.inc({ result: 'failure' });
        log.error({ problems: problems.slice(0, 20) }, 'baseline not reloaded; the old one stays in force');
      },
    },
  });
}

type BaselineMesh = ReturnType<BaselineFile['current']>['mesh'];

function readiness(
  keeper: ViewKeeper,
  trust: Trust,
  baseline: BaselineFile,
  isLeaving: () => boolean,
): readonly ReadinessCheck[] {
  return [
    { name: 'baseline', lacks: () => (baseline.current().sha256 === '' ? 'not loaded' : undefined) },
    { name: 'view', lacks: () => (keeper.isSynced() ? undefined : `waiting for ${missing(keeper).join(', ')}`) },
    { name: 'certificate', lacks: () => trust.lacks() },
    { name: 'staying', lacks: () => (isLeaving() ? 'shutting down' : undefined) },
  ];
}

function missing(keeper: ViewKeeper): readonly string[] {
  return keeper.states().flatMap(({ kind, isSynced }) => (isSynced ? [] : [kind]));
}

function measure(metrics: Metrics, keeper: ViewKeeper, certificates: CertificateSource, baseline: BaselineFile): void {
  for (const { kind, isSynced, lagSeconds, objects } of keeper.states()) {
    metrics.viewObjects.set({ kind }, objects);
    metrics.viewSynced.set({ kind }, isSynced ? 1 : 0);
    metrics.viewLag.set({ kind }, lagSeconds);
  }
  metrics.certificateExpiry.set({ kind: 'serving' }, certificates.current().notAfter / 1000);
  const [authority] = splitBundle(certificates.caBundle() ?? '');
  if (authority !== undefined) {
    metrics.certificateExpiry.set({ kind: 'ca' }, new X509Certificate(authority).validToDate.getTime() / 1000);
  }
  const { version, sha256 } = baseline.current();
  metrics.baselineInfo.reset();
  metrics.baselineInfo.set({ version, sha256 }, 1);
}

const SYNC_SECONDS = 120;

/** Waits for the first list of every kind; reviews may come meanwhile, readiness is what keeps them away. */
async function whenSynced(keeper: ViewKeeper, { server }: ApiClient, log: Log): Promise<void> {
  const started = performance.now();
  while (!keeper.isSynced()) {
    if (performance.now() - started > SYNC_SECONDS * 1000) {
      throw new EdgeError('NOT_SYNCED', { server, kinds: missing(keeper).join(', '), seconds: SYNC_SECONDS });
    }
    await sleep(20);
  }
  log.info({ seconds: (performance.now() - started) / 1000 }, 'view synced');
}

/** Answers what is under way, each answer closing its connection, then closes; idle connections do not hold it up. */
async function drain({ app, drain: closeConnections }: AdmissionServer): Promise<void> {
  closeConnections();
  const idle = setInterval(() => app.server.closeIdleConnections(), 100);
  await app.close();
  clearInterval(idle);
}
