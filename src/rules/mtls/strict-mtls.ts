import { MODE_PATH, modeOf, mutualTls, namespacePolicy } from '../../mesh/mutual-tls.ts';
import { isMeshNamespace } from '../../mesh/namespaces.ts';
import { formatLabels, isSubset, selectedLabels } from '../../mesh/workload-selector.ts';
import type { Baseline, MigratingDatabase } from '../../model/baseline.ts';
import { type FieldPath, toPointer } from '../../model/field-path.ts';
import type { Because, Finding } from '../../model/finding.ts';
import { endOfDay } from '../../model/instant.ts';
import { isAbsent, isRecord, type JsonObject, recordOrEmpty, valueAt } from '../../model/json.ts';
import { type KubeObject, namespaceOf, specOf } from '../../model/kube-object.ts';
import type { PatchOperation } from '../../model/patch.ts';
import { type Facts, namespaceRule, type Say } from '../rule.ts';
import { examples } from './strict-mtls.examples.ts';

const messages = {
  notStrict: "`{field}` is '{seen}'; must be 'STRICT' for {what}",
  ended: "`{field}` is '{seen}'; must be 'STRICT': the migration of {what} ended on {until}",
  unset: "`{field}` is not set, so {what} keeps what stands above it, {mode}; must be 'STRICT'",
  missing: "no PeerAuthentication makes {what} STRICT, so Istio accepts plaintext there; must be 'STRICT'",
} as const;

/** MW201: plaintext is refused everywhere, but for databases in migration until their date. */
export const strictMtls = namespaceRule({
  id: 'strict-mtls',
  code: 'MW201',
  reads: ['PeerAuthentication', 'Namespace'],
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'The effective mTLS mode of every namespace, selector and port is STRICT.',
  why: 'A server that is PERMISSIVE answers anybody who can reach it, without a certificate and so without a name; every rule that names callers is void for such a request.',
  remedy:
    "Set `spec.mtls.mode: STRICT`. A database whose clients are not all in the mesh yet goes into the baseline's `databases`, with a date.",
  absence:
    'No policy at all means PERMISSIVE. `mtls` without `mode`, and `UNSET`, keep what stands above; the oldest policy of a level counts, also when it is UNSET.',
  source: {
    document: '**Strict Mode**: Enforced for all services in the mesh',
    refs: [
      'https://istio.io/latest/docs/reference/config/security/peer_authentication/',
      'https://github.com/istio/istio/blob/1.31.0/pilot/pkg/security/authn/policy_applier.go',
    ],
  },
  numbers: ['databases', 'mesh.rootNamespace', 'mesh.namespaces'],
  messages,
  examples,
  check(namespace, facts, say) {
    const { view, baseline } = facts;
    const findings = view.list('PeerAuthentication', namespace).flatMap((policy) => said(policy, facts, say));
    const isRoot = namespace === baseline.mesh.rootNamespace;
    if (!isRoot && !isMeshNamespace(namespace, view, baseline)) return findings;
    const what = isRoot ? 'the mesh as a whole' : `namespace '${namespace}'`;
    return [...findings, ...inherited(namespace, what, facts, say)];
  },
});

/** What a policy says itself at any of its levels, whether an older one hides it or not. */
function said(policy: KubeObject, facts: Facts, say: Say<typeof messages>): readonly Finding[] {
  const namespace = namespaceOf(policy);
  const labels = selectedLabels(policy);
  // Nothing obeys a policy with a selector in the root namespace.
  if (labels !== undefined && namespace === facts.baseline.mesh.rootNamespace) return [];
  const database = labels === undefined ? undefined : databaseOf(namespace, labels, facts.baseline);
  const who = labels === undefined ? `namespace '${namespace}'` : `workloads '${formatLabels(labels)}'`;
  const spec = specOf(policy);
  const fields: (readonly [FieldPath, unknown, string])[] = [[MODE_PATH, spec.mtls, who]];
  for (const [port, mtls] of Object.entries(recordOrEmpty(spec.portLevelMtls))) {
    fields.push([['spec', 'portLevelMtls', port, 'mode'], mtls, `port ${port} of ${who}`]);
  }
  return fields.flatMap(([path, mtls, what]) => {
    const { mode } = recordOrEmpty(mtls);
    if (isAbsent(mode) || mode === 'STRICT' || mode === 'UNSET') return [];
    const isMigrating = mode === 'PERMISSIVE' && database !== undefined;
    if (isMigrating && facts.now < (endOfDay(database.until) ?? 0)) return [];
    const magnitude = modeOf(mtls) === 'PERMISSIVE' ? 1 : 2;
    const fix: readonly PatchOperation[] = [{ op: 'replace', path: toPointer(path), value: 'STRICT' }];
    const about = { path, responsible: policy, thing: `mode of ${what}`, magnitude, fix };
    return isMigrating ? say('ended', { what, until: database.until }, about) : say('notStrict', { what }, about);
  });
}

/** A selector means a database when it asks for all of its labels, and so fits nothing else. */
function databaseOf(namespace: string, labels: JsonObject, { databases }: Baseline): MigratingDatabase | undefined {
  return databases.find(
    (one) =>
      one.namespace === namespace && Object.keys(one.matchLabels).length > 0 && isSubset(one.matchLabels, labels),
  );
}

/** What stands where the namespace's own policy says nothing, or is not there. */
function inherited(
  namespace: string,
  what: string,
  { view, baseline }: Facts,
  say: Say<typeof messages>,
): readonly Finding[] {
  const { mode, policy, path, because } = mutualTls(view, { namespace });
  if (mode === 'STRICT') return [];
  const own = namespacePolicy(view, namespace);
  if (own !== undefined && own === policy) return []; // it says so itself
  const silent = own ?? namespacePolicy(view, baseline.mesh.rootNamespace);
  const thing = `default mode of ${what}`;
  if (silent === undefined) return [say('missing', { what }, { path: [], thing, because })];
  const magnitude = mode === 'PERMISSIVE' ? 1 : 2;
  if (silent === policy && path !== undefined) {
    return [
      say('notStrict', { what }, { path, responsible: policy, thing, magnitude, because, fix: strictFix(policy) }),
    ];
  }
  return [unset(silent, { what, mode }, { thing, magnitude, because }, say)];
}

function unset(
  policy: KubeObject,
  args: { readonly what: string; readonly mode: string },
  about: { readonly thing: string; readonly magnitude: number; readonly because: readonly Because[] },
  say: Say<typeof messages>,
): Finding {
  return say('unset', args, { ...about, path: MODE_PATH, responsible: policy, fix: strictFix(policy) });
}

function strictFix(policy: KubeObject): readonly PatchOperation[] {
  if (!isRecord(policy.spec)) return [{ op: 'add', path: '/spec', value: { mtls: { mode: 'STRICT' } } }];
  if (isRecord(valueAt(policy, ['spec', 'mtls']))) return [{ op: 'add', path: toPointer(MODE_PATH), value: 'STRICT' }];
  return [{ op: 'add', path: '/spec/mtls', value: { mode: 'STRICT' } }];
}
