import { isRecord, stringOf, valueAt } from '../../src/model/json.ts';
import { isKubeObject, type KubeObject } from '../../src/model/kube-object.ts';
import { RULES } from '../../src/rules/index.ts';
import type { Mutant } from '../mutants/mutants.ts';
import { type Api, type ApiAnswer, codesIn, pathOf } from './api.ts';

const DRY_RUN = 'dryRun=All';

/** Sends a mutant as a dry run: what another one broke must not count for the next. */
export async function sendDryRun({ change }: Mutant, api: Api): Promise<ApiAnswer> {
  const { before, after } = change;
  if (before === undefined) {
    if (after === undefined) throw new Error('a change has an object');
    return api.call('POST', `${pathOf(after, { collection: true })}?${DRY_RUN}`, after);
  }
  const path = pathOf(before);
  if (after === undefined) return api.call('DELETE', `${path}?${DRY_RUN}`);
  for (let tries = 1; ; tries += 1) {
    const { body } = await api.call('GET', path);
    if (!isRecord(body) || !isKubeObject(body)) throw new Error(`${path} is not there`);
    const metadata = { ...(body.metadata as object), ...pick(after, ['labels', 'annotations']) };
    const spec = 'spec' in after ? { spec: after.spec } : {};
    const data = 'data' in after ? { data: after.data } : {};
    const answer = await api.call('PUT', `${path}?${DRY_RUN}`, { ...body, metadata, ...spec, ...data });
    // A controller may have written the status meanwhile.
    if (answer.status !== 409 || tries >= 5) return answer;
  }
}

function pick(object: KubeObject, keys: readonly string[]): Readonly<Record<string, unknown>> {
  const metadata = isRecord(object.metadata) ? object.metadata : {};
  return Object.fromEntries(keys.filter((key) => Object.hasOwn(metadata, key)).map((key) => [key, metadata[key]]));
}

/** The mutating webhook set the field again, so there is nothing to refuse. */
export const MENDED = 'mended by the mutating webhook';
/** The schema of the kind refuses it. */
export const NOT_OURS = 'refused by the API server itself';

/** Says how a mutant escaped; undefined where it was found by exactly its rule. */
export function escape({ code, mendedAt, change }: Mutant, answer: ApiAnswer): string | undefined {
  const { refused, warned } = codesIn(answer);
  if (refused.length > 0)
    return refused.length === 1 && refused[0] === code ? undefined : `found by ${refused.join(', ')}`;
  // Warnings tell of what stood before as well, so there may be more of them than the one that is due.
  const isEnforced = RULES.find((rule) => rule.code === code)?.mode === 'enforce';
  if (warned.includes(code) && (!isEnforced || change.operation === 'DELETE')) return undefined;
  if (answer.status < 400 && mendedAt !== undefined && valueAt(answer.body, mendedAt) !== undefined) return MENDED;
  if (answer.status < 400) return 'survived';
  const message = isRecord(answer.body) ? stringOf(answer.body.message) : '';
  return answer.status === 422 ? NOT_OURS : `${answer.status} ${message ?? ''}`;
}
