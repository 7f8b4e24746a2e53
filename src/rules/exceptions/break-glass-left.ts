import { BREAK_GLASS_ANNOTATION } from '../../model/exception.ts';
import { KINDS, type Kind } from '../../model/kind.ts';
import { annotationOf } from '../../model/kube-object.ts';
import { objectRule } from '../rule.ts';

const object = (annotations: string): string => `
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: cart, namespace: shop${annotations} }
spec: { host: cart }
`;
const glass = (text: string): string => object(`, annotations: { meshwarden.io/break-glass: "${text}" }`);

/** MW906: broken glass is swept up. */
export const breakGlassLeft = objectRule({
  id: 'break-glass-left',
  code: 'MW906',
  reads: Object.keys(KINDS) as Kind[], // KINDS is keyed by Kind.
  mode: 'warn',
  onDelete: 'warn',
  exceptable: false,
  summary: 'An object that was changed past Meshwarden is looked at, and its annotation taken away.',
  why: 'A change with `meshwarden.io/break-glass` was judged by nobody; the annotation is what reminds of it until somebody has.',
  remedy:
    'Judge the object (`meshwarden check`, `meshwarden audit`), mend what is found, and take the annotation away; that needs no right, but what is still wrong is refused then. docs/break-glass.md tells the rest.',
  absence: 'Without the annotation every change is judged.',
  source: {
    refs: [
      'https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-matchconditions',
    ],
  },
  numbers: [],
  messages: {
    left: "`{field}` is '{seen}': a change was not judged; must be taken away when the object is right",
  },
  examples: {
    pass: [{ title: 'no annotation', yaml: object('') }],
    fail: [
      {
        title: 'a change that was let pass, its time not yet over',
        yaml: glass('until 2026-11-24T14:00:00Z -- INC-42, the service is away'),
        finds: ['left at metadata.annotations[meshwarden.io/break-glass]'],
      },
      {
        title: 'long past, and still there',
        yaml: glass('until 2026-01-01T00:00:00Z -- INC-1'),
        finds: ['left at metadata.annotations[meshwarden.io/break-glass]'],
      },
      {
        title: 'a text that let nothing pass',
        yaml: glass('please'),
        finds: ['left at metadata.annotations[meshwarden.io/break-glass]'],
      },
    ],
  },
  check(object, _, say) {
    const text = annotationOf(object, BREAK_GLASS_ANNOTATION);
    if (text === undefined || text === '') return [];
    return [say('left', {}, { path: ['metadata', 'annotations', BREAK_GLASS_ANNOTATION], thing: 'break-glass' })];
  },
});
