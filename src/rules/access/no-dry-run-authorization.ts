import { isDryRun } from '../../mesh/authorization.ts';
import { toPointer } from '../../model/field-path.ts';
import { kindOf } from '../../model/kind.ts';
import { objectRule } from '../rule.ts';

const DRY_RUN = 'istio.io/dry-run';

/** An AuthorizationPolicy with the annotation, if one is given. */
const policy = (value?: string, version = 'v1'): string => `
apiVersion: security.istio.io/${version}
kind: AuthorizationPolicy
metadata: { name: calls, namespace: llmoptimizer${value === undefined ? '' : `, annotations: { ${DRY_RUN}: "${value}" }`} }
spec: { rules: [{ from: [{ source: { principals: [cluster.local/ns/a/sa/b] } }] }] }
`;
const AT = `dryRun at metadata.annotations[${DRY_RUN}]` as const;

/** MW306: a policy does what it says. */
export const noDryRunAuthorization = objectRule({
  id: 'no-dry-run-authorization',
  code: 'MW306',
  reads: ['AuthorizationPolicy'],
  mode: 'warn',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'No AuthorizationPolicy is a dry run.',
  why: 'A dry run denies and allows nothing: it looks like a policy in every list, and the door stands open.',
  remedy:
    'Remove the annotation `istio.io/dry-run` when the trial is over; until then let an exception with a date say so.',
  absence:
    'Without the annotation the policy is in force; Istio reads its value as Go reads a boolean, and takes nothing else.',
  source: {
    document: '- Test with dry-run mode',
    refs: [
      'https://istio.io/latest/docs/tasks/security/authorization/authz-dry-run/',
      'https://pkg.go.dev/strconv#ParseBool',
    ],
  },
  numbers: [],
  messages: { dryRun: "`{field}` is '{seen}', so the policy only pretends; must be left out where it is meant" },
  check(object, _facts, say) {
    if (kindOf(object) !== 'AuthorizationPolicy' || !isDryRun(object)) return [];
    const path = ['metadata', 'annotations', DRY_RUN];
    return [say('dryRun', {}, { path, fix: [{ op: 'remove', path: toPointer(path) }] })];
  },
  examples: {
    pass: [
      { title: 'no annotation', yaml: policy() },
      ...['false', '0', 'f', 'F', 'False', 'FALSE'].map((value) => ({
        title: `the annotation is ${value}`,
        yaml: policy(value),
      })),
      { title: 'a dry run goes', yaml: policy('true'), deletes: true },
    ],
    fail: [
      ...['true', '1', 't', 'T', 'True', 'TRUE'].map((value) => ({
        title: `the annotation is ${value}`,
        yaml: policy(value),
        finds: [AT] as const,
      })),
      {
        title: 'a policy becomes a dry run, at v1beta1',
        before: policy(),
        yaml: policy('true', 'v1beta1'),
        finds: [AT],
      },
    ],
  },
});
