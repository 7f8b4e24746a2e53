import type { FailExample, PassExample } from '../rule.ts';
import { deployment, namespace, workload } from './workload-yaml.ts';

const config = (text: string): string => `proxy.istio.io/config: ${JSON.stringify(text)}`;
const withConfig = (text: string): string => deployment({ annotations: config(text) });
const AT = 'spec.template.metadata.annotations[proxy.istio.io/config]';

const pass: readonly PassExample[] = [
  { title: 'the documented two threads', yaml: withConfig('concurrency: 2') },
  {
    title: 'the bounds themselves',
    yaml: withConfig('concurrency: 4') + workload('Pod', { annotations: config('concurrency: 1') }),
  },
  {
    title: 'JSON, and a number as text, as Istio takes it',
    yaml: withConfig('{"tracing":{"sampling":1},"concurrency":"2"}'),
  },
  {
    title: 'a comment and other keys',
    yaml: withConfig('# ours\nholdApplicationUntilProxyStarts: true\nconcurrency: 2 # two\n'),
  },
  { title: 'a workload outside the mesh', yaml: deployment({ namespace: 'shop' }) },
  {
    title: 'a pod without a proxy, which is another rule’s business',
    yaml: workload('Pod', { spec: 'hostNetwork: true' }),
  },
];

const fail: readonly FailExample[] = [
  { title: 'no annotation', yaml: deployment(), finds: [`missing at ${AT}`] },
  {
    title: 'an annotation that is null',
    yaml: deployment({ annotations: 'proxy.istio.io/config: null' }),
    finds: [`missing at ${AT}`],
  },
  { title: 'an empty annotation', yaml: withConfig(''), finds: [`unset at ${AT}`] },
  { title: 'a configuration of other keys', yaml: withConfig('tracing: { sampling: 1 }'), finds: [`unset at ${AT}`] },
  { title: 'null, which is absent', yaml: withConfig('concurrency: null'), finds: [`unset at ${AT}`] },
  { title: 'zero, which is every core', yaml: withConfig('concurrency: 0'), finds: [`everyCore at ${AT}`] },
  { title: 'zero as text', yaml: withConfig('{"concurrency": "0"}'), finds: [`everyCore at ${AT}`] },
  { title: 'one more than the most', yaml: withConfig('concurrency: 5'), finds: [`tooGreat at ${AT}`] },
  {
    title: 'less than nothing, which the injector lets pass',
    yaml: withConfig('concurrency: -1'),
    finds: [`tooSmall at ${AT}`],
  },
  { title: 'half a thread', yaml: withConfig('concurrency: 1.5'), finds: [`notWhole at ${AT}`] },
  { title: 'a word', yaml: withConfig('concurrency: two'), finds: [`notWhole at ${AT}`] },
  {
    title: 'a map where a number belongs',
    yaml: withConfig('concurrency: { value: 2 }'),
    finds: [`notWhole at ${AT}`],
  },
  { title: 'text that is no map', yaml: withConfig('- concurrency: 2'), finds: [`unreadable at ${AT}`] },
  { title: 'text that is no YAML', yaml: withConfig('concurrency: [2'), finds: [`unreadable at ${AT}`] },
  { title: 'the key twice', yaml: withConfig('concurrency: 2\nconcurrency: 0'), finds: [`unreadable at ${AT}`] },
  {
    title: 'a second value behind a comment, which ends for Istio at another sign for the end of a line',
    yaml: withConfig('concurrency: 2 #\u2028concurrency: 0'),
    finds: [`unreadable at ${AT}`],
  },
  {
    title: 'a merge key, whose value Istio lets win',
    yaml: withConfig('concurrency: 2\n<<: { concurrency: 0 }'),
    finds: [`unreadable at ${AT}`],
  },
  {
    title: 'a bare pod, in a namespace that asks for injection',
    context: namespace('shop', 'istio.io/rev: default'),
    yaml: workload('Pod', { namespace: 'shop' }),
    finds: ['missing at metadata.annotations[proxy.istio.io/config]'],
  },
  {
    title: 'a CronJob',
    yaml: workload('CronJob', { annotations: config('concurrency: 16') }),
    finds: ['tooGreat at spec.jobTemplate.spec.template.metadata.annotations[proxy.istio.io/config]'],
  },
  {
    title: 'an edit of a running pod, which counts when its proxy starts again',
    before: workload('Pod', { annotations: config('concurrency: 2') }),
    yaml: workload('Pod', { annotations: config('concurrency: 8') }),
    finds: ['tooGreat at metadata.annotations[proxy.istio.io/config]'],
  },
];

/** The examples of MW102. */
export const examples = { pass, fail };
