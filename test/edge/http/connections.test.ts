import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { connect, type TLSSocket } from 'node:tls';
import { listen } from '../../../src/edge/http/listen.ts';
import { healthServer } from '../../../src/edge/http/readiness.ts';
import { reviewOf, virtualService } from './rules.ts';
import { CA, otherPair, subject, type Subject } from './server.ts';

async function listening(t: Test, server: Subject): Promise<number> {
  await listen(server.app, { host: '127.0.0.1', port: 0, option: '--port' });
  t.teardown(() => server.app.server.closeAllConnections());
  const address = server.app.server.address() as AddressInfo; // It listens on a port, not on a pipe.
  return address.port;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly connection: string | undefined;
}

function post(port: number, body: string, agent: Agent): Promise<Answer> {
  return new Promise((done, fail) => {
    const headers = { 'content-type': 'application/json' };
    const ask = request(
      { host: '127.0.0.1', port, path: '/validate', method: 'POST', agent, headers, ca: CA },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (more: string) => {
          text += more;
        });
        answer.on('end', () => {
          done({ status: answer.statusCode ?? 0, text, connection: answer.headers.connection });
        });
      },
    );
    ask.on('error', fail);
    ask.end(body);
  });
}

/** Opens a connection and sends a request's head, announcing a body that does not come. */
async function half(port: number, length: number): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: CA });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  const head = ['POST /validate HTTP/1.1', 'host: x', 'content-type: application/json', `content-length: ${length}`];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  return socket;
}

async function answered(socket: TLSSocket): Promise<string> {
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  return bytes.toString('utf8');
}

async function served(port: number): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, ca: CA });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerX509Certificate()?.toString() ?? '';
  socket.destroy();
  return new X509Certificate(certificate).subject;
}

const REVIEW = JSON.stringify(reviewOf({ object: virtualService(1) }));

t.test('TLS 1.1 is refused, TLS 1.2 is spoken', async (t) => {
  const port = await listening(t, subject(t));
  const old = connect({
    host: '127.0.0.1',
    port,
    ca: CA,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'ALL:@SECLEVEL=0',
  });
  await t.rejects(once(old, 'secureConnect'), { code: /ERR_SSL/ });
  const two = connect({ host: '127.0.0.1', port, ca: CA, maxVersion: 'TLSv1.2' });
  await once(two, 'secureConnect');
  t.equal(two.getProtocol(), 'TLSv1.2');
  two.destroy();
});

t.test(
  'another certificate is served to new connections at once; a pair that does not match changes nothing',
  async (t) => {
    const server = subject(t);
    const port = await listening(t, server);
    const agent = new Agent({ keepAlive: true });
    t.teardown(() => agent.destroy());
    t.equal((await post(port, REVIEW, agent)).status, 200);
    t.equal(await served(port), 'CN=localhost');
    t.throws(() => server.renew({ ...otherPair, key: 'no key' }));
    t.equal(await served(port), 'CN=localhost', 'the old one stays');
    server.renew(otherPair);
    t.equal(await served(port), 'CN=other.example');
    t.equal((await post(port, REVIEW, agent)).status, 200, 'an old connection goes on');
  },
);

t.test('more bodies than memory allows get 503 at once and may come again, while small ones are judged', async (t) => {
  const server = subject(t);
  const port = await listening(t, server);
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  const large = await Promise.all(Array.from({ length: 9 }, () => half(port, 7 * 1024 * 1024)));
  // The head of a request on a later connection is read after those of the nine.
  const shed = await answered(await half(port, 7 * 1024 * 1024));
  t.match(shed, /^HTTP\/1\.1 503 /);
  t.match(shed.toLowerCase(), 'retry-after: 1\r\n');
  t.match(shed.toLowerCase(), 'connection: close\r\n');
  t.match(shed, 'too many reviews at once; try again\n');
  t.equal((await post(port, REVIEW, agent)).status, 200);
  t.match(await server.metrics.registry.metrics(), 'meshwarden_reviews_shed_total 1\n');
  const gone = large.map((socket) => once(socket, 'close'));
  for (const socket of large) socket.destroy();
  await Promise.all(gone);
  const again = await half(port, REVIEW.length);
  again.write(REVIEW);
  t.match(await answered(again), /^HTTP\/1\.1 200 /, 'connections that went away count no more');
  again.destroy();
});

t.test('a body that stops half-way keeps nobody from being served, and leaves nothing behind', async (t) => {
  const server = subject(t);
  const port = await listening(t, server);
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  const stalled = await half(port, 1000);
  stalled.write('{"apiVersion":');
  t.equal((await post(port, REVIEW, agent)).status, 200);
  stalled.destroy();
  t.equal((await post(port, REVIEW, agent)).status, 200);
  t.same(server.faults, []);
});

t.test('a request that does not come in is cut off, and its place is free again', async (t) => {
  const server = subject(t, { slowestMs: 100 });
  const port = await listening(t, server);
  const body = await half(port, 1000);
  body.write('{"apiVersion":');
  t.match(await answered(body), /^HTTP\/1\.1 408 /, 'a body that stops');
  const head = connect({ host: '127.0.0.1', port, ca: CA });
  await once(head, 'secureConnect');
  head.write('POST /vali');
  t.match(await answered(head), /^HTTP\/1\.1 408 /, 'a head that stops');
  t.match(await server.metrics.registry.metrics(), 'meshwarden_reviews_in_flight 0\n');
  t.same(server.faults, []);
});

t.test('the last review is answered while the server closes, and an idle connection does not hold it up', async (t) => {
  const server = subject(t);
  const port = await listening(t, server);
  const agent = new Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  await post(port, REVIEW, agent);
  const last = await half(port, REVIEW.length);
  // Its head has been read when another request on a later connection is answered.
  await post(port, REVIEW, agent);
  server.drain();
  const idle = setInterval(() => server.app.server.closeIdleConnections(), 20);
  const closed = server.app.close();
  last.write(REVIEW);
  const answer = await answered(last);
  t.match(answer, /^HTTP\/1\.1 200 /);
  t.match(answer.toLowerCase(), 'connection: close\r\n');
  await closed;
  clearInterval(idle);
  await t.rejects(post(port, REVIEW, agent), { code: 'ECONNREFUSED' });
});

t.test('a port in use is said with the option that chooses another', async (t) => {
  const port = await listening(t, subject(t));
  const second = healthServer([]);
  t.teardown(() => second.close());
  const wanted = {
    code: 'PORT_IN_USE',
    message: `port ${port} is in use by another process; choose another with --health-port`,
  };
  await t.rejects(listen(second, { host: '127.0.0.1', port, option: '--health-port' }), wanted);
  await t.rejects(listen(second, { host: '203.0.113.1', port: 0, option: '--port' }), { code: 'PORT_UNUSABLE' });
});

t.test('readiness says what is lacking, one line each, and health depends on nothing', async (t) => {
  let lacks: string | undefined = 'waiting for Service';
  const app = healthServer([
    { name: 'baseline', lacks: () => undefined },
    { name: 'view', lacks: () => lacks },
  ]);
  t.teardown(() => app.close());
  const get = async (url: string): Promise<readonly [number, string]> => {
    const { statusCode, body } = await app.inject({ method: 'GET', url });
    return [statusCode, body];
  };
  t.same(await get('/healthz'), [200, 'ok\n']);
  t.same(await get('/readyz'), [503, 'not ready; see /readyz?verbose\n']);
  t.same(await get('/readyz?verbose'), [503, '[+] baseline: ok\n[-] view: waiting for Service\n']);
  lacks = undefined;
  t.same(await get('/readyz'), [200, 'ok\n']);
  t.same(await get('/readyz?verbose'), [200, '[+] baseline: ok\n[+] view: ok\n']);
});
