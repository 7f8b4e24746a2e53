import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type ApiClient, apiClient } from '../../../src/edge/kube/api-client.ts';

/** Answers one request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that does what a real one does only in its worst hours; the order of a day is the test's. */
export interface FaultyServer {
  readonly client: ApiClient;
  /** The requests as `GET /path?query`. */
  readonly requests: string[];
  /** Answers every request from now on. */
  answer: Answer;
  /** How many connections were opened. */
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

/** Starts a server whose answers a test chooses; only for faults that the real API server cannot be made to show. */
export async function faultyServer(t: Test): Promise<FaultyServer> {
  const requests: string[] = [];
  let opened = 0;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    faulty.answer(request, response);
  });
  server.on('connection', () => {
    opened += 1;
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo; // It listens on a port, not on a pipe.
  const folder = mkdtempSync(join(tmpdir(), 'meshwarden-'));
  const kubeconfig = join(folder, 'kubeconfig');
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: 'none' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
  const faulty: FaultyServer = {
    client: apiClient(kubeconfig),
    requests,
    answer: (_request, response) => response.writeHead(500).end(),
    connections: () => opened,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  t.teardown(async () => {
    await faulty.close();
    rmSync(folder, { recursive: true });
  });
  return faulty;
}

/** Sends a list of Services. */
export function sendList(
  response: ServerResponse,
  names: readonly string[],
  metadata: Readonly<Record<string, string>> = { resourceVersion: '10' },
): void {
  const items = names.map((name) => ({ metadata: { name, namespace: 'shop' }, spec: {} }));
  send(response, 200, { kind: 'ServiceList', apiVersion: 'v1', metadata, items });
}

/** Sends a JSON answer. */
export function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Writes one event of a watch that stays open. */
export function event(response: ServerResponse, type: string, name: string, resourceVersion: string): void {
  const metadata = { name, namespace: 'shop', resourceVersion };
  response.write(`${JSON.stringify({ type, object: { apiVersion: 'v1', kind: 'Service', metadata, spec: {} } })}\n`);
}
