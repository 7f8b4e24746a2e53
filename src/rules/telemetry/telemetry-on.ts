import { alikeInTelemetry } from '../../mesh/alike-namespaces.ts';
import { assumedTelemetry, telemetryClasses } from '../../mesh/telemetry-classes.ts';
import { toPointer } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { namespaceRule } from '../rule.ts';
import { type Asked, logFaults, messages, metricFaults, tracingFaults } from './telemetry-faults.ts';
import { examples } from './telemetry-on.examples.ts';

/** MW602: every request leaves its metrics, its log line and, where it is sampled, its trace. */
export const telemetryOn = namespaceRule({
  id: 'telemetry-on',
  code: 'MW602',
  reads: ['Telemetry', 'Namespace', 'ConfigMap'],
  alike: alikeInTelemetry,
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary: 'No Telemetry switches tracing, metrics or access logs off, or filters them away.',
  why: 'Who is not seen can be neither debugged nor held to account, and a breaker or a denied request leaves no mark but here.',
  remedy:
    'Name the baseline’s tracing provider in each `tracing` entry, a provider that writes to standard output in `accessLogging`, and Prometheus in `metrics`; disable nothing and filter nothing.',
  absence:
    'A `tracing` entry without a provider turns tracing off unless the mesh has a default one; so does one that names an unknown provider, even then. `disabled` and `disableSpanReporting` unset are false.',
  source: {
    document:
      '**Prometheus Integration**: Automatic metrics collection … **Jaeger Integration**: Distributed tracing … **Destination**: stdout for collection by Filebeat',
    refs: [
      'https://istio.io/latest/docs/reference/config/telemetry/',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/telemetry.go',
    ],
  },
  numbers: ['telemetry.tracingProviders', 'mesh.rootNamespace', 'mesh.namespaces', 'gateways'],
  messages,
  examples,
  check(namespace, facts, say) {
    const { view, baseline } = facts;
    const assumed = assumedTelemetry(baseline);
    const compute = (): readonly Finding[] => {
      const found = new Map<string, Finding>();
      for (const one of telemetryClasses(namespace, view, baseline)) {
        const asked: Asked = { one, view, baseline, assumed, say };
        const faults = [tracingFaults(asked), logFaults(asked), metricFaults(asked)].flat();
        for (const fault of faults)
          found.set(`${fault.thing} ${fault.responsible?.name} ${toPointer(fault.path)}`, fault);
      }
      return [...found.values()];
    };
    return view.memo(`telemetry-on|${baseline.sha256}|${namespace}`, compute);
  },
});
