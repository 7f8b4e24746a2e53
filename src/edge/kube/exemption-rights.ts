import type { Requester } from '../../model/change.ts';
import { mayExempt } from './access-review.ts';
import { type ApiClient, ApiError } from './api-client.ts';

/** What is known of a requester's rights to except. */
export interface Rights {
  readonly mayExempt: ReadonlySet<string>;
  /** Why not all was answered; what was not is no right. */
  readonly unanswered?: string;
}

/** What came of a question to the API server, for whoever counts. */
export type RightsAnswer = 'allowed' | 'denied' | 'failed';

/** Finds out which of some rules a person may except in a namespace. Never rejects, and is back within the time given. */
export type ExemptionRights = (
  requester: Requester,
  question: { readonly rules: readonly string[]; readonly namespace: string },
  budgetMs: number,
) => Promise<Rights>;

/** A right that is withdrawn counts so much longer at most. */
const ALLOWED_MS = 5000;
/** A right that was just granted is seen so much later at most. */
const DENIED_MS = 1000;
const MOST_ANSWERS = 1000;
/** However much time a review has, the API server answers in milliseconds or is in trouble. */
const LONGEST_MS = 1000;

interface Kept {
  readonly allowed: boolean;
  readonly until: number;
}

/**
 * Asks the API server by SubjectAccessReview, one question after another on one connection, and keeps answers for some
 * seconds; a question that is under way is not asked twice.
 */
export function exemptionRights(
  client: ApiClient,
  {
    clock = () => performance.now(),
    told,
  }: { readonly clock?: () => number; readonly told?: (answer: RightsAnswer) => void } = {},
): ExemptionRights {
  const kept = new Map<string, Kept>();
  const underWay = new Map<string, Promise<boolean>>();

  const ask = (requester: Requester, rule: string, namespace: string, timeoutMs: number): Promise<boolean> => {
    const key = JSON.stringify([requester.username, requester.uid, requester.groups, requester.extra, rule, namespace]);
    const known = kept.get(key);
    if (known !== undefined && clock() < known.until) return Promise.resolve(known.allowed);
    const asked = underWay.get(key);
    if (asked !== undefined) return asked;
    const question = mayExempt(client, requester, { rule, namespace }, timeoutMs)
      .then((allowed) => {
        told?.(allowed ? 'allowed' : 'denied');
        keep(kept, key, { allowed, until: clock() + (allowed ? ALLOWED_MS : DENIED_MS) });
        return allowed;
      })
      .finally(() => underWay.delete(key));
    underWay.set(key, question);
    return question;
  };

  return async (requester, { rules, namespace }, budgetMs) => {
    const deadline = clock() + Math.min(budgetMs, LONGEST_MS);
    const allowed = new Set<string>();
    for (const rule of rules) {
      const left = Math.floor(deadline - clock());
      if (left <= 0) return { mayExempt: allowed, unanswered: TOO_SLOW };
      try {
        if (await within(left, ask(requester, rule, namespace, left))) allowed.add(rule);
      } catch (error) {
        told?.('failed');
        return { mayExempt: allowed, unanswered: whyNot(error) };
      }
    }
    return { mayExempt: allowed };
  };
}

function keep(kept: Map<string, Kept>, key: string, answer: Kept): void {
  // Deleted and set anew, it is the newest; the oldest goes first.
  kept.delete(key);
  kept.set(key, answer);
  const [oldest] = kept.keys();
  if (kept.size > MOST_ANSWERS && oldest !== undefined) kept.delete(oldest);
}

/** A question that another review began may have more time than this one. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new ApiError(0, TOO_SLOW)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

const TOO_SLOW = 'the API server did not answer in time';

/** What may be told to whoever asks: no addresses, nothing of other namespaces. */
function whyNot(error: unknown): string {
  if (!(error instanceof ApiError)) return 'a fault of Meshwarden';
  if (error.code === 0) return TOO_SLOW;
  return error.code === 403
    ? 'Meshwarden may not ask: it lacks the right to create subjectaccessreviews'
    : `the API server answered ${error.code}`;
}
