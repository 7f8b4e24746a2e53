import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Baseline } from '../../src/model/baseline.ts';
import { RULES } from '../../src/rules/index.ts';
import type { Rule } from '../../src/rules/rule.ts';
import { BASELINE, NOW } from '../baseline-fixture.ts';
import { runExample } from './example-runner.ts';

/** Every message as a user may meet it. `UPDATE_GOLDEN=1 node scripts/test.ts test/rules/messages.test.ts` writes it anew. */
const FILE = join(import.meta.dirname, 'messages.golden.txt');

const byCode = RULES.toSorted((left, right) => (left.code < right.code ? -1 : 1));

/** Some faults need another baseline than the document's, or another day; the examples are the same. */
interface Setting {
  readonly baseline: Baseline;
  readonly now: number;
  readonly rewritten: (yaml: string) => string;
}

const asWritten = (yaml: string): string => yaml;
const SETTINGS: readonly Setting[] = [
  { baseline: BASELINE, now: NOW, rewritten: asWritten },
  { baseline: BASELINE, now: Date.UTC(2028, 0, 1), rewritten: asWritten },
  {
    baseline: {
      ...BASELINE,
      loadBalancers: ['ROUND_ROBIN'],
      outlierDetection: { ...BASELINE.outlierDetection, maxConsecutive5xxErrors: 3 },
      sampling: { ...BASELINE.sampling, defaultPercent: 0.5 },
      sidecar: { ...BASELINE.sidecar, proxyMetadata: ['REGION'] },
    },
    now: NOW,
    rewritten: asWritten,
  },
  {
    baseline: { ...BASELINE, mesh: { ...BASELINE.mesh, rootNamespace: 'mesh-root' } },
    now: NOW,
    rewritten: (yaml) => yaml.replaceAll('istio-system', 'mesh-root'),
  },
];

/** Returns each message of a rule as the first example renders it: a failing one, else one that fails in another setting. */
function renderedBy(rule: Rule): ReadonlyMap<string, string> {
  const rendered = new Map<string, string>();
  for (const { rewritten, ...setting } of SETTINGS) {
    for (const example of [...rule.examples.fail, ...rule.examples.pass]) {
      if (Object.keys(rule.messages).every((id) => rendered.has(id))) return rendered;
      const texts = { yaml: rewritten(example.yaml), context: rewritten(example.context ?? '') };
      for (const { code, messageId, message } of runExample({ ...example, ...texts }, [rule], setting)) {
        if (code === rule.code && !rendered.has(messageId)) rendered.set(messageId, message);
      }
    }
  }
  return rendered;
}

const messages = byCode.map((rule) => ({ rule, rendered: renderedBy(rule) }));

function golden(): string {
  const parts = messages.map(({ rule, rendered }) => {
    const lines = Object.keys(rule.messages).map((id) => `  ${id}\n    ${rendered.get(id) ?? ''}`);
    return [`${rule.code} ${rule.id}`, ...lines].join('\n');
  });
  return `${parts.join('\n\n')}\n`;
}

t.test('every message of every rule is the outcome of one of its failing examples', (t) => {
  for (const { rule, rendered } of messages) {
    const unseen = Object.keys(rule.messages).filter((id) => !rendered.has(id));
    t.same(unseen, [], `${rule.code} ${rule.id}: messages that no example shows`);
  }
  t.end();
});

const BANNED = /\b(should|please|invalid|illegal|oops|sorry)\b|!/i;

t.test('messages are one line, whole, and in our words', (t) => {
  for (const { rule, rendered } of messages) {
    for (const [id, message] of rendered) {
      const title = `${rule.code} ${id}`;
      // What a user wrote stands in quotes; it may say what it likes.
      const ours = message.replaceAll(/'[^']*'|`[^`]*`/g, '');
      t.notMatch(message, /[\r\n]/, `${title} is one line`);
      t.notMatch(ours, /\{\w+\}|undefined|\[object|NaN/, `${title} has all of its words filled in`);
      t.notMatch(ours, BANNED, `${title} says what must be, not more`);
      t.notMatch(message, /\s$|^\s|\s\s|\.$/, `${title} begins and ends with a word`);
    }
  }
  t.end();
});

t.test('the golden file has every message once', (t) => {
  const text = golden();
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(FILE, text);
  t.equal(existsSync(FILE) ? readFileSync(FILE, 'utf8') : '', text, 'UPDATE_GOLDEN=1 writes it anew');
  t.end();
});
