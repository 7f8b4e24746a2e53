import { mkdtempSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { followBaseline } from '../../../src/edge/config/baseline-file.ts';
import { sha256 } from '../../../src/edge/config/file-poll.ts';
import { RULES } from '../../../src/rules/index.ts';

const SHIPPED = readFileSync(resolve(import.meta.dirname, '../../../policies/baseline.yaml'), 'utf8');
/** A change that any baseline can bear. */
const CHANGED = `${SHIPPED}\n# one more line\n`;

t.test('a baseline is followed; the old one stays in force on any error', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'meshwarden-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'baseline.yaml');
  writeFileSync(file, SHIPPED);
  const heard: unknown[] = [];
  let wake: () => void = () => undefined;
  const say = (fact: unknown): void => {
    heard.push(fact);
    wake();
  };
  const after = async (act: () => void): Promise<unknown> => {
    const woken = new Promise<void>((done) => {
      wake = done;
    });
    act();
    await woken;
    return heard.at(-1);
  };
  // As a whole, since the poll may look at any moment.
  const write = (text: string): void => {
    writeFileSync(`${file}.next`, text);
    renameSync(`${file}.next`, file);
  };
  // The poll itself keeps no process alive.
  const alive = setInterval(() => undefined, 1000);
  t.teardown(() => clearInterval(alive));
  const baseline = await followBaseline(file, {
    rules: RULES,
    everyMs: 5,
    listener: { loaded: (next) => say(next.sha256), refused: say },
  });
  t.teardown(() => baseline.stop());
  const first = baseline.current();
  t.equal(first.sha256, sha256(SHIPPED));

  const unknownKey = await after(() => write(`${SHIPPED}\nsurprise: true\n`));
  t.match(unknownKey, [/baseline\.yaml:\d+:\d+: .*surprise/], 'an unknown key is said with its line');
  const asText = SHIPPED.replace(/^( *retries: )(\d+)$/m, '$1"$2"');
  t.not(asText, SHIPPED);
  t.match(await after(() => write(asText)), [/baseline\.yaml:\d+:\d+: .*retries/], 'a limit as a string');
  t.match(await after(() => write('a: [')), [/baseline\.yaml:\d+:\d+/], 'what is no YAML');
  t.match(await after(() => unlinkSync(file)), [/cannot read the baseline/], 'a file that went away');
  t.equal(baseline.current(), first);

  t.equal(await after(() => write(CHANGED)), sha256(CHANGED));
  t.equal(baseline.current().sha256, sha256(CHANGED));
});

t.test('a first baseline that cannot be used keeps the server from starting, with every problem', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'meshwarden-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'baseline.yaml');
  const listener = { loaded: () => undefined, refused: () => undefined };
  writeFileSync(file, `${SHIPPED}\nsurprise: true\nanother: true\n`);
  await t.rejects(followBaseline(file, { rules: RULES, listener }), {
    code: 'BASELINE_REFUSED',
    message: /^the baseline cannot be used:\n.*surprise.*\n.*another/,
  });
  await t.rejects(followBaseline(join(folder, 'none.yaml'), { rules: RULES, listener }), { code: 'BASELINE_REFUSED' });
});
