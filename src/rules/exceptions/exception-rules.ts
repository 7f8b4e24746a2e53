import type { FailExample, PassExample, Source } from '../rule.ts';

/**
 * A demand on exceptions themselves. The engine checks it, since it needs who asks and what stood before; the text is
 * here, where all demands are. Its mode is not the baseline's to change: an exception that is not checked is a bypass.
 */
export interface ExceptionRule<Messages extends Record<string, string> = Record<string, string>> {
  readonly id: string;
  readonly code: `MW9${number}`;
  readonly mode: 'enforce' | 'warn';
  readonly onDelete: 'warn';
  readonly exceptable: false;
  readonly reads: readonly [];
  readonly summary: string;
  readonly why: string;
  readonly remedy: string;
  readonly absence: string;
  readonly source: Source;
  readonly numbers: readonly string[];
  readonly messages: Messages;
  readonly examples: { readonly pass: readonly PassExample[]; readonly fail: readonly FailExample[] };
}

const COMMON = { onDelete: 'warn', exceptable: false, reads: [] } as const;
const WITHOUT = 'An object without the annotation has no exception: every rule counts.';
const REFS = ['https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access'];
const GUIDE = 'docs/exceptions.md';

/** A VirtualService with a retry too many, which the rule in question finds, and an exception. */
const route = (exempt: string, attempts = 5): string => `
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: ml-service
  namespace: llmoptimizer
  annotations:
    meshwarden.io/exempt: "${exempt}"
spec:
  hosts: [ml-service]
  http:
    - retries: { attempts: ${attempts} }
      route: [{ destination: { host: ml-service } }]
`;
const RIGHT = 'bounded-retries until 2027-01-31 -- load test, OPS-311';
const AT = 'metadata.annotations[meshwarden.io/exempt]';
const right: PassExample = { title: 'a rule, a day and a reason', yaml: route(RIGHT) };

/** MW901: an exception that cannot be read is none, and whoever wrote it should know at once. */
export const EXCEPTION_UNREADABLE = {
  ...COMMON,
  id: 'exception-unreadable',
  code: 'MW901',
  mode: 'enforce',
  summary: 'Every clause of `meshwarden.io/exempt` names a rule, a last day and a reason.',
  why: 'A clause with a mistake excepts nothing; taken in silence, its author would find out when the change after the next is refused, and an auditor never.',
  remedy: `Write '<rule> until <YYYY-MM-DD> -- <reason>', several separated by ';' (so a reason holds none). \`meshwarden explain\` lists the rules; ${GUIDE} shows the rest.`,
  absence: WITHOUT,
  source: { refs: [] },
  numbers: [],
  messages: {
    empty: "`{field}` is empty; must be '<rule> until <YYYY-MM-DD> -- <reason>', such as '{right}'",
    form: "`{field}` has '{clause}'; must be '<rule> until <YYYY-MM-DD> -- <reason>', such as '{right}'",
    noReason: "`{field}` has '{clause}' without a reason; must end in '-- <reason>', such as '{right}'",
    noDate: "`{field}` has '{clause}' without a last day; must say 'until <YYYY-MM-DD>', such as '{right}'",
    badDate: "`{field}` has '{date}', which is no day; must be <YYYY-MM-DD> in UTC, such as '{right}'",
    unknownRule: "`{field}` has '{rule}', which is no rule{hint}; must be the id of a rule, such as '{right}'",
    twice: "`{field}` has two clauses for '{rule}'; must have one",
    tooMany: '`{field}` has {count} clauses; must have at most {limit}',
  },
  examples: {
    pass: [right],
    fail: [
      {
        title: 'no reason',
        yaml: route('bounded-retries until 2027-01-31'),
        finds: [`noReason at ${AT}`],
      },
      { title: 'no last day', yaml: route('bounded-retries -- load test'), finds: [`noDate at ${AT}`] },
      {
        title: 'a day that no calendar has',
        yaml: route('bounded-retries until 2027-02-30 -- load test'),
        finds: [`badDate at ${AT}`],
      },
      {
        title: 'a word for a rule',
        yaml: route('bounded-retry until 2027-01-31 -- load test'),
        finds: [`unknownRule at ${AT}`],
      },
      {
        title: 'everything at once',
        yaml: route('* until 2027-01-31 -- load test'),
        finds: [`unknownRule at ${AT}`],
      },
    ],
  },
} as const satisfies ExceptionRule;

/** MW902: who grants an exception to whom is RBAC's to say. */
export const EXCEPTION_NOT_PERMITTED = {
  ...COMMON,
  id: 'exception-not-permitted',
  code: 'MW902',
  mode: 'enforce',
  summary: 'Whoever sets or changes an exception, or what it excepts, may exempt that rule in that namespace.',
  why: 'An exception that anybody can write is a bypass. It belongs to the object, the rule and the value that somebody with the right has seen, and does not travel by copying.',
  remedy:
    "Ask somebody with the right to apply the change: verb `exempt`, group `meshwarden.io`, resource `rules`, the rule's id as name (`kubectl auth can-i --list -n <namespace>` shows `rules.meshwarden.io` with `[exempt]` to those who have it). Shortening an exception and taking it away need no right.",
  absence: WITHOUT,
  source: { refs: REFS },
  numbers: ['workloadControllers'],
  messages: {
    denied: "`{field}` excepts '{rule}'; must be set by somebody who may exempt it in {where}, and '{user}' may not",
    unanswered:
      "`{field}` excepts '{rule}' and does not count: whether '{user}' may exempt it is not known, {why}; try again",
    changed:
      "`{field}` is excepted from '{rule}' as it was; must be changed by somebody who may exempt it in {where}, and '{user}' may not",
    changedUnanswered:
      "`{field}` is excepted from '{rule}' as it was: whether '{user}' may change it is not known, {why}; try again",
  },
  examples: { pass: [{ ...right, title: 'set by somebody who may' }], fail: [] },
} as const satisfies ExceptionRule;

/** MW903: an exception has an end, and the end is near enough to be remembered. */
export const EXCEPTION_EXPIRED = {
  ...COMMON,
  id: 'exception-expired',
  code: 'MW903',
  mode: 'enforce',
  summary: "An exception counts through its last day in UTC, which is within the baseline's longest life from now.",
  why: 'What is excepted for good is a hole that nobody looks at again.',
  remedy:
    "Mend the object and take the exception away, or let somebody who may exempt the rule set a new day. `meshwarden check --expiring 14d` finds those that end soon. What a whole namespace needs for long belongs into the baseline's `rules.<id>.overrides`.",
  absence: WITHOUT,
  source: { refs: [] },
  numbers: ['exceptions.maxDays'],
  messages: {
    expired:
      "`{field}` excepts '{rule}' until {until}, which is past; must be mended, or prolonged by somebody who may exempt it",
    tooFar: "`{field}` excepts '{rule}' until {until}; must end on {latest} or before",
  },
  examples: {
    pass: [
      { title: 'its last day', yaml: route('bounded-retries until 2026-11-24 -- load test') },
      { title: 'the longest life, 180 days', yaml: route('bounded-retries until 2027-05-23 -- load test') },
    ],
    fail: [
      {
        title: 'the day after',
        yaml: route('bounded-retries until 2026-11-23 -- load test'),
        finds: [`expired at ${AT}`],
      },
      {
        title: 'one day more than the longest life',
        yaml: route('bounded-retries until 2027-05-24 -- load test'),
        finds: [`tooFar at ${AT}`],
      },
    ],
  },
} as const satisfies ExceptionRule;

/** MW904: an exception that excepts nothing would hide the next fault. */
export const EXCEPTION_NEEDLESS = {
  ...COMMON,
  id: 'exception-needless',
  code: 'MW904',
  mode: 'warn',
  summary: 'An object that keeps a rule has no exception from it.',
  why: 'A left-over exception lets the next fault pass unseen.',
  remedy: 'Take the clause away; that needs no right.',
  absence: WITHOUT,
  source: { refs: [] },
  numbers: [],
  messages: {
    needless: "`{field}` excepts '{rule}', which this object keeps without it; must be taken away",
  },
  examples: {
    pass: [right],
    fail: [{ title: 'a route that keeps its bound', yaml: route(RIGHT, 1), finds: [`needless at ${AT}`] }],
  },
} as const satisfies ExceptionRule;

/** MW905: some rules have no exception. */
export const RULE_NOT_EXCEPTABLE = {
  ...COMMON,
  id: 'rule-not-exceptable',
  code: 'MW905',
  mode: 'enforce',
  summary: 'An exception is from a rule that may be excepted.',
  why: 'Some rules have no honest exception: what breaks them pretends to be what it is not, cannot be read, or takes the mesh itself away.',
  remedy: 'Mend the object. `meshwarden explain <rule>` says whether a rule may be excepted.',
  absence: WITHOUT,
  source: { refs: [] },
  numbers: [],
  messages: { fixed: "`{field}` excepts '{rule}'; must not, since that rule has no exceptions" },
  examples: {
    pass: [right],
    fail: [
      {
        title: 'an object that cannot be read',
        yaml: route('unreadable-object until 2027-01-31 -- old client', 1),
        finds: [`fixed at ${AT}`],
      },
    ],
  },
} as const satisfies ExceptionRule;

/** The demands on exceptions, by code. */
export const EXCEPTION_RULES: readonly ExceptionRule[] = [
  EXCEPTION_UNREADABLE,
  EXCEPTION_NOT_PERMITTED,
  EXCEPTION_EXPIRED,
  EXCEPTION_NEEDLESS,
  RULE_NOT_EXCEPTABLE,
];
