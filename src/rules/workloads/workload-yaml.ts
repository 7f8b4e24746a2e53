/** What an example's workload has besides its image; maps and lists in YAML's flow style, without the outer braces. */
export interface WorkloadParts {
  readonly name?: string;
  readonly namespace?: string;
  readonly labels?: string;
  readonly annotations?: string;
  /** More fields of the pod's `spec`. */
  readonly spec?: string;
  /** More fields of the workload's own `spec`. */
  readonly owner?: string;
  /** The containers; one of an application by default. */
  readonly containers?: string;
  /** More fields of the object's `metadata`. */
  readonly metadata?: string;
}

/** The four annotations with the documented values. */
export const RESOURCES =
  'sidecar.istio.io/proxyCPU: 100m, sidecar.istio.io/proxyMemory: 128Mi, sidecar.istio.io/proxyCPULimit: 200m, sidecar.istio.io/proxyMemoryLimit: 256Mi';

/** The labels of an application that keeps every rule. */
export const LABELS = 'app: web, version: v1';

const APPLICATION = '{ name: web, image: web }';
const VERSIONS: Readonly<Record<string, string>> = {
  Pod: 'v1',
  ReplicationController: 'v1',
  Job: 'batch/v1',
  CronJob: 'batch/v1',
  Rollout: 'argoproj.io/v1alpha1',
};

/** Writes a workload of any kind as YAML, with the pod where that kind has it. */
export function workload(kind: string, parts: WorkloadParts = {}): string {
  const { name = 'web', namespace = 'llmoptimizer', labels = LABELS, annotations = '', metadata } = parts;
  const { containers = APPLICATION, spec, owner } = parts;
  const more = (text: string | undefined): string => (text === undefined ? '' : `, ${text}`);
  const own = `name: ${name}, namespace: ${namespace}${more(metadata)}`;
  const podMetadata = `labels: { ${labels} }, annotations: { ${annotations} }`;
  const podSpec = `{ containers: [${containers}]${more(spec)} }`;
  const template = `template: { metadata: { ${podMetadata} }, spec: ${podSpec} }`;
  const body =
    kind === 'CronJob' ? `{ jobTemplate: { spec: { ${template} } }${more(owner)} }` : `{ ${template}${more(owner)} }`;
  return `---
apiVersion: ${VERSIONS[kind] ?? 'apps/v1'}
kind: ${kind}
metadata: { ${kind === 'Pod' ? `${own}, ${podMetadata}` : own} }
spec: ${kind === 'Pod' ? podSpec : body}
`;
}

/** Writes a Deployment as YAML. */
export function deployment(parts: WorkloadParts = {}): string {
  return workload('Deployment', parts);
}

/** Writes a Namespace as YAML, labels in flow style. */
export function namespace(name: string, labels: string): string {
  return `---
apiVersion: v1
kind: Namespace
metadata: { name: ${name}, labels: { ${labels} } }
`;
}

/** The status annotation that the injector leaves on a pod with a native sidecar. */
export const STATUS =
  '\'{"initContainers":["istio-init","istio-proxy"],"containers":null,"volumes":["istio-envoy"],"imagePullSecrets":null,"revision":"default"}\'';
