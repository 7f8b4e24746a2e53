import { parseEmbeddedYaml } from '../model/embedded-yaml.ts';
import type { FieldPath } from '../model/field-path.ts';
import { isAbsent, type JsonObject, recordOrEmpty, recordsOf, stringOf, textOf } from '../model/json.ts';
import { protoField } from './mesh-config.ts';
import { entryOf, PROXY_CONTAINER, type PodTemplate, STATUS_ANNOTATION } from './pod-template.ts';
import { podProxyConfig } from './proxy-config.ts';

/** Something that makes a pod's proxy another than the injector's, from the pod. */
export interface ProxyOverride {
  readonly kind:
    | 'annotation'
    | 'template'
    | 'status'
    | 'text'
    | 'unreadable'
    | 'key'
    | 'variable'
    | 'quoted'
    | 'container'
    | 'volume'
    | 'image'
    | 'left'
    | 'written';
  readonly path: FieldPath;
  /** What is meant, by name. */
  readonly thing: string;
  /** A key, a name, or what must stand there, as the kind's message wants it. */
  readonly what: string;
}

const OVERRIDES = 'proxy.istio.io/overrides';
/** Annotations of which each replaces the proxy's image, start, volumes or control plane, or its whole container. */
const OVERRIDING = [
  'sidecar.istio.io/proxyImage',
  'sidecar.istio.io/proxyImageType',
  'sidecar.istio.io/bootstrapOverride',
  'sidecar.istio.io/userVolume',
  'sidecar.istio.io/userVolumeMount',
  'sidecar.istio.io/discoveryAddress',
  OVERRIDES,
];
const TEMPLATES = 'inject.istio.io/templates';

/**
 * Annotations that the template takes up as they are, without quotes and unchecked: a line end in one of them writes
 * another field of the proxy's container.
 * @see https://github.com/istio/istio/blob/1.31.0/manifests/charts/istio-control/istio-discovery/files/injection-template.yaml
 */
const UNQUOTED = ['sidecar.istio.io/logLevel', 'sidecar.istio.io/componentLogLevel', 'sidecar.istio.io/agentLogLevel'];
const PLAIN = /^[A-Za-z0-9_:,.-]*$/;
/** Of a variable's value, which stands in double quotes there. */
const QUOTABLE = /^[^"\\\p{Cc}\u2028\u2029]*$/u;

/** The keys of `proxy.istio.io/config` that a pod may set: each changes how long or how loud the proxy is, not what it is. */
const HARMLESS_KEYS = new Set([
  'concurrency',
  'holdApplicationUntilProxyStarts',
  'drainDuration',
  'terminationDrainDuration',
  'readinessProbe',
  'proxyStatsMatcher',
  'extraStatTags',
  'tracing',
]);

/** Names that the injector gives to its own containers. */
const PROXY_NAMES = new Set([PROXY_CONTAINER, 'istio-init', 'istio-validation', 'enable-core-dump']);
/** Names that the injector gives to the volumes of its containers; one brought under such a name is merged with it. */
export const PROXY_VOLUMES: ReadonlySet<string> = new Set([
  'workload-socket',
  'credential-socket',
  'workload-certs',
  'gke-workload-certificate',
  'custom-bootstrap-volume',
  'istio-envoy',
  'istio-data',
  'istio-podinfo',
  'istio-token',
  'istiod-ca-cert',
  'istio-ca-crl',
  'istio-certs',
  'lightstep-certs',
]);

/** Returns what a pod's annotations change of its proxy, injected or not. */
export function overridingAnnotations(
  pod: PodTemplate,
  proxyMetadata: readonly string[],
  defaultTemplates: readonly string[],
): readonly ProxyOverride[] {
  const found: ProxyOverride[] = [];
  const say = (kind: ProxyOverride['kind'], key: string, what = ''): void => {
    found.push({ kind, path: ['metadata', 'annotations', key], thing: what === '' ? key : `${key} ${what}`, what });
  };
  const value = (key: string): unknown => (Object.hasOwn(pod.annotations, key) ? pod.annotations[key] : undefined);
  for (const key of OVERRIDING) if (!isAbsent(value(key))) say('annotation', key);
  for (const key of UNQUOTED) {
    const text = value(key);
    if (!isAbsent(text) && !PLAIN.test(stringOf(text) ?? '"')) say('text', key);
  }
  if (!isAbsent(value(TEMPLATES))) {
    const names = (stringOf(value(TEMPLATES)) ?? '').split(',').map((name) => name.trim());
    const isDefault = names.join() === defaultTemplates.join();
    if (!isDefault && names.join() !== 'sidecar' && names.join() !== 'gateway') say('template', TEMPLATES);
  }
  return [...found, ...overridingConfig(pod, proxyMetadata)];
}

function overridingConfig(pod: PodTemplate, proxyMetadata: readonly string[]): readonly ProxyOverride[] {
  const written = podProxyConfig(pod);
  if (written === undefined) return [];
  const path = written.path.slice(pod.path.length);
  const { config } = written;
  if (config === undefined) return [{ kind: 'unreadable', path, thing: 'proxy.istio.io/config', what: '' }];
  return overridingKeys(config, proxyMetadata).map(({ kind, what }) => ({ kind, path, thing: what, what }));
}

/** A key of a proxy's configuration, or a variable by its own name. */
interface OverridingKey {
  readonly kind: 'key' | 'variable' | 'quoted';
  readonly what: string;
}

/** Returns the keys of a proxy's configuration that change more of it than a pod may; a variable by its own name. */
export function overridingKeys(config: JsonObject, proxyMetadata: readonly string[]): readonly OverridingKey[] {
  const keys = Object.entries(config).flatMap(([key, value]) => {
    const name = key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    if (isAbsent(value) || HARMLESS_KEYS.has(name) || name === 'proxyMetadata') return [];
    return [{ kind: 'key', what: key } as const];
  });
  const metadata = protoField(config, 'proxyMetadata');
  const variables = Object.entries(recordOrEmpty(metadata)).flatMap(([name, value]): readonly OverridingKey[] => {
    const what = `proxyMetadata.${name}`;
    if (!proxyMetadata.includes(name)) return [{ kind: 'variable', what }];
    return QUOTABLE.test(stringOf(value) ?? '"') ? [] : [{ kind: 'quoted', what }];
  });
  // Both spellings at once: the one that does not count today may count for another release.
  const other = Object.hasOwn(config, 'proxyMetadata') && Object.hasOwn(config, 'proxy_metadata');
  return [...keys, ...variables, ...(other ? [{ kind: 'key', what: 'proxy_metadata' } as const] : [])];
}

/** Returns what a pod, or a template, brings of the proxy's own before the injector has been there. */
export function broughtParts(pod: PodTemplate, template: string, images: readonly string[]): readonly ProxyOverride[] {
  const found: ProxyOverride[] = [];
  if (Object.hasOwn(pod.annotations, STATUS_ANNOTATION) && !isAbsent(pod.annotations[STATUS_ANNOTATION])) {
    const path = ['metadata', 'annotations', STATUS_ANNOTATION];
    found.push({ kind: 'status', path, thing: STATUS_ANNOTATION, what: '' });
  }
  for (const list of ['containers', 'initContainers', 'ephemeralContainers'] as const) {
    for (const [at, container] of recordsOf(pod.spec[list]).entries()) {
      const name = stringOf(container.name) ?? '';
      if (!PROXY_NAMES.has(name)) continue;
      const path = ['spec', list, at];
      if (template === 'gateway' && list === 'containers' && name === PROXY_CONTAINER) {
        found.push(...gatewayParts(container, path, images));
      } else found.push({ kind: 'container', path, thing: `container ${name}`, what: name });
    }
  }
  for (const [at, volume] of recordsOf(pod.spec.volumes).entries()) {
    const name = stringOf(volume.name) ?? '';
    if (PROXY_VOLUMES.has(name)) {
      found.push({ kind: 'volume', path: ['spec', 'volumes', at], thing: `volume ${name}`, what: name });
    }
  }
  return found;
}

/**
 * Returns what the injector wrote down of a gateway's own container that changes more than resources, ports and the like;
 * a pod of any other kind has none to write down.
 */
export function writtenDown(pod: PodTemplate, images: readonly string[]): readonly ProxyOverride[] {
  const path = ['metadata', 'annotations', OVERRIDES];
  const overrides = recordOrEmpty(parseEmbeddedYaml(entryOf(pod.annotations, OVERRIDES) ?? '')?.value);
  const containers = recordsOf(overrides.containers);
  const isOther =
    recordsOf(overrides.initContainers).length > 0 || containers.some(({ name }) => name !== PROXY_CONTAINER);
  const isChanged = containers.some(
    (container) => gatewayParts({ ...container, image: 'auto' }, path, images).length > 0,
  );
  // Its image is blank where it was 'auto'; any other is seen in the container itself.
  return isOther || isChanged ? [{ kind: 'annotation', path, thing: OVERRIDES, what: '' }] : [];
}

/** A gateway's pod has its proxy's container, with resources, ports and the like, but the injector's image and start. */
function gatewayParts(container: JsonObject, path: FieldPath, images: readonly string[]): readonly ProxyOverride[] {
  const found: ProxyOverride[] = [];
  const image = stringOf(container.image);
  if (image !== 'auto' && !isProxyImage(image, images)) {
    found.push({ kind: 'image', path: [...path, 'image'], thing: 'gateway image', what: "'auto'" });
  }
  for (const field of ['command', 'args', 'envFrom', 'lifecycle']) {
    if (!isAbsent(container[field])) {
      found.push({ kind: 'left', path: [...path, field], thing: `gateway ${field}`, what: '' });
    }
  }
  for (const [at, { name }] of recordsOf(container.env).entries()) {
    if (OWN_VARIABLES.has(stringOf(name) ?? '')) {
      found.push({ kind: 'left', path: [...path, 'env', at], thing: `gateway ${textOf(name)}`, what: '' });
    }
  }
  return found;
}

/** Variables that decide whom the proxy trusts, who it says it is, and what it is told at its start. */
export const OWN_VARIABLES: ReadonlySet<string> = new Set([
  'PROXY_CONFIG',
  'CA_ADDR',
  'CA_PROVIDER',
  'PILOT_CERT_PROVIDER',
  'XDS_ROOT_CA',
  'CA_ROOT_CA',
  'TRUST_DOMAIN',
  'POD_NAME',
  'POD_NAMESPACE',
  'SERVICE_ACCOUNT',
  'INSTANCE_IP',
  'ISTIO_BOOTSTRAP_OVERRIDE',
  'ISTIO_BOOTSTRAP',
  'DISABLE_ENVOY',
  'OUTPUT_CERTS',
  'PROV_CERT',
  'FILE_MOUNTED_CERTS',
]);

/** Tells whether an image is one of those that the injector may put in: a prefix of the baseline's, then tag or digest. */
export function isProxyImage(image: string | undefined, images: readonly string[]): boolean {
  return images.some(
    (prefix) => image === prefix || image?.startsWith(`${prefix}:`) || image?.startsWith(`${prefix}@`),
  );
}
