import { parseEmbeddedYaml } from '../model/embedded-yaml.ts';
import { isAbsent, type JsonObject, recordOrEmpty, recordsOf, sameJson, stringOf } from '../model/json.ts';
import { OWN_VARIABLES, overridingKeys, type ProxyOverride } from './brought-proxy.ts';
import { protoField } from './mesh-config.ts';
import type { PlacedContainer } from './pod-template.ts';
import { chartValue, type ProxyMakings, written } from './proxy-makings.ts';

/** Variables that come from the pod itself, with the field that each must come from. */
const FROM_POD: Readonly<Record<string, string>> = {
  POD_NAME: 'metadata.name',
  POD_NAMESPACE: 'metadata.namespace',
  INSTANCE_IP: 'status.podIP',
  SERVICE_ACCOUNT: 'spec.serviceAccountName',
  HOST_IP: 'status.hostIP',
  ISTIO_META_NODE_NAME: 'spec.nodeName',
  ISTIO_CPU_LIMIT: 'limits.cpu',
  GOMEMLIMIT: 'limits.memory',
  GOMAXPROCS: 'limits.cpu',
};
/** Variables that only tell what the mesh and the pod are called, or what the injector found in the pod. */
const TOLD = new Set(
  'ISTIO_META_POD_PORTS ISTIO_META_APP_CONTAINERS COMPLIANCE_POLICY GODEBUG ISTIO_META_CLUSTER_ID ISTIO_META_NETWORK ISTIO_META_WORKLOAD_NAME ISTIO_META_OWNER ISTIO_META_MESH_ID TRUST_DOMAIN OTEL_RESOURCE_ATTRIBUTES REWRITE_PROBE_LEGACY_LOCALHOST_DESTINATION ISTIO_KUBE_APP_PROBERS ISTIO_PROMETHEUS_ANNOTATIONS'.split(
    ' ',
  ),
);

/**
 * What the identity webhooks of cloud platforms add to every container of a pod; the proxy reads none of it.
 * @see https://github.com/aws/amazon-eks-pod-identity-webhook/blob/v0.6.5/README.md
 * @see https://azure.github.io/azure-workload-identity/docs/installation/mutating-admission-webhook.html
 */
const PLATFORM = /^(?:AWS|AZURE)_[A-Z_]+$/;

/** Returns where the environment of an injected proxy is not as the injector writes it. */
export function changedEnvironment(
  { container, path }: PlacedContainer,
  makings: ProxyMakings,
): readonly ProxyOverride[] {
  const found = recordsOf(container.env).flatMap((variable, at) => {
    const name = stringOf(variable.name) ?? '';
    const wanted = wantedVariable(name, variable, makings);
    return wanted === undefined ? [] : [written([...path, 'env', at], `istio-proxy ${name}`, wanted)];
  });
  return isAbsent(container.envFrom)
    ? found
    : [...found, { kind: 'left', path: [...path, 'envFrom'], thing: 'istio-proxy envFrom', what: '' }];
}

/** Returns what must be instead; undefined where a variable is as the injector writes it. */
function wantedVariable(name: string, variable: JsonObject, makings: ProxyMakings): string | undefined {
  const value = stringOf(variable.value);
  const field = FROM_POD[name];
  if (field !== undefined && Object.hasOwn(FROM_POD, name)) {
    const from = recordOrEmpty(variable.valueFrom);
    const source = recordOrEmpty(from.fieldRef).fieldPath ?? recordOrEmpty(from.resourceFieldRef).resource;
    return source === field && value === undefined ? undefined : `from the pod's own ${field}`;
  }
  if (name === 'PROXY_CONFIG')
    return isProxyConfig(value ?? '', makings) ? undefined : "the mesh's configuration and the pod's annotation";
  if (name === 'CA_ADDR') return isAuthority(value ?? '', makings) ? undefined : 'the address of istiod';
  if (name === 'PILOT_CERT_PROVIDER') {
    const provider = chartValue(makings, 'global', 'pilotCertProvider') ?? 'istiod';
    return value === provider ? undefined : "the mesh's own";
  }
  if (name === 'ISTIO_META_INTERCEPTION_MODE')
    return value === 'NONE' && !makings.isUncaptured ? "'REDIRECT' or 'TPROXY'" : undefined;
  if (TOLD.has(name) || PLATFORM.test(name)) return undefined;
  // A gateway's own container may say more, but not whom it trusts and who it is.
  if (makings.template === 'gateway' && !OWN_VARIABLES.has(name)) return undefined;
  const ofMesh = recordOrEmpty(protoField(makings.defaultConfig, 'proxyMetadata'));
  return makings.proxyMetadata.includes(name) || Object.hasOwn(ofMesh, name)
    ? undefined
    : 'a variable that the baseline lists';
}

function isAuthority(address: string, makings: ProxyMakings): boolean {
  const own = chartValue(makings, 'global', 'caAddress');
  const [istiod = '', ...rest] = address.split('.');
  const isOwn = typeof own === 'string' && own !== '' && own === address;
  return isOwn || (/^istiod(?:-[a-z0-9-]+)?$/.test(istiod) && rest.join('.') === `${makings.rootNamespace}.svc:15012`);
}

/** What an annotation may not set may still be there as the mesh has it. */
function isProxyConfig(text: string, { defaultConfig, proxyMetadata }: ProxyMakings): boolean {
  const config = parseEmbeddedYaml(text)?.value;
  if (isAbsent(config)) return text.trim() === '';
  const ofMesh = recordOrEmpty(protoField(defaultConfig, 'proxyMetadata'));
  const known = [...proxyMetadata, ...Object.keys(ofMesh)];
  return overridingKeys(recordOrEmpty(config), known).every(
    ({ kind, what }) => kind === 'key' && sameJson(recordOrEmpty(config)[what], protoField(defaultConfig, what)),
  );
}
