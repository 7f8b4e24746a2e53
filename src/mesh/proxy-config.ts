import { parseEmbeddedYaml } from '../model/embedded-yaml.ts';
import type { FieldPath } from '../model/field-path.ts';
import { isAbsent, isRecord, type JsonObject, stringOf } from '../model/json.ts';
import { rememberedFor } from '../model/remembered.ts';
import type { PodTemplate } from './pod-template.ts';

/** The annotation in which a pod sets its proxy's configuration, as YAML or JSON. */
export const PROXY_CONFIG_ANNOTATION = 'proxy.istio.io/config';

/** What a pod says of its proxy's configuration. */
export interface PodProxyConfig {
  /** The way to the annotation, from the object's top. */
  readonly path: FieldPath;
  readonly text: string;
  /** As written, keys in camelCase or snake_case; undefined where the text is no map, which the injector refuses. */
  readonly config: JsonObject | undefined;
}

/** What almost every pod has. */
const PLAIN = /^concurrency: (0|[1-9]\d{0,3})\n?$/;

/** Returns the configuration that a pod sets for its proxy; undefined where it sets none. An empty text is an empty map. */
export function podProxyConfig({ path, annotations }: PodTemplate): PodProxyConfig | undefined {
  const value = Object.hasOwn(annotations, PROXY_CONFIG_ANNOTATION) ? annotations[PROXY_CONFIG_ANNOTATION] : undefined;
  if (isAbsent(value)) return undefined;
  return {
    path: [...path, 'metadata', 'annotations', PROXY_CONFIG_ANNOTATION],
    text: stringOf(value) ?? '',
    config: configIn(annotations),
  };
}

/** Several rules ask of one pod, and YAML is parsed slowly, so the annotations of each are read once. */
const configIn = rememberedFor((annotations: JsonObject): JsonObject | undefined => {
  const text = stringOf(annotations[PROXY_CONFIG_ANNOTATION]);
  return text === undefined ? undefined : readConfig(text);
});

function readConfig(text: string): JsonObject | undefined {
  const threads = PLAIN.exec(text)?.[1];
  if (threads !== undefined) return { concurrency: Number(threads) };
  const parsed = parseEmbeddedYaml(text);
  const config = parsed === undefined ? undefined : (parsed.value ?? {});
  return isRecord(config) ? config : undefined;
}

const WHOLE = /^ *(-?(?:0|[1-9]\d*)) *$/;

/**
 * Reads a whole number as protobuf's JSON reader does, which takes it in quotes too.
 * @returns Undefined where Istio would refuse the value.
 * @see https://github.com/golang/protobuf/blob/v1.5.4/jsonpb/decode.go
 */
export function protoWhole(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
  const digits = typeof value === 'string' ? WHOLE.exec(value)?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
}
