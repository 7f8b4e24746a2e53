import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { recordOrEmpty, valueAt } from '../../src/model/json.ts';
import type { KubeObject } from '../../src/model/kube-object.ts';

const OPERATOR = resolve(import.meta.dirname, '../../policies/istio/base/istio-operator.yaml');

/** Returns the two ConfigMaps that istioctl makes of the shipped file: the mesh configuration, and the injector's in outline. */
export function controlPlaneConfig(): readonly KubeObject[] {
  const operator: unknown = parse(readFileSync(OPERATOR, 'utf8'));
  const injector = {
    policy: 'enabled',
    defaultTemplates: ['sidecar'],
    neverInjectSelector: [],
    alwaysInjectSelector: [],
  };
  const global = recordOrEmpty(valueAt(operator, ['spec', 'values', 'global']));
  // What the chart says where the file does not.
  const proxy = { image: 'proxyv2', includeIPRanges: '*', includeInboundPorts: '*', ...recordOrEmpty(global.proxy) };
  return [
    configMap('istio', { mesh: stringify(valueAt(operator, ['spec', 'meshConfig'])), meshNetworks: 'networks: {}' }),
    configMap('istio-sidecar-injector', {
      config: stringify(injector),
      values: JSON.stringify({ global: { hub: 'docker.io/istio', tag: '1.31.0', ...global, proxy } }),
    }),
  ];
}

function configMap(name: string, data: Readonly<Record<string, string>>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'istio-system' }, data };
}
