import { fastify, type FastifyInstance, LogController } from 'fastify';

/** One thing that must be so before reviews may come; `undefined` when it is, else why not. */
export interface ReadinessCheck {
  readonly name: string;
  readonly lacks: () => string | undefined;
}

/** Builds the plain health listener: `/healthz` says that the process runs, `/readyz` whether reviews may come. */
export function healthServer(checks: readonly ReadinessCheck[]): FastifyInstance {
  const app = plainServer();
  app.get('/healthz', (_request, reply) => reply.send('ok\n'));
  app.get('/readyz', (request, reply) => {
    const results = checks.map(({ name, lacks }) => ({ name, why: lacks() }));
    const isReady = results.every(({ why }) => why === undefined);
    const { verbose } = request.query as { readonly verbose?: unknown }; // Untyped by the framework; only its presence counts.
    const lines = results.map(({ name, why }) => (why === undefined ? `[+] ${name}: ok` : `[-] ${name}: ${why}`));
    const text = verbose === undefined ? (isReady ? 'ok' : 'not ready; see /readyz?verbose') : lines.join('\n');
    return reply.code(isReady ? 200 : 503).send(`${text}\n`);
  });
  return app;
}

/** Builds the plain metrics listener. */
export function metricsServer(render: () => Promise<string>, contentType: string): FastifyInstance {
  const app = plainServer();
  app.get('/metrics', async (_request, reply) => reply.header('content-type', contentType).send(await render()));
  return app;
}

function plainServer(): FastifyInstance {
  return fastify({ logger: false, logController: new LogController({ disableRequestLogging: true }) });
}
