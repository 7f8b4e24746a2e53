import t from 'tap';
import { autoMtlsOn } from '../../src/rules/mtls/auto-mtls-on.ts';
import { accessLogFormat } from '../../src/rules/telemetry/access-log-format.ts';
import { metricDimensions } from '../../src/rules/telemetry/metric-dimensions.ts';
import { telemetryOn } from '../../src/rules/telemetry/telemetry-on.ts';
import { traceSampling } from '../../src/rules/telemetry/trace-sampling.ts';
import { findingsIn, meshOf } from './fix-runner.ts';

/** What has no fix to offer: a value that nobody but the author of the object knows, or a whole object that is not there. */
const WITHOUT_FIX = new Set(['MW601 sampler', 'MW601 unset', 'MW604 empty', 'MW604 missing']);

t.test('each finding has a fix, or a reason to have none', (t) => {
  const without = new Set<string>();
  for (const rule of [autoMtlsOn, traceSampling, telemetryOn, accessLogFormat, metricDimensions]) {
    for (const example of rule.examples.fail) {
      for (const { code, messageId, fix } of findingsIn(meshOf(example), [rule])) {
        if ((fix ?? []).length === 0) without.add(`${code} ${messageId}`);
        else t.notOk(WITHOUT_FIX.has(`${code} ${messageId}`), `${code} ${example.title}`);
      }
    }
  }
  t.same(
    [...without].filter((one) => !WITHOUT_FIX.has(one)),
    [],
  );
  t.end();
});
