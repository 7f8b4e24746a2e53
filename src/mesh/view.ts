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
const NO_KINDS: ReadonlySet<Kind> = new Set<Kind>();
/** About 100 bytes each where little is kept. */
const MOST_ANSWERS = 50_000;

/**
 * A set of objects with its indexes, immutable: what the mesh is at one moment. All lists come in Istio's order of age.
 * Istio objects of another revision (`istio.io/rev`) are kept under `foreign` keys only, as istiod does not see them.
 */
export class View {
  readonly settings: MeshSettings;
  readonly #parent: View | undefined;
  readonly #own: ReadonlyMap<string, readonly KubeObject[]>;
  /** The kinds of which some object is not as in the parent. */
  readonly #changed: ReadonlySet<Kind>;
  readonly #memo = new Map<string, unknown>();

  private constructor(
    settings: MeshSettings,
    own: ReadonlyMap<string, readonly KubeObject[]>,
    over: { readonly parent: View; readonly changed: ReadonlySet<Kind> } | undefined,
  ) {
    this.settings = settings;
    this.#own = own;
    this.#parent = over?.parent;
    this.#changed = over?.changed ?? NO_KINDS;
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
    return View.#find(this, key);
  }

  /** A loop and not a chain of calls: every rule asks, many times. */
  static #find(from: View, key: string): readonly KubeObject[] {
    for (let view: View | undefined = from; view !== undefined; view = view.#parent) {
      const found = view.#own.get(key);
      if (found !== undefined) return found;
    }
    return NONE;
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
   * Returns what this view answers to a question, worked out once; the key must name the question and its arguments.
   * With `reads`, every kind that the answer depends on, it is kept in the oldest view that has the same objects of these
   * kinds, and so outlives a review and the events of other kinds. A kind left out of `reads` is a wrong answer.
   */
  memo<T>(key: string, compute: () => T, reads?: readonly Kind[]): T {
    const memo = (reads === undefined ? this : View.#homeOf(this, reads)).#memo;
    const known = memo.get(key);
    if (known !== undefined || memo.has(key)) return known as T; // The same key is always asked with the same type.
    const value = compute();
    // Keys hold names that anybody may make up; a view that lives for days must not keep them all.
    if (memo.size >= MOST_ANSWERS) memo.clear();
    memo.set(key, value);
    return value;
  }

  static #homeOf(from: View, reads: readonly Kind[]): View {
    let home = from;
    while (home.#parent !== undefined) {
      for (const kind of reads) if (home.#changed.has(kind)) return home;
      home = home.#parent;
    }
    return home;
  }

  /** Returns a view without some objects and with others; shares everything that does not change. */
  with(change: { readonly remove?: Iterable<KubeObject>; readonly add?: Iterable<KubeObject> }): View {
    const own = new Map<string, KubeObject[]>();
    const changed = new Set<Kind>();
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
      changed.add(kind);
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
      changed.add(kind);
      for (const key of indexKeys(kind, object, this.settings)) insertByAge(edit(key), object);
    }
    return changed.size === 0 ? this : new View(this.settings, own, { parent: this, changed });
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
    const changed = new Set(chain.slice(0, -1).flatMap((view) => [...view.#changed]));
    return new View(this.settings, own, keepRoot ? { parent: root, changed } : undefined);
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
