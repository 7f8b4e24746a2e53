import { recordOrEmpty, recordsOf, stringOf } from '../../src/model/json.ts';
import { type KubeObject, nameOf, namespaceOf, specOf } from '../../src/model/kube-object.ts';
import { serviceSeenBy } from '../../src/mesh/known-service.ts';
import { routesSeenBy } from '../../src/mesh/routes.ts';
import type { View } from '../../src/mesh/view.ts';
import { isSubset } from '../../src/mesh/workload-selector.ts';
import type { ProxyQuestion } from './answers.ts';
import { granted } from './model-grants.ts';
import { hashOf } from './model-hash.ts';
import { type RouteWords, routeWords } from './model-words.ts';
import type { Question } from './questions.ts';

/** Says what our model routes at the Gateways of a proxy that share a port; a mesh here has one Gateway for each port. */
export function gatewayRouteWords(
  view: View,
  proxy: ProxyQuestion,
  { name, configuration }: Extract<Question, { ask: 'gateway route' }>,
): readonly RouteWords[] {
  const port = Number(/^\w+\.(\d+)/.exec(configuration)?.[1]);
  // A service with one port gets it, whatever the gateway's server listens on.
  const portOf = (host: string): number => {
    const { ports = [] } = serviceSeenBy(view, host, proxy.namespace, { isGateway: true }) ?? {};
    return (ports.length === 1 ? ports[0]?.number : undefined) ?? port;
  };
  const own = view.list('Gateway').filter((gateway) => selectsProxy(gateway, proxy) && listensOn(gateway, port));
  return [...own, ...view.list('KubernetesGateway').filter((gateway) => isMadeFor(gateway, proxy))].flatMap(
    (gateway) => {
      const viewer = {
        kind: 'gateway',
        gateway: `${namespaceOf(gateway)}/${nameOf(gateway)}`,
        namespace: proxy.namespace,
        labels: proxy.labels,
        port,
      } as const;
      return routesSeenBy(view, name, viewer).flatMap((route) =>
        routeWords(granted(route, proxy.grants ?? []), { portOf, hashOf: hashOf(view, proxy, port) }),
      );
    },
  );
}

/** Tells whether a proxy is one of those that Istio makes for a Gateway of the Gateway API. */
function isMadeFor(gateway: KubeObject, { namespace, labels }: ProxyQuestion): boolean {
  return namespaceOf(gateway) === namespace && labels['gateway.networking.k8s.io/gateway-name'] === nameOf(gateway);
}

function selectsProxy(gateway: KubeObject, { labels }: ProxyQuestion): boolean {
  return isSubset(recordOrEmpty(specOf(gateway).selector), labels);
}

function listensOn(gateway: KubeObject, port: number): boolean {
  return recordsOf(specOf(gateway).servers).some((server) => {
    const { number, name } = recordOrEmpty(server.port);
    return number === port && stringOf(name) !== undefined;
  });
}
