import { type Kind, kindOf } from '../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf } from '../model/kube-object.ts';
import { sameJson } from '../model/json.ts';
import { compareAge } from './age.ts';
import { type Answer, Answers, answered, noteAnswer, noteKey } from './answers.ts';
import { type Edit, edited } from './edited-list.ts';
import { indexKeys } from './indexes.ts';

/** What a view must know of the mesh before it can read any object. */
export interface MeshSettings {
  readonly rootNamespace: string;
  /** Usually `cluster.local`. */
  readonly clusterDomain: string;
  /** Istio's minor release, such as `1.31`. */
  readonly istioVersion: string;
  /** The values of `istio.io/rev` that this mesh's istiod answers to; `default` is always one. */
  readonly revisions: readonly string[];
}

const NONE: readonly KubeObject[] = Object.freeze([]);

/** A change of a list is applied when the list is first asked for, as most never are. */
type Entry = readonly KubeObject[] | Edit;

/**
 * A set of objects with its indexes, immutable: what the mesh is at one moment. All lists come in Istio's order of age.
 * Istio objects of another revision (`istio.io/rev`) are kept under `foreign` keys only, as istiod does not see them.
 */
export class View {
  readonly settings: MeshSettings;
  readonly #parent: View | undefined;
  /** What is not as in the parent. */
  readonly #own: Map<string, Entry>;
  readonly #answers = new Answers();

  private constructor(settings: MeshSettings, own: Map<string, Entry>, parent: View | undefined) {
    this.settings = settings;
    this.#own = own;
    this.#parent = parent;
  }

  /** Makes a view of objects; of two with the same kind, namespace and name the later one counts. */
  static of(objects: Iterable<KubeObject>, settings: MeshSettings): View {
    const latest = new Map<string, { readonly kind: Kind; readonly object: KubeObject }>();
    for (const object of objects) {
      const kind = kindOf(object);
      if (kind !== undefined) latest.set(`${kind}/${namespaceOf(object)}/${nameOf(object)}`, { kind, object });
    }
    const own = new Map<string, KubeObject[]>();
    for (const { kind, object } of latest.values()) {
      for (const key of indexKeys(kind, object, settings)) {
        const list = own.get(key);
        if (list === undefined) own.set(key, [object]);
        else list.push(object);
      }
    }
    for (const list of own.values()) list.sort(compareAge);
    return new View(settings, own, undefined);
  }

  /** Returns the objects under an index key, oldest first. */
  lookup(key: string): readonly KubeObject[] {
    noteKey(this, key);
    return View.#find(this, key);
  }

  /** A loop and not a chain of calls: every rule asks, many times. */
  static #find(from: View, key: string): readonly KubeObject[] {
    for (let view: View | undefined = from; view !== undefined; view = view.#parent) {
      const found = view.#own.get(key);
      if (found !== undefined) return isList(found) ? found : View.#apply(view, key, found);
    }
    return NONE;
  }

  static #apply(view: View, key: string, edit: Edit): readonly KubeObject[] {
    const list = edited(view.#parent === undefined ? NONE : View.#find(view.#parent, key), edit);
    view.#own.set(key, list);
    return list;
  }

  /** Returns all objects of a kind, or those of one namespace, oldest first. */
  list(kind: Kind, namespace?: string): readonly KubeObject[] {
    return this.lookup(namespace === undefined ? kind : `${kind}|ns|${namespace}`);
  }

  /** Returns one object by name; cluster-scoped kinds have the empty namespace. */
  get(kind: Kind, namespace: string, name: string): KubeObject | undefined {
    return (
      this.lookup(`${kind}|name|${namespace}/${name}`)[0] ?? this.lookup(`foreign|${kind}|${namespace}/${name}`)[0]
    );
  }

  /**
   * Returns what this view answers to a question, worked out once; the key must name the question and its arguments. What was
   * looked up for it is written down, so that the answer is kept in the oldest view that it is right in, and outlives reviews
   * and events that change nothing of it.
   */
  memo<T>(key: string, compute: (view: View) => T): T {
    const answer = this.#answer(key, compute, undefined);
    noteAnswer(this, answer);
    return answer.value as T; // The same key is always asked with the same type.
  }

  /**
   * As `memo`, for a question whose answer is small JSON and seldom changes with what it was found out from, such as one
   * setting of the mesh: what is made of it stands until the answer is another. `compute` must use no view but the one given.
   */
  settled<T>(key: string, compute: (view: View) => T): T {
    const answer = this.#answer(key, compute, compute);
    noteAnswer(this, answer);
    return answer.value as T; // As above.
  }

  #answer(key: string, compute: (view: View) => unknown, again: Answer['again']): Answer {
    return this.#answers.get(key) ?? this.#inherited(key) ?? this.#work(key, compute, again);
  }

  #work(key: string, compute: (view: View) => unknown, again: Answer['again']): Answer {
    const answer = answered(this, key, compute, again);
    this.#answers.keep(answer);
    const home = answer.isLocal ? this : View.#homeOf(this, answer);
    if (home !== this) home.#answers.keep(answer);
    return answer;
  }

  #inherited(key: string): Answer | undefined {
    for (let view = this.#parent; view !== undefined; view = view.#parent) {
      const answer = view.#answers.get(key);
      if (answer === undefined) continue;
      if (!answer.isLocal) this.#stands(answer);
      return this.#answers.get(key);
    }
    return undefined;
  }

  /** Tells whether an answer of this view or of one that it was made of is right here. */
  #stands(answer: Answer): boolean {
    const own = this.#answers.get(answer.key);
    if (own === answer) return true;
    const { again } = answer;
    if (own !== undefined) return again !== undefined && sameJson(own.value, answer.value);
    if (this.#parent === undefined || !this.#parent.#stands(answer)) return false;
    // Where the parent settled it anew, that may have been found out from something else.
    const there = this.#parent.#answers.get(answer.key);
    if (there === undefined) return false;
    if (this.#isMoved(there))
      return again !== undefined && sameJson(this.#work(answer.key, again, again).value, answer.value);
    this.#answers.keep(there);
    return true;
  }

  /** Tells whether something that an answer was found out from is not here as in the parent. */
  #isMoved({ keys, parts }: Answer): boolean {
    const own = this.#own;
    if (own.size < keys.size) {
      for (const key of own.keys()) if (keys.has(key)) return true;
    } else for (const key of keys) if (own.has(key)) return true;
    for (const part of parts) if (!this.#stands(part)) return true;
    return false;
  }

  /** Returns the oldest view in which an answer of a view is right. */
  static #homeOf(from: View, answer: Answer): View {
    let home = from;
    while (home.#parent !== undefined && !home.#isMoved(answer)) {
      for (const part of answer.parts) if (!home.#parent.#stands(part)) return home;
      home = home.#parent;
    }
    return home;
  }

  /** Returns a view without some objects and with others; shares everything that does not change. */
  with(change: { readonly remove?: Iterable<KubeObject>; readonly add?: Iterable<KubeObject> }): View {
    const own = new Map<string, Edit>();
    const edit = (key: string): Edit => {
      const known = own.get(key);
      if (known !== undefined) return known;
      const made: Edit = { gone: [], come: [] };
      own.set(key, made);
      return made;
    };
    const latest = new Map<string, KubeObject | undefined>();
    const drop = (kind: Kind, id: string, object: KubeObject): void => {
      const added = latest.get(id);
      const known = latest.has(id) ? added : this.get(kind, namespaceOf(object), nameOf(object));
      if (known === undefined) return;
      for (const key of indexKeys(kind, known, this.settings)) {
        if (added === undefined) edit(key).gone.push(known);
        else edit(key).come.splice(edit(key).come.indexOf(added), 1);
      }
    };
    for (const object of change.remove ?? []) {
      const kind = kindOf(object);
      if (kind === undefined) continue;
      const id = `${kind}/${namespaceOf(object)}/${nameOf(object)}`;
      drop(kind, id, object);
      latest.set(id, undefined);
    }
    for (const object of change.add ?? []) {
      const kind = kindOf(object);
      if (kind === undefined) continue;
      const id = `${kind}/${namespaceOf(object)}/${nameOf(object)}`;
      drop(kind, id, object);
      latest.set(id, object);
      for (const key of indexKeys(kind, object, this.settings)) edit(key).come.push(object);
    }
    return own.size === 0 ? this : new View(this.settings, own, this);
  }

  /** Returns an equal view whose look-ups walk at most two maps; for views that grew by many small changes. */
  compact(): View {
    const chain: View[] = [this];
    for (let parent = this.#parent; parent !== undefined; parent = parent.#parent) chain.push(parent);
    const root = chain.at(-1);
    if (root === undefined || chain.length <= 2) return this;
    const recent = chain.slice(0, -1).reduce((size, view) => size + view.#own.size, 0);
    const keepRoot = recent < SETTLE_AT;
    const own = new Map<string, Entry>(keepRoot ? [] : root.#own);
    for (const view of chain.slice(0, -1).toReversed()) {
      for (const key of view.#own.keys()) {
        const list = View.#find(view, key);
        // Names come and go without end, and a key of nothing is needed only where the root has the key.
        if (list.length > 0 || keepRoot) own.set(key, list);
        else own.delete(key);
      }
    }
    return new View(this.settings, own, keepRoot ? root : undefined);
  }
}

/** So many changed keys are copied on each event before all are merged: about 30 µs a copy, about 2 ms a merge. */
const SETTLE_AT = 1024;

const isList = (entry: Entry): entry is readonly KubeObject[] => Array.isArray(entry);
