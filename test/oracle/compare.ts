import { isDeepStrictEqual } from 'node:util';
import type { View } from '../../src/mesh/view.ts';
import type { OracleResponse, ProxyQuestion } from './answers.ts';
import { istioAnswer } from './istio.ts';
import { modelAnswer } from './model.ts';
import { type Question, questionsOf, questionText } from './questions.ts';

/** A question to which Istio and our model have different answers. */
export interface Difference {
  readonly question: string;
  readonly istio: unknown;
  readonly ours: unknown;
}

/** Compares what Istio answered about a mesh's proxies with what our model says of them, question by question. */
export function differences(
  view: View,
  proxies: readonly ProxyQuestion[],
  { proxies: answers }: OracleResponse,
): readonly Difference[] {
  return proxies.flatMap((proxy, index) => {
    const answer = answers[index];
    if (answer === undefined) return [{ question: `proxy ${proxyText(proxy)}`, istio: 'no answer', ours: undefined }];
    const compared = (question: Question): readonly Difference[] => {
      const istio = istioAnswer(answer, question);
      const ours = modelAnswer(view, proxy, question);
      if (isDeepStrictEqual(istio, ours)) return [];
      return [{ question: `${proxyText(proxy)}: ${questionText(question)}`, istio, ours }];
    };
    return questionsOf(view, proxy, answer).flatMap(compared);
  });
}

/** Names a proxy for people: `sidecar shop app=ml`. */
function proxyText({ kind, namespace, labels }: ProxyQuestion): string {
  const written = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return [kind, namespace, ...written].join(' ');
}

/** Writes a difference with the parts that are alike left out. */
export function describe({ question, istio, ours }: Difference): string {
  const [left, right] = onlyDifferent(istio, ours);
  return `${question}\n    Istio: ${JSON.stringify(left)}\n    ours:  ${JSON.stringify(right)}`;
}

/** Cuts two values down to the parts in which they differ; lists are cut by their places. */
function onlyDifferent(left: unknown, right: unknown): readonly [unknown, unknown] {
  if (Array.isArray(left) && Array.isArray(right) && left.length === right.length) {
    const at = left.findIndex((item, index) => !isDeepStrictEqual(item, right[index]));
    return at < 0 ? [left, right] : numbered(at, onlyDifferent(left[at], right[at]));
  }
  if (!isPlain(left) || !isPlain(right)) return [left, right];
  const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])].filter(
    (key) => !isDeepStrictEqual(left[key], right[key]),
  );
  const pairs = keys.map((key) => ({ key, both: onlyDifferent(left[key], right[key]) }));
  return [
    Object.fromEntries(pairs.map(({ key, both }) => [key, both[0]])),
    Object.fromEntries(pairs.map(({ key, both }) => [key, both[1]])),
  ];
}

function numbered(at: number, [left, right]: readonly [unknown, unknown]): readonly [unknown, unknown] {
  return [{ [`#${at}`]: left }, { [`#${at}`]: right }];
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
