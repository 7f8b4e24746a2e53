import type { Test } from 'tap';
import type { JsonObject } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { answersSince, type Change } from '../../src/mesh/releases.ts';
import type { ProxyQuestion } from './answers.ts';
import type { Oracle } from './client.ts';
import { describe } from './compare.ts';
import { istioAnswer } from './istio.ts';
import { compare, SETTINGS } from './mesh-case.ts';
import { HOST, written } from './meshes-words.ts';
import type { Question } from './questions.ts';

/** One sentence about Istio, with a mesh that shows it. */
export interface Directed {
  readonly title: string;
  readonly mesh: readonly KubeObject[];
  /** True: the mesh has objects of the Gateway API. */
  readonly full?: boolean;
  /** Who is asked about; a caller in namespace `client` where it is left out. */
  readonly from?: ProxyQuestion;
  readonly ask: Question;
  /** What Istio's answer has to have in it. */
  readonly says: unknown;
  /** Istio says so since this change; releases before it are not asked. */
  readonly since?: Change;
  /** Istio said so until this change. */
  readonly until?: Change;
}

/** A pod in another namespace than the service. */
export const CLIENT: ProxyQuestion = { kind: 'sidecar', namespace: 'client', labels: { app: 'caller' } };
/** A pod of the service. */
export const SERVER: ProxyQuestion = { kind: 'sidecar', namespace: 'shop', labels: { app: 'ml' }, ports: [8080, 9090] };

/** Shows each sentence to Istio and to our model: Istio says it, and the model says of the whole mesh what Istio says. */
export async function showAll(t: Test, oracle: Oracle, cases: readonly Directed[]): Promise<void> {
  const isChanged = (change: Change): boolean => answersSince({ ...SETTINGS, istioVersion: oracle.release }, change);
  for (const { title, mesh, full = false, from = CLIENT, ask, says, since, until } of cases) {
    if ((since !== undefined && !isChanged(since)) || (until !== undefined && isChanged(until))) continue;
    await t.test(title, async (t) => {
      const { response, differences } = await compare(oracle, { full, objects: mesh, proxies: [from] });
      t.same(response.rejected, [], 'istiod takes every object');
      const [answer] = response.proxies;
      t.match(answer === undefined ? undefined : istioAnswer(answer, ask), says, 'Istio says so');
      t.same(differences.map(describe), [], 'and so does our model');
    });
  }
}

/** The routes of the service on its port. */
export const ROUTES: Question = { ask: 'route', name: HOST, port: 80, service: HOST };
/** The cluster of the service's port. */
export const CLUSTER: Question = { ask: 'cluster', host: HOST, port: 80, subset: '' };
/** What is known of a subset. */
export const subsetCluster = (subset: string): Question => ({ ask: 'cluster', host: HOST, port: 80, subset });
/** What stands for Istio's own retries. */
export const TWO_RETRIES = {
  attempts: 2,
  retryOn: ['cancelled', 'connect-failure', 'refused-stream', 'retriable-status-codes', 'unavailable'],
};

interface Head {
  readonly name?: string;
  readonly ns?: string;
  /** Of January 2026, on which it was made. */
  readonly day?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

function object(apiVersion: string, kind: string, spec: JsonObject, head: Head): KubeObject {
  const { name = 'a', ns = 'shop', day = 1, labels, annotations } = head;
  const creationTimestamp = `2026-01-${String(day).padStart(2, '0')}T00:00:00Z`;
  const metadata = { name, namespace: ns, creationTimestamp, labels, annotations };
  return { apiVersion, kind, ...written({ metadata, spec }) };
}

type Make = (spec: JsonObject, head?: Head) => KubeObject;
const maker =
  (apiVersion: string, kind: string): Make =>
  (spec, head = {}) =>
    object(apiVersion, kind, spec, head);

export const virtualService: Make = maker('networking.istio.io/v1', 'VirtualService');
export const destinationRule: Make = maker('networking.istio.io/v1', 'DestinationRule');
export const serviceEntry: Make = maker('networking.istio.io/v1', 'ServiceEntry');
export const sidecar: Make = maker('networking.istio.io/v1', 'Sidecar');
export const gateway: Make = maker('networking.istio.io/v1', 'Gateway');
export const peerAuthentication: Make = maker('security.istio.io/v1', 'PeerAuthentication');
export const authorizationPolicy: Make = maker('security.istio.io/v1', 'AuthorizationPolicy');
export const telemetry: Make = maker('telemetry.istio.io/v1', 'Telemetry');
export const httpRoute: Make = maker('gateway.networking.k8s.io/v1', 'HTTPRoute');

/** A Kubernetes Service with one HTTP port, or the ports that are given. */
export function service(name = 'ml', spec: JsonObject = {}, head: Head = {}): KubeObject {
  const ports = [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }];
  const clusterIP = `10.0.0.${name.length}`;
  return object('v1', 'Service', { clusterIP, selector: { app: name }, ports, ...spec }, { ...head, name });
}

/** The mesh's settings. */
export function meshSettings(text: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace: 'istio-system' },
    data: { mesh: text },
  };
}

/** An entry that leads to the service. */
export const toMl = (rest: JsonObject = {}): JsonObject => ({ route: [{ destination: { host: HOST } }], ...rest });
