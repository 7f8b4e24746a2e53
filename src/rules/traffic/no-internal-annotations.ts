import type { FieldPath } from '../../model/field-path.ts';
import type { Finding } from '../../model/finding.ts';
import { type Kind, kindOf, KINDS } from '../../model/kind.ts';
import { annotationsOf, labelsOf } from '../../model/kube-object.ts';
import { isAbsent, type JsonObject } from '../../model/json.ts';
import { objectRule } from '../rule.ts';
import { examples } from './no-internal-annotations.examples.ts';

/** What istiod reads from an object that it made itself, and cannot tell from one that somebody wrote. */
const PREFIX = 'internal.istio.io/';

// Object.keys widens to string; they are exactly the names of kinds.
const READS = (Object.keys(KINDS) as Kind[]).filter((kind) => KINDS[kind].group.endsWith('.istio.io'));

/** MW416: nobody passes an object off as one that istiod made from another. */
export const noInternalAnnotations = objectRule({
  id: 'no-internal-annotations',
  code: 'MW416',
  reads: READS,
  mode: 'enforce',
  onDelete: 'warn',
  exceptable: false,
  summary: 'No object of Istio’s carries an annotation or a label `internal.istio.io/…`.',
  why: 'With `internal.istio.io/route-semantics: gateway` a VirtualService is taken for one that istiod made: its short names are not resolved, its delegates not merged, its destinations not checked, and it goes before others of its namespace.',
  remedy: 'Take it out; nothing that a person may say is said by it.',
  absence: 'Not there: the object is what its kind and fields say.',
  source: {
    refs: [
      'https://github.com/istio/istio/blob/1.31.0/pkg/config/constants/constants.go',
      'https://github.com/istio/istio/blob/1.31.0/pkg/config/validation/validation.go',
    ],
  },
  numbers: [],
  messages: {
    internal: '`{field}` is set; must be left out, as istiod takes the object for one of its own',
  },
  examples,
  check(object, _facts, say) {
    const kind = kindOf(object);
    if (kind === undefined || !KINDS[kind].group.endsWith('.istio.io')) return [];
    const found = (where: 'annotations' | 'labels', map: JsonObject): readonly Finding[] =>
      Object.keys(map).flatMap((key) => {
        if (!key.startsWith(PREFIX) || isAbsent(map[key])) return [];
        const path: FieldPath = ['metadata', where, key];
        return [say('internal', {}, { path, thing: `${where} ${key}` })];
      });
    return [...found('annotations', annotationsOf(object)), ...found('labels', labelsOf(object))];
  },
});
