import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { KubeObject } from '../../src/model/kube-object.ts';
import { objectsOf } from '../rules/example-runner.ts';
import { controlPlaneConfig } from './mesh-config-object.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** The shipped tree in the order in which it is applied. */
const FILES = [
  'policies/istio/base/namespaces.yaml',
  'policies/istio/security/authorization-policies.yaml',
  'policies/istio/security/jwt-authentication.yaml',
  'policies/istio/security/mtls-policies.yaml',
  'policies/istio/traffic-management/destination-rules.yaml',
  'policies/istio/traffic-management/retry-timeout-policies.yaml',
  'policies/istio/traffic-management/virtual-services.yaml',
  'policies/istio/telemetry/telemetry-v2.yaml',
  'policies/istio/gateways/main-gateway.yaml',
];

/** Returns the files of the shipped tree and of the platform, in the order in which they are applied. */
export function shippedFiles(): readonly string[] {
  return [...FILES, 'test/mutants/platform.yaml'].map((file) => join(ROOT, file));
}

/** Returns the shipped objects, the control plane's configuration and the platform's Services and Deployments, all of the same age. */
export function shippedObjects(): readonly KubeObject[] {
  return [...controlPlaneConfig(), ...shippedFiles().flatMap((file) => objectsOf(readFileSync(file, 'utf8')))];
}
