import { isRecord, type JsonObject, recordOrEmpty, recordsOf, sameJson, stringOf, stringsOf } from '../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../model/kube-object.ts';
import { expandHost, isWildcard } from './hosts.ts';
import { meshSetting } from './mesh-config.ts';
import type { View } from './view.ts';
import { isSubset } from './workload-selector.ts';

/** A subset of a DestinationRule and the object that it stands in. */
export interface Subset {
  readonly object: KubeObject;
  readonly index: number;
  readonly name: string;
  readonly value: JsonObject;
}

/** What istiod makes of the DestinationRules of one namespace and host that it merges: one rule. */
export interface MergedRule {
  readonly namespace: string;
  /** The labels of the clients that it is for; absent: all. */
  readonly selector?: JsonObject;
  readonly exportTo: ReadonlySet<string>;
  /** The objects that went into it, the first one first. */
  readonly from: readonly [KubeObject, ...KubeObject[]];
  /** The object whose `spec.trafficPolicy` counts; absent: none of them has one. */
  readonly policyOf?: KubeObject;
  readonly subsets: readonly Subset[];
}

/** Who asks which rule applies. */
export interface Client {
  readonly host: string;
  readonly clientNamespace: string;
  /** Of the client's pod; absent: a pod that no selector fits. */
  readonly clientLabels?: JsonObject;
  /** Of the service as this client sees it; absent: none is known. */
  readonly serviceNamespace?: string;
}

type Draft = { -readonly [Key in keyof MergedRule]: MergedRule[Key] };
/** By host as expanded. */
type Rules = Map<string, Draft[]>;

interface HostRules {
  readonly local: Map<string, Rules>;
  readonly exported: Map<string, Rules>;
  readonly rootLocal: Rules;
}

/** Returns every DestinationRule whose host covers a host, exact ones first, each oldest first; its case must be the host's. */
export function rulesNaming(view: View, host: string): readonly KubeObject[] {
  const compute = (): readonly KubeObject[] => {
    const exact = isWildcard(host) ? [] : view.lookup(`DestinationRule|host|${host}`);
    const bare = isWildcard(host) ? host.slice(1) : host;
    const wildcards = wildcardRules(view).flatMap(({ suffix, rule }) => (bare.endsWith(suffix) ? [rule] : []));
    return wildcards.length === 0 ? exact : [...exact, ...wildcards];
  };
  return view.memo(`rulesNaming|${host}`, compute);
}

function writtenHost(rule: KubeObject, { settings }: View): string {
  return expandHost(stringOf(specOf(rule).host) ?? '', namespaceOf(rule), settings.clusterDomain);
}

interface WildcardRule {
  /** What stands behind the asterisk; it covers whatever ends so, the bare suffix included. */
  readonly suffix: string;
  readonly rule: KubeObject;
}

function wildcardRules(view: View): readonly WildcardRule[] {
  const compute = (): readonly WildcardRule[] =>
    view.lookup('DestinationRule|wildcard').map((rule) => ({ suffix: writtenHost(rule, view).slice(1), rule }));
  return view.memo('wildcardRules', compute);
}

/**
 * Returns the rules among which a client's labels choose: those of the client's namespace, else the service's exported
 * ones, else the root namespace's exported ones; of each the most specific host. For clients in the root namespace its
 * own private rules come first instead.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/push_context.go `destinationRule`
 */
export function rulesFor(view: View, client: Client): readonly MergedRule[] {
  const { host, clientNamespace, serviceNamespace } = client;
  const { rootNamespace } = view.settings;
  const rules = hostRules(view, host);
  const own = clientNamespace === rootNamespace ? rules.rootLocal : rules.local.get(clientNamespace);
  const first = mostSpecific(own, host);
  if (first !== undefined) return first;
  for (const namespace of [serviceNamespace, rootNamespace]) {
    if (namespace === undefined || namespace === '') continue;
    const visible = (mostSpecific(rules.exported.get(namespace), host) ?? []).filter(({ exportTo }) =>
      reaches(exportTo, clientNamespace),
    );
    if (visible.length > 0) return visible;
  }
  return [];
}

function reaches(exportTo: ReadonlySet<string>, namespace: string): boolean {
  return exportTo.size === 0 || exportTo.has('*') || exportTo.has(namespace);
}

/**
 * Returns the one rule that a client's pod obeys: the first whose selector fits it, else the last one without a selector.
 * Undefined also where there are rules but all are for other pods: the look-up does not go on.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/sidecar.go `DestinationRule`
 */
export function ruleFor(view: View, client: Client): MergedRule | undefined {
  let catchAll: MergedRule | undefined;
  for (const rule of rulesFor(view, client)) {
    if (rule.selector === undefined) catchAll = rule;
    else if (
      rule.namespace === client.clientNamespace &&
      client.clientLabels !== undefined &&
      isSubset(rule.selector, client.clientLabels)
    ) {
      return rule;
    }
  }
  return catchAll;
}

/** Returns the merged rules that an object went into, those that its own namespace's clients see first. */
export function mergesOf(view: View, host: string, object: KubeObject): readonly MergedRule[] {
  const { local, exported, rootLocal } = hostRules(view, host);
  const namespace = namespaceOf(object);
  const all = [local.get(namespace), exported.get(namespace), rootLocal].flatMap((rules) => [
    ...(rules?.values() ?? []),
  ]);
  return all.flat().filter(({ from }) => from.includes(object));
}

function mostSpecific(rules: Rules | undefined, host: string): readonly MergedRule[] | undefined {
  if (rules === undefined) return undefined;
  const exact = rules.get(host);
  if (exact !== undefined) return exact;
  // All that is left are wildcards that cover the host: the longest, and of equally long ones the first by letter.
  let best: string | undefined;
  for (const pattern of rules.keys()) {
    if (best === undefined || pattern.length > best.length || (pattern.length === best.length && pattern < best)) {
      best = pattern;
    }
  }
  return best === undefined ? undefined : rules.get(best);
}

function hostRules(view: View, host: string): HostRules {
  const compute = (): HostRules => {
    const rules: HostRules = { local: new Map(), exported: new Map(), rootLocal: new Map() };
    const hasSelector = (object: KubeObject): boolean => isRecord(specOf(object).workloadSelector);
    const all = rulesNaming(view, host);
    const sorted = [...all.filter(hasSelector), ...all.filter((object) => !hasSelector(object))];
    const isPrivateByDefault = stringsOf(meshSetting(view, 'defaultDestinationRuleExportTo')).includes('.');
    for (const object of sorted) place(rules, object, isPrivateByDefault, view);
    return rules;
  };
  return view.memo(`hostRules|${host}`, compute);
}

/**
 * Files a rule where the three look-ups find it.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/push_context.go `setDestinationRules`
 */
function place(rules: HostRules, object: KubeObject, isPrivateByDefault: boolean, view: View): void {
  const namespace = namespaceOf(object);
  const host = writtenHost(object, view);
  const selector = specOf(object).workloadSelector;
  const exportTo = new Set(isRecord(selector) ? ['.'] : stringsOf(specOf(object).exportTo));
  const isLocal = exportTo.size === 0 || exportTo.has('*') || exportTo.has('.') || exportTo.has(namespace);
  const isPrivate =
    exportTo.size === 0 ? isPrivateByDefault : exportTo.size === 1 && (exportTo.has('.') || exportTo.has(namespace));
  if (isLocal) merge(rulesIn(rules.local, namespace), host, draftOf(object, exportTo));
  if (!isPrivate) merge(rulesIn(rules.exported, namespace), host, draftOf(object, exportTo));
  else if (namespace === view.settings.rootNamespace) merge(rules.rootLocal, host, draftOf(object, exportTo));
}

function rulesIn(index: Map<string, Rules>, namespace: string): Rules {
  const there = index.get(namespace) ?? new Map<string, Draft[]>();
  index.set(namespace, there);
  return there;
}

function draftOf(object: KubeObject, exportTo: ReadonlySet<string>): Draft {
  const { workloadSelector, trafficPolicy, subsets } = specOf(object);
  return {
    namespace: namespaceOf(object),
    exportTo,
    from: [object],
    subsets: recordsOf(subsets).map((value, index) => ({ object, index, name: stringOf(value.name) ?? '', value })),
    ...(isRecord(workloadSelector) ? { selector: recordOrEmpty(workloadSelector.matchLabels) } : {}),
    ...(isRecord(trafficPolicy) ? { policyOf: object } : {}),
  };
}

/**
 * Merges a rule into those of the same namespace and host: only with equal `exportTo` and selectors does it become one
 * with another, whose traffic policy stays; else it stands beside it.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/model/destination_rule.go `mergeDestinationRule`
 */
function merge(rules: Rules, host: string, incoming: Draft): void {
  const there = rules.get(host);
  if (there === undefined) {
    rules.set(host, [incoming]);
    return;
  }
  let isSeparate = true;
  for (const rule of there) {
    const isEqual = isSuperset(incoming.exportTo, rule.exportTo) && isSuperset(rule.exportTo, incoming.exportTo);
    isSeparate = !isEqual;
    if (!isEqual && (rule.exportTo.size === 0 || !isSuperset(incoming.exportTo, rule.exportTo))) continue;
    const both = [incoming.selector, rule.selector].filter((selector) => selector !== undefined);
    if (both.length === 2 && !sameJson(both[0], both[1])) {
      isSeparate = true;
      continue;
    }
    if (both.length !== 1) isSeparate = false;
    absorb(rule, incoming);
  }
  if (isSeparate) there.push(incoming);
}

function absorb(rule: Draft, incoming: Draft): void {
  const known = new Set(rule.subsets.map(({ name }) => name));
  rule.from = [...rule.from, ...incoming.from];
  rule.subsets = [...rule.subsets, ...incoming.subsets.filter(({ name }) => !known.has(name))];
  if (rule.policyOf === undefined && incoming.policyOf !== undefined) rule.policyOf = incoming.policyOf;
}

function isSuperset(large: ReadonlySet<string>, small: ReadonlySet<string>): boolean {
  for (const item of small) if (!large.has(item)) return false;
  return true;
}
