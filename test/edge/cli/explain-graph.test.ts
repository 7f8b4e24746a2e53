import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';
import { numberOf, recordsOf, valueAt } from '../../../src/model/json.ts';
import { timeoutOrder } from '../../../src/rules/traffic/timeout-order.ts';
import { FEW_TRIES, run } from './scenario.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const SHIPPED = readFileSync(join(ROOT, 'policies/baseline.yaml'), 'utf8');
const rules = [timeoutOrder, FEW_TRIES];

t.test('explain MW405 shows the declared calls with their budget below the rule', async (t) => {
  const { code, out } = await run(t, 'explain MW405 --baseline DIR/baseline.yaml', {
    rules,
    files: { 'baseline.yaml': SHIPPED },
  });
  t.equal(code, 0);
  t.match(out, /^MW405 timeout-order: mode 'warn'/);
  t.ok(
    out.includes(`
  Call                        Timeout  Caller has  Tries  Along the path
  api-gateway                 30s                  4      4
    -> auth-service           15s      30s         3      12
    -> content-service        60s      30s !       4      16
      -> ml-service           120s     60s !       2      32 !
`),
    'the document’s numbers, and where they contradict each other',
  );
  t.ok(out.includes("'ml-service' may take 120s, but 'api-gateway' has left after 30s"), 'said in words');
});

t.test('explain MW405 --graph table --context shows what the shipped routes really have', async (t) => {
  const tree = join(ROOT, 'policies/istio/traffic-management');
  const { code, out } = await run(t, `explain MW405 --graph table --context ${tree}`, { rules });
  t.equal(code, 0);
  for (const line of [
    '      -> ml-service             26s      28s         2      8',
    '        -> istio-egressgateway  25s      26s         1      8',
    '          -> api.openai.com     24s      25s         2      16',
    'All fits: nothing waits longer than its caller, and no path makes more than 16 tries.',
  ]) {
    t.ok(out.split('\n').includes(line), line);
  }
});

t.test('explain MW405 --graph mermaid is a chart alone', async (t) => {
  const { code, out } = await run(t, 'explain timeout-order --graph mermaid', { rules });
  t.equal(code, 0);
  const lines = out.trimEnd().split('\n');
  t.equal(lines[0], 'flowchart LR');
  t.ok(lines.includes('  outside -->|"30s, 4 tries"| n1'));
  t.ok(lines.includes('  n1["api-gateway"]'));
  t.match(lines.at(-1), /^ {2}linkStyle [\d,]+ stroke:#c00/, 'what does not fit is red');
});

t.test('explain MW405 -o json has the calls as values', async (t) => {
  const { out } = await run(t, 'explain MW405 -o json', { rules });
  const calls = recordsOf(valueAt(JSON.parse(out), ['calls']));
  const ml = calls.find(({ label }) => label === 'ml-service');
  t.equal(numberOf(ml?.longestMs), 120_000);
  t.equal(numberOf(ml?.tries), 2);
});

t.test('a baseline without calls, and one whose calls come back', async (t) => {
  const files = {
    'none.yaml': SHIPPED.replaceAll(/^ {4}calls: .*\n/gm, ''),
    'round.yaml': SHIPPED.replace('    calls: [ml-service]', '    calls: [ml-service, api-gateway]'),
  };
  const none = await run(t, 'explain MW405 --graph table --baseline DIR/none.yaml', { rules, files });
  t.notMatch(none.out, /->/, 'everybody is called from outside alone');
  const round = await run(t, 'explain MW405 --graph table --baseline DIR/round.yaml', { rules, files });
  t.equal(round.code, 0, 'a circle ends');
  t.match(round.out, /\n  api-gateway .*\n(.*\n)*.*-> content-service/, 'and begins with its first service');
  t.match(round.out, /'ml-service' may take 120s, but 'content-service' has left after 60s/, 'and is judged');
});

t.test('what cannot be shown is said', async (t) => {
  t.match(await run(t, 'explain MW498 --graph table', { rules }), { code: 2, err: /are for MW405/ });
  t.match(await run(t, 'explain --context DIR', { rules }), { code: 2, err: /are for MW405/ });
  t.match(await run(t, 'explain MW405 --context DIR/gone.yaml', { rules }), { code: 2, err: /gone\.yaml/ });
  t.match(await run(t, 'explain MW405 --graph svg', { rules }), { code: 2, err: /table, mermaid/ });
});
