import type { FieldPath } from '../model/field-path.ts';
import { type JsonObject, stringOf, valueAt } from '../model/json.ts';
import type { ProxyOverride } from './brought-proxy.ts';
import type { InjectorConfig } from './injector-config.ts';

/** What is known of the mesh that the injector works for. */
export interface ProxyMakings {
  readonly template: string;
  /** True for a pod whose annotation turns the capture off, which is said where it stands. */
  readonly isUncaptured: boolean;
  readonly injector: InjectorConfig;
  /** `defaultConfig` of the mesh's configuration. */
  readonly defaultConfig: JsonObject;
  readonly clusterDomain: string;
  readonly rootNamespace: string;
  /** Images up to the tag or digest. */
  readonly images: readonly string[];
  /** Variables that a pod may set. */
  readonly proxyMetadata: readonly string[];
}

/** Says that something is not as the injector writes it, and how it does. */
export function written(path: FieldPath, thing: string, what: string): ProxyOverride {
  return { kind: 'written', path, thing, what };
}

/** Returns one of the chart's values. */
export function chartValue({ injector }: ProxyMakings, ...path: readonly string[]): unknown {
  return valueAt(injector.values, path);
}

/** Writes a chart's value, which may be a number, as the injector does; anything that is no text of its own is empty. */
export function plainValue(value: unknown): string {
  return typeof value === 'number' ? String(value) : (stringOf(value) ?? '');
}
