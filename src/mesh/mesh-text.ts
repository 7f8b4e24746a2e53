import { parseEmbeddedYaml, setEmbeddedKey } from '../model/embedded-yaml.ts';
import { type FieldPath, toPointer } from '../model/field-path.ts';
import { isAbsent, isRecord, type JsonObject, recordOrEmpty, stringOf } from '../model/json.ts';
import { kindOf } from '../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf } from '../model/kube-object.ts';
import type { PatchOperation } from '../model/patch.ts';
import { protoKey } from './mesh-config.ts';
import type { MeshSettings } from './view.ts';

/** Settings that stand as text under a key of a ConfigMap. */
export interface SettingsText {
  readonly object: KubeObject;
  /** The key of `data`. */
  readonly key: string;
  /** Absent: the key is not there. */
  readonly text?: string;
  /** The settings as written, empty where the key is not there; undefined where they cannot be read. */
  readonly config: JsonObject | undefined;
}

/**
 * Returns the mesh configuration in a ConfigMap of the root namespace: in `istio` and `istio-<revision>` for the mesh's
 * revisions, and in each that is called so and has the key. Undefined for every other object.
 */
export function meshTextOf(object: KubeObject, settings: MeshSettings): SettingsText | undefined {
  if (!isRootConfigMap(object, settings)) return undefined;
  const name = nameOf(object);
  const isNamed = name === 'istio' || settings.revisions.some((revision) => name === `istio-${revision}`);
  const hasText = name.startsWith('istio-') && Object.hasOwn(recordOrEmpty(object.data), 'mesh');
  return isNamed || hasText ? settingsText(object, 'mesh') : undefined;
}

/** Returns what a ConfigMap of the injector says under `config` and `values`; undefined for every other object. */
export function injectorTextsOf(
  object: KubeObject,
  settings: MeshSettings,
): { readonly config: SettingsText; readonly values: SettingsText } | undefined {
  if (!isRootConfigMap(object, settings) || !/^istio-sidecar-injector(-|$)/.test(nameOf(object))) return undefined;
  return { config: settingsText(object, 'config'), values: settingsText(object, 'values') };
}

function isRootConfigMap(object: KubeObject, { rootNamespace }: MeshSettings): boolean {
  return kindOf(object) === 'ConfigMap' && namespaceOf(object) === rootNamespace;
}

/** The texts are long and parsed slowly, so each is read once, whatever views its object is in. */
const READ = new WeakMap<KubeObject, Map<string, SettingsText>>();

function settingsText(object: KubeObject, key: string): SettingsText {
  const known = READ.get(object) ?? new Map<string, SettingsText>();
  READ.set(object, known);
  const there = known.get(key) ?? readText(object, key);
  known.set(key, there);
  return there;
}

function readText(object: KubeObject, key: string): SettingsText {
  const data = recordOrEmpty(object.data);
  const value = Object.hasOwn(data, key) ? data[key] : undefined;
  if (isAbsent(value)) return { object, key, config: {} };
  const text = stringOf(value);
  const parsed = text === undefined ? undefined : parseEmbeddedYaml(text);
  const config = parsed === undefined ? undefined : (parsed.value ?? {});
  return { object, key, ...(text === undefined ? {} : { text }), config: isRecord(config) ? config : undefined };
}

/** A setting with the place where it stands, or would stand. */
export interface Setting {
  /** Undefined where it is not there or `null`, which protobuf's JSON reader takes for the same. */
  readonly value: unknown;
  /** The way inside the text, each key as it is written there. */
  readonly keys: FieldPath;
}

/** The blocks that Istio takes out of the text by their camelCase names, and so ignores in the other spelling. */
const CAMEL_ONLY: ReadonlySet<string | number | undefined> = new Set(['defaultConfig', 'defaultProviders']);

/**
 * Finds a setting by its camelCase keys, however they are written.
 * @see https://github.com/istio/istio/blob/1.31.0/pkg/config/mesh/mesh.go `ApplyMeshConfig`
 */
export function settingAt(config: JsonObject, path: FieldPath): Setting {
  let value: unknown = config;
  const keys: (string | number)[] = [];
  for (const [at, step] of path.entries()) {
    const record = recordOrEmpty(value);
    const isCamelOnly = at === 0 && CAMEL_ONLY.has(step);
    const key = typeof step === 'number' || isCamelOnly ? step : (protoKey(record, step) ?? step);
    value = Array.isArray(value) ? value[Number(key)] : Object.hasOwn(record, key) ? record[key] : undefined;
    keys.push(key);
  }
  return { value: isAbsent(value) ? undefined : value, keys };
}

/** Returns the way to a setting from the object's top, through the text. */
export function settingPath({ key }: SettingsText, keys: FieldPath): FieldPath {
  return ['data', key, ...keys];
}

/** Writes the operation that sets a setting, or takes it out where the value is undefined; none where the text cannot keep the rest. */
export function settingFix({ key, text }: SettingsText, keys: FieldPath, value: unknown): readonly PatchOperation[] {
  const after = text === undefined ? undefined : setEmbeddedKey(text, keys, value);
  return after === undefined ? [] : [{ op: 'replace', path: toPointer(['data', key]), value: after }];
}
