import { fastify, type FastifyInstance, type FastifyReply, LogController } from 'fastify';
import type { Server } from 'node:https';
import { EdgeError } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { AnswerReview } from './answer-reviews.ts';
import { Load } from './load.ts';
import type { Webhook } from './review-record.ts';

/** A review holds two objects of at most 3 MiB each; controller-runtime takes 7 MiB for the same reason. */
export const BODY_LIMIT_BYTES = 7 * 1024 * 1024;
/** The API server's transport drops idle connections after 90 s; the server must never be the first. */
const KEEP_ALIVE_MS = 120_000;
/** A request that takes longer to come in is cut off, so that nobody holds a place that others need. */
const SLOWEST_MS = 10_000;
const DEFAULT_TIMEOUT_SECONDS = 10;

declare module 'fastify' {
  interface FastifyRequest {
    /** When the request's head came, on the server's clock. */
    arrivedAt: number;
  }
}

/** A private key and its certificate. */
export interface Tls {
  readonly certificate: string;
  readonly key: string;
}

/** The admission server: HTTPS, two endpoints, and ways to renew its certificate and to drain. */
export interface AdmissionServer {
  readonly app: FastifyInstance<Server>;
  /** Serves another certificate to new connections; a pair that cannot be used throws and changes nothing. */
  readonly renew: (tls: Tls) => void;
  /** From now on each answer closes its connection. */
  readonly drain: () => void;
}

/** Told of faults of our own. */
export type FaultLog = (error: unknown, message: string) => void;

/** What the server is built from. */
export interface AdmissionServerOptions {
  readonly tls: Tls;
  readonly answer: AnswerReview;
  readonly metrics: Metrics;
  readonly fault: FaultLog;
  /** Milliseconds that only go forward. */
  readonly clock?: () => number;
  /** The longest that a request may take to come in. */
  readonly slowestMs?: number;
}

/**
 * Builds the server without listening.
 *
 * | request | answer |
 * |---|---|
 * | a review | 200 with the review's response |
 * | not JSON, not a review, a wrong version, no `request`, `uid` or object | 400 and one sentence |
 * | another content type | 415 |
 * | longer than 7 MiB | 413 |
 * | slower to come in than 10 s | 408 |
 * | too many at once, or the caller's time is over | 503, `Retry-After: 1`, `Connection: close`: the API server tries again |
 * | a fault of ours | 500 and one sentence; the webhook's failurePolicy decides |
 */
export function admissionServer(options: AdmissionServerOptions): AdmissionServer {
  const { metrics, answer, fault, clock = () => performance.now(), slowestMs = SLOWEST_MS } = options;
  const secure = ({ certificate, key }: Tls) => ({ cert: certificate, key, minVersion: 'TLSv1.2' as const });
  const app = fastify({
    https: {
      ...secure(options.tls),
      // Less than the time for a whole request: where it is more, as by default, Node swaps the two.
      headersTimeout: slowestMs / 2,
      connectionsCheckingInterval: slowestMs / 10,
    },
    bodyLimit: BODY_LIMIT_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: slowestMs,
    return503OnClosing: false,
    logger: false,
    logController: new LogController({ disableRequestLogging: true }),
    exposeHeadRoutes: false,
  });
  const load = new Load(metrics.inFlight, BODY_LIMIT_BYTES);
  let isDraining = false;

  // What the framework's own parser refuses, the keys `__proto__` and `constructor`, objects may rightly hold.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.decorateRequest('arrivedAt', 0);
  app.addHook('onRequest', (request, reply, done) => {
    request.arrivedAt = clock();
    if (load.take(request.headers['content-length'], reply.raw)) done();
    else done(new EdgeError('OVERLOADED', {}));
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (isDraining) reply.header('connection', 'close');
    done(null, payload);
  });
  app.setNotFoundHandler(() => {
    throw new EdgeError('NO_SUCH_PATH', {});
  });
  app.setErrorHandler((error: Error & { readonly statusCode?: number }, _request, reply) => {
    const said = saidOf(error);
    if (said.statusCode === 503) {
      metrics.shed.inc();
      reply.header('retry-after', '1').header('connection', 'close');
    } else if (said.statusCode >= 500) fault(error, 'review could not be answered');
    return refuse(reply, said);
  });

  const route = (webhook: Webhook): void => {
    app.post(`/${webhook}`, (request, reply) => {
      const { timeout } = request.query as { readonly timeout?: unknown }; // Untyped by the framework; checked below.
      answer({
        webhook,
        // What the parser above gives; without a body it is not asked.
        body: (request.body as Buffer | undefined) ?? EMPTY,
        leftMs: timeLeftMs(clock() - request.arrivedAt, timeout),
        done: (said) => void reply.header('content-type', 'application/json').send(said),
      });
    });
  };
  route('validate');
  route('mutate');

  return {
    app,
    renew: (tls) => {
      app.server.setSecureContext(secure(tls));
    },
    drain: () => {
      isDraining = true;
    },
  };
}

const EMPTY = Buffer.alloc(0);

/** Returns how much of the time that the API server gives, `?timeout=3s`, may still be spent: all but its last second. */
function timeLeftMs(elapsedMs: number, timeout: unknown): number {
  const given = typeof timeout === 'string' ? Number.parseInt(timeout, 10) : DEFAULT_TIMEOUT_SECONDS;
  const seconds = Number.isFinite(given) && given > 0 ? given : DEFAULT_TIMEOUT_SECONDS;
  return Math.max(seconds - 1, 0.5) * 1000 - elapsedMs;
}

/** Returns what a caller is told of a fault: the framework's own words about a request that it could not take, else ours. */
function saidOf(error: Error & { readonly statusCode?: number }): {
  readonly statusCode: number;
  readonly message: string;
} {
  if (error instanceof EdgeError && error.statusCode > 0) return error;
  const { statusCode = 500, message } = error;
  if (statusCode === 413) return new EdgeError('BODY_TOO_LONG', { limit: BODY_LIMIT_BYTES });
  if (statusCode === 415) return new EdgeError('CONTENT_TYPE', {});
  return statusCode >= 400 && statusCode < 500 ? { statusCode, message } : new EdgeError('OWN_FAULT', {});
}

function refuse(
  reply: FastifyReply,
  { statusCode, message }: { readonly statusCode: number; readonly message: string },
) {
  return reply.code(statusCode).type('text/plain; charset=utf-8').send(`${message}\n`);
}
