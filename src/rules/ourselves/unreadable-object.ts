import { misfits } from '../../mesh/shape.ts';
import { shapeOf } from '../../mesh/shapes.ts';
import { formatPath } from '../../model/field-path.ts';
import { KINDS, type Kind, kindOf } from '../../model/kind.ts';
import { objectRule } from '../rule.ts';
import { examples } from './unreadable-object.examples.ts';

/** MW003: what cannot be read cannot be judged, and is not taken for absent. */
export const unreadableObject = objectRule({
  id: 'unreadable-object',
  code: 'MW003',
  reads: Object.keys(KINDS) as Kind[], // KINDS is keyed by Kind.
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: false,
  summary: 'Every field that a rule reads has a type that its API could have meant.',
  why: 'A field of another type would be taken for absent, and what Istio does with an absent field may be allowed where what the person wrote is not.',
  remedy: 'Write the field as its API says: numbers without quotes, annotations and labels with them, lists as lists.',
  absence: 'Absent fields and `null` are read as absent; fields that no rule reads may hold anything.',
  source: {
    refs: [
      'https://github.com/istio/istio/blob/1.31.0/manifests/charts/base/files/crd-all.gen.yaml',
      'https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation',
    ],
  },
  numbers: [],
  messages: { misfit: '`{field}` is {what}; must be {wanted}' },
  examples,
  check(object, _, say) {
    const kind = kindOf(object);
    if (kind === undefined) return [];
    return misfits(object, shapeOf(kind)).map(({ path, seen, wanted }) =>
      say('misfit', { what: seen, wanted }, { path, thing: formatPath(path) }),
    );
  },
});
