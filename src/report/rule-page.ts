import type { Mode } from '../model/verdict.ts';
import { EXCEPTION_RULES } from '../rules/exceptions/exception-rules.ts';

/** An example as pages show it. */
export interface PageExample {
  readonly title: string;
  readonly yaml: string;
  readonly context?: string;
  readonly before?: string;
  readonly deletes?: boolean;
  readonly finds?: readonly string[];
}

/** What a page says of a code; every rule has this shape. */
export interface RulePage {
  readonly id: string;
  readonly code: string;
  readonly mode: Mode;
  readonly onDelete: 'refuse' | 'warn';
  readonly exceptable: boolean;
  readonly subject?: string;
  readonly reads: readonly string[];
  readonly summary: string;
  readonly why: string;
  readonly remedy: string;
  readonly absence: string;
  readonly source: { readonly document?: string; readonly refs: readonly string[] };
  readonly numbers: readonly string[];
  readonly messages: Readonly<Record<string, string>>;
  readonly examples: { readonly pass: readonly PageExample[]; readonly fail: readonly PageExample[] };
}

const OURS = {
  onDelete: 'refuse',
  exceptable: false,
  reads: [],
  absence: '',
  source: { refs: [] },
  numbers: [],
  examples: { pass: [], fail: [] },
} as const;

/** The codes that are about Meshwarden itself and that no rule file has. */
export const OWN_PAGES: readonly RulePage[] = [
  {
    ...OURS,
    id: 'rule-fault',
    code: 'MW001',
    mode: 'enforce',
    summary: 'A rule failed while it judged an object; that is a fault of Meshwarden.',
    why: 'What a rule could not judge may be wrong, so the enforcing door refuses it instead of letting it through unseen.',
    remedy: 'Report it with the object; the message names the rule and what it stumbled over.',
    messages: {
      threw:
        "rule '{rule}' ({code}) could not judge this object: {error}; this is a fault of Meshwarden, report it with the object",
    },
  },
  {
    ...OURS,
    id: 'stale-view',
    code: 'MW002',
    mode: 'warn',
    summary: "What Meshwarden knows of the mesh is older than its bound, so a verdict may rest on yesterday's facts.",
    why: 'A watch that is behind is said and never taken for an empty mesh: rules on hosts and namespaces read other objects than the one that changes.',
    remedy:
      'Look at `meshwarden_view_lag_seconds` and at the API server; judge the change again when the watch has caught up, or wait for the audit.',
    messages: {
      stale: 'what is known of {kinds} is {age} old; the rules that read them judged by it',
    },
  },
];

/** Returns the page of a code or id, in any case, or undefined. */
export function pageOf(name: string, pages: readonly RulePage[]): RulePage | undefined {
  const wanted = name.toLowerCase();
  return pages.find(({ id, code }) => id === wanted || code.toLowerCase() === wanted);
}

/** Returns all pages, by code. */
export function allPages(rules: readonly RulePage[]): readonly RulePage[] {
  return [...OWN_PAGES, ...rules, ...EXCEPTION_RULES].toSorted((left, right) => (left.code < right.code ? -1 : 1));
}

/** The areas of codes, by the digit after `MW`. */
export const AREAS: Readonly<Record<string, string>> = {
  '0': 'Meshwarden itself',
  '1': 'Workloads and sidecars',
  '2': 'Mutual TLS',
  '3': 'Who may call whom',
  '4': 'Traffic',
  '5': 'Gateways and egress',
  '6': 'Telemetry',
  '7': 'Extensions and the mesh itself',
  '9': 'Exceptions',
};

/** What each mode does. */
export const MODE_WORDS: Readonly<Record<Mode, string>> = {
  enforce: 'refuses',
  warn: 'warns',
  audit: 'records and counts',
  off: 'does nothing',
};

/** Takes the common indentation off a text that stood indented in its source. */
export function unindented(yaml: string): string {
  const lines = yaml.replace(/^\n+|\s+$/g, '').split('\n');
  const least = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(Math.max(least, 0))).join('\n');
}
