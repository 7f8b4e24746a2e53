import { RULES } from '../../rules/index.ts';
import type { CertificateSource } from '../certs/certificate-source.ts';
import { isTrustedBy, splitBundle } from '../certs/check-pair.ts';
import type { ApiClient } from '../kube/api-client.ts';
import { liveBundles, registerWebhooks, unregisterWebhooks, writeCaBundle } from '../kube/webhook-registration.ts';
import type { Log } from '../log/log.ts';

/** Keeps `caBundle` right, and knows whether the API server trusts what is served. */
export class Trust {
  readonly #client: ApiClient;
  readonly #certificates: CertificateSource;
  readonly #writes: boolean;
  readonly #log: Log;
  #lacks: string | undefined = 'the webhook configurations have not been looked at yet';

  /** `writes`: the certificates are of our own making, and so is the bundle. */
  constructor(
    client: ApiClient,
    certificates: CertificateSource,
    { writes, log }: { readonly writes: boolean; readonly log: Log },
  ) {
    this.#client = client;
    this.#certificates = certificates;
    this.#writes = writes;
    this.#log = log;
  }

  /** Returns why the API server would not trust this server, undefined when it would or no configuration is there. */
  lacks(): string | undefined {
    return this.#lacks;
  }

  /** Registers both configurations at an address of this process. @throws ApiError when the API server refuses. */
  async register(url: string): Promise<void> {
    const caBundle = this.#certificates.caBundle() ?? this.#certificates.current().certificate;
    await registerWebhooks(this.#client, { rules: RULES, url, caBundle });
    this.#log.info({ url }, 'webhook configurations registered');
  }

  /** Removes both configurations; what cannot be removed is said. */
  async unregister(): Promise<void> {
    try {
      await unregisterWebhooks(this.#client);
    } catch (error) {
      this.#log.error({ err: error }, 'webhook configurations could not be removed; delete them with kubectl');
    }
  }

  /** Looks at the live bundles and writes ours where it is missing. */
  async tend(): Promise<void> {
    try {
      const bundle = this.#certificates.caBundle();
      let live = await liveBundles(this.#client);
      if (this.#writes && bundle !== undefined && [...live.values()].some((one) => !isSameBundle(one, bundle))) {
        await writeCaBundle(this.#client, bundle);
        live = await liveBundles(this.#client);
        this.#log.info({ webhooks: live.size }, 'caBundle written');
      }
      const { certificate } = this.#certificates.current();
      const distrusting = [...live].filter(([, one]) => !isTrustedBy(certificate, one)).map(([name]) => name);
      this.#lacks =
        distrusting.length === 0
          ? undefined
          : `the caBundle of ${distrusting.join(', ')} does not trust the certificate served`;
    } catch (error) {
      // The API server is away: what was trusted a moment ago still is, and what was not still is not.
      this.#log.warn({ err: error }, 'webhook configurations could not be looked at');
    }
  }
}

function isSameBundle(left: string, right: string): boolean {
  const [a, b] = [splitBundle(left), splitBundle(right)];
  return a.length === b.length && a.every((pem) => b.includes(pem));
}
