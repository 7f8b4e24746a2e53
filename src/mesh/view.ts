import { type Kind, kindOf } from '../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf } from '../model/kube-object.ts';
import { compareAge } from './age.ts';
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

/**
 * A set of objects with its indexes, immutable: what the mesh is at one moment. All lists come in Istio's order of age.
 * Istio objects of another revision (`istio.io/rev`) are kept under `foreign` keys only, as istiod does not see them.
 */
export class View {
  readonly settings: MeshSettings;
  readonly #parent: View | undefined;
  readonly #own: ReadonlyMap<string, readonly KubeObject[]>;
  readonly #memo = new Map<string, unknown>();

  private constructor(
    settings: MeshSettings,
    own: ReadonlyMap<string, readonly KubeObject[]>,
    parent: View | undefined,
  ) {
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
    return this.#own.get(key) ?? this.#parent?.lookup(key) ?? NONE;
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

  /** Returns what this view answers to a question, worked out once; the key must name the question and its arguments. */
  memo<T>(key: string, compute: () => T): T {
    if (this.#memo.has(key)) return this.#memo.get(key) as T; // The same key is always asked with the same type.
    const value = compute();
    this.#memo.set(key, value);
    return value;
  }

  /** Returns a view without some objects and with others; shares everything that does not change. */
  with(change: { readonly remove?: Iterable<KubeObject>; readonly add?: Iterable<KubeObject> }): View {
    const own = new Map<string, KubeObject[]>();
    const edit = (key: string): KubeObject[] => {
      const list = own.get(key) ?? [...this.lookup(key)];
      own.set(key, list);
      return list;
    };
    const drop = (object: KubeObject, kind: Kind): void => {
      const [ns, name] = [namespaceOf(object), nameOf(object)];
      const known =
        own.get(`${kind}|name|${ns}/${name}`)?.[0] ??
        own.get(`foreign|${kind}|${ns}/${name}`)?.[0] ??
        this.get(kind, ns, name);
      if (known === undefined) return;
      for (const key of indexKeys(kind, known, this.settings)) {
        const list = edit(key);
        const at = list.indexOf(known);
        if (at >= 0) list.splice(at, 1);
      }
    };
    for (const object of change.remove ?? []) {
      const kind = kindOf(object);
      if (kind !== undefined) drop(object, kind);
    }
    for (const object of change.add ?? []) {
      const kind = kindOf(object);
      if (kind === undefined) continue;
      drop(object, kind);
      for (const key of indexKeys(kind, object, this.settings)) insertByAge(edit(key), object);
    }
    return new View(this.settings, own, this);
  }

  /** Returns an equal view whose look-ups walk at most two maps; for views that grew by many small changes. */
  compact(): View {
    const chain: View[] = [this];
    for (let parent = this.#parent; parent !== undefined; parent = parent.#parent) chain.push(parent);
    const root = chain.at(-1);
    if (root === undefined || chain.length <= 2) return this;
    const recent = chain.slice(0, -1).reduce((size, view) => size + view.#own.size, 0);
    const keepRoot = recent < SETTLE_AT;
    const own = new Map(keepRoot ? [] : root.#own);
    for (const view of chain.slice(0, -1).toReversed()) for (const [key, list] of view.#own) own.set(key, list);
    return new View(this.settings, own, keepRoot ? root : undefined);
  }
}

/** So many changed keys are copied on each event before all are merged: about 30 µs a copy, about 2 ms a merge. */
const SETTLE_AT = 1024;

function insertByAge(list: KubeObject[], object: KubeObject): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const there = list[middle];
    if (there !== undefined && compareAge(there, object) <= 0) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, object);
}
