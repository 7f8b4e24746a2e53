import { type MeshSettings, View } from '../../mesh/view.ts';
import { sameJson } from '../../model/json.ts';
import { type Kind, kindOf } from '../../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf } from '../../model/kube-object.ts';
import type { ApiClient } from './api-client.ts';
import { KindWatch, type WatchDelays, type WatchLog, type WatchState } from './kind-watch.ts';

/** Keeps a view of the mesh by watches that start again by themselves. */
export interface ViewKeeper {
  /** The mesh as last seen; the same object until something changes. */
  readonly view: () => View;
  readonly isSynced: () => boolean;
  readonly states: () => readonly WatchState[];
  /** The kinds whose watch is older than its bound. */
  readonly stale: () => readonly Kind[];
  /** Reads the mesh by other settings from now on, after the baseline has changed. */
  readonly settle: (settings: MeshSettings) => void;
  readonly stop: () => Promise<void>;
}

/** A watch that has lost the API server for longer makes what it knows old facts. */
const STALE_MS = 120_000;

/** What a keeper is told; `delays` and `staleMs` have defaults for a cluster. */
export interface ViewKeeperOptions {
  readonly kinds: readonly Kind[];
  readonly settings: MeshSettings;
  readonly log: WatchLog;
  readonly delays?: WatchDelays;
  readonly staleMs?: number;
}

/** Starts watching all kinds at once; does not wait for them. */
export function keepView(client: ApiClient, options: ViewKeeperOptions): ViewKeeper {
  const stopping = new AbortController();
  let { settings } = options;
  let view = View.of([], settings);
  // Events of one turn of the loop are folded together: a storm of them costs one new view and not one each.
  const waiting = new Map<string, { readonly object: KubeObject; readonly isGone: boolean }>();
  const flush = (): View => {
    if (waiting.size === 0) return view;
    const remove: KubeObject[] = [];
    const add: KubeObject[] = [];
    for (const { object, isGone } of waiting.values()) (isGone ? remove : add).push(object);
    waiting.clear();
    view = view.with({ remove, add }).compact();
    return view;
  };
  const note = (object: KubeObject, isGone: boolean): void => {
    if (waiting.size === 0) setImmediate(flush);
    waiting.set(`${kindOf(object)}/${namespaceOf(object)}/${nameOf(object)}`, { object, isGone });
  };
  const fold = (gone: readonly KubeObject[], there: readonly KubeObject[]): void => {
    for (const object of gone) note(object, true);
    for (const object of there) note(object, false);
  };
  const watches = options.kinds.map(
    (kind) =>
      new KindWatch(kind, client, {
        namespace: () => (kind === 'ConfigMap' ? settings.rootNamespace : undefined),
        log: options.log,
        fold,
        ...(options.delays === undefined ? {} : { delays: options.delays }),
      }),
  );
  const ended = Promise.all(watches.map((watch) => watch.run(stopping.signal)));
  const staleMs = options.staleMs ?? STALE_MS;
  return {
    view: flush,
    isSynced: () => watches.every(({ isSynced }) => isSynced),
    states: () => watches.map((watch) => watch.state()),
    stale: () => watches.filter((watch) => watch.lagMs() > staleMs).map(({ kind }) => kind),
    settle: (next) => {
      if (sameJson(next, settings)) return;
      const isElsewhere = next.rootNamespace !== settings.rootNamespace;
      settings = next;
      waiting.clear();
      view = View.of(
        watches.flatMap((watch) => [...watch.objects()]),
        settings,
      );
      if (isElsewhere) for (const watch of watches) if (watch.kind === 'ConfigMap') watch.restart();
    },
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}
