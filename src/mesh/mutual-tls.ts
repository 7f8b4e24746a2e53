import type { FieldPath } from '../model/field-path.ts';
import type { Because } from '../model/finding.ts';
import { type JsonObject, recordOrEmpty, stringOf } from '../model/json.ts';
import { type KubeObject, refOf, specOf } from '../model/kube-object.ts';
import { selectedLabels, selects } from './workload-selector.ts';
import type { View } from './view.ts';

/** What a server accepts: `DISABLE` plaintext only, `PERMISSIVE` both, `STRICT` mutual TLS only. */
export type TlsMode = 'DISABLE' | 'PERMISSIVE' | 'STRICT';

/** A workload's inbound side; without labels the namespace's default. */
export interface Inbound {
  readonly namespace: string;
  readonly labels?: JsonObject;
  /** The workload's own port, not its Service's. */
  readonly port?: number;
}

/** The effective mode with its proof. */
export interface MutualTls {
  readonly mode: TlsMode;
  /** The policy whose field decided; absent when no policy says anything and Istio's default stands. */
  readonly policy?: KubeObject;
  /** The field that decided. */
  readonly path?: FieldPath;
  /** Policies that decide at a level and say nothing there, so that what is above or Istio's default stands. */
  readonly silent: readonly KubeObject[];
  readonly because: readonly Because[];
}

/** The field of a policy's own mode. */
export const MODE_PATH: FieldPath = ['spec', 'mtls', 'mode'];

/**
 * Answers which mode a server has: Istio's default PERMISSIVE, then the mesh's policy, the namespace's, the workload's
 * and the port's, where `UNSET` leaves what was. At each level only the oldest policy counts, also when it is `UNSET`.
 * A policy with a selector in the root namespace counts nowhere.
 * @see https://github.com/istio/istio/blob/1.31.0/pilot/pkg/security/authn/policy_applier.go `ComposePeerAuthentication`
 */
export function mutualTls(view: View, { namespace, labels, port }: Inbound): MutualTls {
  const levels: KubeObject[] = [];
  const push = (policy: KubeObject | undefined): void => {
    if (policy !== undefined) levels.push(policy);
  };
  const isRoot = namespace === view.settings.rootNamespace;
  push(namespacePolicy(view, view.settings.rootNamespace));
  if (!isRoot) push(namespacePolicy(view, namespace));
  const workload = isRoot || labels === undefined ? undefined : workloadPolicy(view, namespace, labels);
  push(workload);
  let state: MutualTls = { mode: 'PERMISSIVE', silent: [], because: [] };
  for (const policy of levels) state = applied(state, policy, modeOf(specOf(policy).mtls), MODE_PATH);
  if (workload === undefined || port === undefined) return state;
  const byPort = recordOrEmpty(specOf(workload).portLevelMtls);
  const key = String(port);
  if (!Object.hasOwn(byPort, key)) return state;
  return applied(state, workload, modeOf(byPort[key]), ['spec', 'portLevelMtls', key, 'mode']);
}

/** Returns the namespace-wide policy that counts: the oldest without a selector. */
export function namespacePolicy(view: View, namespace: string): KubeObject | undefined {
  return view.list('PeerAuthentication', namespace).find((policy) => selectedLabels(policy) === undefined);
}

function workloadPolicy(view: View, namespace: string, labels: JsonObject): KubeObject | undefined {
  return view
    .list('PeerAuthentication', namespace)
    .find((policy) => selectedLabels(policy) !== undefined && selects(policy, labels));
}

/** Returns the mode that an `mtls` block says; undefined for `UNSET`, an absent one and one that is no mode. */
export function modeOf(mtls: unknown): TlsMode | undefined {
  const mode = stringOf(recordOrEmpty(mtls).mode);
  return mode === 'DISABLE' || mode === 'PERMISSIVE' || mode === 'STRICT' ? mode : undefined;
}

function applied(state: MutualTls, policy: KubeObject, mode: TlsMode | undefined, path: FieldPath): MutualTls {
  const says = mode === undefined ? `says nothing, so it stays ${state.mode}` : `makes it ${mode}`;
  const because: readonly Because[] = [...state.because, { object: refOf(policy), path, says }];
  return mode === undefined
    ? { ...state, silent: [...state.silent, policy], because }
    : { mode, policy, path, silent: [], because };
}
