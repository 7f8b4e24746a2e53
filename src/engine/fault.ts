import type { Change } from '../model/change.ts';
import type { Finding } from '../model/finding.ts';
import { refOf } from '../model/kube-object.ts';
import { printable, type Rule } from '../rules/rule.ts';

/** Makes finding MW001 of a rule that threw: the rule's name and the error's first line, no object content. */
export function faultFinding(rule: Rule, change: Change, error: unknown): Finding {
  const ref = refOf(change.after ?? change.before ?? { apiVersion: '', kind: '' });
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const line = printable(text.split('\n')[0] ?? '').slice(0, 120);
  return {
    code: 'MW001',
    rule: 'rule-fault',
    subject: { kind: 'object', ref },
    responsible: ref,
    messageId: 'threw',
    message: `rule '${rule.id}' (${rule.code}) could not judge this object: ${line}; this is a fault of Meshwarden, report it with the object`,
    path: [],
    seen: '',
    thing: rule.id,
  };
}
