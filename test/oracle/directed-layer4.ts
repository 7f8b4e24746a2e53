import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { service, TWO_RETRIES, virtualService } from './directed.ts';
import { HOST } from './meshes-words.ts';
import type { Question } from './questions.ts';

/** A port of a Service, which its pods have too. */
export const port = (name: string, number: number): JsonObject => ({
  name,
  port: number,
  targetPort: number,
  protocol: 'TCP',
});
/** A Service that speaks HTTP on one port, TLS on the next and something else on the last. */
export const ml = service('ml', { ports: [port('http', 80), port('tls', 443), port('tcp', 9090)] });
/** What routes lead to instead. */
export const web = service('web');
/** Its full name. */
export const WEB = 'web.shop.svc.cluster.local';
const asked = (number: number, isTls: boolean): Question => ({
  ask: 'layer 4',
  host: HOST,
  port: number,
  address: '10.0.0.2',
  isTls,
});
/** Connections to the port of TLS. */
export const TLS = asked(443, true);
/** Connections to the last port. */
export const TCP = asked(9090, false);
/** A destination. */
export const to = (host: string, rest: JsonObject = {}): JsonObject => ({ destination: { host }, ...rest });
/** An entry of `tls` for the service’s name. */
export const tls = (match: JsonObject, host = 'web', rest: JsonObject = {}): JsonObject => ({
  match: [{ sniHosts: [HOST], ...match }],
  route: [to(host)],
  ...rest,
});
/** An entry of `tcp`. */
export const tcp = (match: JsonObject, host = 'web'): JsonObject => ({ match: [match], route: [to(host)] });
/** A VirtualService for the service. */
export const routed = (spec: JsonObject, head: JsonObject = {}): KubeObject =>
  virtualService({ hosts: [HOST], ...spec }, head);
/** Connections go to the service’s own port. */
export const own = (number: number): JsonObject => ({ names: [], destinations: { [`${HOST}||${number}`]: 100 } });
/** Connections go to `web`. */
export const onWeb = (names: readonly string[] = []): JsonObject => ({ names, destinations: { [`${WEB}||80`]: 100 } });
/** The routes of a service that nothing routes. */
export const DEFAULT = [{ timeoutMs: 0, retries: TWO_RETRIES, destinations: { [`${HOST}||80`]: 100 } }];
