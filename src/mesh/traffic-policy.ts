import type { Because } from '../model/finding.ts';
import { type JsonObject, recordOrEmpty, stringOf } from '../model/json.ts';
import { refOf, specOf } from '../model/kube-object.ts';
import { type Client, type MergedRule, ruleFor, rulesFor, type Subset } from './destination-rules.ts';
import { parseServiceHost } from './hosts.ts';
import { type KnownService, serviceSeenBy, servicesNamed } from './known-service.ts';
import { meshSetting } from './mesh-config.ts';
import { mutualTls } from './mutual-tls.ts';
import { baseBlocks, BLOCKS, type Blocks, isPassthrough, subsetBlocks, withMeshDefaults } from './policy-blocks.ts';
import type { View } from './view.ts';

export { type Combination, combinations } from './combinations.ts';
export type { Block, BlockName, Blocks } from './policy-blocks.ts';

/**
 * What a client does with a connection: `ISTIO_MUTUAL` always mTLS; `AUTO` mTLS to endpoints that have a sidecar;
 * `AUTO_IF_ALL` mTLS if there are endpoints and all have one, else plaintext; `TLS` TLS that is not the mesh's;
 * `PLAINTEXT` none.
 */
export type Transport = 'ISTIO_MUTUAL' | 'AUTO' | 'AUTO_IF_ALL' | 'TLS' | 'PLAINTEXT';

/** Who calls what. */
export interface TrafficQuery {
  /** A full name, lower case. */
  readonly host: string;
  /** The Service's port. */
  readonly port: number;
  readonly subset?: string;
  readonly clientNamespace: string;
  /** Absent: a pod that no selector fits. */
  readonly clientLabels?: JsonObject;
  /** True: the client is a gateway and not a sidecar. */
  readonly isGateway?: boolean;
}

/** The effective policy with its proof. */
export interface TrafficPolicy extends Blocks {
  /** The rule that applies, as merged; absent: none does. */
  readonly rule?: MergedRule;
  /** Rules that end the look-up though they are for other pods; the owner's rule is lost to them. */
  readonly endedBy: readonly MergedRule[];
  /** False: the subset asked for is not defined, so that requests to it get 503. */
  readonly hasSubset: boolean;
  readonly transport: Transport;
  /** True: whatever the load balancer says, requests go to the address that the client asked for. */
  readonly isOriginal: boolean;
  readonly because: readonly Because[];
}

/**
 * Answers what a client's proxy does with a service's port and subset: which DestinationRule applies, and its blocks
 * after the port's settings, the mesh's default policy and the subset's were laid over one another.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/cluster_builder.go `applyDestinationRule`
 */
export function trafficPolicy(view: View, query: TrafficQuery): TrafficPolicy {
  const { host, port, subset, clientNamespace } = query;
  // A route of the client's finds what its own namespace has also where it is exported to others only.
  const own = (one: KnownService): boolean => one.namespace === clientNamespace;
  const { isGateway = false } = query;
  const service = serviceSeenBy(view, host, clientNamespace, { isGateway }) ?? servicesNamed(view, host).find(own);
  const parsed = parseServiceHost(host, view.settings.clusterDomain);
  const serviceNamespace = service?.namespace ?? parsed?.namespace;
  const client: Client = {
    host,
    clientNamespace,
    ...(query.clientLabels === undefined ? {} : { clientLabels: query.clientLabels }),
    ...(serviceNamespace === undefined ? {} : { serviceNamespace }),
  };
  const rule = ruleFor(view, client);
  const endedBy = rule === undefined ? rulesFor(view, client) : [];
  const base = withMeshDefaults(view, baseBlocks(rule, port));
  const chosen = subset === undefined ? undefined : rule?.subsets.find(({ name }) => name === subset);
  const blocks = chosen === undefined ? base : subsetBlocks(base, chosen, port);
  const parts: Parts = { service, serviceNamespace, rule, chosen, base, blocks };
  return {
    ...blocks,
    ...(rule === undefined ? {} : { rule }),
    endedBy,
    hasSubset: subset === undefined || chosen !== undefined,
    transport: transportOf(view, query, parts),
    // A gateway has nothing but endpoints to go by.
    isOriginal: (service?.isPassthrough === true && !isGateway) || isOriginal(parts),
    because: proofOf(rule, endedBy, blocks),
  };
}

interface Parts {
  readonly service: KnownService | undefined;
  /** Of the service, or what its name says where none is known: such a one is taken for an ordinary one of the mesh. */
  readonly serviceNamespace: string | undefined;
  readonly rule: MergedRule | undefined;
  readonly chosen: Subset | undefined;
  readonly base: Blocks;
  readonly blocks: Blocks;
}

/** @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/cluster_tls.go `buildUpstreamTLSSettings` */
function transportOf(view: View, { isGateway }: TrafficQuery, parts: Parts): Transport {
  const { service, serviceNamespace, rule, blocks } = parts;
  const written = blocks.tls.value;
  if (written !== undefined) return writtenTransport(written, rule?.selector !== undefined || isGateway === true);
  const autoMtls = meshSetting(view, 'enableAutoMtls') !== false;
  if (!autoMtls || serviceNamespace === undefined || service?.isExternal === true) return 'PLAINTEXT';
  if (mutualTls(view, { namespace: serviceNamespace }).mode === 'DISABLE') return 'PLAINTEXT';
  // Whether all endpoints are asked depends on the policy's own load balancer, not on its ports'.
  if (service?.isPassthrough === true || isPassthrough(topBalancer(parts))) return 'AUTO_IF_ALL';
  // A cluster that goes to the original address cannot choose by endpoint.
  return isOriginal(parts) ? 'ISTIO_MUTUAL' : 'AUTO';
}

/** The load balancer of the policy's or subset's top, which a port's settings may replace. */
function topBalancer({ rule, chosen }: Parts): unknown {
  const policy =
    chosen === undefined ? rule?.policyOf && specOf(rule.policyOf).trafficPolicy : chosen.value.trafficPolicy;
  return recordOrEmpty(policy).loadBalancer;
}

/** A subset's cluster is made like its service's, and PASSTHROUGH at its own top stays whatever its ports say. */
function isOriginal(parts: Parts): boolean {
  const { base, blocks, chosen } = parts;
  if (isPassthrough(blocks.loadBalancer.value) || isPassthrough(base.loadBalancer.value)) return true;
  return chosen !== undefined && isPassthrough(topBalancer(parts));
}

function writtenTransport(tls: JsonObject, mayUseSecrets: boolean): Transport {
  const mode = stringOf(tls.mode) ?? 'DISABLE';
  if (mode === 'ISTIO_MUTUAL') return 'ISTIO_MUTUAL';
  if (mode !== 'SIMPLE' && mode !== 'MUTUAL') return 'PLAINTEXT';
  const credential = stringOf(tls.credentialName) ?? '';
  if (credential !== '' && !credential.startsWith('configmap://') && !mayUseSecrets) return 'PLAINTEXT';
  const hasFiles = Boolean(stringOf(tls.clientCertificate)) && Boolean(stringOf(tls.privateKey));
  return mode === 'MUTUAL' && credential === '' && !hasFiles ? 'PLAINTEXT' : 'TLS';
}

function proofOf(rule: MergedRule | undefined, endedBy: readonly MergedRule[], blocks: Blocks): readonly Because[] {
  const because: Because[] = endedBy.map(({ from }) => ({
    object: refOf(from[0]),
    path: ['spec', 'workloadSelector'],
    says: 'is for other pods, and the look-up ends with it',
  }));
  for (const object of rule?.from ?? []) because.push({ object: refOf(object), says: 'applies to the client' });
  for (const name of BLOCKS) {
    const { object, path, value, isMeshDefault } = blocks[name];
    if (object === undefined || isMeshDefault === true) continue;
    because.push({ object: refOf(object), path, says: value === undefined ? `sets no ${name}` : `sets ${name}` });
  }
  return because;
}
