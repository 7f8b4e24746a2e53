/** Makes a mesh of so many services over 50 namespaces, each with its VirtualService and DestinationRule, as YAML. */
export function meshOfServices(count: number): string {
  const namespaces = Array.from({ length: 50 }, (_, at) => `team-${at}`);
  const objects: object[] = ['llmoptimizer', 'istio-system', ...namespaces].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'istio-injection': name === 'istio-system' ? 'disabled' : 'enabled' } },
  }));
  for (let at = 0; at < count; at += 1) objects.push(...service(`service-${at}`, namespaces[at % 50] ?? ''));
  // JSON is YAML; one document an object.
  return objects.map((object) => JSON.stringify(object)).join('\n---\n');
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
          outlierDetection: {
            consecutive5xxErrors: 5,
            interval: '10s',
            baseEjectionTime: '30s',
            maxEjectionPercent: 50,
          },
        },
      },
    },
  ];
}
