import t from 'tap';
import { secretCertificates } from '../../../src/edge/certs/secret-certificates.ts';
import { isRecord, type JsonObject, recordOrEmpty } from '../../../src/model/json.ts';
import { type FaultyServer, faultyServer, send } from '../kube/faulty-server.ts';

const NAMES = { dns: ['meshwarden.meshwarden-system.svc'], ip: [] };
const SECRET = { namespace: 'meshwarden-system', name: 'meshwarden-certificates' };

/** Keeps one Secret as an API server does, by its resourceVersion; a test can break it or be quicker. */
function keepSecret(server: FaultyServer): { data: JsonObject; version: number; beforePut: () => void } {
  const kept: { data: JsonObject; version: number; beforePut: () => void } = {
    data: {},
    version: 1,
    beforePut: () => undefined,
  };
  const secret = (): object => ({
    kind: 'Secret',
    metadata: { resourceVersion: String(kept.version) },
    data: kept.data,
  });
  server.answer = (request, response) => {
    if (request.method === 'GET') return send(response, 200, secret());
    let text = '';
    request.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    request.on('end', () => {
      const body: unknown = JSON.parse(text);
      kept.beforePut();
      const { data, metadata } = recordOrEmpty(body);
      if (recordOrEmpty(metadata).resourceVersion !== String(kept.version) || !isRecord(data)) {
        return send(response, 409, { kind: 'Status', message: 'the object has been modified' });
      }
      kept.version += 1;
      kept.data = data;
      return send(response, 200, secret());
    });
  };
  return kept;
}

const open = (server: FaultyServer, everyMs?: number): ReturnType<typeof secretCertificates> =>
  secretCertificates(server.client, SECRET, {
    names: NAMES,
    complain: () => undefined,
    ...(everyMs === undefined ? {} : { everyMs }),
  });

t.test('an empty Secret is filled once; whoever comes later serves the same', async (t) => {
  const server = await faultyServer(t);
  const kept = keepSecret(server);
  const [one, two] = await Promise.all([open(server), open(server)]);
  const three = await open(server);
  t.teardown(() => [one, two, three].forEach((source) => source.stop()));
  t.equal(kept.version, 2, 'written by one of two that began together');
  t.equal(one.current().certificate, two.current().certificate);
  t.equal(three.current().certificate, two.current().certificate);
  t.same(Object.keys(kept.data).toSorted(), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key']);
});

t.test('what another replica writes is served at the next look', async (t) => {
  const server = await faultyServer(t);
  const kept = keepSecret(server);
  const one = await open(server, 5);
  t.teardown(() => one.stop());
  // The timer itself keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  t.teardown(() => clearInterval(alive));
  const renewed = new Promise<string>((done) => {
    one.onChange(({ certificate }) => done(certificate));
  });
  kept.data = {};
  kept.version += 1;
  const other = await open(server);
  t.teardown(() => other.stop());
  const served = await renewed;
  t.equal(served, other.current().certificate);
  t.equal(one.caBundle(), other.caBundle());
});

t.test('a Secret that somebody has broken is made anew', async (t) => {
  const server = await faultyServer(t);
  const kept = keepSecret(server);
  const one = await open(server);
  t.teardown(() => one.stop());
  const key = kept.data['tls.key'];
  for (const data of [
    { ...kept.data, 'tls.crt': Buffer.from('x').toString('base64') },
    { ...kept.data, 'ca.key': key },
    { ...kept.data, 'tls.key': 7 },
  ]) {
    kept.data = data;
    const next = await open(server);
    t.teardown(() => next.stop());
    t.not(next.current().certificate, one.current().certificate);
  }
});

t.test('a Secret that may not be read, or that others write all the time, is said in words', async (t) => {
  const server = await faultyServer(t);
  const kept = keepSecret(server);
  kept.beforePut = () => {
    kept.version += 1;
  };
  await t.rejects(open(server), { code: 'SECRET_CONTENDED' });
  server.answer = (_request, response) => send(response, 403, { kind: 'Status', message: 'secrets is forbidden' });
  await t.rejects(open(server), {
    code: 'SECRET_REFUSED',
    message:
      'cannot keep certificates in the Secret meshwarden-system/meshwarden-certificates: secrets is forbidden; apply deploy/base, which makes it',
  });
});
