import { alikeInTelemetry } from '../../mesh/alike-namespaces.ts';
import { type MeasuredSide, metrics, type Tag } from '../../mesh/metrics.ts';
import { assumedTelemetry, ofClass, type TelemetryClass, telemetryClasses } from '../../mesh/telemetry-classes.ts';
import { toPointer } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { type Facts, namespaceRule, type Say } from '../rule.ts';
import { examples } from './metric-dimensions.examples.ts';

const messages = {
  removed: "`{field}` takes the dimension '{dimension}' out of the metrics of {who}; must not",
  empty: "`{field}` has no value, so the dimension '{dimension}' of the metrics of {who} is empty; must have one",
  missing: 'no Telemetry gives the metrics of {who} these dimensions: {dimensions}; must have one that does',
} as const;

/** Those that have a request to take a dimension from, and that the document's rates, errors and latencies are made of. */
const MEASURED = ['REQUEST_COUNT', 'REQUEST_DURATION'] as const;

/** MW604: metrics can be told apart by what the document asks for. */
export const metricDimensions = namespaceRule({
  id: 'metric-dimensions',
  code: 'MW604',
  reads: ['Telemetry', 'Namespace', 'ConfigMap'],
  alike: alikeInTelemetry,
  mode: 'warn',
  onDelete: 'warn',
  exceptable: true,
  summary:
    'The count and the duration of requests have the baseline’s dimensions, in every namespace and for every selector.',
  why: 'Dashboards and recording rules sum by these dimensions; a namespace without them is missing from each of them, and nothing says so.',
  remedy:
    'Give the dimensions to the metrics in the mesh-wide Telemetry, and leave them alone below it: a Telemetry that names another dimension takes none of these away.',
  absence: 'Istio’s metrics have none of these dimensions unless a Telemetry adds them.',
  source: {
    document: '**Custom Dimensions**: User tier, API version, model name',
    refs: [
      'https://istio.io/latest/docs/tasks/observability/metrics/customize-metrics/',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/telemetry.go',
    ],
  },
  numbers: ['telemetry.dimensions', 'mesh.rootNamespace', 'mesh.namespaces', 'gateways'],
  messages,
  examples,
  check(namespace, facts, say) {
    const { view, baseline } = facts;
    const compute = (): readonly Finding[] => {
      const found = new Map<string, Finding>();
      for (const one of telemetryClasses(namespace, view, baseline)) {
        for (const fault of faultsOf(one, facts, say)) found.set(`${fault.thing} ${toPointer(fault.path)}`, fault);
      }
      return [...found.values()];
    };
    return view.memo(`metric-dimensions|${baseline.sha256}|${namespace}`, compute);
  },
});

function faultsOf(one: TelemetryClass, facts: Facts, say: Say<typeof messages>): readonly Finding[] {
  const { view, baseline } = facts;
  const { who, of, directions } = one;
  const { providers } = ofClass('metrics', one, facts, () => metrics(view, of, assumedTelemetry(baseline)));
  // Where nothing is measured MW602 says so.
  const sides = directions
    .flatMap((direction) => [...providers.values()].map((provider) => provider[direction]))
    .filter(({ offBy }) => offBy === undefined);
  const missing: string[] = [];
  const found = baseline.telemetry.dimensions.flatMap((dimension) => {
    const tags = sides.flatMap((side) => tagsOf(side, dimension));
    if (tags.includes(undefined)) missing.push(dimension);
    return tags.flatMap((tag) => (tag === undefined ? [] : lacking(tag, { dimension, who }, say)));
  });
  if (missing.length === 0) return found;
  const about = { path: [], thing: `dimensions of ${who}`, magnitude: missing.length };
  return [...found, say('missing', { who, dimensions: missing.map((name) => `'${name}'`).join(', ') }, about)];
}

/** What becomes of a dimension in each metric that is on; undefined where nobody gives it. */
function tagsOf(side: MeasuredSide, dimension: string): readonly (Tag | undefined)[] {
  return MEASURED.flatMap((metric) => {
    const override = side.metrics.get(metric);
    return override?.disabledBy === undefined ? [override?.tags.get(dimension)] : [];
  });
}

function lacking(
  { value, by: { object, path } }: Tag,
  args: { readonly dimension: string; readonly who: string },
  say: Say<typeof messages>,
): readonly Finding[] {
  const about = { path, responsible: object, thing: `dimension ${args.dimension} of ${args.who}` };
  if (value === undefined) return [say('removed', args, { ...about, fix: [{ op: 'remove', path: toPointer(path) }] })];
  return value.trim() === '' ? [say('empty', args, about)] : [];
}
