import { parseEmbeddedYaml } from '../model/embedded-yaml.ts';
import { isRecord, type JsonObject, recordOrEmpty, stringOf } from '../model/json.ts';
import type { KubeObject } from '../model/kube-object.ts';
import { remembered } from '../model/remembered.ts';
import type { View } from './view.ts';

/** The mesh-wide settings and the ConfigMap that says them; empty settings where the view holds no such ConfigMap. */
export interface MeshConfig {
  readonly object?: KubeObject;
  /** As written: keys may be in camelCase or snake_case, read them with `protoField`. */
  readonly config: JsonObject;
}

const NOTHING: MeshConfig = Object.freeze({ config: Object.freeze({}) });

/** The text is parsed slowly, so each ConfigMap is read once, whatever views it is in. */
const READ = new WeakMap<KubeObject, MeshConfig>();

/**
 * Returns the mesh configuration: ConfigMap `istio`, or `istio-<revision>` where only that is there, key `mesh`.
 * @see https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/
 */
export function meshConfig(view: View): MeshConfig {
  const { rootNamespace, revisions } = view.settings;
  const names = ['istio', ...revisions.filter((one) => one !== 'default').map((one) => `istio-${one}`)];
  for (const name of names) {
    const object = view.get('ConfigMap', rootNamespace, name);
    if (object === undefined) continue;
    const known = READ.get(object) ?? read(object);
    READ.set(object, known);
    return known;
  }
  return NOTHING;
}

/** Returns one field of the mesh configuration, for answers that only another value of it changes. */
export function meshSetting(view: View, name: string): unknown {
  return view.settled(`meshConfig|${name}`, (at) => protoField(meshConfig(at).config, name));
}

function read(object: KubeObject): MeshConfig {
  const text = stringOf(recordOrEmpty(object.data).mesh) ?? '';
  return { object, config: recordOrEmpty(parseEmbeddedYaml(text)?.value) };
}

/**
 * Returns a field that protobuf's JSON reader takes in both spellings, `enableAutoMtls` and `enable_auto_mtls`. Where both
 * are there the first counts, also when it is `null`, which leaves the default.
 * @see https://github.com/golang/protobuf/blob/v1.5.4/jsonpb/decode.go
 */
export function protoField(record: JsonObject, name: string): unknown {
  const key = protoKey(record, name);
  return key === undefined ? undefined : record[key];
}

/** Returns the spelling in which such a field stands in an object; undefined where it does not. */
export function protoKey(record: JsonObject, name: string): string | undefined {
  if (Object.hasOwn(record, name)) return name;
  const snake = inSnakeCase(name);
  return Object.hasOwn(record, snake) ? snake : undefined;
}

const inSnakeCase = remembered(
  (name) => ODD_NAMES[name] ?? name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
);

/** Fields whose name in protobuf is not what the camelCase name suggests. */
const ODD_NAMES: Readonly<Record<string, string>> = { meshMTLS: 'mesh_mTLS' };

/** Returns a value with all keys in camelCase; for blocks whose keys are all fields and none a person's own. */
export function inCamelCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inCamelCase);
  if (!isRecord(value)) return value;
  const renamed = Object.entries(value).map(([key, inner]) => [
    key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    inCamelCase(inner),
  ]);
  return Object.fromEntries(renamed) as JsonObject; // fromEntries of string keys is an object.
}
