import { alikeInTracing } from '../../mesh/alike-namespaces.ts';
import { ownTracerKeys } from '../../mesh/proxy-sampling.ts';
import { sampling, type TracedSide } from '../../mesh/sampling.ts';
import type { TelemetryOf } from '../../mesh/telemetry.ts';
import {
  assumedTelemetry,
  ofClass,
  ownTelemetryClasses,
  type TelemetryClass,
  telemetryClasses,
} from '../../mesh/telemetry-classes.ts';
import { isSubset } from '../../mesh/workload-selector.ts';
import type { Baseline } from '../../model/baseline.ts';
import { setEmbeddedKey } from '../../model/embedded-yaml.ts';
import { type FieldPath, toPointer } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { stringOf, valueAt } from '../../model/json.ts';
import { kindOf, WORKLOAD_KINDS } from '../../model/kind.ts';
import type { KubeObject } from '../../model/kube-object.ts';
import type { PatchOperation } from '../../model/patch.ts';
import { type Facts, namespaceRule, type Say } from '../rule.ts';
import { examples } from './trace-sampling.examples.ts';

const messages = {
  tooMuch: '`{field}` is {seen}; must be less than or equal to {limit} for {who}',
  ofProxy: '`{field}` is {percent}; must be less than or equal to {limit} for {who}',
  sampler:
    '`{field}` names a provider with a sampler of its own, which gets every request of {who}; must name one without',
  tracer: '`{field}` is set; must be left out: where traces go is said by the mesh configuration',
  unset: 'nobody says how much of {who} is traced, so Istio takes {percent} %; must be less than or equal to {limit}',
} as const;

/** MW601: no more requests are traced than the baseline says. */
export const traceSampling = namespaceRule({
  id: 'trace-sampling',
  code: 'MW601',
  reads: ['Telemetry', 'Namespace', 'ConfigMap', ...WORKLOAD_KINDS],
  alike: alikeInTracing,
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary: 'The effective sampling of every namespace, selector and pod is at most what the baseline grants.',
  why: 'A trace is written by every hop of a request; at 100 % the collector and the proxies do more work for traces than for requests. A pod that names a collector of its own sends the paths of its requests there.',
  remedy:
    'Set `randomSamplingPercentage` to the granted number or less. A workload that needs more goes into the baseline’s `sampling.workloads`.',
  absence:
    'Without a percentage in any Telemetry the proxy’s own `tracing.sampling` counts, where 0 is unset and a number above 100 is read as 1; without that Istio takes 1 %.',
  source: {
    document: '**Sampling**: 1% default, 10% for ML service',
    refs: [
      'https://istio.io/latest/docs/reference/config/telemetry/#Tracing',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/tracing.go',
    ],
  },
  numbers: ['sampling', 'mesh.rootNamespace', 'mesh.namespaces', 'gateways'],
  messages,
  examples,
  check(namespace, facts, say) {
    const { view, baseline } = facts;
    const found = new Map<string, Finding>();
    const keep = (finding: Finding | undefined): void => {
      if (finding !== undefined) found.set(`${finding.thing} ${toPointer(finding.path)}`, finding);
    };
    for (const { one, sides } of sampled(namespace, facts)) {
      for (const side of sides) keep(judged(one, side, baseline, say));
    }
    const assumed = assumedTelemetry(baseline);
    for (const one of ownTelemetryClasses(namespace, view, baseline)) {
      const answer = sampling(view, one.of, assumed);
      for (const direction of one.directions) {
        const side = answer[direction];
        // What others decide for this workload is said of them.
        if (side.decidedBy?.object === one.of.proxyConfig?.object) keep(judged(one, side, baseline, say));
      }
      for (const finding of ownTracers(one, say)) keep(finding);
    }
    return [...found.values()];
  },
});

interface Sampled {
  readonly one: TelemetryClass;
  readonly sides: readonly TracedSide[];
}

/** Asked for every pod of a namespace, and the same until one of these kinds changes. */
function sampled(namespace: string, facts: Facts): readonly Sampled[] {
  const { view, baseline } = facts;
  const assumed = assumedTelemetry(baseline);
  const compute = (): readonly Sampled[] =>
    telemetryClasses(namespace, view, baseline).map((one) => {
      const answer = ofClass('sampling', one, facts, () => sampling(view, one.of, assumed));
      return { one, sides: one.directions.map((direction) => answer[direction]) };
    });
  return view.memo(`sampled|${baseline.sha256}|${namespace}`, compute);
}

function judged(
  { of, who }: TelemetryClass,
  side: TracedSide,
  baseline: Baseline,
  say: Say<typeof messages>,
): Finding | undefined {
  const limit = limitOf(of, baseline);
  const { percent, decidedBy, because } = side;
  if (side.off !== undefined || percent <= limit) return undefined;
  const thing = `sampling of ${who}`;
  const args = { who, limit, percent };
  if (decidedBy === undefined) return say('unset', args, { path: [], thing, magnitude: percent, because });
  const { object, path } = decidedBy;
  const keys = keysOf(object);
  const about = { path: [...path, ...keys], responsible: object, thing, magnitude: percent, because };
  if (path.at(-1) === 'providers') return say('sampler', args, about);
  const fix = fixOf(object, path, limit);
  return say(keys.length === 0 ? 'tooMuch' : 'ofProxy', args, fix.length === 0 ? about : { ...about, fix });
}

/** Returns the way inside the text where the share stands in one: the mesh configuration, or a pod's annotation. */
function keysOf(object: KubeObject): FieldPath {
  const kind = kindOf(object);
  if (kind === 'Telemetry') return [];
  return kind === 'ConfigMap' ? ['defaultConfig', 'tracing', 'sampling'] : ['tracing', 'sampling'];
}

function ownTracers({ of: { proxyConfig } }: TelemetryClass, say: Say<typeof messages>): readonly Finding[] {
  if (proxyConfig === undefined) return [];
  const { text, object, path } = proxyConfig;
  return ownTracerKeys(text).map(({ key, name }) => {
    const without = setEmbeddedKey(text, ['tracing', key], undefined);
    const about = { path: [...path, 'tracing', key], responsible: object, thing: `tracer ${name}` };
    if (without === undefined) return say('tracer', {}, about);
    return say('tracer', {}, { ...about, fix: [{ op: 'replace', path: toPointer(path), value: without }] });
  });
}

/** Returns what is granted to a workload, in percent: the first of the baseline's that its labels fit, else what all get. */
function limitOf({ namespace, labels = {} }: TelemetryOf, { sampling: granted }: Baseline): number {
  const own = granted.workloads.find(
    (one) =>
      one.namespace === namespace && isSubset(one.matchLabels, labels) && Object.keys(one.matchLabels).length > 0,
  );
  return own?.percent ?? granted.defaultPercent;
}

function fixOf(object: KubeObject, path: FieldPath, limit: number): readonly PatchOperation[] {
  const keys = keysOf(object);
  if (keys.length === 0) return [{ op: 'replace', path: toPointer(path), value: limit }];
  // There 0 would be unset, and Istio's own number would count.
  const text = limit === 0 ? undefined : setEmbeddedKey(stringOf(valueAt(object, path)) ?? '', keys, limit);
  return text === undefined ? [] : [{ op: 'replace', path: toPointer(path), value: text }];
}
