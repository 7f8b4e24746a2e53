import { canonicalJson } from '../../model/canonical-json.ts';
import { kindOf } from '../../model/kind.ts';
import { type KubeObject, nameOf, namespaceOf } from '../../model/kube-object.ts';
import { sha256 } from '../../model/sha256.ts';
import { objectRule } from '../rule.ts';

/** MW701: nothing is told to Envoy behind the back of every other rule, but what the baseline lists word for word. */
export const noUnlistedExtension = objectRule({
  id: 'no-unlisted-extension',
  code: 'MW701',
  reads: ['EnvoyFilter', 'WasmPlugin', 'TrafficExtension'],
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: true,
  summary: 'An EnvoyFilter, a WasmPlugin or a TrafficExtension is one that the baseline lists, with exactly that spec.',
  why: 'They are applied after all that Istio has made of every policy: one of them can take out authorization, mutual TLS, timeouts and retries, and leave no trace of it in any other object.',
  remedy:
    'Do without it. One that is needed goes into the baseline’s `extensions` with its kind, namespace, name and the hash in the message: whoever reviews the baseline reviews it.',
  absence: 'An extension without a spec does nothing, and is refused all the same unless it is listed.',
  source: {
    document: '**Security by Default**: Start with deny-all policies',
    refs: [
      'https://istio.io/latest/docs/reference/config/networking/envoy-filter/',
      'https://istio.io/latest/docs/reference/config/proxy_extensions/wasm-plugin/',
    ],
  },
  numbers: ['extensions'],
  messages: {
    unlisted:
      "{kind} {namespace}/{name} is not listed by the baseline; must be listed with sha256 '{hash}', or must not be there",
    changed: "`{field}` has the sha256 '{hash}'; must be what the baseline lists, '{wanted}'",
  },
  check(object, { baseline }, say) {
    const kind = kindOf(object);
    if (kind !== 'EnvoyFilter' && kind !== 'WasmPlugin' && kind !== 'TrafficExtension') return [];
    const [namespace, name] = [namespaceOf(object), nameOf(object)];
    const listed = baseline.extensions.filter(
      (one) => one.kind === kind && one.namespace === namespace && one.name === name,
    );
    const hash = specHash(object);
    if (listed.some((one) => one.sha256 === hash)) return [];
    const first = listed[0];
    // Another spec of an extension that is refused already is another decision, so the hash is what is meant.
    const thing = `spec ${hash}`;
    if (first !== undefined) return [say('changed', { hash, wanted: first.sha256 }, { path: ['spec'], thing })];
    return [say('unlisted', { kind, namespace, name, hash }, { path: ['metadata', 'name'], thing })];
  },
  examples: {
    pass: [
      {
        title: 'the listed filter, its keys in another order',
        yaml: envoyFilter('{ priority: 1, configPatches: [] }'),
      },
      {
        title: 'an unlisted filter goes',
        yaml: envoyFilter('{ priority: 2 }'),
        deletes: true,
      },
      {
        title: 'a filter of another group',
        yaml: envoyFilter('{}').replace('networking.istio.io/v1alpha3', 'example.org/v1'),
      },
    ],
    fail: [
      {
        title: 'the listed filter with a changed spec',
        before: envoyFilter('{ configPatches: [], priority: 1 }'),
        yaml: envoyFilter('{ configPatches: [], priority: 2 }'),
        finds: ['changed at spec'],
      },
      {
        title: 'the listed filter without a spec',
        yaml: envoyFilter('{}').replace('spec: {}\n', ''),
        finds: ['changed at spec'],
      },
      {
        title: 'the listed spec under another name',
        yaml: envoyFilter('{ configPatches: [], priority: 1 }').replace('name: listed', 'name: other'),
        finds: ['unlisted at metadata.name'],
      },
      {
        title: 'the listed filter in the root namespace, where it would reach everybody',
        yaml: envoyFilter('{ configPatches: [], priority: 1 }').replace('istio-ingress', 'istio-system'),
        finds: ['unlisted at metadata.name'],
      },
      {
        title: 'a WasmPlugin and a TrafficExtension, each under the name of the listed filter',
        yaml:
          envoyFilter('{ url: "oci://example.org/a" }', 'WasmPlugin', 'extensions.istio.io/v1alpha1') +
          envoyFilter('{ lua: { inlineCode: "return" } }', 'TrafficExtension', 'extensions.istio.io/v1alpha1'),
        finds: ['unlisted at metadata.name', 'unlisted at metadata.name'],
      },
      {
        title: 'an unlisted filter that has stood there for long is changed',
        before: envoyFilter('{ priority: 3 }').replace('name: listed', 'name: other'),
        yaml: envoyFilter('{ priority: 4 }').replace('name: listed', 'name: other'),
        finds: ['unlisted at metadata.name'],
      },
      {
        title: 'an unlisted filter of another revision',
        yaml: envoyFilter('{}').replace('name: listed', 'name: other, labels: { istio.io/rev: canary }'),
        finds: ['unlisted at metadata.name'],
      },
    ],
  },
});

/** A hash for each object is enough: a spec is not changed in place. */
const HASHES = new WeakMap<KubeObject, string>();

function specHash(object: KubeObject): string {
  const known = HASHES.get(object);
  if (known !== undefined) return known;
  const text = canonicalJson(object.spec ?? null);
  const hash = text === undefined ? 'none: nested too deep' : sha256(text);
  HASHES.set(object, hash);
  return hash;
}

function envoyFilter(spec: string, kind = 'EnvoyFilter', apiVersion = 'networking.istio.io/v1alpha3'): string {
  return `---
apiVersion: ${apiVersion}
kind: ${kind}
metadata: { name: listed, namespace: istio-ingress }
spec: ${spec}
`;
}
