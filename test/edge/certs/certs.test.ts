import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, renameSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { folderCertificates, ownCertificates } from '../../../src/edge/certs/certificate-source.ts';
import { checkPair, isTrustedBy, splitBundle } from '../../../src/edge/certs/check-pair.ts';
import { bundleOf, type Certificates, rotated } from '../../../src/edge/certs/rotation.ts';
import { type KeyPair, makeAuthority, makeServing } from '../../../src/edge/certs/self-signed.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();
const NAMES = { dns: ['meshwarden.meshwarden-system.svc', 'localhost'], ip: ['127.0.0.1', '::1'] };

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'meshwarden-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

function openssl(cwd: string, ...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync('openssl', args, { cwd, encoding: 'utf8' });
  return `${stdout}${stderr}`;
}

const write = (path: string, { certificate, key }: KeyPair): void => {
  writeFileSync(join(path, 'tls.crt'), certificate);
  writeFileSync(join(path, 'tls.key'), key);
};

t.test('what is made stands up to a strict verification by openssl', async (t) => {
  const path = folder(t);
  const authority = await makeAuthority(NOW);
  const serving = await makeServing(authority, NAMES, NOW);
  writeFileSync(join(path, 'ca.crt'), authority.certificate);
  write(path, serving);
  const verify = (...args: readonly string[]): string =>
    openssl(path, 'verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', 'ca.crt', ...args, 'tls.crt');
  t.equal(verify('-verify_hostname', 'meshwarden.meshwarden-system.svc'), 'tls.crt: OK\n');
  t.equal(verify('-verify_ip', '127.0.0.1'), 'tls.crt: OK\n');
  t.equal(verify('-verify_ip', '::1'), 'tls.crt: OK\n');
  t.match(verify('-verify_hostname', 'meshwarden.other.svc'), 'hostname mismatch');
  const text = openssl(path, 'x509', '-in', 'tls.crt', '-noout', '-text');
  t.match(text, 'CA:FALSE');
  t.match(text, 'TLS Web Server Authentication');
  t.match(text, 'Authority Key Identifier');
  t.match(text, 'NIST CURVE: P-256');
  const own = openssl(path, 'x509', '-in', 'ca.crt', '-noout', '-text');
  t.match(own, 'CA:TRUE, pathlen:0');
  t.match(own, /Key Usage: critical\s+Certificate Sign, CRL Sign/);
  const other = await makeServing(authority, NAMES, NOW);
  t.not(new X509Certificate(other.certificate).serialNumber, new X509Certificate(serving.certificate).serialNumber);
});

t.test('a pair that cannot be served is refused in words', async (t) => {
  const authority = await makeAuthority(NOW);
  const [one, other] = [await makeServing(authority, NAMES, NOW), await makeServing(authority, NAMES, NOW)];
  t.equal(checkPair(one, NOW).notAfter, new X509Certificate(one.certificate).validToDate.getTime());
  const fault = (pair: KeyPair, now = NOW): string => {
    try {
      checkPair(pair, now);
      return '';
    } catch (error) {
      return String(error);
    }
  };
  const belong = 'EdgeError: the certificate and the private key do not belong together; give both of one issue';
  t.equal(fault({ ...one, key: other.key }), belong);
  t.match(fault({ ...one, certificate: 'x' }), 'the certificate is no PEM certificate; give one');
  t.match(fault({ ...one, key: 'x' }), 'the private key is no PEM key, or it is encrypted; give a plain one');
  t.match(fault(one, NOW + 90 * DAY_MS + 1), /^EdgeError: the certificate ended on \d{4}-.*; renew it$/);
});

t.test('trust is by signature, in any of the certificates of a bundle', async (t) => {
  const [authority, stranger] = [await makeAuthority(NOW), await makeAuthority(NOW)];
  const { certificate } = await makeServing(authority, NAMES, NOW);
  t.equal(isTrustedBy(certificate, authority.certificate), true);
  t.equal(isTrustedBy(certificate, stranger.certificate), false, 'a name like it is not enough');
  t.equal(isTrustedBy(certificate, `${stranger.certificate}\n${authority.certificate}`), true);
  t.equal(isTrustedBy(certificate, certificate), true, 'a bundle may hold the certificate itself');
  t.equal(isTrustedBy(certificate, ''), false);
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
  t.equal(isTrustedBy(certificate, `${broken}\n${authority.certificate}`), true);
});

t.test('the authority is changed in two steps, and at every moment what is served is trusted', async (t) => {
  const first = await rotated(undefined, NAMES, NOW);
  t.equal(await rotated(first, NAMES, NOW + 1), first, 'nothing is due');
  const steps: Certificates[] = [first];
  const step = async (now: number): Promise<Certificates> => {
    const before = steps.at(-1);
    const after = await rotated(before, NAMES, now);
    if (before !== undefined && after !== before) {
      for (const one of [before, after]) {
        for (const other of [before, after]) {
          t.ok(isTrustedBy(one.serving.certificate, bundleOf(other)), 'replicas may be a step apart');
        }
      }
      steps.push(after);
    }
    return after;
  };
  const near = NOW + (3650 - 89) * DAY_MS;
  // First the serving certificate, which ends long before; housekeeping does one thing at a time.
  const announced = await step(near);
  t.ok(announced.next, 'the new one is trusted');
  t.equal(announced.authority.certificate, first.authority.certificate, 'and does not sign yet');
  await step(near + 1);
  const signed = await step(near + 600_000);
  t.equal(signed.authority.certificate, announced.next?.certificate, 'then it signs');
  t.equal(signed.previous?.certificate, first.authority.certificate, 'and the old one is still trusted');
  const done = await step(near + 1_200_000);
  t.equal(bundleOf(done).trim(), signed.authority.certificate.trim(), 'then it stands alone');
  t.equal(splitBundle(bundleOf(announced)).length, 2);
  t.equal(await step(near + 1_300_000), done);
});

t.test(
  'the serving certificate is renewed a month before its end, for new names at once, and from nothing',
  async (t) => {
    const first = await rotated(undefined, NAMES, NOW);
    t.equal(await rotated(first, NAMES, NOW + 59 * DAY_MS), first);
    const renewed = await rotated(first, NAMES, NOW + 61 * DAY_MS);
    t.not(renewed.serving.certificate, first.serving.certificate);
    t.equal(renewed.authority.certificate, first.authority.certificate);
    const moved = await rotated(first, { ...NAMES, dns: [...NAMES.dns, 'new.shop.svc'] }, NOW);
    t.ok(new X509Certificate(moved.serving.certificate).checkHost('new.shop.svc'));
    const ended = await rotated(first, NAMES, NOW + 3651 * DAY_MS);
    t.not(ended.authority.certificate, first.authority.certificate);
  },
);

t.test('a server without a cluster makes its own in memory', async (t) => {
  const source = await ownCertificates(NAMES);
  t.ok(isTrustedBy(source.current().certificate, source.caBundle() ?? ''));
});

t.test('a folder is followed through the link that Kubernetes swaps; the old pair stays on any fault', async (t) => {
  const path = folder(t);
  const authority = await makeAuthority(NOW);
  const [one, two, three] = await Promise.all([0, 1, 2].map(() => makeServing(authority, NAMES, NOW)));
  if (one === undefined || two === undefined || three === undefined) throw new Error('three were made');
  const swap = (name: string, pair: KeyPair): void => {
    mkdirSync(join(path, name));
    write(join(path, name), pair);
    symlinkSync(name, join(path, '..next'));
    renameSync(join(path, '..next'), join(path, '..data'));
  };
  mkdirSync(join(path, '..1'));
  write(join(path, '..1'), one);
  symlinkSync('..1', join(path, '..data'));
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(path, name));
  const heard: string[] = [];
  let wake: () => void = () => undefined;
  const next = (): Promise<void> =>
    new Promise((done) => {
      wake = done;
    });
  const source = await folderCertificates(path, {
    everyMs: 5,
    complain: (error) => {
      heard.push(String(error));
      wake();
    },
  });
  // The poll itself keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  t.teardown(() => clearInterval(alive));
  t.teardown(() => source.stop());
  source.onChange(({ certificate }) => {
    heard.push(certificate);
    wake();
  });
  t.equal(source.current().certificate, one.certificate);
  let changed = next();
  swap('..2', { certificate: two.certificate, key: three.key });
  await changed;
  t.match(heard, [/do not belong together/]);
  t.equal(source.current().certificate, one.certificate);
  changed = next();
  swap('..3', three);
  await changed;
  t.equal(heard[1], three.certificate);
  t.equal(source.current().certificate, three.certificate);
  await t.rejects(folderCertificates(join(path, 'none'), { complain: () => undefined }), {
    code: 'CERT_DIR_UNREADABLE',
    message: /cannot read '.*none\/tls\.crt'; --cert-dir must hold tls\.crt and tls\.key/,
  });
});
