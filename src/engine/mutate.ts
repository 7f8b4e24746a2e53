import { apply_patch } from 'jsonpatch';
import { podPathOf } from '../mesh/pod-template.ts';
import type { View } from '../mesh/view.ts';
import type { Baseline } from '../model/baseline.ts';
import type { Change } from '../model/change.ts';
import { type FieldPath, toPointer } from '../model/field-path.ts';
import { isAbsent, isRecord, type JsonObject, recordOrEmpty, sameJson, valueAt } from '../model/json.ts';
import { kindOf } from '../model/kind.ts';
import { annotationOf, type KubeObject } from '../model/kube-object.ts';
import { addEntries, type PatchOperation } from '../model/patch.ts';
import type { Rule } from '../rules/rule.ts';

/** What a mutation needs besides the change; the view is the mesh without it. */
export interface MutationBench {
  readonly view: View;
  readonly baseline: Baseline;
  readonly rules: readonly Rule[];
  /** Epoch milliseconds. */
  readonly now: number;
}

/** What is added to a changed workload. */
export interface Mutated {
  /** The object with everything that is added; absent where that is nothing. */
  readonly after?: KubeObject;
  /** In order, each with the id of the rule that owns it. */
  readonly operations: readonly { readonly rule: string; readonly operation: PatchOperation }[];
  /** Why operations were thrown away that would not have applied: sent, they would be a 500 for the user. */
  readonly dropped?: string;
  /** Ids of rules that threw: faults of ours; what they would have added is left out. */
  readonly faults: readonly string[];
}

/**
 * Completes a workload that comes, or whose pod template changes: written operations, never a diff. Adds what is absent
 * and leaves what a person set; run again on its own result it adds nothing. A rule that throws is our fault and is named.
 */
export function mutate(change: Change, { view, baseline, rules, now }: MutationBench): Mutated {
  const podPath = change.after === undefined ? undefined : templatePath(change.after, change, baseline);
  if (change.after === undefined || podPath === undefined) return { operations: [], faults: [] };
  const facts = { view, baseline, now };
  const operations: { rule: string; operation: PatchOperation }[] = [];
  const faults: string[] = [];
  let object = change.after;
  for (const rule of rules) {
    if (rule.mutate === undefined) continue;
    const draft = new Draft(object);
    try {
      rule.mutate(draft.mutation(podPath), facts);
    } catch {
      faults.push(rule.id);
      continue;
    }
    object = draft.object;
    for (const operation of draft.operations) operations.push({ rule: rule.id, operation });
  }
  if (operations.length === 0) return { operations, faults };
  const why = misfit(change.after, operations, object);
  if (why !== undefined) return { operations: [], dropped: why, faults };
  return { after: object, operations, faults };
}

/** Returns the way to the pod that may be completed; undefined where nothing may be touched. */
function templatePath(after: KubeObject, change: Change, baseline: Baseline): FieldPath | undefined {
  const kind = kindOf(after);
  const path = kind === undefined ? undefined : podPathOf(kind);
  if (path === undefined || !isRecord(valueAt(after, path))) return undefined;
  if (kind === 'Pod') {
    // A mirror pod shows what a kubelet runs already; a running pod's sidecar cannot be changed by its annotations.
    const isMirror = annotationOf(after, 'kubernetes.io/config.mirror') !== undefined;
    return change.operation === 'CREATE' && !isMirror ? path : undefined;
  }
  // A controller looks for what it made by comparing templates, and would make another and another; its pods come here.
  const isMade = change.requester !== undefined && baseline.workloadControllers.includes(change.requester.username);
  if (isMade && hasController(after)) return undefined;
  const { before } = change;
  return before !== undefined && sameJson(valueAt(before, path), valueAt(after, path)) ? undefined : path;
}

function hasController(object: KubeObject): boolean {
  const { ownerReferences } = recordOrEmpty(object.metadata);
  return Array.isArray(ownerReferences) && ownerReferences.some((one) => recordOrEmpty(one).controller === true);
}

/** An object with operations written on it so far. */
class Draft {
  object: KubeObject;
  readonly operations: PatchOperation[] = [];

  constructor(object: KubeObject) {
    this.object = object;
  }

  mutation(podPath: FieldPath): Parameters<NonNullable<Rule['mutate']>>[0] {
    const current = (): KubeObject => this.object;
    return {
      get object() {
        return current();
      },
      podPath,
      add: (path, value) => {
        const last = path.at(-1);
        if (typeof last !== 'string' || !isAbsent(valueAt(this.object, path))) return;
        this.#write(addEntries(this.object, path.slice(0, -1), { [last]: value }), path, value);
      },
      replace: (path, value) => {
        if (isAbsent(valueAt(this.object, path))) return;
        this.#write([{ op: 'replace', path: toPointer(path), value }], path, value);
      },
    };
  }

  #write(operations: readonly PatchOperation[], path: FieldPath, value: unknown): void {
    if (operations.length === 0) return;
    this.operations.push(...operations);
    // A copy along the path keeps what makes it a Kubernetes object: both strings stand at its top.
    this.object = withValue(this.object, path, value) as KubeObject;
  }
}

/** Returns a copy along a path, with a value at its end; everything else is shared. */
function withValue(here: unknown, path: FieldPath, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(here)) return here.map((item, at) => (at === step ? withValue(item, rest, value) : item));
  const record: JsonObject = recordOrEmpty(here);
  return { ...record, [step]: withValue(Object.hasOwn(record, step) ? record[step] : undefined, rest, value) };
}

/** Applies the operations as the API server will; says why they do not give what was meant. */
function misfit(
  object: KubeObject,
  operations: readonly { readonly operation: PatchOperation }[],
  meant: KubeObject,
): string | undefined {
  try {
    const applied = apply_patch(
      object,
      operations.map(({ operation }) => operation),
    );
    return sameJson(applied, meant) ? undefined : 'the patch would have changed something else';
  } catch {
    return 'the patch would not have applied';
  }
}
