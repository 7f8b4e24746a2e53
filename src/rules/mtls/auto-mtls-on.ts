import { meshTextOf, settingAt, settingFix, settingPath } from '../../mesh/mesh-text.ts';
import type { Finding } from '../../model/finding.ts';
import { formatSeen, objectRule } from '../rule.ts';
import { MESH, meshConfigMap } from '../telemetry/telemetry-yaml.ts';

const TLS_VERSIONS: readonly unknown[] = [undefined, 'TLS_AUTO', 'TLSV1_2', 'TLSV1_3'];
const WITHOUT_MTLS = 'enableAutoMtls: false\n';

/** MW203: the mesh configuration keeps mutual TLS on, current, and its policies where everybody looks for them. */
export const autoMtlsOn = objectRule({
  id: 'auto-mtls-on',
  code: 'MW203',
  reads: ['ConfigMap'],
  mode: 'enforce',
  onDelete: 'refuse',
  exceptable: false,
  summary: 'The mesh configuration keeps automatic mutual TLS, at least TLS 1.2, and the root namespace.',
  why: 'Without automatic mutual TLS every client without a DestinationRule of its own speaks plaintext; with another root namespace all mesh-wide policies are policies of one namespace.',
  remedy: 'Take the key out of the ConfigMap, or set it to the value in the message.',
  absence:
    'Not set: automatic mutual TLS is on, TLS 1.2 is the least, and the root namespace is `istio-system`. `enableAutoMtls: null` is not set.',
  source: {
    document: '**Strict Mode**: Enforced for all services in the mesh',
    refs: [
      'https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#MeshConfig',
      'https://github.com/istio/istio/blob/1.31.0/pkg/config/mesh/mesh.go',
    ],
  },
  numbers: ['mesh.rootNamespace'],
  messages: {
    autoMtls:
      "`{field}` is '{value}'; must be 'true', or clients speak plaintext where no DestinationRule says otherwise",
    tlsVersion: "`{field}` is '{value}'; must be 'TLSV1_2' or 'TLSV1_3'",
    root: "`{field}` is '{value}'; must be '{root}', the root namespace of the mesh",
    rootUnset: "`{field}` is not set, so Istio takes 'istio-system'; must be '{root}', the root namespace of the mesh",
  },
  check(object, { baseline }, say) {
    const mesh = meshTextOf(object, baseline.mesh);
    // A text that cannot be read is MW702's.
    if (mesh?.config === undefined) return [];
    const root = baseline.mesh.rootNamespace;
    const autoMtls = settingAt(mesh.config, ['enableAutoMtls']);
    const version = settingAt(mesh.config, ['meshMTLS', 'minProtocolVersion']);
    const namespace = settingAt(mesh.config, ['rootNamespace']);
    const about = ({ keys }: typeof autoMtls, value: unknown): Parameters<typeof say>[2] => {
      const fix = settingFix(mesh, keys, value);
      return { path: settingPath(mesh, keys), ...(fix.length === 0 ? {} : { fix }) };
    };
    const found: Finding[] = [];
    if (autoMtls.value !== undefined && autoMtls.value !== true) {
      found.push(say('autoMtls', { value: formatSeen(autoMtls.value) }, about(autoMtls, true)));
    }
    if (!TLS_VERSIONS.includes(version.value)) {
      found.push(say('tlsVersion', { value: formatSeen(version.value) }, about(version, 'TLSV1_2')));
    }
    if ((namespace.value ?? 'istio-system') !== root) {
      const isSet = namespace.value !== undefined;
      const args = { value: formatSeen(namespace.value), root };
      found.push(say(isSet ? 'root' : 'rootUnset', args, about(namespace, root)));
    }
    return found;
  },
  examples: {
    pass: [
      { title: 'a mesh configuration that says nothing of it', yaml: meshConfigMap(MESH) },
      {
        title: 'the values that Istio has anyway',
        yaml: meshConfigMap(
          'enableAutoMtls: true\nrootNamespace: istio-system\nmeshMTLS: { minProtocolVersion: TLSV1_3 }\n',
        ),
      },
      { title: 'null, which is not set', yaml: meshConfigMap('enableAutoMtls: null\nenable_auto_mtls: false\n') },
      { title: 'an empty configuration', yaml: meshConfigMap('{}') },
      {
        title: 'the same text in another namespace',
        yaml: meshConfigMap(WITHOUT_MTLS).replace('namespace: istio-system', 'namespace: shop'),
      },
      { title: 'a ConfigMap of another name', yaml: meshConfigMap(WITHOUT_MTLS, 'shop') },
      { title: 'it is deleted, and Istio’s defaults hold', yaml: meshConfigMap(WITHOUT_MTLS), deletes: true },
    ],
    fail: [
      {
        title: 'automatic mutual TLS is turned off',
        before: meshConfigMap(MESH),
        yaml: meshConfigMap(MESH + WITHOUT_MTLS),
        finds: ['autoMtls at data.mesh.enableAutoMtls'],
      },
      {
        title: 'the same in snake_case, in the ConfigMap of a revision',
        yaml: meshConfigMap('enable_auto_mtls: false\n', 'istio-canary'),
        finds: ['autoMtls at data.mesh.enable_auto_mtls'],
      },
      {
        title: 'a word that Istio’s YAML reads as false',
        yaml: meshConfigMap('enableAutoMtls: off\n'),
        finds: ['autoMtls at data.mesh.enableAutoMtls'],
      },
      {
        title: 'an older TLS, by the name of the field in protobuf',
        yaml: meshConfigMap('mesh_mTLS: { min_protocol_version: TLSV1_1 }\n'),
        finds: ['tlsVersion at data.mesh.mesh_mTLS.min_protocol_version'],
      },
      {
        title: 'another root namespace and no automatic mutual TLS, in JSON',
        yaml: meshConfigMap('{"rootNamespace": "shop", "enableAutoMtls": false}\n'),
        finds: ['autoMtls at data.mesh.enableAutoMtls', 'root at data.mesh.rootNamespace'],
      },
    ],
  },
});
