import { fitsSelector } from '../../mesh/injector-config.ts';
import { settingAt } from '../../mesh/mesh-text.ts';
import { meshNamespaces } from '../../mesh/namespaces.ts';
import { protoWhole } from '../../mesh/proxy-config.ts';
import { findProvider, settingsOf, TRACERS } from '../../mesh/telemetry-providers.ts';
import type { FieldPath } from '../../model/field-path.ts';
import { type JsonObject, listOf, recordOrEmpty, recordsOf, stringOf, stringsOf } from '../../model/json.ts';
import { labelsOf } from '../../model/kube-object.ts';
import type { Facts } from '../rule.ts';
import { proxyDemands } from './mesh-proxy-demands.ts';

/** What is wrong with one setting. */
export interface Complaint {
  /** The way inside the text, as written there. */
  readonly keys: FieldPath;
  readonly value: unknown;
  /** What must be, behind the word 'must'. */
  readonly demand: string;
  /** What Istio makes of a setting that is not there. */
  readonly reading?: string;
  /** What is meant where the keys name a place in a list. */
  readonly thing?: string;
  readonly magnitude?: number;
}

interface Row {
  /** In camelCase. */
  readonly path: FieldPath;
  readonly isRight: (value: unknown) => boolean;
  readonly demand: string;
}

const oneOf =
  (...words: readonly string[]) =>
  (value: unknown): boolean =>
    value === undefined || words.some((word) => word === value);
const isUnset = (value: unknown): boolean => value === undefined;
const isEmpty = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.length === 0);
const isForAll = (value: unknown): boolean => isEmpty(value) || listOf(value).includes('*');
const EXPORT_DEMAND =
  "be left out or be ['*'], or objects that say nothing themselves reach nobody but their namespace";

/** Settings that are right or wrong by themselves. A number in the place of a word is as wrong as a word that Istio does not know. */
const ROWS: readonly Row[] = [
  {
    path: ['enableTracing'],
    isRight: (value) => value === undefined || value === true,
    demand: "be 'true'",
  },
  {
    path: ['inboundTrafficPolicy', 'mode'],
    isRight: oneOf('PASSTHROUGH'),
    demand: "be 'PASSTHROUGH', or what a pod opens for itself alone can be reached from outside",
  },
  {
    path: ['pathNormalization', 'normalization'],
    isRight: oneOf('DEFAULT', 'BASE', 'MERGE_SLASHES', 'DECODE_AND_MERGE_SLASHES'),
    demand: "be 'BASE' or more, or a path is written in ways that an AuthorizationPolicy does not know",
  },
  {
    path: ['tlsDefaults', 'minProtocolVersion'],
    isRight: oneOf('TLS_AUTO', 'TLSV1_2', 'TLSV1_3'),
    demand: "be 'TLSV1_2' or 'TLSV1_3'",
  },
  {
    path: ['trustDomainAliases'],
    isRight: isEmpty,
    demand: 'be empty, or identities of another mesh count as those of this one',
  },
  {
    path: ['caCertificates'],
    isRight: isEmpty,
    demand: 'be empty, or another authority can make identities of this mesh',
  },
  { path: ['ca'], isRight: isUnset, demand: 'be left out, or another authority makes the identities of this mesh' },
  { path: ['configSources'], isRight: isEmpty, demand: 'be empty, or Istio reads configuration that nobody judged' },
  {
    path: ['serviceEntryVisibility'],
    isRight: isUnset,
    demand: 'be left out, or registered hosts are hidden from proxies',
  },
  {
    path: ['ingressControllerMode'],
    isRight: oneOf('STRICT', 'OFF'),
    demand: "be 'STRICT' or 'OFF', or an Ingress without a class is served as well",
  },
  { path: ['defaultServiceExportTo'], isRight: isForAll, demand: EXPORT_DEMAND },
  { path: ['defaultVirtualServiceExportTo'], isRight: isForAll, demand: EXPORT_DEMAND },
  { path: ['defaultDestinationRuleExportTo'], isRight: isForAll, demand: EXPORT_DEMAND },
  {
    path: ['defaultInboundHttpRetryPolicy'],
    isRight: isUnset,
    demand: 'be left out, or every request is tried again at its end as well, beside the tries of its caller',
  },
];

/** Returns what is wrong with a mesh configuration, but for what MW203, MW506, MW601 and MW603 say. */
export function meshComplaints(config: JsonObject, facts: Facts): readonly Complaint[] {
  const simple = ROWS.flatMap(({ path, isRight, demand }): readonly Complaint[] => {
    const { value, keys } = settingAt(config, path);
    return isRight(value) ? [] : [{ keys, value, demand }];
  });
  return [
    ...simple,
    ...trustDomain(config, facts),
    ...retries(config, facts),
    ...pools(config, facts),
    ...discovery(config, facts),
    ...providers(config, facts),
    ...defaultProviders(config, facts),
    ...proxyDemands(config, facts),
  ];
}

/** Policies name callers by the cluster's domain, which is Istio's trust domain unless this setting says otherwise. */
function trustDomain(config: JsonObject, { baseline }: Facts): readonly Complaint[] {
  const { value, keys } = settingAt(config, ['trustDomain']);
  const { clusterDomain } = baseline.mesh;
  const isRight = value === undefined ? clusterDomain === 'cluster.local' : value === clusterDomain;
  return isRight
    ? []
    : [{ keys, value, demand: `be '${clusterDomain}', by which policies name callers`, reading: "'cluster.local'" }];
}

function retries(config: JsonObject, { baseline }: Facts): readonly Complaint[] {
  const found: Complaint[] = [];
  const limit = baseline.otherServices.retries;
  const attempts = settingAt(config, ['defaultHttpRetryPolicy', 'attempts']);
  const count = attempts.value === undefined ? 0 : protoWhole(attempts.value);
  if (count === undefined || count > limit || count < 0) {
    const demand = `be less than or equal to ${limit}, for every route that says nothing itself`;
    found.push({ ...attempts, demand, magnitude: count ?? Number.MAX_SAFE_INTEGER });
  }
  const on = settingAt(config, ['defaultHttpRetryPolicy', 'retryOn']);
  const tokens = (stringOf(on.value) ?? '').split(',').map((token) => token.trim());
  const isListed = tokens.every((token) => token === '' || baseline.retryOn.includes(token));
  if (on.value !== undefined && !isListed) {
    found.push({ ...on, demand: `name nothing but ${baseline.retryOn.map((token) => `'${token}'`).join(', ')}` });
  }
  return found;
}

/** A default that is there is what services without a DestinationRule get; one that is not is no worse than Istio itself. */
function pools(config: JsonObject, { baseline: { otherServices } }: Facts): readonly Complaint[] {
  const pool = ['defaultTrafficPolicy', 'connectionPool'];
  const bounds: readonly (readonly [FieldPath, number])[] = [
    [[...pool, 'tcp', 'maxConnections'], otherServices.maxConnections],
    [[...pool, 'http', 'http2MaxRequests'], otherServices.http2MaxRequests],
  ];
  return bounds.flatMap(([path, limit]): readonly Complaint[] => {
    const setting = settingAt(config, path);
    const count = protoWhole(setting.value);
    if (setting.value === undefined || (count !== undefined && count >= 1 && count <= limit)) return [];
    const magnitude = count === undefined || count < 1 ? Number.MAX_SAFE_INTEGER : count;
    return [{ ...setting, demand: `be from 1 to ${limit}`, magnitude }];
  });
}

/**
 * Istio does not see objects in namespaces that no selector fits. A namespace that is not in the view has only its name.
 * @see https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig-discovery_selectors
 */
function discovery(config: JsonObject, { view, baseline }: Facts): readonly Complaint[] {
  const { value, keys } = settingAt(config, ['discoverySelectors']);
  if (isEmpty(value)) return [];
  const { ingress, egress } = baseline.gateways;
  const gateways = [...ingress, ...egress].map(({ namespace }) => namespace);
  const needed = [...new Set([baseline.mesh.rootNamespace, ...gateways, ...meshNamespaces(view, baseline)])];
  const hidden = needed.find((namespace) => {
    const object = view.get('Namespace', '', namespace);
    const own = object === undefined ? {} : labelsOf(object);
    const labels = { ...own, 'kubernetes.io/metadata.name': namespace };
    return !recordsOf(value).some((selector) => isForAllNamespaces(selector) || fitsSelector(selector, labels));
  });
  return hidden === undefined
    ? []
    : [{ keys, value, demand: `be left out or fit every namespace of the mesh; namespace '${hidden}' is not seen` }];
}

function isForAllNamespaces({ matchLabels, matchExpressions }: JsonObject): boolean {
  return Object.keys(recordOrEmpty(matchLabels)).length === 0 && listOf(matchExpressions).length === 0;
}

function providers(config: JsonObject, { baseline }: Facts): readonly Complaint[] {
  const settings = settingsOf(config);
  const { value, keys } = settingAt(config, ['extensionProviders']);
  const lacking = baseline.telemetry.tracingProviders
    .filter((name) => !TRACERS.has(findProvider(settings, name)?.type ?? ''))
    .map((name) => ({
      keys,
      value,
      demand: `have the tracing provider '${name}', or nothing is traced`,
      reading: 'none',
      thing: `provider ${name}`,
    }));
  const open = recordsOf(value).flatMap((provider, at) =>
    ['envoyExtAuthzHttp', 'envoyExtAuthzGrpc'].flatMap((type): readonly Complaint[] => {
      const failOpen = settingAt(provider, [type, 'failOpen']);
      if (failOpen.value === undefined || failOpen.value === false) return [];
      const demand = "be 'false', or a request passes while the authorizer does not answer";
      const thing = `failOpen of ${stringOf(provider.name) ?? ''}`;
      return [{ keys: [...keys, at, ...failOpen.keys], value: failOpen.value, demand, thing }];
    }),
  );
  return [...lacking.slice(0, 1), ...open];
}

function defaultProviders(config: JsonObject, { baseline }: Facts): readonly Complaint[] {
  const settings = settingsOf(config);
  const names = baseline.telemetry.tracingProviders;
  const tracing = settingAt(config, ['defaultProviders', 'tracing']);
  const measuring = settingAt(config, ['defaultProviders', 'metrics']);
  const first = stringsOf(tracing.value)[0];
  const found: Complaint[] = [];
  const isListed = names.some((name) => name.toLowerCase() === first?.toLowerCase());
  if (names.length > 0 && !isListed) {
    const demand = `begin with ${names.map((name) => `'${name}'`).join(' or ')}`;
    found.push({ ...tracing, demand, reading: 'none' });
  }
  const isMeasured = stringsOf(measuring.value).some((name) => findProvider(settings, name)?.type === 'prometheus');
  if (!isMeasured) found.push({ ...measuring, demand: "name 'prometheus'", reading: 'none' });
  return found;
}
