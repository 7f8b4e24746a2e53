import { isAbsent, recordOrEmpty, recordsOf, sameJson, stringOf, stringsOf, valueAt, textOf } from '../model/json.ts';
import { isProxyImage, type ProxyOverride } from './brought-proxy.ts';
import { changedEnvironment } from './injected-environment.ts';
import { changedInit } from './injected-init.ts';
import { protoField } from './mesh-config.ts';
import { entryOf, findContainer, type PlacedContainer, PROXY_CONTAINER, type PodTemplate } from './pod-template.ts';
import { chartValue, type ProxyMakings, written } from './proxy-makings.ts';

/**
 * Returns where the containers that the injector made are not as it writes them: image, start, user, environment and
 * mounts. Resources are another question.
 * @see https://github.com/istio/istio/blob/1.31.0/manifests/charts/istio-control/istio-discovery/files/injection-template.yaml
 */
export function changedProxy(pod: PodTemplate, makings: ProxyMakings): readonly ProxyOverride[] {
  const found: ProxyOverride[] = [];
  const proxy = findContainer(pod.spec, PROXY_CONTAINER);
  if (proxy !== undefined) found.push(...changedStart(proxy, makings));
  // A template of the installation's own may write anything else into the container.
  if (proxy !== undefined && makings.template === 'gateway') found.push(...changedEnvironment(proxy, makings));
  const isPlain = makings.template === 'sidecar' && makings.injector.defaultTemplates.join() === 'sidecar';
  if (proxy === undefined || !isPlain) return found;
  found.push(...changedUser(proxy, pod, makings), ...changedEnvironment(proxy, makings));
  found.push(...changedMounts(proxy, makings), ...changedRest(proxy, makings));
  const init = findContainer(pod.spec, 'istio-init') ?? findContainer(pod.spec, 'istio-validation');
  if (init === undefined && makings.isUncaptured) return found;
  if (init === undefined) {
    found.push(written(['spec', 'initContainers'], 'capture', "a container 'istio-init' or 'istio-validation'"));
  } else found.push(...changedStart(init, makings), ...changedInit(init, pod, makings));
  return found;
}

/** Image and command line. */
function changedStart({ container, path }: PlacedContainer, makings: ProxyMakings): readonly ProxyOverride[] {
  const found: ProxyOverride[] = [];
  const name = textOf(container.name);
  if (!isProxyImage(stringOf(container.image), makings.images)) {
    found.push({
      kind: 'image',
      path: [...path, 'image'],
      thing: `${name} image`,
      what: 'one of the baseline’s proxy images',
    });
  }
  if (!isAbsent(container.command)) {
    found.push({ kind: 'left', path: [...path, 'command'], thing: `${name} command`, what: '' });
  }
  if (name !== PROXY_CONTAINER || makings.template === 'other') return found;
  const role = makings.template === 'gateway' ? 'router' : 'sidecar';
  const args = stringsOf(container.args);
  const start = ['proxy', role, '--domain', `$(POD_NAMESPACE).svc.${makings.clusterDomain}`];
  const isStart = start.every((arg, at) => args[at] === arg);
  if (!isStart || !args.slice(start.length).every((arg) => PROXY_FLAG.test(arg))) {
    found.push(written([...path, 'args'], `${name} args`, `'proxy ${role}' and its log levels`));
  }
  return found;
}

const PROXY_FLAG =
  /^--(?:(?:proxyLogLevel|proxyComponentLogLevel|log_output_level)=[A-Za-z0-9_:,.-]*|stsPort=\d+|log_as_json|outlierLogPath=[\w./-]+)$/;

/** Runs the proxy as root, in these two cases: to take over foreign addresses, or to listen on low ports. */
function isRootProxy({ annotations }: PodTemplate, makings: ProxyMakings): boolean {
  const mode =
    entryOf(annotations, 'sidecar.istio.io/interceptionMode') ?? protoField(makings.defaultConfig, 'interceptionMode');
  const lowPorts =
    entryOf(annotations, 'sidecar.istio.io/capNetBindService') ??
    chartValue(makings, 'global', 'proxy', 'capNetBindService');
  return mode === 'TPROXY' || lowPorts === 'true' || lowPorts === true;
}

function changedUser(
  { container, path }: PlacedContainer,
  pod: PodTemplate,
  makings: ProxyMakings,
): readonly ProxyOverride[] {
  const context = recordOrEmpty(container.securityContext);
  const isPrivileged = chartValue(makings, 'global', 'proxy', 'privileged') === true;
  const isRoot = isRootProxy(pod, makings);
  const added = stringsOf(recordOrEmpty(context.capabilities).add);
  const fits: readonly (readonly [string, boolean, string])[] = [
    ['runAsUser', isOneOf(context.runAsUser, isRoot ? [0, 1337] : [1337]), '1337'],
    ['runAsGroup', isOneOf(context.runAsGroup, [1337]), '1337'],
    ['privileged', isPrivileged || context.privileged !== true, 'false'],
    ['allowPrivilegeEscalation', isPrivileged || context.allowPrivilegeEscalation !== true, 'false'],
    ['readOnlyRootFilesystem', context.readOnlyRootFilesystem === true, 'true'],
    ['capabilities', isRoot ? added.every((one) => ROOT_CAPABILITIES.has(one)) : added.length === 0, 'to drop ALL'],
  ];
  return fits.flatMap(([field, fit, what]) =>
    fit ? [] : [written([...path, 'securityContext', field], `istio-proxy ${field}`, what)],
  );
}

const ROOT_CAPABILITIES = new Set(['NET_ADMIN', 'NET_BIND_SERVICE']);
const isOneOf = (value: unknown, allowed: readonly number[]): boolean => allowed.some((one) => one === value);

/** Where each volume of the proxy is put. */
const MOUNTS: Readonly<Record<string, string>> = {
  'workload-socket': '/var/run/secrets/workload-spiffe-uds',
  'credential-socket': '/var/run/secrets/credential-uds',
  'workload-certs': '/var/run/secrets/workload-spiffe-credentials',
  'gke-workload-certificate': '/var/run/secrets/workload-spiffe-credentials',
  'istiod-ca-cert': '/var/run/secrets/istio',
  'istio-ca-crl': '/var/run/secrets/istio/crl',
  'istio-data': '/var/lib/istio/data',
  'istio-envoy': '/etc/istio/proxy',
  'istio-token': '/var/run/secrets/tokens',
  'istio-certs': '/etc/certs/',
  'istio-podinfo': '/etc/istio/pod',
};
/** Tokens that the API server, and the identity webhooks of cloud platforms, put into every container of a pod. */
const TOKEN_MOUNTS = new Set([
  '/var/run/secrets/kubernetes.io/serviceaccount',
  '/var/run/secrets/eks.amazonaws.com/serviceaccount',
  '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
  '/var/run/secrets/azure/tokens',
]);

function changedMounts({ container, path }: PlacedContainer, makings: ProxyMakings): readonly ProxyOverride[] {
  const isLightstep = chartValue(makings, 'global', 'proxy', 'tracer') === 'lightstep';
  return recordsOf(container.volumeMounts).flatMap((mount, at) => {
    const name = stringOf(mount.name) ?? '';
    const isOwn = Object.hasOwn(MOUNTS, name) && mount.mountPath === MOUNTS[name] && isAbsent(mount.subPath);
    if (isOwn || TOKEN_MOUNTS.has(stringOf(mount.mountPath) ?? '') || (isLightstep && name === 'lightstep-certs'))
      return [];
    return [written([...path, 'volumeMounts', at], `istio-proxy mount ${name}`, 'one of the injector’s own')];
  });
}

/** What a container of the injector's has besides; the API server adds the rest with its defaults. */
const PROXY_FIELDS = new Set(
  'name image imagePullPolicy args env ports resources securityContext volumeMounts lifecycle readinessProbe startupProbe restartPolicy terminationMessagePath terminationMessagePolicy command envFrom resizePolicy'.split(
    ' ',
  ),
);

function changedRest({ container, path }: PlacedContainer, makings: ProxyMakings): readonly ProxyOverride[] {
  const found: ProxyOverride[] = [];
  for (const [field, value] of Object.entries(container)) {
    if (isAbsent(value) || PROXY_FIELDS.has(field)) continue;
    found.push({ kind: 'left', path: [...path, field], thing: `istio-proxy ${field}`, what: '' });
  }
  const ofChart = chartValue(makings, 'global', 'proxy', 'lifecycle');
  const hooks = Object.values(recordOrEmpty(container.lifecycle));
  const isAgent = hooks.every((hook) => stringsOf(valueAt(hook, ['exec', 'command']))[0] === 'pilot-agent');
  if (!isAgent && !sameJson(container.lifecycle, ofChart)) {
    found.push(written([...path, 'lifecycle'], 'istio-proxy lifecycle', "calls of 'pilot-agent'"));
  }
  for (const probe of ['readinessProbe', 'startupProbe']) {
    if (isAbsent(container[probe]) || valueAt(container[probe], ['httpGet', 'path']) === '/healthz/ready') continue;
    found.push(written([...path, probe], `istio-proxy ${probe}`, "'/healthz/ready'"));
  }
  return found;
}
