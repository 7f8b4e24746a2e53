import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Component, startComponent, until } from './component.ts';
import type { ControlPlane } from './control-plane.ts';
import { freePorts } from './free-ports.ts';
import { installIstioCrds } from './istio-module.ts';
import { applyManifest, mustKubectl } from './kubectl.ts';

const READY_SECONDS = 90;
const INJECTOR = 'istio-sidecar-injector';
const VALIDATOR = 'istiod-default-validator';
/** How many webhooks the injector's configuration has: by namespace or object, by revision or not. */
const INJECTORS = 4;
const NAMESPACE = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: istio-system }\n';

/**
 * Starts the real istiod beside a control plane, with its injector and validator registered, and waits until both work:
 * about nine seconds. `istioctl` is of the same build; the charts are inside it.
 * @throws Error with istiod's last lines when it does not come up; it does not run then.
 */
export async function startIstiod(
  plane: Pick<ControlPlane, 'folder' | 'kubeconfig'>,
  { istiod, istioctl }: { readonly istiod: string; readonly istioctl: string },
): Promise<Component> {
  const { kubeconfig } = plane;
  const [https = 0, http = 0, ...others] = await freePorts(6);
  const url = `https://127.0.0.1:${https}`;
  const charts = promisify(execFile)(istioctl, manifestArguments(url), { maxBuffer: 64 * 1024 * 1024 });
  await Promise.all([installIstioCrds(kubeconfig, undefined), applyManifest(kubeconfig, NAMESPACE)]);
  await applyManifest(kubeconfig, withoutWorkloads((await charts).stdout));
  const folder = join(plane.folder, 'istiod');
  mkdirSync(folder, { recursive: true });
  const command = [istiod, ...discoveryArguments(kubeconfig, [https, http, ...others])] as const;
  const component = startComponent('istiod', command, { folder, env: ENVIRONMENT });
  const options = { seconds: READY_SECONDS, component };
  try {
    await until('istiod', async () => (await fetch(`http://127.0.0.1:${http}/ready`)).ok, options);
    await until('istiod’s injector', () => isTrusted(kubeconfig), options);
    await until('istiod’s validator', () => isEnforced(kubeconfig), options);
  } catch (error) {
    await component.stop();
    throw error;
  }
  return component;
}

/** Without the host names of its own, every call of a webhook would fail on istiod's certificate. */
const ENVIRONMENT = {
  POD_NAMESPACE: 'istio-system',
  POD_NAME: 'istiod-local',
  REVISION: 'default',
  ENABLE_LEADER_ELECTION: 'false',
  ISTIOD_CUSTOM_HOST: '127.0.0.1,localhost',
};

function discoveryArguments(kubeconfig: string, ports: readonly number[]): readonly string[] {
  const [https, http, grpc, secureGrpc, monitoring, ctrlz] = ports;
  return [
    'discovery',
    `--kubeconfig=${kubeconfig}`,
    `--httpsAddr=127.0.0.1:${https}`,
    `--httpAddr=127.0.0.1:${http}`,
    `--grpcAddr=127.0.0.1:${grpc}`,
    `--secureGRPCAddr=127.0.0.1:${secureGrpc}`,
    `--monitoringAddr=127.0.0.1:${monitoring}`,
    `--ctrlz_port=${ctrlz}`,
  ];
}

function manifestArguments(url: string): readonly string[] {
  const settings = [
    'profile=minimal',
    'hub=docker.io/istio',
    'tag=1.31.0',
    `values.istiodRemote.injectionURL=${url}/inject`,
    `values.base.validationURL=${url}/validate`,
    // Without it the validator's selector leaves almost all objects out.
    'values.defaultRevision=default',
  ];
  return ['manifest', 'generate', ...settings.flatMap((setting) => ['--set', setting])];
}

/** istiod runs as a process, so its Deployment and autoscaler stay out; the CRDs have been applied before. */
const NOT_APPLIED = /^kind: (Deployment|HorizontalPodAutoscaler|PodDisruptionBudget|CustomResourceDefinition)$/m;

function withoutWorkloads(manifest: string): string {
  const documents = manifest.split(/^---.*$/m);
  return documents.filter((text) => text.trim() !== '' && !NOT_APPLIED.test(text)).join('\n---\n');
}

async function isTrusted(kubeconfig: string): Promise<boolean> {
  const path = 'jsonpath={range .webhooks[*]}{.clientConfig.caBundle}{"\\n"}{end}';
  const text = await mustKubectl(kubeconfig, ['get', 'mutatingwebhookconfiguration', INJECTOR, '-o', path]);
  return text.split('\n').filter((bundle) => bundle !== '').length >= INJECTORS;
}

/** Validators start as `Ignore`; istiod sets `Fail` when its own endpoint has answered. */
async function isEnforced(kubeconfig: string): Promise<boolean> {
  const path = 'jsonpath={.webhooks[*].failurePolicy}';
  const text = await mustKubectl(kubeconfig, ['get', 'validatingwebhookconfiguration', VALIDATOR, '-o', path]);
  return (
    text.trim() !== '' &&
    text
      .trim()
      .split(' ')
      .every((policy) => policy === 'Fail')
  );
}
