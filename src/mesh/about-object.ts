import { kindOf } from '../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf } from '../model/kube-object.ts';
import type { View } from './view.ts';

/**
 * Returns what a view answers to a question about one of its objects, worked out once. One that is not in the view is asked
 * about anew each time, as an object is known by its name.
 * @param question Names the question and its other arguments.
 */
export function aboutObject<T>(view: View, question: string, object: KubeObject, compute: () => T): T {
  const kind = kindOf(object);
  if (kind === undefined) return compute();
  const [namespace, name] = [namespaceOf(object), nameOf(object)];
  if (view.get(kind, namespace, name) !== object) return compute();
  return view.memo(`${question}|${kind}|${namespace}/${name}`, () => {
    // Looked up inside as well, so that the answer ends with the object.
    view.get(kind, namespace, name);
    return compute();
  });
}
