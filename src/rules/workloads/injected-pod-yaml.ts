import { LABELS, STATUS, workload } from './workload-yaml.ts';

const env = (name: string, path: string): string =>
  `{ name: ${name}, valueFrom: { fieldRef: { fieldPath: ${path} } } }`;

/** What an example changes of a pod as the injector leaves it; texts in YAML's flow style. */
export interface InjectedParts {
  readonly annotations?: string;
  readonly image?: string;
  /** More fields of the proxy's container. */
  readonly more?: string;
  readonly env?: string;
  readonly user?: string;
  readonly mount?: string;
  readonly initArgs?: string;
  /** Init containers that stand there instead of the injector's own. */
  readonly init?: string;
}

/** Writes a pod as the injector leaves it, with a native sidecar. */
export function injectedPod(parts: InjectedParts = {}): string {
  const { image = 'docker.io/istio/proxyv2:1.31.0', user = '1337', more, env: variable, mount, initArgs } = parts;
  const own = (text: string | undefined): string => (text === undefined ? '' : `, ${text}`);
  const args =
    'proxy, sidecar, --domain, $(POD_NAMESPACE).svc.cluster.local, "--proxyLogLevel=warning", "--log_output_level=default:info"';
  const variables = [
    '{ name: PILOT_CERT_PROVIDER, value: istiod }',
    '{ name: CA_ADDR, value: "istiod.istio-system.svc:15012" }',
    env('POD_NAME', 'metadata.name'),
    env('POD_NAMESPACE', 'metadata.namespace'),
    '{ name: PROXY_CONFIG, value: \'{"concurrency":2}\' }',
    '{ name: ISTIO_META_WORKLOAD_NAME, value: web }',
  ].join(', ');
  const mounts =
    '{ name: istio-envoy, mountPath: /etc/istio/proxy }, { name: istio-token, mountPath: /var/run/secrets/tokens }';
  const security = `runAsUser: ${user}, runAsGroup: 1337, readOnlyRootFilesystem: true, privileged: false, capabilities: { drop: [ALL] }`;
  const proxy = `{ name: istio-proxy, image: "${image}", restartPolicy: Always, args: [${args}], env: [${variables}${own(variable)}], securityContext: { ${security} }, volumeMounts: [${mounts}${own(mount)}]${own(more)} }`;
  const iptables =
    initArgs ??
    'istio-iptables, -p, "15001", -z, "15006", -u, "1337", -m, REDIRECT, -i, "*", -x, "", -b, "*", -d, "15090,15021,15020"';
  const init = parts.init ?? `{ name: istio-init, image: "docker.io/istio/proxyv2:1.31.0", args: [${iptables}] }`;
  return workload('Pod', {
    labels: `${LABELS}, security.istio.io/tlsMode: istio`,
    annotations: `sidecar.istio.io/status: ${STATUS}${own(parts.annotations)}`,
    spec: `initContainers: [${init === '' ? '' : `${init}, `}${proxy}], volumes: [{ name: istio-envoy }, { name: istio-token }]`,
  });
}
