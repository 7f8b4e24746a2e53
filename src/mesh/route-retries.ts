import { parseDurationMs } from '../model/duration.ts';
import { isAbsent, isRecord, type JsonObject, stringOf } from '../model/json.ts';
import { inCamelCase, meshConfig, meshSetting } from './mesh-config.ts';
import { remembered } from '../model/remembered.ts';
import type { Place, RouteRetries } from './route-types.ts';
import type { View } from './view.ts';

/** @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/route/retry/retry.go `defaultRetryOn` */
export const ISTIO_CONDITIONS: readonly string[] = [
  'connect-failure',
  'refused-stream',
  'unavailable',
  'cancelled',
  'retriable-status-codes',
];

/** What an HTTPRoute’s `retry` makes of it, besides the status codes that it lists. */
export const HTTP_ROUTE_CONDITIONS: readonly string[] = ISTIO_CONDITIONS.filter(
  (one) => one !== 'retriable-status-codes',
);

/** Retries that Istio makes where nobody says anything. */
export const ISTIO_RETRIES = 2;

/**
 * Returns what a `retries` block means: absent it is the mesh's default policy, else Istio's two; without `attempts` it is
 * none at all.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/route/retry/retry.go `ConvertPolicy`
 */
export function retriesOf(view: View, written: unknown, at: Place | undefined, perTryAt?: Place): RouteRetries {
  const read = isRecord(written) ? readRetries(written) : (meshRetries(view) ?? ISTIO_DEFAULT);
  return at === undefined || perTryAt === undefined ? read : { ...read, at, perTryAt };
}

const ISTIO_DEFAULT: RouteRetries = {
  attempts: ISTIO_RETRIES,
  retryOn: ISTIO_CONDITIONS,
  hasOwnConditions: false,
  from: 'istio',
};

/** Returns the mesh-wide default for routes without `retries`, with its place in the mesh ConfigMap; undefined: none is set. */
function meshRetries(view: View): RouteRetries | undefined {
  const compute = (): RouteRetries | undefined => {
    const policy = inCamelCase(meshSetting(view, 'defaultHttpRetryPolicy'));
    if (!isRecord(policy)) return undefined;
    const { object } = meshConfig(view);
    if (object === undefined) return undefined;
    return { ...readRetries(policy), from: 'mesh', at: { object, path: ['data', 'mesh'] } };
  };
  return view.memo('meshRetries', compute);
}

function readRetries(block: JsonObject): RouteRetries {
  const attempts = attemptsOf(block.attempts);
  if (attempts === 0) return NO_RETRIES;
  const own = conditionsOf(stringOf(block.retryOn) ?? '');
  const perTry = stringOf(block.perTryTimeout);
  const perTryTimeoutMs = perTry === undefined ? undefined : parseDurationMs(perTry);
  return {
    attempts,
    retryOn: own.length > 0 ? own : ISTIO_CONDITIONS,
    hasOwnConditions: own.length > 0,
    from: 'route',
    ...(perTryTimeoutMs === undefined || perTryTimeoutMs <= 0 ? {} : { perTryTimeoutMs }),
  };
}

const NO_RETRIES: RouteRetries = { attempts: 0, retryOn: [], hasOwnConditions: false, from: 'route' };

function attemptsOf(written: unknown): number {
  if (isAbsent(written)) return 0;
  // The mesh configuration is protobuf's JSON, in which a number may be text.
  const value = typeof written === 'string' && written !== '' ? Number(written) : written;
  return typeof value === 'number' && !Number.isNaN(value) ? Math.max(0, value) : Number.POSITIVE_INFINITY;
}

/** Splits a `retryOn` as istiod does: at commas, trimmed, without what is empty. */
export const conditionsOf = remembered((text): readonly string[] =>
  text
    .split(',')
    .map((condition) => condition.trim())
    .filter((condition) => condition !== ''),
);
