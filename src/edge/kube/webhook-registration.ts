import { type ClientConfig, CONFIGURATION_NAMES, webhookConfigurations } from '../../report/webhook-configurations.ts';
import { type JsonObject, listOf, recordOrEmpty, stringOf } from '../../model/json.ts';
import type { Rule } from '../../rules/rule.ts';
import { type ApiClient, ApiError } from './api-client.ts';

const BASE = '/apis/admissionregistration.k8s.io/v1';
const PATHS = [
  `${BASE}/mutatingwebhookconfigurations/${CONFIGURATION_NAMES.mutating}`,
  `${BASE}/validatingwebhookconfigurations/${CONFIGURATION_NAMES.validating}`,
] as const;
const CA_MANAGER = 'meshwarden-ca';
const INSTALL_MANAGER = 'meshwarden';

/** What is registered: which rules, at which address without a path, trusted by which PEM. */
export interface Registration {
  readonly rules: readonly Rule[];
  readonly url: string;
  readonly caBundle: string;
}

/** Registers both configurations with a URL: for a server beside the cluster and not in it. */
export async function registerWebhooks(client: ApiClient, options: Registration): Promise<void> {
  const caBundle = Buffer.from(options.caBundle).toString('base64');
  const clientConfig: ClientConfig = (path) => ({ url: `${options.url}${path}`, caBundle });
  const made = webhookConfigurations(options.rules, clientConfig, { guarded: false });
  for (const [at, path] of PATHS.entries()) await client.apply(path, made[at] ?? {}, INSTALL_MANAGER);
}

/** Removes both configurations, the validating one first; those that are not there are no fault. */
export async function unregisterWebhooks(client: ApiClient): Promise<void> {
  for (const path of PATHS.toReversed()) {
    try {
      await client.remove(path);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 404) throw error;
    }
  }
}

/** What the live configurations trust: the bundle of each webhook, by its name; empty while there is none. */
export async function liveBundles(client: ApiClient): Promise<ReadonlyMap<string, string>> {
  const bundles = new Map<string, string>();
  for (const path of PATHS) {
    const configuration = await found(client, path);
    for (const webhook of listOf(configuration?.webhooks)) {
      const { name, clientConfig } = recordOrEmpty(webhook);
      const bundle = stringOf(recordOrEmpty(clientConfig).caBundle) ?? '';
      bundles.set(String(name), Buffer.from(bundle, 'base64').toString('utf8'));
    }
  }
  return bundles;
}

/**
 * Writes the bundle into every webhook of both configurations by server-side apply under a field manager of its own, so
 * that nothing else is touched and the installer's next apply leaves it alone. Configurations that are not there yet
 * are left out.
 */
export async function writeCaBundle(client: ApiClient, bundle: string): Promise<void> {
  const caBundle = Buffer.from(bundle).toString('base64');
  for (const path of PATHS) {
    const configuration = await found(client, path);
    if (configuration === undefined) continue;
    const webhooks = listOf(configuration.webhooks).map((webhook) => {
      const { name } = recordOrEmpty(webhook);
      return { name, clientConfig: { caBundle } };
    });
    const { apiVersion, kind } = configuration;
    const { name } = recordOrEmpty(configuration.metadata);
    await client.apply(path, { apiVersion, kind, metadata: { name }, webhooks }, CA_MANAGER);
  }
}

async function found(client: ApiClient, path: string): Promise<JsonObject | undefined> {
  try {
    return await client.get(path);
  } catch (error) {
    if (error instanceof ApiError && error.code === 404) return undefined;
    throw error;
  }
}
