import type { FastifyInstance } from 'fastify';
import { EdgeError } from '../errors.ts';

/** Anything that can be told to listen. */
type Listens = Pick<FastifyInstance, 'listen'>;

/**
 * Listens on a port of an address, or of all addresses of both families where the machine has both.
 * @throws EdgeError that names the option to change.
 */
export async function listen(
  app: Listens,
  { host, port, option }: { readonly host: string | undefined; readonly port: number; readonly option: string },
): Promise<void> {
  try {
    await app.listen({ host: host ?? '::', port });
  } catch (cause) {
    const code = codeOf(cause);
    if (host === undefined && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL')) {
      return listen(app, { host: '0.0.0.0', port, option });
    }
    if (code === 'EADDRINUSE') throw new EdgeError('PORT_IN_USE', { port, option }, cause);
    throw new EdgeError('PORT_UNUSABLE', { port, host: host ?? 'this machine', why: code, option }, cause);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
