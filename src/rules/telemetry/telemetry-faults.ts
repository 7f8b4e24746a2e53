import { type AccessLog, accessLogs } from '../../mesh/access-logs.ts';
import { metrics } from '../../mesh/metrics.ts';
import type { Decision } from '../../mesh/proxy-sampling.ts';
import { sampling, type TracedSide } from '../../mesh/sampling.ts';
import { entriesOf, telemetriesOf } from '../../mesh/telemetry.ts';
import { ofClass, type TelemetryClass } from '../../mesh/telemetry-classes.ts';
import type { TelemetrySettings } from '../../mesh/telemetry-providers.ts';
import type { View } from '../../mesh/view.ts';
import type { Baseline } from '../../model/baseline.ts';
import { toPointer } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { isAbsent, valueAt } from '../../model/json.ts';
import { kindOf } from '../../model/kind.ts';
import type { PatchOperation } from '../../model/patch.ts';
import type { Say } from '../rule.ts';

/** What MW602 says. */
export const messages = {
  tracingOff: '`{field}` is {seen}, which turns tracing off for {who}; must not be set',
  noProvider:
    '`{field}` is not set, and the mesh names no default provider, so nothing of {who} is traced; must name {wanted}',
  provider: "`{field}` is '{seen}'; must be {wanted} for the traces of {who}",
  unpropagated: '`{field}` is {seen}, so the trace of a request ends at {who}; must not be set',
  logsOff: '`{field}` is {seen}, which turns access logs off for {who}; must not be set',
  filtered: '`{field}` leaves requests of {who} out of the access log; must not be set',
  logsElsewhere: '`{field}` writes no access log of {who} to standard output; must name a provider that does',
  metricsOff: '`{field}` is {seen}, which turns all metrics of {who} off; must not be set',
  metricOff: '`{field}` is {seen}, which turns a metric off for {who} that every dashboard counts on; must not be set',
  metricsElsewhere: '`{field}` leaves Prometheus out, so {who} has no metrics; must name its provider as well',
} as const;
/** One class of pods, and what is needed to judge and to say. */
export interface Asked {
  readonly one: TelemetryClass;
  readonly view: View;
  readonly baseline: Baseline;
  readonly assumed: TelemetrySettings;
  readonly say: Say<typeof messages>;
}

const STDOUT = '/dev/stdout';

/** Says how a Telemetry keeps the class from being traced; what the mesh configuration lacks is said of it by MW702. */
export function tracingFaults(asked: Asked): readonly Finding[] {
  const { one, view, assumed } = asked;
  const answer = ofClass('sampling', one, asked, () => sampling(view, one.of, assumed));
  return one.directions.flatMap((direction) => sideFaults(asked, answer[direction]));
}

function sideFaults({ one, view, baseline, say }: Asked, side: TracedSide): readonly Finding[] {
  const { who, of } = one;
  const { because } = side;
  const names = baseline.telemetry.tracingProviders;
  const wanted = names.length === 0 ? 'a tracing provider' : names.map((name) => `'${name}'`).join(' or ');
  const about = (by: Decision, fix: readonly PatchOperation[]): Parameters<Say<typeof messages>>[2] => ({
    path: by.path,
    responsible: by.object,
    thing: `tracing of ${who}`,
    because,
    ...(fix.length === 0 ? {} : { fix }),
  });
  const found: Finding[] = [];
  if (side.off === 'disabled' && side.offBy !== undefined) {
    found.push(say('tracingOff', { who }, about(side.offBy, setTo(side.offBy, false))));
  }
  if (side.propagationBy !== undefined) {
    const said = { ...about(side.propagationBy, setTo(side.propagationBy, false)), thing: `propagation of ${who}` };
    found.push(say('unpropagated', { who }, said));
  }
  const last = entriesOf(telemetriesOf(view, of), 'tracing').at(-1);
  if (side.off === 'no-provider' && last !== undefined) {
    const by = { object: last.object, path: [...last.path, 'providers'] };
    const fix = names[0] === undefined ? [] : setTo(by, [{ name: names[0] }]);
    found.push(say('noProvider', { who, wanted }, about(by, fix)));
  }
  const { namedBy } = side;
  const isOther = names.length === 0 ? side.off === 'unknown-provider' : !isListed(side.provider, names);
  if (namedBy !== undefined && kindOf(namedBy.object) === 'Telemetry' && isOther) {
    const by = { object: namedBy.object, path: [...namedBy.path, 0, 'name'] };
    found.push(say('provider', { who, wanted }, about(by, names[0] === undefined ? [] : setTo(by, names[0]))));
  }
  return found;
}

/** Istio compares the names of providers without case. */
function isListed(provider: string | undefined, names: readonly string[]): boolean {
  return names.some((name) => name.toLowerCase() === provider?.toLowerCase());
}

/** Says how a Telemetry keeps the class from being logged to standard output; what the mesh lacks is said by MW603. */
export function logFaults(asked: Asked): readonly Finding[] {
  const { one, view, assumed, say } = asked;
  const { of, who } = one;
  return one.directions.flatMap((direction): readonly Finding[] => {
    const { logs, by } = ofClass(`${direction} logs`, one, asked, () => accessLogs(view, of, direction, assumed));
    if (logs.some((log) => isWhole(log) && log.file === STDOUT)) return [];
    const about = { thing: `access log of ${who}` };
    const off = logs.find((log) => log.isDisabled && log.by !== undefined)?.by;
    if (off !== undefined) {
      const at = { object: off.object, path: [...off.path, 'disabled'] };
      return [say('logsOff', { who }, { ...about, path: at.path, responsible: at.object, fix: setTo(at, false) })];
    }
    const filter = logs.find((log) => log.file === STDOUT)?.filterBy;
    if (filter !== undefined) {
      const fix: readonly PatchOperation[] = [{ op: 'remove', path: toPointer(filter.path) }];
      return [say('filtered', { who }, { ...about, path: filter.path, responsible: filter.object, fix })];
    }
    if (by === undefined) return [];
    const at = { object: by.object, path: [...by.path, 'providers'] };
    const fix = setTo(at, [{ name: 'envoy' }]);
    return [say('logsElsewhere', { who }, { ...about, path: at.path, responsible: at.object, fix })];
  });
}

function isWhole({ isDisabled, filter }: AccessLog): boolean {
  return !isDisabled && filter === undefined;
}

/** The document's rates, errors and latencies are made of these two. */
const NEEDED = ['REQUEST_COUNT', 'REQUEST_DURATION'] as const;

/** Says how a Telemetry keeps the class from being measured; what the mesh configuration lacks is said of it by MW702. */
export function metricFaults(asked: Asked): readonly Finding[] {
  const { one, view, assumed, say } = asked;
  const { of, who } = one;
  const { providers, namedBy } = ofClass('metrics', one, asked, () => metrics(view, of, assumed));
  const thing = `metrics of ${who}`;
  if (providers.size === 0) {
    if (namedBy === undefined) return [];
    const path = [...namedBy.path, 'providers'];
    const fix: readonly PatchOperation[] = [
      { op: 'add', path: toPointer([...path, '-']), value: { name: 'prometheus' } },
    ];
    return [say('metricsElsewhere', { who }, { path, responsible: namedBy.object, thing, fix })];
  }
  return one.directions.flatMap((direction): readonly Finding[] => {
    const sides = [...providers.values()].map((provider) => provider[direction]);
    const off = sides.every(({ offBy }) => offBy !== undefined) ? sides[0]?.offBy : undefined;
    if (off !== undefined)
      return [say('metricsOff', { who }, falsely({ ...off, path: [...off.path, 'disabled'] }, thing))];
    return NEEDED.flatMap((metric) => {
      const by = sides.map((side) => side.metrics.get(metric)?.disabledBy);
      const first = by.every((one_by) => one_by !== undefined) ? by[0] : undefined;
      return first === undefined ? [] : [say('metricOff', { who }, falsely(first, `${metric} of ${who}`))];
    });
  });
}

function falsely(by: Decision, thing: string): Parameters<Say<typeof messages>>[2] {
  return { path: by.path, responsible: by.object, thing, fix: setTo(by, false) };
}

function setTo({ object, path }: Decision, value: unknown): readonly PatchOperation[] {
  const op = isAbsent(valueAt(object, path)) ? 'add' : 'replace';
  return [{ op, path: toPointer(path), value }];
}
