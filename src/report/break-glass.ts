import { BREAK_GLASS_ANNOTATION } from '../model/exception.ts';

const IN = `metadata.?annotations[?'${BREAK_GLASS_ANNOTATION}'].orValue('')`;
/** What it takes for a text to be one: an end to the second in UTC, and a reason. */
const READABLE =
  "matches('^until [0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z -- .*[\\\\p{L}\\\\p{N}]')";
/** Their own accounts, or the one that all have where they share it (`--use-service-account-credentials` unset). */
const CONTROLLERS = [
  ...['deployment', 'replicaset', 'statefulset', 'daemon-set', 'job', 'cronjob', 'replication'].map(
    (name) => `system:serviceaccount:kube-system:${name}-controller`,
  ),
  'system:kube-controller-manager',
]
  .map((name) => `'${name}'`)
  .join(', ');

const MAY_USE =
  "authorizer.group('meshwarden.io').resource('breakglass').namespace(request.?namespace.orValue('')).check('use').allowed()";
/** A person's change, which must bring a text of its own. */
const BY_A_PERSON = `(request.operation != 'UPDATE' || object.${IN} != oldObject.${IN}) && ${MAY_USE}`;
/** The controllers' copies of a template, until the end; what is there already they may go on scaling. */
const BY_A_CONTROLLER = [
  "request.operation == 'CREATE' && has(object.metadata.creationTimestamp)",
  ` && timestamp(object.${IN}.substring(6, 26)) > timestamp(object.metadata.creationTimestamp)`,
  " || request.operation == 'UPDATE' && object.?spec.?template == oldObject.?spec.?template",
].join('');

/**
 * The condition under which a webhook is called: not for a change that breaks the glass. Two ways there are: somebody who
 * holds the right sets the annotation to a new text (or deletes what carries one); or Kubernetes' own controllers make
 * what carries it from a template. When it must end, that no exception comes with it and that it is seen is decided by the
 * policies of deploy/base/break-glass.yaml: CEL in a webhook configuration has no clock.
 * The annotation is looked at first, so that all other requests pay for nothing else.
 */
export const NOT_BREAK_GLASS = {
  name: 'not-break-glass',
  expression:
    `!((request.operation == 'DELETE' ? oldObject : object).${IN}.${READABLE}` +
    ` && (request.userInfo.username in [${CONTROLLERS}] ? ${BY_A_CONTROLLER} : ${BY_A_PERSON}))`,
} as const;
