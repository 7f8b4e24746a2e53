/** One request body of the bench, by what it is; the load writes its own number wherever `NUMBER` stands. */
export interface Body {
  readonly name: string;
  readonly json: string;
}

/** Stands for a number that no other request has. */
const NUMBER = '000000000000';
const NAMESPACE = 'llmoptimizer';

/**
 * Makes the four bodies, all of them changes that keep the baseline: the path that almost every review takes. No two requests
 * are the same, in their uid and in an annotation, so that nobody gains by knowing a body again.
 */
export function bodies(): readonly Body[] {
  const before = virtualService('content-service', 14);
  const after = virtualService('content-service', 15);
  return [
    { name: 'Deployment, CREATE, 5 kB', json: review('CREATE', deployment()) },
    { name: 'VirtualService, CREATE, 6 kB', json: review('CREATE', virtualService('content-service', 10)) },
    { name: 'VirtualService, UPDATE, 18 kB', json: review('UPDATE', after, before) },
    { name: 'VirtualService, CREATE, 100 kB', json: review('CREATE', virtualService('content-service', 182)) },
  ];
}

function review(operation: string, object: object, oldObject: object | null = null): string {
  const { apiVersion, kind } = object as { readonly apiVersion: string; readonly kind: string };
  const [group = '', version = ''] = apiVersion.split('/');
  const resource = { group, version, resource: `${kind.toLowerCase()}s` };
  const kinds = { group, version, kind };
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid: `705ab4f5-6393-11e8-b7cc-${NUMBER}`,
      kind: kinds,
      resource,
      requestKind: kinds,
      requestResource: resource,
      name: 'content-service',
      namespace: NAMESPACE,
      operation,
      userInfo: {
        username: 'system:serviceaccount:argocd:application-controller',
        uid: '0f2b1c9e-4d1f-4a55-9a77-0d5f6c1b2a3d',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:argocd', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': ['JTI=6f1c1a52-30f3-4e6c-8f7e-0c8d7b8b6a11'] },
      },
      object,
      oldObject,
      dryRun: false,
      options: {
        kind: `${operation === 'CREATE' ? 'Create' : 'Update'}Options`,
        apiVersion: 'meta.k8s.io/v1',
        fieldManager: 'argocd',
      },
    },
  });
}

function metadata(kind: string, fields: number): object {
  return {
    name: 'content-service',
    namespace: NAMESPACE,
    uid: '9d2a8f0e-2d3c-4c0a-9f53-4b7a5f8e6d21',
    resourceVersion: '184467',
    generation: 7,
    creationTimestamp: '2026-09-01T08:00:00Z',
    labels: {
      app: 'content-service',
      'app.kubernetes.io/managed-by': 'argocd',
      'app.kubernetes.io/part-of': 'platform',
    },
    annotations: {
      'argocd.argoproj.io/tracking-id': `platform:${kind}:${NAMESPACE}/content-service`,
      'platform.example/build': NUMBER,
    },
    managedFields: [
      {
        manager: 'argocd',
        operation: 'Apply',
        apiVersion: 'v1',
        time: '2026-11-01T08:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { 'f:app': {}, 'f:app.kubernetes.io/managed-by': {} }, 'f:annotations': {} },
          'f:spec': Object.fromEntries(
            Array.from({ length: fields }, (_, at) => [`f:field-${at}`, { '.': {}, 'f:name': {} }]),
          ),
        },
      },
    ],
  };
}

function deployment(): object {
  const env = Array.from({ length: 34 }, (_, at) => ({
    name: `SETTING_${at}`,
    value: `value-of-setting-number-${at}`,
  }));
  const probe = { httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' }, periodSeconds: 10, timeoutSeconds: 1 };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata('Deployment', 12),
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'content-service' } },
      template: {
        metadata: {
          labels: { app: 'content-service', version: 'stable' },
          annotations: {
            'sidecar.istio.io/proxyCPU': '100m',
            'sidecar.istio.io/proxyMemory': '128Mi',
            'sidecar.istio.io/proxyCPULimit': '200m',
            'sidecar.istio.io/proxyMemoryLimit': '256Mi',
            'proxy.istio.io/config': 'concurrency: 2\n',
          },
        },
        spec: {
          serviceAccountName: 'content-service',
          containers: [
            {
              name: 'app',
              image: 'registry.llmoptimizer.example/content-service:1.42.0',
              ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
              env,
              resources: { requests: { cpu: '250m', memory: '512Mi' }, limits: { memory: '512Mi' } },
              readinessProbe: probe,
              livenessProbe: probe,
              securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            },
          ],
          terminationGracePeriodSeconds: 30,
          dnsPolicy: 'ClusterFirst',
        },
      },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    },
  };
}

/** A VirtualService with so many routes by prefix, the header route first and the weighted one last. */
function virtualService(service: string, routes: number): object {
  const retries = { attempts: 3, perTryTimeout: '15s', retryOn: '5xx,reset,connect-failure' };
  const to = (subset: string, weight: number): object => ({
    destination: { host: `${service}.${NAMESPACE}.svc.cluster.local`, subset, port: { number: 8080 } },
    weight,
  });
  const split = [to('stable', 95), to('canary', 5)];
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: metadata('VirtualService', 8),
    spec: {
      hosts: [`${service}.${NAMESPACE}.svc.cluster.local`],
      gateways: ['mesh'],
      http: [
        {
          name: 'canary',
          match: [{ headers: { 'x-version': { exact: 'canary' } } }],
          route: [to('canary', 100)],
          timeout: '60s',
          retries,
        },
        ...Array.from({ length: routes - 2 }, (_, at) => ({
          name: `part-${at}`,
          match: [{ uri: { prefix: `/api/v1/part-${at}/` }, method: { regex: 'GET|POST' } }],
          route: split,
          timeout: '60s',
          retries,
          headers: { request: { set: { 'x-part': `part-${at}` } } },
        })),
        { name: 'rest', route: split, timeout: '60s', retries },
      ],
    },
  };
}
