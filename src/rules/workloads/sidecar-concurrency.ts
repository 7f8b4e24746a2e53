import { injectedPodOf } from '../../mesh/mesh-pod.ts';
import { type PodProxyConfig, PROXY_CONFIG_ANNOTATION, podProxyConfig, protoWhole } from '../../mesh/proxy-config.ts';
import type { Baseline } from '../../model/baseline.ts';
import { setEmbeddedKey } from '../../model/embedded-yaml.ts';
import { toPointer } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { isAbsent } from '../../model/json.ts';
import { WORKLOAD_KINDS } from '../../model/kind.ts';
import { addEntries, type PatchOperation } from '../../model/patch.ts';
import { formatSeen, objectRule, type Say } from '../rule.ts';
import { examples } from './sidecar-concurrency.examples.ts';

const messages = {
  missing: '`{field}` is not set; must set `concurrency`, {wanted} by default',
  unset: '`{field}` does not set `concurrency`; must set it, to {wanted} by default',
  unreadable: '`{field}` is not a map in YAML or JSON that can be read in one way only; must be one',
  notWhole: "`concurrency` of `{field}` is '{value}'; must be a whole number such as {wanted}",
  tooGreat: '`concurrency` of `{field}` is {value}; must be less than or equal to {limit}',
  tooSmall: '`concurrency` of `{field}` is {value}; must be greater than or equal to {limit}',
  everyCore:
    '`concurrency` of `{field}` is 0, a thread for each core of the node; must be greater than or equal to {limit}',
} as const;

const KEY = 'concurrency';
/** Worse than any number: what a limit cannot hold, or Istio cannot read. */
const WORST = Number.MAX_SAFE_INTEGER;

/** MW102: every proxy says how many worker threads it runs. */
export const sidecarConcurrency = objectRule({
  id: 'sidecar-concurrency',
  code: 'MW102',
  reads: [...WORKLOAD_KINDS, 'Namespace', 'ConfigMap'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: true,
  summary: 'The annotation `proxy.istio.io/config` sets a number of worker threads within the baseline’s bounds.',
  why: 'Each worker thread has its own connections to every service and its own share of every limit; a proxy with a thread for each core of a big node takes memory that its limit does not give, and ends.',
  remedy: 'Set `concurrency` in the annotation `proxy.istio.io/config` of the pod template; its other keys stay.',
  absence:
    'Not set: as many threads as the CPU limit has whole CPUs, rounded up, or as the node has cores where there is no limit. 0: as the node has cores, whatever the limit.',
  source: {
    document: 'Default: 2 worker threads',
    refs: [
      'https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#ProxyConfig',
      'https://github.com/istio/istio/blob/1.31.0/pilot/cmd/pilot-agent/config/config.go',
    ],
  },
  numbers: ['sidecar.concurrency'],
  messages,
  examples,
  check(object, { view, baseline }, say) {
    const pod = injectedPodOf(object, view, baseline)?.pod;
    if (pod === undefined) return [];
    const { value: wanted } = baseline.sidecar.concurrency;
    const written = podProxyConfig(pod);
    if (written === undefined) {
      const path = [...pod.path, 'metadata', 'annotations', PROXY_CONFIG_ANNOTATION];
      const fix = addEntries(object, path.slice(0, -1), { [PROXY_CONFIG_ANNOTATION]: `${KEY}: ${wanted}` });
      return [say('missing', { wanted }, { path, thing: KEY, ...(fix.length === 0 ? {} : { fix }) })];
    }
    const { path, config } = written;
    if (config === undefined) return [say('unreadable', {}, { path, thing: KEY, magnitude: WORST })];
    return judgeValue(Object.hasOwn(config, KEY) ? config[KEY] : undefined, written, baseline, say);
  },
  mutate(mutation, { view, baseline }) {
    const found = injectedPodOf(mutation.object, view, baseline);
    if (found === undefined || found.isInjectedAlready) return;
    const { value: wanted } = baseline.sidecar.concurrency;
    const written = podProxyConfig(found.pod);
    if (written === undefined) {
      mutation.add([...found.pod.path, 'metadata', 'annotations', PROXY_CONFIG_ANNOTATION], `${KEY}: ${wanted}`);
      return;
    }
    const { config, path, text } = written;
    if (config === undefined || (Object.hasOwn(config, KEY) && !isAbsent(config[KEY]))) return;
    const after = setEmbeddedKey(text, KEY, wanted);
    if (after !== undefined) mutation.replace(path, after);
  },
});

function judgeValue(
  value: unknown,
  { path, text }: PodProxyConfig,
  { sidecar: { concurrency } }: Baseline,
  say: Say<typeof messages>,
): readonly Finding[] {
  const { value: wanted, min, max } = concurrency;
  const number = protoWhole(value);
  if (number !== undefined && number >= min && number <= max) return [];
  const after = setEmbeddedKey(text, KEY, wanted);
  const fix: readonly PatchOperation[] =
    after === undefined ? [] : [{ op: 'replace', path: toPointer(path), value: after }];
  const about = { path, thing: KEY, ...(fix.length === 0 ? {} : { fix }) };
  if (isAbsent(value)) return [say('unset', { wanted }, about)];
  if (number === undefined) {
    return [say('notWhole', { value: formatSeen(value), wanted }, { ...about, magnitude: WORST })];
  }
  if (number === 0) return [say('everyCore', { limit: min }, { ...about, magnitude: WORST })];
  if (number > max) return [say('tooGreat', { value: number, limit: max }, { ...about, magnitude: number })];
  // Fewer than the least is another fault than more than the most: neither is a lesser form of the other.
  const few = { ...about, thing: `${KEY}, too small`, magnitude: -number };
  return [say('tooSmall', { value: number, limit: min }, few)];
}
