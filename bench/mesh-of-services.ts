/**
 * Makes a mesh of so many services over 50 namespaces, each with its VirtualService and DestinationRule, and the Service and
 * DestinationRule of the one that the bodies are about: one JSON document a line.
 */
export function meshOfServices(count: number): string {
  const namespaces = Array.from({ length: 50 }, (_, at) => `team-${at}`);
  const objects: object[] = ['llmoptimizer', 'istio-system', ...namespaces].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'istio-injection': name === 'istio-system' ? 'disabled' : 'enabled' } },
  }));
  objects.push(...contentService());
  for (let at = 0; at < count; at += 1) objects.push(...service(`service-${at}`, namespaces[at % 50] ?? ''));
  return objects.map((object) => JSON.stringify(object)).join('\n');
}

const outlierDetection = {
  consecutive5xxErrors: 5,
  interval: '10s',
  baseEjectionTime: '30s',
  maxEjectionPercent: 50,
};

/** What the bodies' VirtualService stands on, as the shipped baseline has it. */
function contentService(): readonly object[] {
  const metadata = { name: 'content-service', namespace: 'llmoptimizer' };
  const selector = { app: 'content-service' };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector, ports: [{ name: 'http', port: 8080 }] } },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata,
      spec: {
        host: 'content-service.llmoptimizer.svc.cluster.local',
        trafficPolicy: {
          loadBalancer: { consistentHash: { httpHeaderName: 'x-session-id' } },
          connectionPool: { tcp: { maxConnections: 100 }, http: { http2MaxRequests: 100 } },
          outlierDetection: { ...outlierDetection, minHealthPercent: 50 },
        },
        subsets: ['stable', 'canary'].map((name) => ({ name, labels: { version: name } })),
      },
    },
  ];
}

function service(name: string, namespace: string): readonly object[] {
  const metadata = { name, namespace };
  const host = `${name}.${namespace}.svc.cluster.local`;
  const retries = { attempts: 2, perTryTimeout: '5s', retryOn: '5xx,reset,connect-failure' };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: { app: name }, ports: [{ name: 'http', port: 80 }] },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata,
      spec: { hosts: [host], http: [{ route: [{ destination: { host } }], timeout: '15s', retries }] },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata,
      spec: {
        host,
        trafficPolicy: {
          connectionPool: { tcp: { maxConnections: 100 }, http: { http2MaxRequests: 100 } },
          outlierDetection,
        },
      },
    },
  ];
}
