import { deployment, rightTraffic } from './manifests.ts';

/** What Meshwarden must make of a change. */
export type Expected =
  | { readonly verdict: 'accepted' }
  | { readonly verdict: 'warned' | 'refused'; readonly code: string };

/** A change as a person would try it. */
export interface Change {
  /** What is tried, as a sentence. */
  readonly title: string;
  /** A file that the command applies; it stays there to be played with. */
  readonly manifest?: { readonly file: string; readonly text: string };
  /** What kubectl is given, in the folder with the files. */
  readonly command: readonly string[];
  readonly expects: Expected;
  /** The Deployment whose pod template is looked at afterwards, and the labels and annotations that it must have gained. */
  readonly template?: {
    readonly deployment: string;
    /** Absent: the template must be as it was before. */
    readonly gains?: Readonly<Record<string, RegExp>>;
  };
}

const NAMESPACE = ['-n', 'llmoptimizer'];
const ML_THREE_RETRIES = '[{"op":"replace","path":"/spec/http/4/retries/attempts","value":3}]';

/** The changes, in their order: some build on earlier ones. */
export const CHANGES: readonly Change[] = [
  {
    title: 'A Deployment that says nothing of its sidecar comes back with resources, concurrency and labels.',
    ...applied('recommendations.yaml', deployment('recommendations')),
    expects: { verdict: 'accepted' },
    template: {
      deployment: 'recommendations',
      gains: {
        app: /^recommendations$/,
        version: /^v1$/,
        'proxy.istio.io/config': /concurrency"?: ?2\b/,
        'sidecar.istio.io/proxyCPU': /^100m$/,
        'sidecar.istio.io/proxyMemory': /^128Mi$/,
        'sidecar.istio.io/proxyCPULimit': /^200m$/,
        'sidecar.istio.io/proxyMemoryLimit': /^256Mi$/,
      },
    },
  },
  {
    title:
      'A Deployment from before, of which only the replicas change: no patch, so no rollout that nobody asked for.',
    command: ['patch', 'deployment', 'legacy-reports', ...NAMESPACE, '--type=merge', '-p', '{"spec":{"replicas":3}}'],
    expects: { verdict: 'warned', code: 'MW101' },
    template: { deployment: 'legacy-reports' },
  },
  {
    title: 'A pod template that opts out of the mesh.',
    ...applied(
      'no-sidecar.yaml',
      deployment('no-sidecar').replace(
        'app: no-sidecar }\n    spec',
        'app: no-sidecar, sidecar.istio.io/inject: "false" }\n    spec',
      ),
    ),
    expects: { verdict: 'refused', code: 'MW104' },
  },
  {
    title: 'Three retries on a route to the ML service, which may retry once.',
    command: ['patch', 'virtualservice', 'ml-service', ...NAMESPACE, '--type=json', '-p', ML_THREE_RETRIES],
    expects: { verdict: 'refused', code: 'MW401' },
  },
  {
    title: 'The same as a dry run, as a pipeline would ask: the same verdict, and nothing is stored either way.',
    command: [
      'patch',
      'virtualservice',
      'ml-service',
      ...NAMESPACE,
      '--dry-run=server',
      '--type=json',
      '-p',
      ML_THREE_RETRIES,
    ],
    expects: { verdict: 'refused', code: 'MW401' },
  },
  {
    title: 'The same by way of an older API version.',
    command: [
      'patch',
      'virtualservices.v1alpha3.networking.istio.io',
      'ml-service',
      ...NAMESPACE,
      '--type=json',
      '-p',
      ML_THREE_RETRIES,
    ],
    expects: { verdict: 'refused', code: 'MW401' },
  },
  {
    title: 'A route whose timeout is taken away: without one Istio waits for ever.',
    command: [
      'patch',
      'virtualservice',
      'content-service',
      ...NAMESPACE,
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/spec/http/0/timeout"}]',
    ],
    expects: { verdict: 'refused', code: 'MW403' },
  },
  {
    title: 'A route written anew in a hurry, with several faults: all are said at once.',
    manifest: {
      file: 'ml-in-a-hurry.yaml',
      text: `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: ml-service, namespace: llmoptimizer }
spec:
  hosts: [ml-service]
  http:
    - route:
        - destination: { host: ml-service }
      headers: { request: { set: { x-envoy-max-retries: "9" } } }
`,
    },
    command: ['replace', '-f', 'ml-in-a-hurry.yaml'],
    expects: { verdict: 'refused', code: 'MW412' },
  },
  {
    title: 'Mutual TLS made optional for the whole mesh.',
    command: [
      'patch',
      'peerauthentication',
      'default',
      '-n',
      'istio-system',
      '--type=merge',
      '-p',
      '{"spec":{"mtls":{"mode":"PERMISSIVE"}}}',
    ],
    expects: { verdict: 'refused', code: 'MW201' },
  },
  {
    title: 'The mesh-wide policy deleted, which would come to the same.',
    command: ['delete', 'peerauthentication', 'default', '-n', 'istio-system'],
    expects: { verdict: 'refused', code: 'MW201' },
  },
  {
    title: 'A policy that allows everybody everything: one rule that restricts nothing.',
    ...applied(
      'allow-all.yaml',
      `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: just-for-now, namespace: llmoptimizer }
spec:
  rules: [{}]
`,
    ),
    expects: { verdict: 'refused', code: 'MW302' },
  },
  {
    title: 'A DestinationRule in a caller’s namespace: there it replaces the owner’s, mutual TLS and breaker with it.',
    ...applied(
      'shadow.yaml',
      `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: auth-but-faster, namespace: llmoptimizer-data }
spec:
  host: auth-service.llmoptimizer.svc.cluster.local
  trafficPolicy:
    tls: { mode: DISABLE }
`,
    ),
    expects: { verdict: 'refused', code: 'MW202' },
  },
  {
    title: 'A new Service comes before its route and its breaker. Somebody must come first: a warning, no refusal.',
    ...applied(
      'search.yaml',
      `apiVersion: v1
kind: Service
metadata: { name: search, namespace: llmoptimizer }
spec:
  selector: { app: search }
  ports: [{ name: http, port: 8080 }]
`,
    ),
    expects: { verdict: 'warned', code: 'MW406' },
  },
  {
    title: 'What it lacked, and all of it right.',
    ...applied('search-traffic.yaml', rightTraffic('search')),
    expects: { verdict: 'accepted' },
  },
];

function applied(file: string, text: string): Pick<Change, 'manifest' | 'command'> {
  return { manifest: { file, text }, command: ['apply', '-f', file] };
}
