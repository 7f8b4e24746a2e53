import type { Baseline, GatewayBaseline } from '../model/baseline.ts';
import { type FieldPath, formatPath } from '../model/field-path.ts';
import type { Because, Finding } from '../model/finding.ts';
import { isRecord, valueAt } from '../model/json.ts';
import type { Kind } from '../model/kind.ts';
import { type KubeObject, refOf } from '../model/kube-object.ts';
import { printable } from '../model/printable.ts';
import type { PatchOperation } from '../model/patch.ts';
import type { Subject } from '../model/subject.ts';
import type { Mode } from '../model/verdict.ts';
import type { HostSetting } from '../mesh/host-settings.ts';
import type { View } from '../mesh/view.ts';

export { printable };

/** What a rule may know: the mesh at one moment, the demanded numbers, and the time in epoch milliseconds. */
export interface Facts {
  readonly view: View;
  /** The mesh before the change, for what a namespace can only do by leaving; absent where there is no change, or no after. */
  readonly earlier?: View;
  readonly baseline: Baseline;
  readonly now: number;
}

/** What a rule of each subject kind is handed to judge. */
export interface SubjectInput {
  readonly object: KubeObject;
  /** A full lower-case host name. */
  readonly host: string;
  /** A namespace's name. */
  readonly namespace: string;
  readonly gateway: GatewayBaseline;
}

/** Where a finding stands; whoever says one fills this in. */
export interface About {
  /** The field in the responsible object that is wrong or missing. */
  readonly path: FieldPath;
  /** The last link of the proof; for rules on objects the object itself. Absent: a whole object is missing. */
  readonly responsible?: KubeObject;
  /** What is meant, by names and not list indexes; absent: the path with its indexes left out. */
  readonly thing?: string;
  /** The greater, the worse. */
  readonly magnitude?: number;
  readonly because?: readonly Because[];
  readonly fix?: readonly PatchOperation[];
}

type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Exclude<Name, 'field' | 'seen'> | Placeholders<Rest>
  : never;
type Arguments<Text extends string> = { readonly [Name in Placeholders<Text>]: string | number };

/** Makes a finding of one of the rule's messages; `{field}` and `{seen}` are filled from `about`. */
export type Say<Messages extends Record<string, string>> = <Id extends keyof Messages & string>(
  messageId: Id,
  args: Arguments<Messages[Id]>,
  about: About,
) => Finding;

/** Where a demand comes from. */
export interface Source {
  /** The sentence of the user's document, word for word; absent where only an Istio fact demands it. */
  readonly document?: string;
  /** Versioned upstream pages or source lines. */
  readonly refs: readonly string[];
}

/** One small mesh as text: `yaml` is judged, `context` (known, not blamed) is there before. */
export interface PassExample {
  readonly title: string;
  readonly yaml: string;
  readonly context?: string;
  /** What is there before of the objects in `yaml`; absent: nothing. */
  readonly before?: string;
  /** True: the example deletes the objects in `yaml`. */
  readonly deletes?: boolean;
}

/** An example that must be found faulty, with exactly these findings: `messageId at path` or `messageId` with no path. */
export interface FailExample extends PassExample {
  readonly finds: readonly [string, ...string[]];
}

/** Adds what a rule grants to a workload's pod template or bare pod; `pod` is the way to the pod's own `metadata` and `spec`. */
export interface Mutation {
  /** The workload as it stands, earlier rules' additions included. */
  readonly object: KubeObject;
  readonly podPath: FieldPath;
  /** Sets a value where nothing stands, creating parents; does nothing where something stands. */
  readonly add: (path: FieldPath, value: unknown) => void;
  /** Replaces text in a structured annotation whose other keys must stay. */
  readonly replace: (path: FieldPath, value: unknown) => void;
}

interface RuleText<Messages extends Record<string, string>> {
  /** Kebab-case, says the demand; the file's name. */
  readonly id: string;
  readonly code: `MW${number}`;
  /** Every kind whose change can alter what this rule finds. A test compares it with what the check reads. */
  readonly reads: readonly Kind[];
  /** For a rule on hosts: the fields of the mesh configuration that can alter what it finds; absent: any. */
  readonly settings?: readonly HostSetting[];
  /**
   * For a rule on hosts or namespaces: names by one key those of which it finds the same in one view, but for their own names;
   * what has none is like no other.
   */
  readonly alike?: (facts: Facts) => ReadonlyMap<string, string>;
  readonly mode: Mode;
  /** What a DELETE that breaks the rule gets; security rules refuse. */
  readonly onDelete: 'refuse' | 'warn';
  /** Whether an annotation may except it. */
  readonly exceptable: boolean;
  /** True: a pod that comes is also judged at the mutating door, before the injector merges its own into what was brought. */
  readonly beforeInjection?: boolean;
  readonly summary: string;
  readonly why: string;
  readonly remedy: string;
  /** What Istio makes of an absent field. */
  readonly absence: string;
  readonly source: Source;
  /** The keys of the baseline that the rule compares with, dotted. */
  readonly numbers: readonly string[];
  readonly messages: Messages;
  readonly examples: { readonly pass: readonly PassExample[]; readonly fail: readonly FailExample[] };
  readonly mutate?: (mutation: Mutation, facts: Facts) => void;
}

type RuleOn<K extends keyof SubjectInput, Messages extends Record<string, string>> = RuleText<Messages> & {
  readonly subject: K;
  readonly check: (input: SubjectInput[K], facts: Facts, say: Say<Messages>) => readonly Finding[];
};

interface RuleBase extends RuleText<Record<string, string>> {}

/** A rule as the engine sees it, by the kind of subject that it judges. */
export type Rule = RuleBase &
  (
    | { readonly subject: 'object'; readonly check: (input: KubeObject, facts: Facts) => readonly Finding[] }
    | { readonly subject: 'host' | 'namespace'; readonly check: (input: string, facts: Facts) => readonly Finding[] }
    | { readonly subject: 'gateway'; readonly check: (input: GatewayBaseline, facts: Facts) => readonly Finding[] }
  );

/**
 * Declares a rule on an object: `check` gets the object itself, which is responsible unless `about` says otherwise.
 * A message that names an unknown placeholder, or a `say` without one, does not compile.
 */
export function objectRule<const Messages extends Record<string, string>>(
  rule: Omit<RuleOn<'object', Messages>, 'subject'>,
): Rule {
  return {
    ...rule,
    subject: 'object',
    check: (object, facts) => rule.check(object, facts, sayer(rule, { kind: 'object', ref: refOf(object) }, object)),
  };
}

/** Declares a rule on a host: `check` gets its full lower-case name. */
export function hostRule<const Messages extends Record<string, string>>(
  rule: Omit<RuleOn<'host', Messages>, 'subject'>,
): Rule {
  const check = (name: string, facts: Facts): readonly Finding[] =>
    rule.check(name, facts, sayer(rule, { kind: 'host', name }));
  return { ...rule, subject: 'host', check };
}

/** Declares a rule on a namespace: `check` gets its name. */
export function namespaceRule<const Messages extends Record<string, string>>(
  rule: Omit<RuleOn<'namespace', Messages>, 'subject'>,
): Rule {
  const check = (name: string, facts: Facts): readonly Finding[] =>
    rule.check(name, facts, sayer(rule, { kind: 'namespace', name }));
  return { ...rule, subject: 'namespace', check };
}

/** Declares a rule on a gateway workload of the baseline. */
export function gatewayRule<const Messages extends Record<string, string>>(
  rule: Omit<RuleOn<'gateway', Messages>, 'subject'>,
): Rule {
  return {
    ...rule,
    subject: 'gateway',
    check: (gateway, facts) => {
      const subject: Subject = { kind: 'gateway', name: `${gateway.namespace}/${gateway.name}` };
      return rule.check(gateway, facts, sayer(rule, subject));
    },
  };
}

/** Makes the `say` of a rule about a subject; for rules on objects the object is responsible unless `about` says otherwise. */
export function sayer<Messages extends Record<string, string>>(
  rule: { readonly id: string; readonly code: string; readonly messages: Messages },
  subject: Subject,
  object?: KubeObject,
): Say<Messages> {
  return (messageId, args, about) => {
    const responsible = about.responsible ?? object;
    const field = formatPath(about.path);
    const seen = responsible === undefined ? '' : formatSeen(valueAt(responsible, about.path));
    const template: string = rule.messages[messageId] ?? '';
    return {
      code: rule.code,
      rule: rule.id,
      subject,
      ...(responsible === undefined ? {} : { responsible: refOf(responsible) }),
      messageId,
      message: fill(template, { ...args, field, seen }),
      path: about.path,
      seen,
      thing: about.thing ?? nameless(about.path),
      ...(about.magnitude === undefined ? {} : { magnitude: about.magnitude }),
      ...(about.because === undefined ? {} : { because: about.because }),
      ...(about.fix === undefined ? {} : { fix: about.fix }),
    };
  };
}

function fill(template: string, args: Readonly<Record<string, string | number>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(args, name) ? printable(String(args[name])) : whole,
  );
}

const SEEN_LENGTH = 80;

/** Writes a value for people: one line, without control characters, at most 80 characters; empty when absent. */
export function formatSeen(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return cut(printable(value));
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `a list of ${value.length}`;
  return isRecord(value) && Object.keys(value).length === 0 ? '{}' : 'an object';
}

function cut(text: string): string {
  return text.length > SEEN_LENGTH ? `${text.slice(0, SEEN_LENGTH)}…` : text;
}

function nameless(path: FieldPath): string {
  return path.filter((step) => typeof step === 'string').join('.');
}
