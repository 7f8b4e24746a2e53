import type { AdmissionResponse } from '../model/admission-review.ts';
import { formatPath } from '../model/field-path.ts';
import { formatRef, type ObjectRef } from '../model/kube-object.ts';
import { printable } from '../model/printable.ts';
import type { AppliedException, JudgedFinding, Verdict } from '../model/verdict.ts';
import { formatFix } from './report.ts';
import { clip, warningText } from './warning-text.ts';

/** What a response says besides the verdict. */
export interface ResponseContext {
  readonly uid: string;
  /** Version and hash of the baseline in force. */
  readonly baseline: { readonly version: string; readonly sha256: string };
  /** Warnings that are none of a rule's: a view that is behind, a patch that was dropped. */
  readonly notes: readonly string[];
}

const MAX_LINES = 10;
const MAX_WARNINGS = 10;
/** For machines; a change to a policy of the root namespace can break as many namespaces as there are. */
const MAX_CAUSES = 100;

/**
 * Turns a verdict into the response of a validating review: 403 `Forbidden` with every error on a line of its own (the
 * reason `Invalid` would make kubectl drop the message), warnings of one line, and audit annotations without a prefix.
 */
export function validatingResponse(verdict: Verdict, context: ResponseContext): AdmissionResponse {
  const errors = verdict.findings.filter(({ severity }) => severity === 'error');
  const warnings = warningsOf(verdict, context.notes);
  return {
    uid: context.uid,
    allowed: verdict.decision === 'allow',
    ...(verdict.decision === 'deny' ? { status: refusal(errors) } : {}),
    ...(warnings.length > 0 ? { warnings } : {}),
    auditAnnotations: auditAnnotations(verdict, context),
  };
}

/** Returns the response to a review of which there is nothing to judge. */
export function allowingResponse({ uid, baseline }: Omit<ResponseContext, 'notes'>): AdmissionResponse {
  return { uid, allowed: true, auditAnnotations: { decision: 'allow', baseline: formatBaseline(baseline) } };
}

/** Returns the response of a mutating review: both fields of a patch or none; `lacks` says why not all was added. */
export function patchingResponse(
  context: Omit<ResponseContext, 'notes'>,
  result: { readonly patch: string | undefined; readonly rules: string; readonly lacks: string | undefined },
): AdmissionResponse {
  const { patch, rules, lacks } = result;
  return {
    uid: context.uid,
    allowed: true,
    ...(patch === undefined ? {} : { patchType: 'JSONPatch', patch }),
    ...(lacks === undefined
      ? {}
      : { warnings: [clip(printable(`not everything was added to this object: ${lacks}`))] }),
    auditAnnotations: {
      decision: 'allow',
      baseline: formatBaseline(context.baseline),
      ...(rules === '' ? {} : { rules }),
    },
  };
}

/** Returns the refusal of an object that is nested deeper than it can be walked: what cannot be read cannot be allowed. */
export function tooDeepResponse({ uid, baseline }: Omit<ResponseContext, 'notes'>): AdmissionResponse {
  const message = '[MW003] the object is nested too deep to be read; must be nested less deep';
  return {
    uid,
    allowed: false,
    status: { code: 403, reason: 'Forbidden', message },
    auditAnnotations: { decision: 'deny', baseline: formatBaseline(baseline), rules: 'MW003' },
  };
}

/** Writes the warning that rules were judged with facts that are behind. */
export function staleNote(codes: readonly string[]): string {
  const [most, rest] = [codes.slice(0, MOST_CODES), codes.length - MOST_CODES];
  return `[MW002] judged on old facts, the API server does not answer: ${most.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** So many codes fit into a warning. */
const MOST_CODES = 6;

function refusal(errors: readonly JudgedFinding[]): NonNullable<AdmissionResponse['status']> {
  const lines = errors.slice(0, MAX_LINES).map(findingLine);
  if (errors.length > MAX_LINES) lines.push(`and ${errors.length - MAX_LINES} more`);
  const [first] = errors;
  if (first !== undefined) lines.push(`For why and how to mend: meshwarden explain ${first.code}`);
  const causes = errors
    .slice(0, MAX_CAUSES)
    .map(({ code, path, message }) => ({ reason: code, field: formatPath(path), message }));
  return { code: 403, reason: 'Forbidden', message: lines.join('\n'), details: { causes } };
}

/** Writes a finding as one line: code, what is wrong, whose field it is if not the changed object's, and the fix. */
export function findingLine(finding: JudgedFinding): string {
  const fix = formatFix(finding);
  return `[${finding.code}] ${elsewhere(finding)}${finding.message}${fix === '' ? '' : `. ${printable(fix)}`}`;
}

function elsewhere({ object, responsible }: JudgedFinding): string {
  if (responsible === undefined) return '';
  const isSame =
    responsible.kind === object.kind && responsible.name === object.name && responsible.namespace === object.namespace;
  return isSame ? '' : `${printable(formatRef(responsible))}: `;
}

/** Notes, exceptions, findings; where a finding had to be shortened, the way to the whole of it last, unless a refusal says it. */
function warningsOf({ decision, findings, exceptions }: Verdict, notes: readonly string[]): readonly string[] {
  const found = findings.filter(({ severity }) => severity === 'warning').map(warningOf);
  const all = [
    ...notes.map((text) => clip(printable(text))),
    ...exceptions.map((exception) => clip(printable(usedText(exception)))),
    ...found.map(({ text }) => text),
  ];
  const unique = [...new Set(all)];
  const short = decision === 'deny' ? undefined : found.find(({ isShort }) => isShort);
  const ways = short === undefined ? [] : [`For why and how to mend: meshwarden explain ${short.code}`];
  if (unique.length + ways.length <= MAX_WARNINGS) return [...unique, ...ways];
  const shown = unique.slice(0, MAX_WARNINGS - 1 - ways.length);
  return [...shown, `and ${unique.length - shown.length} more; meshwarden check shows all`, ...ways];
}

/** Says that an exception was used. Its reason is for the namespace in which it stands: others may not read that object. */
function usedText({ rule, until, reason, object, findings }: AppliedException): string {
  const text = `'${rule}' is excepted until ${until}`;
  const isNear = findings.every((finding) => areaOf(finding.object) === areaOf(object));
  return isNear ? `${text}: ${reason}` : `${text} by an object of another namespace`;
}

function areaOf({ kind, namespace, name }: ObjectRef): string {
  return kind === 'Namespace' ? name : namespace;
}

function warningOf(finding: JudgedFinding): {
  readonly text: string;
  readonly code: string;
  readonly isShort: boolean;
} {
  const text = warningText(finding, { object: elsewhere(finding), fix: printable(formatFix(finding)) });
  return { text, code: finding.code, isShort: text.includes('…') };
}

function auditAnnotations(
  { decision, findings, exceptions }: Verdict,
  { baseline }: ResponseContext,
): Record<string, string> {
  const codes = [...new Set(findings.map(({ code }) => code))].sort();
  const isWarned = decision === 'allow' && findings.some(({ severity }) => severity === 'warning');
  return {
    decision: isWarned ? 'warn' : decision,
    baseline: formatBaseline(baseline),
    ...(codes.length > 0 ? { rules: codes.join(',') } : {}),
    ...(exceptions.length > 0
      ? { exceptions: exceptions.map(({ rule, until }) => `${rule} until ${until}`).join(',') }
      : {}),
  };
}

function formatBaseline({ version, sha256 }: ResponseContext['baseline']): string {
  return `${version} ${sha256.slice(0, 12)}`;
}
