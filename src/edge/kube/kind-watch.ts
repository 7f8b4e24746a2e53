import { recordOrEmpty, sameJson, stringOf } from '../../model/json.ts';
import { KINDS, type Kind } from '../../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf } from '../../model/kube-object.ts';
import { ApiError, type ApiClient } from './api-client.ts';
import { listKind, listPath, stripped } from './list-kind.ts';

/** How the watch of one kind stands. */
export interface WatchState {
  readonly kind: Kind;
  /** True once all objects of the kind were listed, or the cluster does not serve the kind. */
  readonly isSynced: boolean;
  /** Seconds since the watch lost the API server; 0 while it is connected. */
  readonly lagSeconds: number;
  readonly objects: number;
}

/** Told what a person must know of the watches. */
export interface WatchLog {
  readonly warn: (facts: object, message: string) => void;
  readonly info: (facts: object, message: string) => void;
}

/** What a watch is given; `namespace` may change between two lists. */
export interface KindWatchOptions {
  /** The one namespace whose objects count, for ConfigMaps; all others are none of our business. */
  readonly namespace: () => string | undefined;
  readonly log: WatchLog;
  /** Takes objects that came, changed or went. */
  readonly fold: (gone: readonly KubeObject[], there: readonly KubeObject[]) => void;
  readonly delays?: WatchDelays;
}

/** How long to wait, in milliseconds: after a first fault, at most, and before asking again for a kind that is not served. */
export interface WatchDelays {
  readonly first: number;
  readonly longest: number;
  readonly unserved: number;
}

const DELAYS: WatchDelays = { first: 500, longest: 30_000, unserved: 60_000 };
/** The server ends a watch after five to ten minutes; asked for four, all kinds are not opened again at once for ever. */
const WATCH_SECONDS = 240;

/** Lists and watches one kind, in whichever of its versions the cluster serves, and starts again by itself. */
export class KindWatch {
  readonly kind: Kind;
  isSynced = false;
  readonly #client: ApiClient;
  readonly #options: KindWatchOptions;
  readonly #delays: WatchDelays;
  readonly #known = new Map<string, KubeObject>();
  #version = 0;
  #lostAt: number | undefined;
  #resourceVersion: string | undefined;
  #delay: number;
  #round = new AbortController();

  constructor(kind: Kind, client: ApiClient, options: KindWatchOptions) {
    this.kind = kind;
    this.#client = client;
    this.#options = options;
    this.#delays = options.delays ?? DELAYS;
    this.#delay = this.#delays.first;
  }

  /** Returns the objects of the kind as last seen. */
  objects(): Iterable<KubeObject> {
    return this.#known.values();
  }

  lagMs(): number {
    return this.#lostAt === undefined ? 0 : performance.now() - this.#lostAt;
  }

  state(): WatchState {
    return { kind: this.kind, isSynced: this.isSynced, lagSeconds: this.lagMs() / 1000, objects: this.#known.size };
  }

  /** Lists anew, at once: what is to be watched has changed. */
  restart(): void {
    this.#resourceVersion = undefined;
    this.#round.abort();
  }

  /** Lists and watches until told to stop; every fault is followed by another try, ever later up to half a minute. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#round = new AbortController();
      const either = AbortSignal.any([signal, this.#round.signal]);
      try {
        this.#resourceVersion ??= await this.#list();
        const opened = performance.now();
        await this.#watch(this.#resourceVersion, either);
        // A server that ends each watch at once must not be asked in a circle.
        if (performance.now() - opened < this.#delays.first) await pause(this.#delays.first, either);
      } catch (error) {
        if (signal.aborted) return;
        if (!either.aborted) await pause(this.#failed(error), either);
      }
    }
  }

  /** Takes note of a fault and returns how long to wait before the next try. */
  #failed(error: unknown): number {
    const code = error instanceof ApiError ? error.code : -1;
    if (code === 404) {
      this.#resourceVersion = undefined;
      this.#version = (this.#version + 1) % KINDS[this.kind].versions.length;
      if (this.#version !== 0) return 0;
      this.#unserved();
      return this.#delays.unserved;
    }
    if (code === 410) {
      // Too old to be continued: everything is listed anew, and what is known counts until then.
      this.#resourceVersion = undefined;
      return 0;
    }
    if (this.#lostAt === undefined) this.#lostAt = performance.now();
    const message = error instanceof Error ? error.message : String(error);
    this.#options.log.warn({ kind: this.kind, error: message }, 'watch lost; trying again');
    const delay = this.#delay;
    this.#delay = Math.min(delay * 2, this.#delays.longest);
    return delay;
  }

  #unserved(): void {
    if (!this.isSynced) this.#options.log.info({ kind: this.kind }, 'kind is not served; asked for again each minute');
    this.#replace([]);
  }

  #reached(): void {
    this.#lostAt = undefined;
    this.#delay = this.#delays.first;
  }

  #path(): string {
    const { versions } = KINDS[this.kind];
    return listPath(this.kind, versions[this.#version] ?? '', this.#options.namespace());
  }

  async #list(): Promise<string> {
    const { objects, resourceVersion } = await listKind(this.#client, this.kind, this.#path());
    this.#replace(objects);
    return resourceVersion;
  }

  #replace(objects: readonly KubeObject[]): void {
    const fresh = new Map(objects.map((object) => [keyOf(object), object]));
    const gone = [...this.#known].flatMap(([key, object]) => (fresh.has(key) ? [] : [object]));
    for (const object of gone) this.#known.delete(keyOf(object));
    const there = objects.filter((object) => this.#isNews(object));
    for (const object of there) this.#known.set(keyOf(object), object);
    if (gone.length + there.length > 0) this.#options.fold(gone, there);
    this.isSynced = true;
    this.#reached();
  }

  async #watch(from: string, signal: AbortSignal): Promise<void> {
    const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${from}`;
    await this.#client.watch(`${this.#path()}?${query}`, {
      signal,
      onOpen: () => this.#reached(),
      onEvent: (type, object) => {
        if (signal.aborted) return;
        if (type === 'ERROR') throw new ApiError(Number(object.code), String(object.message));
        this.#resourceVersion = stringOf(recordOrEmpty(object.metadata).resourceVersion) ?? this.#resourceVersion;
        if (type !== 'BOOKMARK') this.#take(type, stripped(object, this.kind, String(object.apiVersion)));
      },
    });
  }

  #take(type: string, object: KubeObject): void {
    if (type === 'DELETED') {
      this.#known.delete(keyOf(object));
      this.#options.fold([object], []);
    } else if (this.#isNews(object)) {
      this.#known.set(keyOf(object), object);
      this.#options.fold([], [object]);
    }
  }

  /** Tells whether an object is not known as it is: most events are of a status or a version, which rules do not read. */
  #isNews(object: KubeObject): boolean {
    try {
      return !sameJson(this.#known.get(keyOf(object)), object);
    } catch {
      return true; // nested too deep to be compared
    }
  }
}

function keyOf(object: KubeObject): string {
  return `${namespaceOf(object)}/${nameOf(object)}`;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) return done();
    const timer = setTimeout(end, ms);
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      done();
    }
    return signal.addEventListener('abort', end);
  });
}
