import closeWithGrace from 'close-with-grace';
import { makeLog } from '../log/log.ts';
import type { LogLevel } from '../log/log-level.ts';
import { start, type StartSettings } from './start.ts';

/** What `meshwarden serve` is told. */
export interface ServeSettings extends StartSettings {
  readonly logLevel: LogLevel;
}

/** So long answers go on after a signal: endpoints and load balancers take seconds to learn that a pod leaves. */
const LINGER_MS = 5000;
/** Whoever is not gone by then is ended; less than the Deployment's grace period. */
const CLOSE_MS = 25_000;

/**
 * Runs the webhook until a signal ends it. An orderly end is exit code 0, a fault that nobody caught 1.
 * @throws EdgeError for whatever keeps it from starting.
 */
export async function serve({ logLevel, ...settings }: ServeSettings): Promise<0> {
  const { log, flush } = makeLog(logLevel);
  const starting = start(settings, log);
  return new Promise((ended, failed) => {
    // From the beginning on: a signal between registration and readiness must not leave the configurations behind.
    const grace = closeWithGrace({ delay: CLOSE_MS, logger: false }, async ({ signal, err }) => {
      if (err !== undefined) log.error({ err }, 'stopping because of a fault');
      else log.info({ signal }, 'stopping');
      const server = await starting.catch(() => undefined);
      // A server that was registered by hand is no longer asked as soon as its configurations are gone.
      await server?.stop({ lingerMs: settings.register === undefined ? LINGER_MS : 0 });
      flush();
      ended(0);
    });
    starting.catch((error: unknown) => {
      grace.uninstall();
      flush();
      failed(error);
    });
  });
}
