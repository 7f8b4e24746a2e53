import type { FieldPath } from '../model/field-path.ts';
import { isRecord, type JsonObject, recordOf, recordOrEmpty, stringOf } from '../model/json.ts';
import { specOf } from '../model/kube-object.ts';
import { type Client, ruleFor } from './destination-rules.ts';
import { portIndex, portSettings } from './policy-blocks.ts';
import type { Place } from './route-types.ts';
import type { View } from './view.ts';

/** What a route hashes of a request, so that a ring keeps those alike together. */
export interface HashPolicy {
  readonly key: 'header' | 'cookie' | 'query' | 'source';
  /** Of the header, the cookie or the parameter; empty for the source. */
  readonly name: string;
  /** The `consistentHash` that says so. */
  readonly at: Place;
}

/** A destination of a route, or the service itself where nothing routes it. */
export interface Hashed {
  readonly subset?: string;
  /** The Service's port; of a VirtualService's destination only where it is written there. */
  readonly port?: number;
}

/**
 * Answers what the route to a destination hashes; undefined: nothing, and then a ring spreads requests at random. Settings
 * for a port count only where the destination names the port, and those without a hash leave the top's in place though
 * the cluster is no ring.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/networking/core/route/route.go `HashForHTTPDestination`
 */
export function hashPolicy(view: View, client: Client, { subset, port }: Hashed): HashPolicy | undefined {
  const rule = ruleFor(view, client);
  if (rule === undefined) return undefined;
  const object = rule.policyOf ?? rule.from[0];
  const top = { object, policy: recordOrEmpty(specOf(object).trafficPolicy), path: ['spec', 'trafficPolicy'] };
  const chosen = rule.subsets.find(({ name }) => subset !== undefined && name === subset);
  const own = chosen && {
    object: chosen.object,
    policy: recordOrEmpty(chosen.value.trafficPolicy),
    path: ['spec', 'subsets', chosen.index, 'trafficPolicy'],
  };
  const found = [own && atPort(own, port), own && at(own, own.policy, []), atPort(top, port), at(top, top.policy, [])];
  const hash = found.find((one) => one !== undefined);
  return hash === undefined ? undefined : read(hash);
}

interface Policy {
  readonly object: Place['object'];
  readonly policy: JsonObject;
  readonly path: FieldPath;
}

interface Written {
  readonly value: JsonObject;
  readonly place: Place;
}

function at({ object, path }: Policy, block: JsonObject, more: FieldPath): Written | undefined {
  const value = recordOf(recordOrEmpty(block.loadBalancer).consistentHash);
  return value && { value, place: { object, path: [...path, ...more, 'loadBalancer', 'consistentHash'] } };
}

function atPort(policy: Policy, port: number | undefined): Written | undefined {
  const index = portIndex(policy.policy, port);
  return index < 0 ? undefined : at(policy, portSettings(policy.policy)[index] ?? {}, ['portLevelSettings', index]);
}

function read({ value, place }: Written): HashPolicy | undefined {
  const { httpHeaderName, httpCookie, useSourceIp, httpQueryParameterName } = value;
  if (typeof httpHeaderName === 'string') return { key: 'header', name: httpHeaderName, at: place };
  if (isRecord(httpCookie)) return { key: 'cookie', name: stringOf(httpCookie.name) ?? '', at: place };
  if (typeof httpQueryParameterName === 'string') return { key: 'query', name: httpQueryParameterName, at: place };
  return useSourceIp === true ? { key: 'source', name: '', at: place } : undefined;
}
