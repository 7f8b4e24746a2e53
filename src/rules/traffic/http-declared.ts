import { isRecord, type JsonObject, recordOrEmpty, recordsOf, stringOf, textOf } from '../../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../../model/kube-object.ts';
import { byteWaysTo, isHttpOnly } from '../../mesh/byte-listeners.ts';
import { takeoverNames } from '../../mesh/hosts.ts';
import { knownHosts } from '../../mesh/known-hosts.ts';
import type { Finding } from '../../model/finding.ts';
import type { FieldPath } from '../../model/field-path.ts';
import { addEntries, type PatchOperation } from '../../model/patch.ts';
import { type Facts, hostRule, type Say } from '../rule.ts';
import { examples } from './http-declared.examples.ts';

const messages = {
  notHttp:
    "`{field}` is '{seen}', which is not HTTP, so no timeout, retry or token rule applies to service '{service}' there; must be `http`, `http2` or `grpc`, alone or before a hyphen",
  undeclared:
    "`{field}` does not say what is spoken at port {port} of service '{service}', so Istio guesses from the first bytes; must be `http`, `http2` or `grpc`, alone or before a hyphen",
  asBytes:
    "`{field}` sends connections to service '{service}' by a `{protocol}` route, so no timeout, retry or token rule applies to them; must be an `http` route",
  listener:
    "`{field}` is '{seen}', which is not HTTP, so pods of namespace '{namespace}' send service '{service}' bytes {where}, and no timeout, retry or split applies to them; must be 'HTTP', 'HTTP2' or 'GRPC'",
  listenerGuesses:
    "`{field}` does not say what pods of namespace '{namespace}' speak to service '{service}' {where}, so Istio guesses from the first bytes; must be 'HTTP', 'HTTP2' or 'GRPC'",
} as const;

type SayIt = Say<typeof messages>;

/** MW417: a service that the baseline knows as HTTP is declared as HTTP, so that its rules mean anything. */
export const httpDeclared = hostRule({
  id: 'http-declared',
  code: 'MW417',
  reads: ['Service', 'VirtualService', 'Sidecar', 'ServiceEntry', 'Namespace', 'ConfigMap'],
  settings: ['defaultServiceExportTo'],
  mode: 'warn',
  onDelete: 'warn',
  exceptable: true,
  summary:
    'Every port of a service that the baseline lists as HTTP is declared as HTTP, and requests come to it by HTTP routes and HTTP listeners.',
  why: 'On a port that is declared as something else requests are bytes: timeouts, retries, tokens and paths are seen by nobody, and every rule on them is kept by having nothing to say.',
  remedy:
    'Name the port `http` or `http-…` (`http2`, `grpc`), or set `appProtocol: http`. In a Sidecar, give the egress listener `port.protocol: HTTP`, or leave `port` out, so that each port is what its Service says.',
  absence:
    'No name and no `appProtocol`, or a word that Istio does not know: it looks at the first bytes and falls back to TCP; on ports 25, 53, 3306 and 27017 it is TCP at once. `appProtocol` goes before the name. A Sidecar’s egress listener with a port goes before both; without a protocol it guesses, and for UDP there is none.',
  source: {
    refs: [
      'https://istio.io/latest/docs/ops/configuration/traffic-management/protocol-selection/#explicit-protocol-selection',
      'https://github.com/istio/istio/blob/1.31.0/pkg/config/kube/conversion.go',
      'https://istio.io/latest/docs/reference/config/networking/sidecar/#SidecarPort',
    ],
  },
  numbers: ['services'],
  messages,
  examples,
  check(host, facts, say) {
    if (facts.baseline.services.every((service) => service.host !== host || !service.http)) return [];
    return [...judgePorts(host, facts, say), ...judgeRoutes(host, facts, say), ...judgeListeners(host, facts, say)];
  },
});

const HTTP_WORDS: ReadonlySet<string> = new Set(['http', 'http2', 'grpc', 'http_proxy']);
const OTHER_WORDS: ReadonlySet<string> = new Set(['https', 'tls', 'tcp', 'mongo', 'mysql', 'redis', 'udp', 'hbone']);
/** @see https://github.com/istio/istio/blob/1.31.0/pkg/config/kube/conversion.go `ConvertProtocol` */
const KUBERNETES_WORDS: ReadonlySet<string> = new Set(['kubernetes.io/h2c', 'kubernetes.io/ws']);
const TCP_PORTS: ReadonlySet<unknown> = new Set([25, 53, 3306, 27017]);

function judgePorts(service: string, { view }: Facts, say: SayIt): readonly Finding[] {
  return view.lookup(`Service|host|${service}`).flatMap((object) =>
    recordsOf(specOf(object).ports).flatMap((port, index): readonly Finding[] => {
      if (port.protocol === 'UDP' || port.protocol === 'SCTP') return [];
      const field = stringOf(port.appProtocol) === undefined ? 'name' : 'appProtocol';
      const declared = declarationOf(port);
      if (declared === 'http') return [];
      const path: FieldPath = ['spec', 'ports', index, field];
      const about = { path, responsible: object, thing: `protocol of port ${textOf(port.port)}` };
      if (declared === 'other') return [say('notHttp', { service }, { ...about, magnitude: 2 })];
      return [say('undeclared', { service, port: textOf(port.port) }, { ...about, magnitude: 1 })];
    }),
  );
}

function declarationOf(port: JsonObject): 'http' | 'other' | 'nothing' {
  const said = stringOf(port.appProtocol)?.toLowerCase();
  if (said !== undefined && KUBERNETES_WORDS.has(said)) return 'http';
  if (said === 'kubernetes.io/wss') return 'other';
  const name = said ?? stringOf(port.name)?.toLowerCase() ?? '';
  if (name.startsWith('grpc-web')) return 'http';
  const [word = ''] = name.split('-', 1);
  if (HTTP_WORDS.has(word)) return 'http';
  if (OTHER_WORDS.has(word)) return 'other';
  return TCP_PORTS.has(port.port) ? 'other' : 'nothing';
}

/** Connections that a `tcp` or `tls` route sends are bytes, whatever the service's port says. */
function judgeRoutes(service: string, { view }: Facts, say: SayIt): readonly Finding[] {
  return view.lookup(`VirtualService|to|${service}`).flatMap((object) =>
    ['tcp', 'tls'].flatMap((protocol) =>
      recordsOf(specOf(object)[protocol]).flatMap((route, index) =>
        recordsOf(route.route).flatMap(({ destination }, at): readonly Finding[] => {
          if (!isRecord(destination) || !isHost(destination, service, object, view.settings.clusterDomain)) return [];
          const path: FieldPath = ['spec', protocol, index, 'route', at, 'destination'];
          return [say('asBytes', { service, protocol }, { path, responsible: object, thing: `${protocol} route` })];
        }),
      ),
    ),
  );
}

function isHost(destination: JsonObject, service: string, object: KubeObject, clusterDomain: string): boolean {
  const written = stringOf(recordOrEmpty(destination).host) ?? '';
  return takeoverNames(written, namespaceOf(object), clusterDomain).includes(service);
}

/** Connections that a Sidecar's listener takes are bytes to its proxies, whatever the service's port says. */
function judgeListeners(service: string, { view, baseline }: Facts, say: SayIt): readonly Finding[] {
  return byteWaysTo(view, baseline, service).map(({ sidecar, index, port, isGuessed, namespace }) => {
    const where = port === 0 ? 'by a socket' : `on port ${port}`;
    const path: FieldPath = ['spec', 'egress', index, 'port', 'protocol'];
    const fix = httpFix(sidecar, index, port, { view, baseline });
    return say(
      isGuessed ? 'listenerGuesses' : 'listener',
      { service, namespace, where },
      {
        path,
        responsible: sidecar,
        thing: `protocol of the listener ${where}`,
        magnitude: isGuessed ? 1 : 2,
        ...(fix.length === 0 ? {} : { fix }),
      },
    );
  });
}

/** Where something else is spoken on that port too, somebody has to say which services the listener is for. */
function httpFix(
  sidecar: KubeObject,
  index: number,
  port: number,
  { view, baseline }: Pick<Facts, 'view' | 'baseline'>,
): readonly PatchOperation[] {
  const isPlain = (): boolean => isHttpOnly(view, knownHosts(view, baseline), port);
  if (port === 0 || !view.memo(`isHttpOnly|${baseline.sha256}|${port}`, isPlain)) return [];
  return addEntries(sidecar, ['spec', 'egress', index, 'port'], { protocol: 'HTTP' });
}
