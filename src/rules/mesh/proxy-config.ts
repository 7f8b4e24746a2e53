import { isMeshNamespace } from '../../mesh/namespaces.ts';
import { protoWhole } from '../../mesh/proxy-config.ts';
import { toPointer } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { isAbsent, recordOrEmpty } from '../../model/json.ts';
import { kindOf } from '../../model/kind.ts';
import { namespaceOf, specOf } from '../../model/kube-object.ts';
import { formatSeen, objectRule } from '../rule.ts';
import { examples } from './proxy-config.examples.ts';

const CONCURRENCY = ['spec', 'concurrency'];

/** MW703: a ProxyConfig does for many pods what each of them may do for itself, and no more. */
export const proxyConfig = objectRule({
  id: 'proxy-config',
  code: 'MW703',
  reads: ['ProxyConfig', 'Namespace'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary: 'A ProxyConfig keeps the bounds of concurrency, and sets no environment but what the baseline lists.',
  why: 'One object gives every proxy of a namespace, or of the mesh, as many threads and whatever environment it says; a variable can point the proxy at another control plane, or end Envoy.',
  remedy:
    'Set `spec.concurrency` within the bounds, or leave it out; list a variable that is needed in the baseline under `sidecar.proxyMetadata`.',
  absence:
    'No `concurrency`: what the pod’s annotation or the mesh says. 0: as many threads as the node has cores. A ProxyConfig with a selector goes before the pod’s annotation when the proxy is injected.',
  source: {
    document: 'Default: 2 worker threads',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/proxy-config/',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/proxy_config.go',
    ],
  },
  numbers: ['sidecar.concurrency', 'sidecar.proxyMetadata'],
  messages: {
    tooGreat: '`{field}` is {seen}; must be less than or equal to {limit}',
    tooSmall: '`{field}` is {seen}; must be greater than or equal to {limit}',
    notWhole: "`{field}` is '{value}'; must be a whole number such as {wanted}",
    environment: "`{field}` is set; must be left out, or be listed by the baseline's `sidecar.proxyMetadata`",
  },
  examples,
  check(object, { view, baseline }, say) {
    const namespace = namespaceOf(object);
    if (kindOf(object) !== 'ProxyConfig' || !hasProxies(namespace)) return [];
    const { concurrency, proxyMetadata } = baseline.sidecar;
    const { concurrency: value, environmentVariables } = specOf(object);
    const findings: Finding[] = [];
    const threads = protoWhole(value);
    const fix = [{ op: 'replace', path: toPointer(CONCURRENCY), value: concurrency.value } as const];
    const about = { path: CONCURRENCY, thing: 'concurrency', fix };
    if (isAbsent(value)) {
      // What the pods say themselves counts.
    } else if (threads === undefined) {
      findings.push(say('notWhole', { value: formatSeen(value), wanted: concurrency.value }, about));
    } else if (threads > concurrency.max) {
      findings.push(say('tooGreat', { limit: concurrency.max }, { ...about, magnitude: threads }));
    } else if (threads < concurrency.min) {
      const few = { ...about, thing: 'concurrency, too small', magnitude: -threads };
      findings.push(say('tooSmall', { limit: concurrency.min }, few));
    }
    for (const [name, text] of Object.entries(recordOrEmpty(environmentVariables))) {
      if (isAbsent(text) || proxyMetadata.includes(name)) continue;
      findings.push(
        say('environment', {}, { path: ['spec', 'environmentVariables', name], thing: `variable ${name}` }),
      );
    }
    return findings;

    function hasProxies(name: string): boolean {
      const { ingress, egress } = baseline.gateways;
      const isGateway = [...ingress, ...egress].some((gateway) => gateway.namespace === name);
      return isGateway || name === baseline.mesh.rootNamespace || isMeshNamespace(name, view, baseline);
    }
  },
});
