import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { recordOrEmpty, stringOf, valueAt } from '../../model/json.ts';
import { kubectl, type KubectlAnswer, mustKubectl } from '../cluster/kubectl.ts';
import type { Change, Expected } from './changes.ts';

/** What became of a change. */
export interface Outcome {
  readonly answer: KubectlAnswer;
  readonly verdict: Verdict;
  /** The pod template afterwards, as YAML, where it was looked at. */
  readonly template?: string;
  /** Why it is not what it should be; undefined where it is. */
  readonly fault: string | undefined;
}

/** What the API server made of a change, as far as kubectl tells. */
export type Verdict = 'accepted' | 'warned' | 'refused' | 'not judged';

/** Tries a change with kubectl in the folder of its files and compares what came with what should. */
export async function tryChange(change: Change, kubeconfig: string, folder: string): Promise<Outcome> {
  const { template, expects } = change;
  const look = (): Promise<unknown> => podTemplate(kubeconfig, template?.deployment ?? '');
  const mustStay = template !== undefined && template.gains === undefined;
  const before = mustStay ? await look() : undefined;
  const answer = await kubectl(kubeconfig, change.command, { folder });
  const verdict = verdictOf(answer);
  const fault = faultOf(verdict, answer, expects);
  if (template === undefined || answer.code !== 0) return { answer, verdict, fault };
  const after = await look();
  const changed = mustStay && !isDeepStrictEqual(before, after) ? 'the pod template was changed' : undefined;
  const text = stringify(valueAt(after, ['metadata']), { lineWidth: 0 }).trimEnd();
  return { answer, verdict, template: text, fault: fault ?? changed ?? lackOf(after, template.gains ?? {}) };
}

function lackOf(template: unknown, gains: Readonly<Record<string, RegExp>>): string | undefined {
  const [labels, annotations] = ['labels', 'annotations'].map((field) => valueAt(template, ['metadata', field]));
  const all = { ...recordOrEmpty(labels), ...recordOrEmpty(annotations) };
  const lacks = Object.keys(gains).filter((key) => !gains[key]?.test(stringOf(all[key]) ?? ''));
  return lacks.length === 0 ? undefined : `the pod template lacks ${lacks.join(', ')}`;
}

/** Reads from kubectl's answer what became of a change; an end for another reason is not Meshwarden's word. */
export function verdictOf({ code, stderr }: KubectlAnswer): Verdict {
  if (code !== 0) return /meshwarden\.io" denied the request: /.test(stderr) ? 'refused' : 'not judged';
  return /^Warning: .*\[MW\d{3}\]/m.test(stderr) ? 'warned' : 'accepted';
}

function faultOf(verdict: Verdict, { stderr }: KubectlAnswer, expected: Expected): string | undefined {
  const codes = 'code' in expected ? ` with ${expected.code}` : '';
  if (verdict !== expected.verdict) return `it was ${verdict}; must be ${expected.verdict}${codes}`;
  if ('code' in expected && !stderr.includes(`[${expected.code}]`)) return `it was ${verdict}, but not${codes}`;
  return undefined;
}

async function podTemplate(kubeconfig: string, deployment: string): Promise<unknown> {
  const args = ['get', 'deployment', deployment, '-n', 'llmoptimizer', '-o', 'json'];
  return valueAt(JSON.parse(await mustKubectl(kubeconfig, args)), ['spec', 'template']);
}
