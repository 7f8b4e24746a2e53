import type { Baseline } from '../../model/baseline.ts';
import { type FieldPath, toPointer } from '../../model/field-path.ts';
import { isRecord, type JsonObject, listOf, recordOf, recordOrEmpty, recordsOf, stringOf } from '../../model/json.ts';
import { kindOf } from '../../model/kind.ts';
import { type KubeObject, specOf } from '../../model/kube-object.ts';
import type { PatchOperation } from '../../model/patch.ts';
import { objectRule } from '../rule.ts';
import { examples } from './no-retry-headers.examples.ts';

/** MW412: no route writes or takes away the headers by which Envoy is told how to retry, or who calls. */
export const noRetryHeaders = objectRule({
  id: 'no-retry-headers',
  code: 'MW412',
  reads: ['VirtualService', 'HTTPRoute', 'GRPCRoute'],
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: false,
  summary:
    'No header operation touches Envoy’s retry and timeout headers, the caller’s certificate or the token’s payload.',
  why: 'Envoy obeys these headers before its own route: one line of `headers.request.set` makes ten retries of one, a day of a second, or another caller.',
  remedy: 'Take the operation out; say retries and timeouts in the route’s own fields.',
  absence: 'No `headers`: nothing is changed, and what a caller sends himself is removed at the proxy.',
  source: {
    refs: [
      'https://www.envoyproxy.io/docs/envoy/v1.36.0/configuration/http/http_filters/router_filter#http-headers-consumed',
      'https://istio.io/latest/docs/reference/config/networking/virtual-service/#Headers',
    ],
  },
  numbers: ['payloadHeader'],
  messages: {
    touched: "`{field}` changes header '{header}'; must be left out, as proxies obey it",
  },
  examples,
  check(object, { baseline }, say) {
    return guardedOperations(object, baseline).map(({ path, header, thing, fix }) =>
      say('touched', { header }, { path, thing, fix }),
    );
  },
});

/** Envoy's router reads what begins so; the rest of `x-envoy-` only tells people something. */
const ROUTER_HEADERS =
  /^x-envoy-(max-|retr|upstream-rq-|upstream-stream-|expected-rq-|hedge-|attempt-count$|internal$|ip-tags$|force-trace$|original-dst-host$)/;
const IDENTITY = 'x-forwarded-client-cert';

function isGuarded(header: string, { payloadHeader }: Baseline): boolean {
  const name = header.trim().toLowerCase();
  return name === IDENTITY || name === payloadHeader.trim().toLowerCase() || ROUTER_HEADERS.test(name);
}

interface Operation {
  readonly path: FieldPath;
  readonly header: string;
  readonly thing: string;
  readonly fix: readonly PatchOperation[];
}

function guardedOperations(object: KubeObject, baseline: Baseline): readonly Operation[] {
  const spec = specOf(object);
  const found: Operation[] = [];
  if (kindOf(object) === 'VirtualService') {
    for (const [index, route] of recordsOf(spec.http).entries()) {
      const path: FieldPath = ['spec', 'http', index];
      const where = `route ${stringOf(route.name) ?? ''}`.trim();
      addHeaders(found, route.headers, { path: [...path, 'headers'], where, baseline });
      for (const [at, { headers }] of recordsOf(route.route).entries()) {
        if (!isRecord(headers)) continue;
        const of = { path: [...path, 'route', at, 'headers'], where: `a destination of ${where}`, baseline };
        addHeaders(found, headers, of);
      }
    }
    return found;
  }
  for (const [index, rule] of recordsOf(spec.rules).entries()) {
    const path: FieldPath = ['spec', 'rules', index];
    const where = `rule ${stringOf(rule.name) ?? ''}`.trim();
    addFilters(found, rule.filters, { path: [...path, 'filters'], where, baseline });
    for (const [at, { filters }] of recordsOf(rule.backendRefs).entries()) {
      const of = { path: [...path, 'backendRefs', at, 'filters'], where: `a backend of ${where}`, baseline };
      addFilters(found, filters, of);
    }
  }
  return found;
}

/** Where operations stand, for people and for machines. */
interface Whereabouts {
  readonly path: FieldPath;
  readonly where: string;
  readonly baseline: Baseline;
}

const SIDES = ['request', 'response'] as const;
const VERBS = ['set', 'add'] as const;

function addHeaders(found: Operation[], headers: unknown, { path, where, baseline }: Whereabouts): void {
  if (!isRecord(headers)) return;
  for (const side of SIDES) {
    const operations = recordOf(headers[side]);
    if (operations === undefined) continue;
    for (const verb of VERBS) {
      for (const header of Object.keys(recordOrEmpty(operations[verb]))) {
        if (!isGuarded(header, baseline)) continue;
        const at = [...path, side, verb, header];
        const thing = `${verb} ${header.toLowerCase()} in the ${side} of ${where}`;
        found.push({ path: at, header, thing, fix: [{ op: 'remove', path: toPointer(at) }] });
      }
    }
    addList(found, operations, 'remove', { path: [...path, side], where: `${side} of ${where}`, baseline });
  }
}

function addFilters(found: Operation[], filters: unknown, { path, where, baseline }: Whereabouts): void {
  for (const [index, filter] of recordsOf(filters).entries()) {
    for (const side of SIDES) {
      const field = `${side}HeaderModifier`;
      const operations = recordOf(filter[field]);
      if (operations === undefined) continue;
      for (const verb of [...VERBS, 'remove']) {
        addList(found, operations, verb, { path: [...path, index, field], where: `${side} of ${where}`, baseline });
      }
    }
  }
}

/** Items of a list are taken out all at once, so that two fixes of one list do not move each other's indexes. */
function addList(
  found: Operation[],
  operations: JsonObject,
  verb: string,
  { path, where, baseline }: Whereabouts,
): void {
  const list = listOf(operations[verb]);
  for (const [index, item] of list.entries()) {
    const header = headerOf(item);
    if (!isGuarded(header, baseline)) continue;
    const value = list.filter((one) => !isGuarded(headerOf(one), baseline));
    found.push({
      path: [...path, verb, index],
      header,
      thing: `${verb} ${header.toLowerCase()} in the ${where}`,
      fix: [{ op: 'replace', path: toPointer([...path, verb]), value }],
    });
  }
}

function headerOf(item: unknown): string {
  return stringOf(item) ?? stringOf(recordOrEmpty(item).name) ?? '';
}
